"""What follows from the values of all customers: equity, money at risk, groups, levers and formulas."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.data.table import Table
from keepers.evaluation.results import Backtest
from keepers.models.base import Model
from keepers.pipeline.content_groups import rfm_content, tier_content
from keepers.pipeline.content_risk import risk_content
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.reports.content import AtRisk
from keepers.reports.figures import MoneyMeaning, Span
from keepers.reports.groups import Grouping
from keepers.valuation.equity import Equity, Interval, equity


@dataclass(frozen=True)
class Meanings:
    """The five things for each kind of money figure; all None without money."""

    ahead: MoneyMeaning | None = None
    lifetime: MoneyMeaning | None = None
    past: MoneyMeaning | None = None
    at_risk: MoneyMeaning | None = None


@dataclass(frozen=True)
class Insights:
    """Conclusions from the values of all customers."""

    equity: Equity
    at_risk: AtRisk
    tiers: Grouping
    rfm: Grouping
    models: dict[str, Model]
    meanings: Meanings

    def to_dict(self) -> dict[str, Any]:
        """The part of summary.json that follows from values."""
        found = self.equity
        return {
            "activity": {
                "expected_orders": asdict(found.expected_orders),
                "still_customers": asdict(found.still_customers),
            },
            "equity": None if found.total is None else _equity(found, found.total),
            "at_risk": {
                "customers": self.at_risk.either.customers,
                "money": self._money_at_risk(),
                "by_model": self.at_risk.by_model.customers,
                "by_rhythm": None if self.at_risk.by_rhythm is None else self.at_risk.by_rhythm.customers,
            },
            "tiers": [asdict(row) for row in self.tiers.rows],
            "rfm": {"rule": self.rfm.rule, "groups": [asdict(row) for row in self.rfm.rows]},
        }

    def _money_at_risk(self) -> float | None:
        group = self.at_risk.either
        if group.value_if_active is None or group.value_expected is None:
            return None
        return group.value_if_active - group.value_expected


def insights(scored: Scored, customers: Table, options: RunOptions) -> Insights:
    """Draw all conclusions that fit in a summary; what only the page shows is left to it."""
    values, meant = scored.values, _meanings(scored, options)
    models: dict[str, Model] = {"buying": scored.buying}
    if scored.spending is not None:
        models["spend"] = scored.spending
    return Insights(
        equity=equity(values, model_error(scored.test)),
        at_risk=risk_content(values, customers, meant.at_risk),
        tiers=tier_content(values, customers, meant.ahead, meant.past),
        rfm=rfm_content(values, customers, meant.ahead, meant.past),
        models=models,
        meanings=meant,
    )


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
        past=meaning(Span.PAST, everybody, discounted=False),
        at_risk=meaning(options.horizon, "customers at risk"),
    )


def _equity(found: Equity, total: Interval) -> dict[str, Any]:
    return {
        "total": asdict(total),
        "lifetime": None if found.lifetime is None else asdict(found.lifetime),
        "mean": found.mean,
        "median": found.median,
        "top_10_percent_share": found.top_share,
        "historic": found.historic,
    }
