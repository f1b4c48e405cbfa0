"""Lifetime value: buying, spend, margin and discount together, computed by cell and joined in the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keepers.data.engine import literal, quoted, template
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate, Margin
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit
from keepers.summaries.cells import KeyedCells
from keepers.summaries.frames import summary_from_frame
from keepers.summaries.purchases import day_literal
from keepers.summaries.rfm_groups import RfmRule, rfm_rule
from keepers.summaries.summary import Summary
from keepers.valuation.cell_values import LEVEL, Buying, CellValues, cell_values
from keepers.valuation.intervals import central
from keepers.valuation.order_counts import count_quantile
from keepers.valuation.results import give_back
from keepers.valuation.spend_forecast import SpendModel, spend_forecast
from keepers.valuation.states import STATES, UNLIKELY, risk_by_model, risk_by_rhythm, share_at_risk, states
from keepers.valuation.tiers import TierRule
from keepers.valuation.values import ValueFacts, Values, constants_sql, create_view, horizon_label

_PACKAGE = "keepers.valuation.sql"
_NEVER = 3653
"""Days beyond which a next order is not given a date: ten years."""


def lifetime_value(
    buying: Buying,
    spending: SpendModel | None,
    summary: Any,
    horizon: Horizon = DEFAULT_HORIZON,
    discount: DiscountRate = DEFAULT_DISCOUNT,
    margin: Margin | float | None = None,
    level: float | Sequence[float] = LEVEL,
    *,
    lifetime: Horizon = LIFETIME_CAP,
    lifetime_interval: bool = False,
    tiers: TierRule | None = None,
    rfm: RfmRule | None = None,
    scored_at: dt.datetime | None = None,
    interval_levels: Mapping[float, float] | None = None,
    unit: TimeUnit | str | None = None,
) -> Any:
    """What every customer is worth from now on, and how sure that is.

    A customer's value is the sum over the orders of the horizon of their contribution, each discounted from its own
    time; the expected value is expected discounted orders times expected order value times margin. The 80% interval is
    one of what the customer will really bring: of the number of orders and of their size, both at random, and of the
    uncertainty of the parameters.

    Parameters
    ----------
    buying : fitted model
        BGNBD, ParetoNBD, ...; NaiveRate works too.
    spending : GammaGamma or None
        Fitted; None where there are no amounts: everything but money is answered.
    summary : Summary or frame
        Histories. A frame with `frequency, recency, T` and perhaps `monetary_value` comes back with further columns.
    horizon : Horizon
        What "predicted" covers.
    discount : DiscountRate
        What later money is worth now.
    margin : Margin or float, optional
        From order value to contribution; that of the summary if left out.
    level : float or sequence of float
        Levels of further intervals in per cent, such as ``[50, 95]``; 80% is always there.
    lifetime : Horizon
        The cap that `clv_lifetime` covers.
    lifetime_interval : bool
        Whether `clv_lifetime` gets its intervals too.
    tiers, rfm : TierRule, RfmRule, optional
        Rules of the groups; the defaults otherwise.
    scored_at : datetime, optional
        The present moment, for the column `clv_scored_at`.
    interval_levels : mapping of float to float, optional
        What a backtest's `interval_levels` says: for a level (0.8) the model's own level whose intervals held so much
        on unseen days. Intervals are then as wide as those.
    unit : TimeUnit or str, optional
        Unit of a frame's times; required there.

    Returns
    -------
    Values, or a frame of the kind that came

    Raises
    ------
    ConfigError
        If a margin stands against the summary's margin per order, or a level is impossible.
    FitError
        If a model is not fitted.

    Notes
    -----
    Purchases and their value are taken as independent, as in Fader, Hardie, Lee (2005), "RFM and CLV: Using Iso-Value
    Curves for Customer Base Analysis", Journal of Marketing Research 42.

    Examples
    --------
    >>> import keepers as kp
    >>> data = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30],
    ...         "monetary_value": [0, 20, 35, 28]}
    >>> buying = kp.ParetoNBD().fit(data, unit="week")
    >>> spending = kp.GammaGamma().fit(data)
    >>> values = kp.lifetime_value(buying, spending, data, kp.weeks(52), margin=0.4, unit="week")
    >>> [round(float(value)) for value in values["clv_predicted_52w"]]
    [4, 5, 50, 27]
    """
    levels = _levels(level)
    if not isinstance(summary, Summary):
        given = summary_from_frame(summary, unit, margin=_margin(margin))
        values = lifetime_value(
            buying, spending, given, horizon, discount, None, levels,
            lifetime=lifetime, lifetime_interval=lifetime_interval, tiers=tiers, rfm=rfm, scored_at=scored_at,
            interval_levels=interval_levels,
        )  # fmt: skip
        return give_back(summary, values)
    used = _margin(margin) if margin is not None else summary.margin
    if used.per_order != summary.margin.per_order:
        raise ConfigError(
            "The summary and the valuation differ in whether the margin is each order's own. Say it once, in "
            "`summarise(orders, margin=Margin(per_order=True))`, and leave it out here."
        )
    spending = spending if summary.has_money else None
    keyed = summary.keyed_cells()
    spend = None
    if spending is not None:
        spend = spend_forecast(spending, keyed.cells.x, summary.spend_cells(spending.include_first))
    cells = cell_values(
        buying, keyed.cells, spend, horizon, discount, lifetime, used.factor, levels, lifetime_interval, interval_levels
    )
    facts = ValueFacts(
        summary, buying, spending, cells, horizon, discount, lifetime, used, levels, tiers or TierRule(),
        rfm or rfm_rule(summary, keyed=keyed), scored_at,
    )  # fmt: skip
    return Values(summary.engine, create_view(summary.engine, _values_sql(facts, keyed)), facts)


def _values_sql(facts: ValueFacts, keyed: KeyedCells) -> str:
    summary, spending = facts.summary, facts.spending
    plain, money = _plain_columns(facts.cells), _money_columns(facts)
    table = summary.engine.from_columns(summary.engine.new_name("cell_values"), {**keyed.key, **plain, **money})
    key = "row_number" if summary.numbered else "customer_key"
    identity = ["row_number", "customer_key"] if summary.numbered else ["customer_key"]
    names = {"summary": quoted(summary.name), "cells": quoted(table), "key": key}
    value = "cell.expected_orders" if spending is None else f"({_scale(facts)}) * cell.{horizon_column(facts)}"
    # Ranks are kept, so that only they are sorted and no row of values is.
    percentiles = summary.engine.create(
        summary.engine.new_name("percentiles"), template(_PACKAGE, "percentiles").format(value=value, **names)
    )
    cut = summary.window.calibration_end
    sql = template(_PACKAGE, "values").format(
        **names,
        percentiles=quoted(percentiles),
        row=", ".join(f"summary.{name}" for name in identity),
        identity=", ".join(identity),
        historic=_historic(facts),
        scale=_scale(facts),
        scores=facts.rfm.scores_sql("summary"),
        cell_columns=", cell.".join([*plain, *money]),
        never=_NEVER,
        cut=day_literal(cut) if cut is not None else "CAST(NULL AS DATE)",
        states=" ".join(f"WHEN {number} THEN {literal(name)}" for number, name in enumerate(STATES)),
        money=",\n    ".join(_money_sql(facts, money)),
        tier=facts.tiers.sql("clv_percentile"),
        rfm_group=facts.rfm.group_sql(),
    )
    return f"SELECT *, {constants_sql(facts)} FROM ({sql}) AS customer"


def horizon_column(facts: ValueFacts) -> str:
    """Name of the column of the value within the horizon."""
    return f"clv_predicted_{horizon_label(facts.horizon)}"


def _plain_columns(values: CellValues) -> dict[str, FloatArray]:
    """Columns of a cell that are no money."""
    found, rhythm, x = values.predictions, values.rhythm, values.cells.x
    low, high = central(LEVEL / 100)
    likely = np.where(found.p_alive >= UNLIKELY, values.next_order_days, np.inf)
    by_rhythm = risk_by_rhythm(rhythm.probability)
    return {
        "probability_alive": found.p_alive,
        "probability_alive_end": found.p_alive_end,
        "churn_probability": found.p_zero,
        "expected_orders": found.expected_purchases,
        "expected_orders_low": count_quantile(values.orders, low),
        "expected_orders_high": count_quantile(values.orders, high),
        "next_order_days": np.where(np.isfinite(likely), np.ceil(likely), np.inf),
        "usual_gap_days": np.where(np.isfinite(rhythm.usual_gap), rhythm.usual_gap, np.inf),
        "silence_probability": rhythm.probability,
        "risk_by_model": risk_by_model(x, found.p_alive).astype(np.float64),
        "risk_by_rhythm": by_rhythm.astype(np.float64),
        "state": states(x, found.p_alive, rhythm.probability).astype(np.float64),
    }


def _money_columns(facts: ValueFacts) -> dict[str, FloatArray]:
    """Columns of a cell that a customer's (gamma + orders * mean spend) is multiplied with."""
    cells, label = facts.cells, horizon_label(facts.horizon)
    if cells.spend is None:
        return {}
    named = {name.replace("clv_predicted", f"clv_predicted_{label}"): column for name, column in cells.money.items()}
    alive, silence = cells.predictions.p_alive, cells.rhythm.probability
    value = cells.money["clv_predicted"]
    active = np.divide(value, alive, out=np.zeros_like(value), where=alive > 1e-12)
    state = states(cells.cells.x, alive, silence)
    return {
        **named,
        "clv_if_active": active,
        "money_at_risk": active * share_at_risk(state, alive, silence),
        "spend_orders": cells.spend.orders,
    }


