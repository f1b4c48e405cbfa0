"""What customers did after the day of a fit, one row a customer: known ones who are followed, new ones, their spend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.evaluation.origin import outcomes_of
from keepers.models.buying import BuyingModel
from keepers.models.frames import cells_to_fit, frame_of, histories
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.spend_rows import spend_to_fit, summary_columns
from keepers.summaries.opportunities import summarise_opportunities
from keepers.summaries.purchases import day_literal
from keepers.summaries.summary import Summary, summarise

SAMPLE = 20_000
"""Customers of each kind who are judged: of this many, chance hides changes of less than a few per cent."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Known customers: their histories at the cut, one row a customer, and the purchases of each since."""

    cells: Cells
    purchases: FloatArray
    length: float
    """Of the time since, in the model's unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Spent:
    """Customers with orders since: orders and mean spend known at the cut, orders and money since, shape (n,) each."""

    x: FloatArray
    m: FloatArray
    orders: FloatArray
    money: FloatArray

    def __add__(self, other: Spent) -> Spent:
        both = ((getattr(self, name), getattr(other, name)) for name in ("x", "m", "orders", "money"))
        return Spent(*(np.concatenate(pair) for pair in both))


@dataclass(frozen=True, slots=True, eq=False)
class Period:
    """What happened since the cut, as far as it is known and asked for."""

    followed: Followed | None
    newcomers: Cells | None
    spent: Spent | None
    remarks: tuple[str, ...] = ()


def period_of_summary(
    summary: Summary, buying: BuyingModel | None, spending: GammaGamma | None, newcomers: Any, unit: TimeUnit | None
) -> Period:
    """What followed in the holdout of a summary, and who was new in it where orders are behind the rows."""
    length = summary.holdout
    if length is None:
        raise ConfigError(
            "The summary ends on the day of its cut, so nothing has happened since. Make it with a window that "
            "goes on: summarise(orders, ObservationWindow(calibration_end=<day of the fit>, end=<today>))."
        )
    if spending is not None and not summary.has_money:
        raise InputError("The orders carry no amounts, so their spend cannot be judged. Leave `spending` out.")
    followed, spent, remarks = None, None, []
    if buying is not None:
        if buying.discrete and not summary.facts.opportunities:
            raise ConfigError(
                f"{buying.title} counts opportunities and this summary counts days. Make it with "
                "`keepers.summarise_opportunities(orders, window, period=...)`, or give a frame with `frequency`, "
                "`recency`, `T` and `holdout_frequency` in opportunities, and its `horizon`."
            )
        outcomes = outcomes_of(summary, length)
        chosen = customers_of(outcomes.weight)
        cells = _alone(outcomes.cells.in_unit(buying.unit_).take(outcomes.cell[chosen].astype(np.intp)))
        followed = Followed(cells, outcomes.purchases[chosen], length.in_unit(buying.unit_))
    if spending is not None:
        spent = _spent_of_summary(summary, spending)
    if newcomers is not None:
        new, new_spent = _newcomers(newcomers, buying, spending, unit)
    elif buying is not None and buying.needed_attributes:
        new, new_spent = None, None
        remarks.append("New customers were not judged: give them with their attributes as `newcomers`.")
    else:
        new, new_spent = _newcomers_of_orders(summary, buying, spending)
    if spent is not None and new_spent is not None:
        spent += new_spent
    return Period(followed, new, spent, tuple(remarks))


def period_of_frame(
    data: Any,
    buying: BuyingModel | None,
    spending: GammaGamma | None,
    newcomers: Any,
    horizon: Horizon | None,
    unit: TimeUnit | None,
) -> Period:
    """What followed in a user's frame with columns `holdout_frequency` and, for spend, `holdout_money`."""
    frame = data if isinstance(data, dict) else frame_of(data)
    orders = _column(frame, "holdout_frequency")
    wrong = ~(orders >= 0) | (orders != np.floor(orders))
    if wrong.any():
        raise InputError(
            f"`holdout_frequency` is impossible in {int(wrong.sum()):,} rows (first: row {int(np.argmax(wrong)) + 1}, "
            f"{orders[np.argmax(wrong)]:g}). It counts days with a purchase after the cut."
        )
    weight = _column(frame, "weight") if "weight" in _names(frame) else np.ones(orders.shape)
    if not weight.sum() > 0:
        raise InputError("There is no customer in the data.")
    chosen = customers_of(weight)
    followed, spent = None, None
    if buying is not None:
        if not isinstance(horizon, Horizon):
            raise ConfigError("A frame does not say how long ago the cut was. Add it, for example horizon=weeks(13).")
        cells = histories(data, buying.unit_, unit, attributes=buying.needed_attributes).cells
        followed = Followed(_alone(cells.take(chosen)), orders[chosen], horizon.in_unit(buying.unit_))
    if spending is not None:
        x = _column(frame, "frequency") + (1.0 if spending.include_first else 0.0)
        m = _column(frame, "monetary_value_all" if spending.include_first else "monetary_value")
        spent = _usable(x[chosen], m[chosen], orders[chosen], _column(frame, "holdout_money")[chosen])
    new, new_spent = (None, None) if newcomers is None else _newcomers(newcomers, buying, spending, unit)
    if spent is not None and new_spent is not None:
        spent += new_spent
    return Period(followed, new, spent)


