"""What follows from the values of all customers: equity, money at risk, groups, levers and formulas."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.errors import InputError
from keepers.valuation.equity import Equity, Interval, equity

if TYPE_CHECKING:
    from keepers.data.read import Dataset
    from keepers.evaluation.results import Backtest
    from keepers.models.base import Model
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.scoring import Scored
    from keepers.reports.content import AtRisk
    from keepers.reports.figures import MoneyMeaning
    from keepers.reports.groups import Grouping
    from keepers.summaries.activity import Activity
    from keepers.valuation.formula_inputs import FormulaResult
    from keepers.valuation.levers import Levers
    from keepers.valuation.new_customers import NewCustomerValue
    from keepers.valuation.season import Season
    from keepers.valuation.values import Values

_DRAWS = 32
"""Draws of the parameters: chance and the model's own error carry most of an interval, and time counts."""


@dataclass(frozen=True)
class Meanings:
    """The five things for each kind of money figure; all None without money."""

    ahead: MoneyMeaning | None = None
    lifetime: MoneyMeaning | None = None
    also: MoneyMeaning | None = None
    past: MoneyMeaning | None = None
    at_risk: MoneyMeaning | None = None


@dataclass(frozen=True)
class Insights:
    """Conclusions from the values of all customers."""

    equity: Equity
    models: dict[str, Model]
    meanings: Meanings
    at_risk: AtRisk | None = None
    tiers: Grouping | None = None
    rfm: Grouping | None = None
    levers: Levers | None = None
    formulas: tuple[FormulaResult, ...] = ()
    new_customer: NewCustomerValue | None = None
    season: Season | None = None

    def to_dict(self) -> dict[str, Any]:
        """The part of summary.json that follows from values."""
        found = self.equity
        return {
            "activity": {
                "expected_orders": asdict(found.expected_orders),
                "still_customers": asdict(found.still_customers),
            },
            "equity": None if found.total is None else _equity(found, found.total),
            "at_risk": None if self.at_risk is None else _at_risk(self.at_risk),
            "tiers": None if self.tiers is None else [asdict(row) for row in self.tiers.rows],
            "rfm": None
            if self.rfm is None
            else {"rule": self.rfm.rule, "groups": [asdict(row) for row in self.rfm.rows]},
            "levers": None if self.levers is None else _levers(self.levers),
            "new_customer": None if self.new_customer is None else _new_customer(self.new_customer),
            "formulas": [_formula(one) for one in self.formulas],
            "season": None if self.season is None else season_told(self.season),
        }


def insights(dataset: Dataset, scored: Scored, options: RunOptions) -> Insights:
    """Draw all conclusions; without a report only sums without intervals, and groups where all columns are there."""
    values, meant = scored.values, _meanings(scored, options)
    models: dict[str, Model] = {"buying": scored.buying}
    if scored.spending is not None:
        models["spend"] = scored.spending
    worth = equity(values, model_error(scored.test), draws=_DRAWS) if options.report else _sums(values)
    at_risk, tiers, rfm = _groups(values, meant) if options.wanted == "all" else (None, None, None)
    found = Insights(worth, models, meant, at_risk, tiers, rfm, season=scored.season)
    return _with_price(found, dataset, scored, options) if options.report and values.has_money else found


def _with_price(found: Insights, dataset: Dataset, scored: Scored, options: RunOptions) -> Insights:
    """The same with the owner's levers, the simple formulas, and what a new customer is worth."""
    from keepers.valuation.levers import levers
    from keepers.valuation.new_customers import new_customer_value

    new = new_customer_value(scored.values, options.lifetime)
    formulas = _formulas(dataset, scored, found.equity, new)
    return replace(found, levers=levers(scored.values, draws=_DRAWS), formulas=formulas, new_customer=new)


def season_told(found: Season) -> dict[str, Any]:
    """The part `season` of summary.json."""
    errors = found.errors
    return {
        "factors": list(found.factors),
        "chance": found.chance,
        "certain": found.is_certain,
        "used": found.is_used,
        "next_quarter": found.speed(),
        "ratio": found.ratio,
        "helps": found.helps,
        "error": None if errors is None else {"plain": errors[0], "seasonal": errors[1]},
        "checks": [{**asdict(one), "day": one.day.isoformat()} for one in found.checks],
    }


def season_carried(told: dict[str, Any] | None, day: dt.date) -> dict[str, Any] | None:
    """What an earlier run told of the season, seen from a later day: the months ahead are others."""
    if told is None:
        return None
    from keepers.domain.store_clock import StoreClock, day_number
    from keepers.valuation.season import QUARTER

    clock = StoreClock(tuple(told["factors"]))
    return {**told, "next_quarter": clock.ahead(float(day_number(day)), QUARTER.days) / QUARTER.days}


def _groups(values: Values, meant: Meanings) -> tuple[AtRisk, Grouping, Grouping]:
    from keepers.pipeline.content_groups import rfm_content, tier_content
    from keepers.pipeline.content_risk import risk_content

    ahead, past = meant.ahead, meant.past
    return risk_content(values, meant.at_risk), tier_content(values, ahead, past), rfm_content(values, ahead, past)


