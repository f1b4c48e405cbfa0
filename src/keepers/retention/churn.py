"""Early warning for a shop: who may not come back, why, and what that is expected to cost."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.data.engine import Engine, quoted
from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.domain.time import DEFAULT_HORIZON, Horizon, ObservationWindow, days
from keepers.models.buying import BuyingModel
from keepers.retention.reasons import OF_CUSTOMERS, Input
from keepers.retention.risk import Past, fit_risk
from keepers.retention.signals import signals
from keepers.retention.warnings import EarlyWarnings, WarningFacts, scored
from keepers.summaries.clocked import by_clock
from keepers.summaries.feature_sources import Shop
from keepers.summaries.gap_levels import told_apart
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.cell_values import Buying
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.rhythm import rhythm
from keepers.valuation.states import LOST, states
from keepers.valuation.values import Values

HORIZONS = (30, 60, 90, 180)
"""Days ahead that a warning may look; the smallest that holds two usual gaps between orders is taken."""

_ORIGINS = 2
_LARGEST_FIT = 100_000
"""Customers of an origin that a fit looks at: with a dozen coefficients more of them move the last digit alone."""
_CLIP = 1e-4

_INPUTS: tuple[Input, ...] = tuple(one for reason in OF_CUSTOMERS for one in reason.inputs)


def early_warnings(
    data: Shop, values: Values | None = None, horizon: Horizon | None = None, *, buying: BuyingModel | None = None
) -> EarlyWarnings:
    """Who may not come back, each with named reasons in probability and money, the greatest expected loss first.

    Leaving is: no purchase within the horizon. What is usual for a customer comes from the model of buying: the chance
    of no purchase if they were silent for no longer than their own gap between orders. Reasons add to it on the
    log-odds: overdue by the model and the own rhythm, falling engagement, negative feedback, failed payments, refunds
    and complaints, dependence on discounts. Their weights are learnt from origins in the past, calibrated and tested on
    the newest one, and lean on the model where customers are few. Customers who are lost already are left out.

    Parameters
    ----------
    data : Dataset or simulated Store
        Orders and whatever else is known: engagement, feedback, refunds, subscriptions.
    values : Values, optional
        What customers are worth, all columns, for what is at stake; made with Pareto/NBD and Gamma-Gamma if left out.
    horizon : Horizon, optional
        How far to look ahead; 30 to 180 days by the store's own rhythm if left out.
    buying : fitted model of buying, optional
        Instead of that of the values.

    Returns
    -------
    EarlyWarnings

    Raises
    ------
    ConfigError
        If customers stay in a database or cluster, or the horizon has no length.
    InputError
        If there are no orders to learn a rhythm from.

    Notes
    -----
    Contributions are exact: all addends of the log-odds are non-negative, so a reason's share of them is its share of
    the risk above usual, and of the expected loss.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.simulate import demo_store
    >>> found = kp.early_warnings(demo_store(customers=400))
    >>> one = found.top(1)[0]
    >>> abs(sum(part.risk for part in one.parts) - (one.churn_probability - one.usual_probability)) < 1e-9
    True
    """
    values = _valued(data) if values is None else values
    values.needs("clv_if_active")
    summary, engine = values.facts.summary, values.engine
    if not engine.is_embedded or not data.orders.engine.is_embedded:
        raise ConfigError(
            "Early warnings are made on this machine. Read the orders from files, or leave --engine out, to have them."
        )
    model: Any = values.facts.buying if buying is None else buying
    keyed = summary.keyed_cells()
    ahead = (
        _horizon(keyed.cells, (summary.calibration_end - data.orders.first_day).days) if horizon is None else horizon
    )
    if ahead.days < 1:
        raise ConfigError(f"The horizon of early warnings is {ahead}; make it a day or more, such as days(90).")
    risk = fit_risk(_INPUTS, [one for one in _pasts(data, summary, model, ahead) if one is not None])
    seen = _seen(engine, data, summary, model, ahead, values)
    facts = WarningFacts(
        kind="customer",
        horizon=ahead,
        day=summary.calibration_end,
        reasons=OF_CUSTOMERS,
        risk=risk,
        model=str(getattr(model, "title", model.name)),
        has_money=values.has_money,
        currency=values.currency,
    )
    found = scored(engine, seen, facts)
    engine.drop(seen)
    return found


def _valued(data: Shop) -> Values:
    from keepers.models.btyd.pareto_nbd import ParetoNBD
    from keepers.models.spend.gamma_gamma import GammaGamma

    summary = summarise(data.orders)
    spending = None
    if summary.has_money:
        try:
            spending = GammaGamma().fit(summary)
        except InputError:
            spending = GammaGamma(include_first=True).fit(summary)
    return lifetime_value(ParetoNBD().fit(summary), spending, summary, DEFAULT_HORIZON, columns=["clv_if_active"])  # type: ignore[no-any-return]


def _horizon(cells: Cells, span: int) -> Horizon:
    """Two usual gaps, and short enough that the past holds a horizon twice beside what is learnt from it."""
    gaps = rhythm(cells).usual_gap
    known = np.isfinite(gaps)
    typical = 45.0
    if known.any():
        order = np.argsort(gaps[known], kind="stable")
        share = np.cumsum(cells.weight[known][order])
        typical = float(gaps[known][order][np.searchsorted(share, share[-1] / 2)])
    fitting = [length for length in HORIZONS if (_ORIGINS + 1) * length <= span] or [HORIZONS[0]]
    return days(next((length for length in fitting if length >= 2 * typical), fitting[-1]))


def _pasts(data: Shop, summary: Summary, model: Buying, ahead: Horizon) -> list[Past | None]:
    """Origins one and two horizons before the end, the oldest first; None where there was too little."""
    length = round(ahead.days)
    found = []
    for back in range(_ORIGINS, 0, -1):
        cut = summary.calibration_end - dt.timedelta(days=back * length)
        if (cut - data.orders.first_day).days < length:
            continue
        try:
            found.append(_past(data, summary, model, ahead, cut))
        except (InputError, FitError):
            # Too few customers on that day to fit the model to.
            continue
    return list(found)


def _past(data: Shop, now: Summary, model: Buying, ahead: Horizon, cut: dt.date) -> Past | None:
    window = ObservationWindow(calibration_end=cut, end=cut + dt.timedelta(days=round(ahead.days)), unit=now.unit)
    known = by_clock(summarise(data.orders, window, now.margin), getattr(model, "clock_", None))
    summary = told_apart(known, model)
    if isinstance(model, BuyingModel) and model.gaps is not None:
        summary.cells(model.gaps)
    fitted = _refitted(model, summary)
    engine = data.orders.engine
    seen = _seen(engine, data, summary, fitted, ahead, None)
    columns = ", ".join([f"{one.sql} AS {one.name}" for one in _INPUTS])
    rows = engine.columns(
        f"SELECT logit_usual, logit_now, silence_days, p_alive, holdout_frequency, {columns} FROM ("
        f"SELECT * FROM {quoted(seen)} ORDER BY hash(customer_key) LIMIT {_LARGEST_FIT}) AS sampled "
        "ORDER BY customer_key"
    )
    engine.drop(seen)
    if not rows["logit_usual"].size:
        return None
    return Past(
        usual=np.asarray(rows["logit_usual"], dtype=np.float64),
        inputs=np.column_stack([np.asarray(rows[one.name], dtype=np.float64) for one in _INPUTS]),
        left=(rows["holdout_frequency"] == 0).astype(np.float64),
        rivals={
            "days since the last order": np.asarray(rows["silence_days"], dtype=np.float64),
            "the chance of having left, P(alive)": 1.0 - np.asarray(rows["p_alive"], dtype=np.float64),
            "the model's chance of no order": np.asarray(rows["logit_now"], dtype=np.float64),
        },
    )


def _refitted(model: Buying, summary: Summary) -> Buying:
    """The same model fitted to what was known; one without a fit of its own is taken as it is."""
    if not hasattr(model, "fit"):
        return model
    data: Any = summary
    begun: Any = model.near(model) if isinstance(model, BuyingModel) and not model.pooled else copy.copy(model)
    fitted: Buying = begun.fit(data)
    return fitted


def _seen(engine: Engine, data: Shop, summary: Summary, model: Buying, ahead: Horizon, values: Values | None) -> str:
    """A table of customers who are not lost, with everything that inputs are made of."""
    cut, keyed = summary.calibration_end, summary.keyed_cells()
    cells = _cell_columns(model, keyed.cells, ahead)
    table = engine.from_columns(engine.new_name("warning_cells"), {**keyed.key, **cells})
    late = None
    if values is not None and "subscriptions" in data.tables and data.tables["subscriptions"].engine is engine:
        late = f"SELECT customer_key FROM {quoted(data.tables['subscriptions'].name)} WHERE status = 'past_due'"
    known = signals(engine, data.tables, f"SELECT customer_key, first_day FROM {quoted(summary.name)}", cut, late)
    stake = "CAST(NULL AS DOUBLE) AS value_at_stake"
    join = ""
    if values is not None:
        stake = "worth.clv_if_active * cell.was_here AS value_at_stake"
        join = f" INNER JOIN {quoted(values.name)} AS worth ON worth.customer_key = summary.customer_key"
    held = "summary.holdout_frequency," if summary.has_holdout else ""
    sql = (
        f"SELECT signal.*, {held} cell.logit_now, cell.logit_usual, cell.silence_probability, cell.usual_gap_days, "
        f"cell.p_alive, summary.T_days - summary.recency_days AS silence_days, {stake} FROM {quoted(summary.name)} "
        f"AS summary INNER JOIN {quoted(table)} AS cell ON {summary.same_cell} "
        f"INNER JOIN {quoted(known)} AS signal ON signal.customer_key = summary.customer_key{join} WHERE NOT cell.lost"
    )
    name = engine.create(engine.new_name("seen"), sql)
    engine.drop(table)
    engine.drop(known)
    return name


def _cell_columns(model: Buying, cells: Cells, ahead: Horizon) -> dict[str, NDArray[Any]]:
    """What the model and the rhythm say of each cell, now and were it no later than its own usual gap."""
    own = rhythm(cells)
    now = model.predict_cells(cells, ahead)
    gap = np.where(np.isfinite(own.usual_gap), own.usual_gap, own.silence)
    usual = model.predict_cells(_on_time(model, cells, np.minimum(own.silence, gap) / cells.unit.days), ahead)
    state = states(cells.x, now.p_alive, own.probability)
    return {
        "logit_now": _logit(now.p_zero),
        "logit_usual": _logit(np.minimum(usual.p_zero, now.p_zero)),
        "silence_probability": own.probability,
        "usual_gap_days": own.usual_gap,
        "p_alive": now.p_alive,
        "was_here": _was_here(model, cells, ahead),
        "lost": state == LOST,
    }


def _on_time(model: Any, cells: Cells, silent: FloatArray) -> Cells:
    """The same histories, silent for no longer than so much."""
    if getattr(model, "clock_", None) is None:
        return replace(cells, T=cells.t_x + silent)
    # By the store's clock the same part of the silence.
    read: Cells = model.by_clock(cells)
    silence = cells.T - cells.t_x
    part = np.divide(silent, silence, out=np.ones_like(silence), where=silence > silent)
    return replace(read, T=np.where(part < 1.0, read.t_x + part * (read.T - read.t_x), read.T))


def _before(cells: Cells, length: Horizon) -> Cells:
    """The same histories seen so much earlier."""
    calendar = cells.calendar
    if calendar is not None:
        calendar = replace(calendar, seen=calendar.seen - dt.timedelta(days=round(length.days)))
    return replace(cells, T=cells.T - length.in_unit(cells.unit), calendar=calendar)


def _was_here(model: Buying, cells: Cells, ahead: Horizon) -> FloatArray:
    """Chance that somebody was still a customer one horizon ago, knowing that they have not bought since.

    By Bayes from the chance of being alive then and that of no purchase since: what was lost before is not at stake.
    """
    length = ahead.in_unit(cells.unit)
    silent = cells.T - cells.t_x
    found = np.ones(cells.size)
    long = silent > length
    if not long.any():
        return found
    then = _before(cells.take(long), ahead)
    seen = model.predict_cells(then, ahead)
    quiet = np.clip(seen.p_zero - (1.0 - seen.p_alive), 0.0, 1.0)
    found[long] = np.divide(quiet, seen.p_zero, out=np.zeros_like(quiet), where=seen.p_zero > 0.0)
    return found


def _logit(probability: FloatArray) -> FloatArray:
    return np.asarray(special.logit(np.clip(probability, _CLIP, 1.0 - _CLIP)))