def customers_of(weight: FloatArray) -> IntArray:
    """The row of each customer; of more than `SAMPLE` a systematic sample in the order of the rows."""
    running = np.cumsum(weight)
    size = min(round(float(running[-1])), SAMPLE)
    places = (np.arange(size) + 0.5) * (running[-1] / size)
    rows = np.searchsorted(running, places, side="right")
    return np.asarray(np.minimum(rows, weight.size - 1), dtype=np.int64)


def _newcomers(
    data: Any, buying: BuyingModel | None, spending: GammaGamma | None, unit: TimeUnit | None
) -> tuple[Cells | None, Spent | None]:
    """New customers, one row each, and what they spent where the data tell."""
    new = spent = None
    if buying is not None:
        cells = cells_to_fit(data, unit or buying.unit_, None, buying.needed_attributes).in_unit(buying.unit_)
        new = _alone(cells.take(customers_of(cells.weight)))
    if spending is not None and not isinstance(data, Cells):
        try:
            pairs = spend_to_fit(data, spending.include_first).cells
        except InputError:
            # Nobody has come back, or the frame is of counts alone: then new customers say nothing of spend.
            return new, None
        rows = customers_of(pairs.weight)
        x, m = pairs.x[rows], pairs.mean_spend[rows]
        spent = _usable(np.zeros(x.shape), np.zeros(x.shape), x, x * m)
    return new, spent


def _newcomers_of_orders(
    summary: Summary, buying: BuyingModel | None, spending: GammaGamma | None
) -> tuple[Cells | None, Spent | None]:
    """Customers who first bought after the cut, as the orders behind a summary know them at its end."""
    source, engine = summary.facts.source, summary.engine
    if source is None:
        return None, None
    until = ObservationWindow(end=summary.window.end, unit=summary.unit)
    everybody = (
        summarise_opportunities(source, until, summary.unit, summary.margin)
        if summary.facts.opportunities
        else summarise(source, until, summary.margin)
    )
    name = engine.create(
        engine.new_name("newcomers"),
        f"SELECT * FROM {quoted(everybody.name)} WHERE first_day > {day_literal(summary.calibration_end)}",
    )
    try:
        new = Summary(engine, name, everybody.facts)
        return (None, None) if new.customers == 0 else _newcomers(new, buying, spending, None)
    finally:
        engine.drop(name)
        engine.drop(everybody.name)


def _spent_of_summary(summary: Summary, spending: GammaGamma) -> Spent:
    orders, mean = summary_columns(spending.include_first)
    bought = f"FROM {quoted(summary.name)} WHERE holdout_frequency > 0"
    count = int(summary.engine.rows(f"SELECT count(*) {bought}")[0][0])
    every = max(1, -(-count // SAMPLE))
    rows = summary.engine.columns(
        f"SELECT CAST({orders} AS DOUBLE) AS x, coalesce(CAST({mean} AS DOUBLE), 0) AS m, "
        "CAST(holdout_frequency AS DOUBLE) AS orders, CAST(holdout_money AS DOUBLE) AS money "
        f"{bought} AND rowid % {every} = 0 ORDER BY rowid"
    )
    return _usable(*(np.asarray(rows[name], dtype=np.float64) for name in ("x", "m", "orders", "money")))


def _usable(x: FloatArray, m: FloatArray, orders: FloatArray, money: FloatArray) -> Spent:
    """Those with orders and money above zero since; a history without money counts as none, as in the model."""
    kept = (orders > 0) & (money > 0)
    known = (x > 0) & np.isfinite(m) & (m > 0)
    x, m = np.where(known, x, 0.0), np.where(known, m, 0.0)
    return Spent(x[kept], m[kept], orders[kept], money[kept])


def _alone(cells: Cells) -> Cells:
    """The rows as customers of their own."""
    return replace(cells, weight=np.ones(cells.x.shape), log_gaps=None)


def _names(frame: Any) -> list[str]:
    return list(frame) if isinstance(frame, dict) else list(frame.columns)


def _column(frame: Any, name: str) -> FloatArray:
    if name not in _names(frame):
        raise InputError(
            f"The frame lacks {name} (it has: {', '.join(map(str, _names(frame)))}). `holdout_frequency` counts each "
            "customer's days with a purchase since the cut, `holdout_money` is what they brought. Rename its columns, "
            "or make a summary with a holdout by `keepers.summarise`."
        )
    values = frame[name]
    try:
        return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"`{name}` of the frame is not a column of numbers. Convert it first.") from None
