"""Loyalty tiers in a run: those of keepers.toml or suggested ones, for summary.json and the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from keepers.data.read import Dataset
from keepers.domain.errors import InputError
from keepers.domain.money import MoneyBasis
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.loyalty import Loyalty, LoyaltyRow
from keepers.retention.effects import OfferEffects
from keepers.retention.loyalty import LoyaltyProgramme, loyalty_tiers

UNJUDGED = (
    "keepers.toml has loyalty tiers; whether they pay is seen in what is left of revenue. Say it under [value], such "
    'as margin = "35%", or with --margin.'
)
"""What the report says where tiers are given and no margin is."""


def loyalty(
    dataset: Dataset, scored: Scored, options: RunOptions, effects: Sequence[OfferEffects]
) -> LoyaltyProgramme | None:
    """The tiers; None where nothing can be said to pay: without a margin, or where customers stay in a warehouse."""
    values = scored.values
    rules = () if options.project is None else options.project.loyalty
    if not values.engine.is_embedded or not values.has_money or values.basis is not MoneyBasis.CONTRIBUTION:
        return None
    try:
        return loyalty_tiers(dataset, values, rules or None, experiments=effects)
    except InputError:
        return None


def loyalty_told(found: LoyaltyProgramme | None) -> dict[str, Any] | None:
    """The part of summary.json."""
    if found is None:
        return None
    return {
        "uplift_assumed": found.uplift,
        "suggested": found.suggested,
        "horizon_days": found.horizon.days,
        "tiers": [
            {
                "tier": one.rule.name, "from": one.rule.spent_from, "discount": one.rule.discount,
                "cost_each": one.rule.cost_each, "customers": one.customers, "near": one.near,
                "revenue": one.revenue, "contribution": one.contribution, "cost": one.cost,
                "break_even_uplift": one.break_even, "gain_at_assumed_uplift": one.gain,
                "affordable_each": one.affordable, "evidence": one.evidence.value,
                "measured": None if one.measured is None else asdict(one.measured),
            }
            for one in found.tiers
        ],
    }  # fmt: skip


def loyalty_content(found: LoyaltyProgramme | None, options: RunOptions) -> Loyalty | None:
    """What the report says."""
    if found is None:
        return None
    rows = tuple(
        LoyaltyRow(
            one.rule.name, one.rule.spent_from, one.customers, one.near, one.contribution, one.rule.discount,
            one.rule.cost_each, one.cost, one.break_even, one.gain, one.affordable,
            None if one.measured is None else Estimate(one.measured.gain, one.measured.low, one.measured.high, 0.9),
            0 if one.measured is None else one.measured.days, "" if one.measured is None else one.measured.experiment,
        )
        for one in found.tiers
    )  # fmt: skip
    members = sum(one.customers for one in found.tiers)
    meaning = MoneyMeaning(
        MoneyBasis.CONTRIBUTION, found.horizon, f"{members:,} members of these tiers", discount=options.discount,
        margin=options.margin.rate,
    )  # fmt: skip
    return Loyalty(rows, found.uplift, found.suggested, meaning)
