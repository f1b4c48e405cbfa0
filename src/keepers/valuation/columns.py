"""The columns of a table of values: what each is made of, so that only those that were asked for are computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon
from keepers.summaries.purchases import day_literal
from keepers.valuation.cell_values import AHEAD, ALSO, FAR, CellValues, level_suffix
from keepers.valuation.facts import ValueFacts, horizon_label
from keepers.valuation.signed_intervals import quantile_sql
from keepers.valuation.spend_forecast import SignedForecast
from keepers.valuation.states import STATES, UNLIKELY, risk_by_model, risk_by_rhythm, share_at_risk, states

Columns = Sequence[str] | Literal["all", "main"]
"""Names of columns; or all of them, or the main ones: history, P(alive), orders and value with intervals, tier."""

_NEVER = 3653
"""Days beyond which a next order is not given a date: ten years."""

_HISTORY = {
    "first_order_date": "first_day",
    "last_order_date": "last_day",
    "orders": "orders",
    "revenue": "revenue",
    "frequency": "frequency",
    "recency_days": "recency_days",
    "age_days": "T_days",
    "days_since_last_order": "T_days - recency_days",
}
RANKS = ("clv_percentile", "clv_tier")
"""Columns for which all customers must be sorted by their value."""

SCORES = ("r_score", "f_score", "m_score", "rfm_group")
"""Columns that need the rule of the RFM groups."""

_MAIN = (
    "first_order_date", "last_order_date", "orders", "revenue", "frequency", "recency_days", "age_days",
    "probability_alive", "expected_orders", "expected_orders_low", "expected_orders_high", "expected_order_value",
    "clv_predicted", "clv_predicted_low", "clv_predicted_high", *RANKS, "clv_basis", "clv_model_version",
    "clv_scored_at",
)  # fmt: skip


@dataclass(frozen=True)
class CellColumn:
    """A number of each cell, and the customer's column that is made of it."""

    of_cell: Callable[[CellValues], FloatArray]
    sql: str
    below: Callable[[CellValues], FloatArray] | None = None
    """A second number, under the name with `_below`, for ends of intervals that may lie on either side of zero."""


def value_columns(facts: ValueFacts) -> dict[str, str | CellColumn]:
    """Every column besides the customer's key, in order: SQL over the customer's row, or a cell's number."""
    columns: dict[str, str | CellColumn] = {**_HISTORY, **_expected(facts)}
    columns["clv_historic"] = "clv_historic"
    columns |= _money(facts)
    columns |= {"clv_percentile": "clv_percentile", "clv_tier": facts.tiers.sql("clv_percentile")}
    columns |= _further(facts)
    columns |= {name: name for name in SCORES[:-1]}
    # The rule is taken only where a column of the scores is asked for.
    columns["rfm_group"] = "NULL" if facts.rfm is None else facts.rfm.group_sql()
    return columns | _constants(facts)


def chosen_columns(wanted: Columns, known: Iterable[str], horizon: Horizon) -> tuple[str, ...]:
    """The names that were asked for, in the table's own order.

    Raises
    ------
    ConfigError
        Naming the first one that is none.
    """
    listed = tuple(known)
    if wanted == "all":
        return listed
    label = horizon_label(horizon)
    if wanted == "main":
        main = main_columns(horizon)
        return tuple(name for name in listed if name in main)
    asked = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in asked:
        if name not in listed and name != "customer_key":
            raise ConfigError(
                f"`{name}` is not a column of values. Use all, main, or some of: {', '.join(listed)} "
                f"({label} stands for the horizon)."
            )
    return tuple(name for name in listed if name in asked)


def main_columns(horizon: Horizon) -> tuple[str, ...]:
    """Names of the main columns."""
    return tuple(name.replace("clv_predicted", f"clv_predicted_{horizon_label(horizon)}") for name in _MAIN)


def _expected(facts: ValueFacts) -> dict[str, str | CellColumn]:
    """What to expect, and who is at risk."""
    cut = facts.summary.window.calibration_end
    day = day_literal(cut) if cut is not None else "CAST(NULL AS DATE)"
    named = " ".join(f"WHEN {number} THEN {literal(name)}" for number, name in enumerate(STATES))
    return {
        "usual_gap_days": CellColumn(
            lambda c: _or_never(c.rhythm.usual_gap), f"CASE WHEN {{0}} < {_NEVER} THEN {{0}} END"
        ),
        "silence_probability": CellColumn(lambda c: c.rhythm.probability, "{0}"),
        "probability_alive": CellColumn(lambda c: c.p_alive, "{0}"),
        "probability_alive_end": CellColumn(lambda c: c.predictions.p_alive_end, "{0}"),
        "churn_probability": CellColumn(lambda c: c.predictions.p_zero, "{0}"),
        "expected_orders": CellColumn(lambda c: c.expected_purchases, "{0}"),
        "expected_orders_low": CellColumn(lambda c: c.orders_quantile(False), "{0}"),
        "expected_orders_high": CellColumn(lambda c: c.orders_quantile(True), "{0}"),
        "expected_next_order_date": CellColumn(
            _next_order, f"CASE WHEN {{0}} < {_NEVER} THEN {day} + CAST({{0}} AS INTEGER) END"
        ),
        "at_risk_by_model": CellColumn(lambda c: _number(risk_by_model(c.cells.x, c.p_alive)), "{0} = 1"),
        "at_risk_by_rhythm": CellColumn(lambda c: _number(risk_by_rhythm(c.rhythm.probability)), "{0} = 1"),
        "customer_state": CellColumn(lambda c: _number(_states(c)), f"CASE {{0}} {named} END"),
    }