def _sums(values: Values) -> Equity:
    """Equity without intervals: plain sums over cells, and over customers where their columns are there."""
    facts = values.facts
    found, weight = facts.cells, facts.cells.cells.weight
    orders, alive = (_alone(weight @ column) for column in (found.expected_purchases, found.p_alive))
    customers = round(facts.cells.cells.customers)
    value, present = values.value_column, set(values.columns)
    if not values.has_money or value not in present:
        return Equity(customers, orders, alive)
    lifetime, historic = (f"sum({name})" if name in present else "NULL" for name in ("clv_lifetime", "clv_historic"))
    total, mean, median, over_life, so_far = values.engine.row(
        f"SELECT sum({quoted(value)}), avg({quoted(value)}), median({quoted(value)}), {lifetime}, {historic} "
        f"FROM {quoted(values.name)}"
    )
    return Equity(
        customers, orders, alive, _alone(total), None if over_life is None else _alone(over_life),
        mean=float(mean), median=float(median), historic=None if so_far is None else float(so_far),
    )  # fmt: skip


def _alone(value: Any) -> Interval:
    return Interval(float(value), math.nan, math.nan)


def _formulas(
    dataset: Dataset, scored: Scored, worth: Equity, new: NewCustomerValue | None
) -> tuple[FormulaResult, ...]:
    from keepers.summaries.activity import activity
    from keepers.valuation.formula_table import formula_table

    try:
        seen = activity(scored.summary)
    except InputError:
        # Too short a history to see who stays is no reason to leave the values out.
        return ()
    return formula_table(
        scored.values,
        marketing_spend=_marketing_spend(dataset, seen),
        seen=seen,
        equity=None if worth.lifetime is None else worth.lifetime.value,
        value_of_new=None if new is None else new.total.value,
    )


def _marketing_spend(dataset: Dataset, seen: Activity) -> float | None:
    """What was spent on marketing in the period that the formulas look at, if the files say so in the same currency."""
    spend = dataset.tables.get("spend")
    if spend is None:
        return None
    first = seen.until - dt.timedelta(days=round(seen.period.days) - 1)
    found = dataset.engine.row(
        f"SELECT sum(amount) FROM ({spend.sql}) AS spend WHERE day BETWEEN $first AND $until AND currency = $currency",
        {"first": first, "until": seen.until, "currency": dataset.currency},
    )[0]
    return None if found is None else float(found)


def model_error(test: Backtest | None) -> float:
    """How far totals were off on unseen days: the root mean square over origins; 0 where nothing was tested."""
    if test is None or test.winner is None:
        return 0.0
    rows = [row for row in test.rows if row.of == "purchases" and row.model == test.winner]
    errors = [error for row in rows if (error := row.metrics.total_error) is not None]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0


def _meanings(scored: Scored, options: RunOptions) -> Meanings:
    if not scored.values.has_money:
        return Meanings()
    from keepers.reports.figures import MoneyMeaning, Span

    everybody = f"all {scored.summary.customers:,} customers"

    def meaning(horizon: Any, population: str, discounted: bool = True) -> MoneyMeaning:
        return MoneyMeaning(
            basis=scored.values.basis,
            horizon=horizon,
            population=population,
            discount=options.discount if discounted else None,
            margin=options.margin.rate,
        )

    return Meanings(
        ahead=meaning(options.horizon, everybody),
        lifetime=meaning(options.lifetime, everybody),
        also=None if options.also is None else meaning(options.also, everybody),
        past=meaning(Span.PAST, everybody, discounted=False),
        at_risk=meaning(options.horizon, "customers at risk"),
    )


def _at_risk(found: AtRisk) -> dict[str, Any]:
    group = found.either
    known = group.value_if_active is not None and group.value_expected is not None
    return {
        "customers": group.customers,
        "money": group.value_if_active - group.value_expected if known else None,  # type: ignore[operator]
        "by_model": found.by_model.customers,
        "by_rhythm": None if found.by_rhythm is None else found.by_rhythm.customers,
    }


def _levers(found: Levers) -> dict[str, Any]:
    return {
        "base": found.base,
        "horizon_days": found.horizon.days,
        "retention_a_year": found.retention,
        "rows": [
            {
                "lever": row.lever.value,
                "change": row.change,
                "gain": None if row.gain is None else asdict(row.gain),
                "definition": row.sentence,
            }
            for row in found.rows
        ],
    }


def _new_customer(found: NewCustomerValue) -> dict[str, Any]:
    return {
        "horizon_days": None if found.horizon is None else found.horizon.days,
        "first_order": found.first_order,
        "repeat_orders": asdict(found.repeat_orders),
        "total": asdict(found.total),
    }


def _formula(found: FormulaResult) -> dict[str, Any]:
    return {
        "key": found.key,
        "name": found.name,
        "expression": found.expression,
        "inputs": {one.name: one.value for one in found.inputs},
        "result": found.result,
        "quantity": found.quantity.value,
        "remark": found.remark,
    }


def _equity(found: Equity, total: Interval) -> dict[str, Any]:
    return {
        "total": asdict(total),
        "lifetime": None if found.lifetime is None else asdict(found.lifetime),
        "also": None if found.also is None else asdict(found.also),
        "mean": found.mean,
        "median": found.median,
        "top_10_percent_share": found.top_share,
        "historic": found.historic,
    }