def _money_sql(facts: ValueFacts, columns: dict[str, FloatArray]) -> list[str]:
    """The columns of money of a customer; empty ones where there is none."""
    label = horizon_label(facts.horizon)
    if facts.spending is None:
        names = [
            "expected_order_value", f"clv_predicted_{label}", f"clv_predicted_{label}_low",
            f"clv_predicted_{label}_high", "clv_lifetime", "clv_infinite",
            "clv_if_active", "money_at_risk",
        ]  # fmt: skip
        return [f"CAST(NULL AS DOUBLE) AS {name}" for name in names]
    listed = []
    for name in columns:
        if name == "spend_orders":
            continue
        if "_low" in name and facts.margin.per_order:
            # A customer on whom money is lost has a negative scale, which turns the interval round.
            listed.append(f"scale * CASE WHEN scale < 0 THEN {name.replace('_low', '_high')} ELSE {name} END AS {name}")
        elif "_high" in name and facts.margin.per_order:
            listed.append(f"scale * CASE WHEN scale < 0 THEN {name.replace('_high', '_low')} ELSE {name} END AS {name}")
        else:
            listed.append(f"scale * {name} AS {name}")
    return listed


def _scale(facts: ValueFacts) -> str:
    if facts.spending is None or facts.cells.spend is None:
        return "CAST(NULL AS DOUBLE)"
    column = "monetary_value_all" if facts.spending.include_first else "monetary_value"
    # A customer whose orders have no known amount is taken for one of the population.
    spend = facts.cells.spend
    return f"{spend.gamma!r} + cell.spend_orders * coalesce(summary.{column}, {spend.population_mean!r})"


def _historic(facts: ValueFacts) -> str:
    if facts.margin.per_order:
        return "summary.monetary_value_all * (summary.frequency + 1)"
    return f"CAST(summary.revenue AS DOUBLE) * {facts.margin.factor!r}"


def _margin(margin: Margin | float | None) -> Margin:
    return margin if isinstance(margin, Margin) else Margin(margin)


def _levels(level: float | Sequence[float]) -> tuple[float, ...]:
    wanted = [level] if isinstance(level, (int, float)) else list(level)
    for one in wanted:
        if not 1 < one < 99.95:
            raise ConfigError(
                f"A level of an interval is {one!r}; it is in per cent, between 1 and 99.9: level=[50, 95]."
            )
    return (LEVEL, *(float(one) for one in dict.fromkeys(wanted) if one != LEVEL))
