"""Lifetime value: buying, spend, margin and discount together, computed by cell and joined in the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from keepers.data.engine import quoted, template
from keepers.domain.errors import ConfigError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate, Margin
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit, length_of_time
from keepers.summaries.cells import KeyedCells
from keepers.summaries.frames import summary_from_frame
from keepers.summaries.gap_levels import told_apart
from keepers.summaries.rfm_groups import RfmRule, rfm_rule
from keepers.summaries.summary import Summary
from keepers.valuation.cell_values import AHEAD, ALSO, FAR, LEVEL, Buying, CellValues
from keepers.valuation.columns import (
    RANKS,
    SCORES,
    CellColumn,
    Columns,
    chosen_columns,
    opposite_end,
    value_columns,
)
from keepers.valuation.facts import ValueFacts, horizon_label
from keepers.valuation.results import give_back
from keepers.valuation.signed_intervals import total_sql
from keepers.valuation.spend_forecast import SignedForecast, SpendModel, spend_forecast
from keepers.valuation.tiers import TierRule
from keepers.valuation.values import Numbered, Values, create_view

_PACKAGE = "keepers.valuation.sql"


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
    also: Horizon | None = None,
    tiers: TierRule | None = None,
    rfm: RfmRule | None = None,
    scored_at: dt.datetime | None = None,
    interval_levels: Mapping[float, float] | None = None,
    unit: TimeUnit | str | None = None,
    columns: Columns = "all",
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
    spending : GammaGamma, SignedSpend, DriftingGammaGamma, CorrelatedSpend or None
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
        Whether `clv_lifetime` gets its intervals too, and `expected_orders_lifetime` stands beside.
    also : Horizon, optional
        A second horizon with columns of its own: `clv_predicted_3m` with its intervals, and `expected_orders_3m`.
    tiers, rfm : TierRule, RfmRule, optional
        Rules of the groups; the defaults otherwise.
    scored_at : datetime, optional
        The present moment, for the column `clv_scored_at`.
    interval_levels : mapping of float to float, optional
        What a backtest's `interval_levels` says: for a level (0.8) the model's own level whose intervals held so much
        on unseen days. Intervals are then as wide as those.
    unit : TimeUnit or str, optional
        Unit of a frame's times; required there.
    columns : "all", "main", or sequence of str
        Which columns to compute, besides `customer_key`; what none of them needs is not computed. "main" are the
        history, the probability of being alive, orders and value with their intervals, and the tier.

    Returns
    -------
    Values, or a frame of the kind that came

    Raises
    ------
    ConfigError
        If a margin stands against the summary's margin per order, a level is impossible, both horizons are one, or a
        column is none of values.
    FitError
        If a model is not fitted.

    Notes
    -----
    Purchases and their value are taken as independent, as in Fader, Hardie, Lee (2005), "RFM and CLV: Using Iso-Value
    Curves for Customer Base Analysis", Journal of Marketing Research 42; with CorrelatedSpend they are taken together.
    With SignedSpend values and their intervals may be negative.

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
    _check_arguments(buying, spending, horizon, discount)
    if not isinstance(summary, Summary):
        needed = [name for model in (buying, spending) for name in getattr(model, "needed_attributes", ())]
        given = summary_from_frame(summary, unit, margin=_margin(margin), attributes=tuple(dict.fromkeys(needed)))
        values = lifetime_value(
            buying, spending, given, horizon, discount, None, levels,
            lifetime=lifetime, lifetime_interval=lifetime_interval, also=also, tiers=tiers, rfm=rfm,
            scored_at=scored_at, interval_levels=interval_levels, columns=columns,
        )  # fmt: skip
        return give_back(summary, values)
    used = _margin(margin) if margin is not None else summary.margin
    if used.per_order != summary.margin.per_order:
        raise ConfigError(
            "The summary and the valuation differ in whether the margin is each order's own. Say it once, in "
            "`summarise(orders, margin=Margin(per_order=True))`, and leave it out here."
        )
    spending = spending if summary.has_money else None
    summary = told_apart(summary, buying)
    keyed = summary.keyed_cells()
    spend = None
    if spending is not None:
        spend = spend_forecast(spending, keyed.cells, summary, buying, horizon)
    cells = CellValues(buying, keyed.cells, spend, horizon, discount, lifetime, used.factor, interval_levels)
    facts = ValueFacts(
        summary, buying, spending, cells, horizon, discount, lifetime, used, levels, tiers or TierRule(), rfm,
        scored_at, lifetime_interval, None if also is None else _seen_to(also, cells),
    )  # fmt: skip
    chosen = chosen_columns(columns, value_columns(facts), horizon)
    if rfm is None and set(SCORES) & set(chosen):
        facts = replace(facts, rfm=rfm_rule(summary, keyed=keyed))
    query = _values_sql(facts, keyed, chosen)
    numbered = None if summary.celled is None else Numbered(query, summary.celled.key)
    view = create_view(summary.engine, query if numbered is None else numbered.named)
    return Values(summary.engine, view, facts, numbered)


def _values_sql(facts: ValueFacts, keyed: KeyedCells, chosen: Sequence[str]) -> str:
    """The query of the chosen columns; of the cells only what these need is computed and handed to the engine.

    Customers are called by their `number` where the summary's cells are known, and by `customer_key` otherwise.
    """
    summary, known = facts.summary, value_columns(facts)
    ranked = bool(set(RANKS) & set(chosen))
    value = "expected_orders" if facts.spending is None else facts.value_column
    needed = dict.fromkeys([*chosen, *([value] if ranked else [])])
    if facts.margin.per_order and not isinstance(facts.cells.spend, SignedForecast):
        needed |= {other: None for name in chosen if (other := opposite_end(name))}
    made = {name: column for name in needed if isinstance(column := known[name], CellColumn)}
    of_cell = {name: column.of_cell for name, column in made.items()}
    of_cell |= {f"{name}_below": column.below for name, column in made.items() if column.below is not None}
    columns = facts.cells.columns(of_cell)
    totals = _totals(made, facts)
    for prefix in totals:
        columns |= ((prefix == ALSO and facts.also) or facts.cells).signed_columns(prefix)
    if facts.cells.spend is not None:
        columns |= facts.cells.spend.columns
    join = "" if facts.cells.spend is None or not facts.cells.spend.join else f"\n    {facts.cells.spend.join}"
    key: dict[str, NDArray[Any]] = dict(keyed.key)
    source, same_cell = quoted(summary.name), summary.same_cell
    if (celled := summary.celled) is not None:
        # The engine looks small numbers up as in an array, which takes half as long as any other join.
        key, source, same_cell = {"cell": celled.number}, celled.relation, "cell.cell = summary.cell"
    table = summary.engine.from_columns(summary.engine.new_name("cell_values"), {**key, **columns})
    identity = ["row_number", "customer_key"] if summary.numbered else ["customer_key" if celled is None else "number"]
    names = {"summary": source, "cells": quoted(table), "same_cell": same_cell}
    row = [f"summary.{name}" for name in identity]
    row += [f"summary.{name}" for name in ("first_day", "last_day", "orders", "revenue")]
    row += [f"{'cell' if celled is None else 'summary'}.{name}" for name in ("frequency", "recency_days", "T_days")]
    row += [f"cell.{name}" for name in of_cell]
    row += [f"{historic_sql(facts)} AS clv_historic", f"{_scale(facts)} AS scale"]
    row += [*(column for prefix in totals for column in total_sql(prefix)), *(["spend.loss"] if totals else [])]
    percentiles = ""
    if ranked:
        scaled = f"({_scale(facts)}) * cell.{value}" if facts.spending is not None else f"cell.{value}"
        # Distinct values are far fewer than customers, and are sorted without anything else.
        ranks = summary.engine.create(
            summary.engine.new_name("percentiles"),
            template(_PACKAGE, "percentiles").format(value=scaled, join=join, **names),
        )
        row.append("percentile.clv_percentile")
        percentiles = f"\n    INNER JOIN {quoted(ranks)} AS percentile ON percentile.value = {scaled}"
    if facts.rfm is not None and set(SCORES) & set(chosen):
        row.append(facts.rfm.scores_sql("summary"))
    return template(_PACKAGE, "values").format(
        **names,
        row=",\n        ".join(row),
        join=join,
        percentiles=percentiles,
        columns=",\n    ".join([*identity, *(f"{_customers(facts, name, known[name])} AS {name}" for name in chosen)]),
    )


def _customers(facts: ValueFacts, name: str, column: str | CellColumn) -> str:
    """A column of the customer as SQL over the customer's row and cell."""
    if isinstance(column, str):
        return column
    other = opposite_end(name) if facts.margin.per_order and column.below is None else None
    # A customer on whom money is lost has a negative scale, which turns the interval round.
    return column.sql.format(name if other is None else f"CASE WHEN scale < 0 THEN {other} ELSE {name} END")


