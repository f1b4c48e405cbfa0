"""We said, you got: scores that were published earlier held against what the same customers did since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keepers.data.engine import literal, quoted
from keepers.data.orders import Orders
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow
from keepers.summaries.summary import summarise

NODES = (30, 90, 180)
"""Days for which expected orders are published beside the whole horizon, to grade promises before it is over."""

SHORTEST = 14
"""Days that must have passed: less says nothing."""

_GROUPS = 5


@dataclass(frozen=True, slots=True)
class PromiseGroup:
    """Customers by what was said of them: mean orders said, and mean orders that came."""

    customers: int
    said: float
    got: float


@dataclass(frozen=True, slots=True)
class PromiseGrade:
    """How published scores did up to a day.

    Parameters
    ----------
    as_of, until : date
        Last day that they rested on, and the last one that is judged.
    whole : bool
        Whether their horizon is over.
    customers : int
        Of whom something was said.
    orders_said, orders_got : float
        Days with a purchase, all together.
    value_said, value_got : float or None
        Money in the basis of the scores; None without money.
    inside : float or None
        Share of customers whose money lay in the 80% interval; None before the horizon is over.
    left_said, left_got : float or None
        Mean chance of no purchase within the horizon of warnings, and the share without one; None before it is over.
    groups : tuple of PromiseGroup
        Fifths of the customers, from least to most said.
    """

    as_of: dt.date
    until: dt.date
    whole: bool
    customers: int
    orders_said: float
    orders_got: float
    value_said: float | None
    value_got: float | None
    inside: float | None
    left_said: float | None
    left_got: float | None
    groups: tuple[PromiseGroup, ...]


def grade_promise(
    orders: Orders,
    snapshot: Path,
    as_of: dt.date,
    horizon_days: float,
    margin: Margin | None = None,
    churn_days: float | None = None,
) -> PromiseGrade | None:
    """Hold one snapshot of published scores against the orders that came after it.

    Before the horizon is over, what was said is brought to the days that passed: expected orders by the published ones
    for 30, 90 and 180 days, with straight lines between; money in proportion to them.

    Parameters
    ----------
    orders : Orders
        Everything known today.
    snapshot : Path
        A Parquet file as a project keeps them: `customer_key`, `expected_orders`, `expected_orders_30`, ..., `value`,
        `value_low`, `value_high`, `churn_probability`.
    as_of : date
        Last day of the data that the scores rested on.
    horizon_days : float
        What they cover.
    margin : Margin, optional
        That of the scores.
    churn_days : float, optional
        What `churn_probability` covers.

    Returns
    -------
    PromiseGrade or None
        None where less than two weeks have passed, or none of the customers is known any more.
    """
    last = orders.last_day
    until = min(as_of + dt.timedelta(days=round(horizon_days)), last)
    passed = (until - as_of).days
    if passed < SHORTEST:
        return None
    engine = orders.engine
    summary = summarise(orders, ObservationWindow(calibration_end=as_of, end=until), margin)
    file = f"read_parquet({literal(str(snapshot))})"
    present = {str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {file}")}
    said = _said_by(passed, horizon_days, present)
    factor = summary.margin.factor
    money = summary.has_money and "value" in present
    got = "summary.holdout_money" if summary.margin.per_order else f"summary.holdout_revenue * {factor!r}"
    value = f"CAST(coalesce({got}, 0) AS DOUBLE)" if money else "CAST(NULL AS DOUBLE)"
    proportion = f"CASE WHEN expected_orders > 0 THEN ({said}) / expected_orders ELSE 0 END"
    rows = engine.columns(
        f"SELECT CAST({said} AS DOUBLE) AS said, CAST(summary.holdout_frequency AS DOUBLE) AS got, "
        f"{value} AS value_got, "
        + (
            f"value * ({proportion}) AS value_said, value_low, value_high "
            if money
            else "CAST(NULL AS DOUBLE) AS value_said, CAST(NULL AS DOUBLE) AS value_low, NULL AS value_high "
        )
        + f"FROM {file} AS told INNER JOIN {quoted(summary.name)} AS summary "
        "ON summary.customer_key = told.customer_key WHERE expected_orders IS NOT NULL ORDER BY told.customer_key"
    )
    if not rows["said"].size:
        return None
    whole = passed >= round(horizon_days)
    inside = None
    if whole and money:
        below, above = rows["value_low"] <= rows["value_got"] + 1e-9, rows["value_got"] <= rows["value_high"] + 1e-9
        inside = float(np.mean(below & above))
    left = _left(orders, file, as_of, churn_days, present)
    engine.drop(summary.name)
    return PromiseGrade(
        as_of=as_of,
        until=until,
        whole=whole,
        customers=int(rows["said"].size),
        orders_said=float(rows["said"].sum()),
        orders_got=float(rows["got"].sum()),
        value_said=float(np.nansum(rows["value_said"])) if money else None,
        value_got=float(np.nansum(rows["value_got"])) if money else None,
        inside=inside,
        left_said=None if left is None else left[0],
        left_got=None if left is None else left[1],
        groups=_groups(np.asarray(rows["said"], dtype=np.float64), np.asarray(rows["got"], dtype=np.float64)),
    )


def chosen_to_grade(
    published: Sequence[dt.date], today: dt.date, ages: Sequence[int] = (30, 90, 180, 365)
) -> list[dt.date]:
    """Of many days on which scores were published, those to show: the youngest of at least each age."""
    found = []
    for age in ages:
        old = [day for day in published if (today - day).days >= age]
        if old and max(old) not in found:
            found.append(max(old))
    if not found:
        found = [day for day in [min(published, default=today)] if (today - day).days >= SHORTEST]
    return found


def _said_by(passed: int, horizon_days: float, present: set[str]) -> str:
    """SQL of the orders that were said to come within the days that passed."""
    nodes = [node for node in NODES if node < horizon_days and f"expected_orders_{node}" in present]
    days = [0.0, *map(float, nodes), float(horizon_days)]
    names = ["0", *(f"expected_orders_{node}" for node in nodes), "expected_orders"]
    if passed >= horizon_days:
        return names[-1]
    place = int(np.searchsorted(days, passed, side="right")) - 1
    share = (passed - days[place]) / (days[place + 1] - days[place])
    return f"{names[place]} + ({names[place + 1]} - {names[place]}) * {share!r}"


def _left(
    orders: Orders, file: str, as_of: dt.date, churn_days: float | None, present: set[str]
) -> tuple[float, float] | None:
    if churn_days is None or "churn_probability" not in present:
        return None
    end = as_of + dt.timedelta(days=round(churn_days))
    if end > orders.last_day:
        return None
    engine = orders.engine
    summary = summarise(orders, ObservationWindow(calibration_end=as_of, end=end))
    said, got = engine.row(
        "SELECT avg(churn_probability), avg(CASE WHEN holdout_frequency = 0 THEN 1.0 ELSE 0.0 END) "
        f"FROM {file} AS told INNER JOIN {quoted(summary.name)} AS summary "
        "ON summary.customer_key = told.customer_key WHERE churn_probability IS NOT NULL"
    )
    engine.drop(summary.name)
    return None if said is None else (float(said), float(got))


def _groups(said: np.ndarray, got: np.ndarray) -> tuple[PromiseGroup, ...]:
    order = np.argsort(said, kind="stable")
    return tuple(
        PromiseGroup(int(part.size), float(said[part].mean()), float(got[part].mean()))
        for part in np.array_split(order, _GROUPS)
        if part.size
    )