def _money(facts: ValueFacts) -> dict[str, str | CellColumn]:
    """The columns of money: a customer's scale times a number of the cell; empty ones where there is no money."""
    value = facts.value_column
    if facts.spending is None:
        names = ("expected_order_value", value, f"{value}_low", f"{value}_high", "clv_lifetime", "clv_infinite",
                 "clv_if_active", "money_at_risk")  # fmt: skip
        return dict.fromkeys(names, "CAST(NULL AS DOUBLE)")
    found: dict[str, str | CellColumn] = {
        "expected_order_value": CellColumn(_order_value, "scale * {0}"),
        value: CellColumn(lambda c: c.money(c.discounted_purchases), "scale * {0}"),
        "clv_lifetime": CellColumn(
            lambda c: c.money(c.predictions.discounted_purchases_lifetime, c.lifetime), "scale * {0}"
        ),
        "clv_infinite": CellColumn(
            lambda c: c.money(c.predictions.discounted_purchases_infinite, c.lifetime), "scale * {0}"
        ),
    }
    signed = isinstance(facts.cells.spend, SignedForecast)
    for level in facts.levels:
        found |= _signed_interval(value, AHEAD, level) if signed else _interval(value, CellValues.value_quantile, level)
    if facts.lifetime_interval:
        for level in facts.levels:
            found |= (
                _signed_interval("clv_lifetime", FAR, level)
                if signed
                else _interval("clv_lifetime", CellValues.lifetime_quantile, level)
            )
    found["clv_if_active"] = CellColumn(_if_active, "scale * {0}")
    found["money_at_risk"] = CellColumn(_at_risk, "scale * {0}")
    return found


def _further(facts: ValueFacts) -> dict[str, str | CellColumn]:
    """Columns of a second horizon, and the orders of the lifetime, where they were asked for."""
    found: dict[str, str | CellColumn] = {}
    also, value = facts.also, facts.also_column
    if also is not None and value is not None:
        found[f"expected_orders_{horizon_label(also.horizon)}"] = CellColumn(lambda _: also.expected_purchases, "{0}")
        if facts.spending is None:
            found |= dict.fromkeys((value, f"{value}_low", f"{value}_high"), "CAST(NULL AS DOUBLE)")
        else:
            found[value] = CellColumn(lambda _: also.money(also.discounted_purchases), "scale * {0}")
            for level in facts.levels:
                found |= (
                    _signed_interval(value, ALSO, level, also)
                    if isinstance(also.spend, SignedForecast)
                    else _interval(value, CellValues.value_quantile, level, also)
                )
    if facts.lifetime_interval:
        found["expected_orders_lifetime"] = CellColumn(lambda c: c.lifetime_purchases, "{0}")
    return found


def _interval(
    name: str,
    quantile: Callable[[CellValues, float, bool], FloatArray],
    level: float,
    of: CellValues | None = None,
) -> dict[str, str | CellColumn]:
    return {
        f"{name}_{'high' if high else 'low'}{level_suffix(level)}": CellColumn(
            lambda c, high=high: quantile(of or c, level, high),  # type: ignore[misc]
            "scale * {0}",
        )
        for high in (False, True)
    }


def _signed_interval(name: str, prefix: str, level: float, of: CellValues | None = None) -> dict[str, str | CellColumn]:
    def end(high: bool, above: bool) -> Callable[[CellValues], FloatArray]:
        return lambda c: (of or c).signed_levels(prefix, level, high)[above]

    return {
        f"{name}_{'high' if high else 'low'}{level_suffix(level)}": CellColumn(
            end(high, True), quantile_sql(prefix), end(high, False)
        )
        for high in (False, True)
    }


def opposite_end(name: str) -> str | None:
    """The other end of an interval of money; None for what is no end of one.

    >>> opposite_end("clv_predicted_12m_low_95"), opposite_end("clv_lifetime")
    ('clv_predicted_12m_high_95', None)
    """
    if not name.startswith("clv_"):
        return None
    for end, other in (("_low", "_high"), ("_high", "_low")):
        if end in name:
            return name.replace(end, other)
    return None


def _constants(facts: ValueFacts) -> dict[str, str | CellColumn]:
    """Columns that are the same in every row."""
    spending = "" if facts.spending is None else f"+{type(facts.spending).__name__}"
    found: dict[str, str | CellColumn] = {
        "churn_horizon_days": f"CAST({round(facts.horizon.days)} AS INTEGER)",
        "clv_basis": literal(facts.margin.basis.value),
        "clv_model_version": literal(facts.buying.name + spending),
    }
    moment = facts.scored_at
    if moment is not None:
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        found["clv_scored_at"] = f"TIMESTAMP {literal(moment.isoformat(sep=' ', timespec='seconds'))}"
    return found


def _or_never(days: FloatArray) -> FloatArray:
    return np.where(np.isfinite(days), days, np.inf)


def _next_order(cells: CellValues) -> FloatArray:
    likely = np.where(cells.p_alive >= UNLIKELY, cells.next_order_days, np.inf)
    return np.where(np.isfinite(likely), np.ceil(likely), np.inf)


def _number(column: NDArray[np.generic]) -> FloatArray:
    return column.astype(np.float64)


def _states(cells: CellValues) -> NDArray[np.int64]:
    return states(cells.cells.x, cells.p_alive, cells.rhythm.probability)


def _order_value(cells: CellValues) -> FloatArray:
    assert cells.spend is not None
    return cells.spend.mean_factor


def _if_active(cells: CellValues) -> FloatArray:
    alive, value = cells.p_alive, cells.money(cells.discounted_purchases)
    return np.divide(value, alive, out=np.zeros_like(value), where=alive > 1e-12)


def _at_risk(cells: CellValues) -> FloatArray:
    return _if_active(cells) * share_at_risk(_states(cells), cells.p_alive, cells.rhythm.probability)