def _scale(facts: ValueFacts) -> str:
    return "CAST(NULL AS DOUBLE)" if facts.cells.spend is None else facts.cells.spend.scale


def _seen_to(also: Horizon, cells: CellValues) -> CellValues:
    """The same cells seen to another horizon."""
    if horizon_label(also) == horizon_label(cells.horizon):
        raise ConfigError(f"Both horizons are {also}. Leave `also` out, or name another one, such as months(3).")
    return replace(cells, horizon=also)


def _totals(made: Mapping[str, CellColumn], facts: ValueFacts) -> list[str]:
    """For which horizons the ends of intervals are asked for that may lie on either side of zero."""
    ends = [name for name, column in made.items() if column.below is not None]
    begins = {AHEAD: facts.value_column, ALSO: facts.also_column, FAR: "clv_lifetime"}
    return [prefix for prefix, name in begins.items() if any(name and one.startswith(f"{name}_") for one in ends)]


def historic_sql(facts: ValueFacts) -> str:
    """What a customer has brought so far, as SQL over the row `summary`."""
    if facts.margin.per_order:
        return "summary.monetary_value_all * (summary.frequency + 1)"
    return f"CAST(summary.revenue AS DOUBLE) * {facts.margin.factor!r}"


def _margin(margin: Margin | float | None) -> Margin:
    return margin if isinstance(margin, Margin) else Margin(margin)


def _check_arguments(buying: object, spending: object, horizon: object, discount: object) -> None:
    """Refuse what was given in another order or without its unit, before anything is computed from it."""
    if not callable(getattr(buying, "expected_purchases", None)):
        raise ConfigError(
            f"`buying` is {type(buying).__name__}, no model of buying. The order is: lifetime_value(buying, spending, "
            "summary)."
        )
    if spending is not None and not callable(getattr(spending, "forecast", None)):
        raise ConfigError(
            f"`spending` is {type(spending).__name__}, no model of spend. The order is: lifetime_value(buying, "
            "spending, summary)."
        )
    length_of_time(horizon)
    if not isinstance(discount, DiscountRate):
        raise ConfigError(f"`discount` is {discount!r}, which is no rate. Write for example annual_rate(0.10).")


def _levels(level: float | Sequence[float]) -> tuple[float, ...]:
    wanted = [level] if isinstance(level, (int, float)) else list(level)
    for one in wanted:
        if not 1 < one < 99.95:
            raise ConfigError(
                f"A level of an interval is {one!r}; it is in per cent, between 1 and 99.9: level=[50, 95]."
            )
    return (LEVEL, *(float(one) for one in dict.fromkeys(wanted) if one != LEVEL))
