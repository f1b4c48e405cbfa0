"""The part of the report about loyalty tiers, and its sentences."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import money, percent, plural


@dataclass(frozen=True, slots=True)
class LoyaltyRow:
    """One tier."""

    name: str
    """Its name."""
    spent_from: float
    """What one must have spent in the past year."""
    customers: int
    """Members today."""
    near: int
    """Who spent at least four fifths of it."""
    contribution: float
    """What members are expected to bring anyway."""
    discount: float
    """Share taken off every order."""
    cost_each: float
    """What other perks cost a member."""
    cost: float
    """What perks cost if nobody buys more."""
    break_even: float | None
    """Part by which members must buy more."""
    gain: float
    """What it earns at the assumed uplift."""
    affordable: float
    """What perks of a member may cost at the assumed uplift."""
    measured: Estimate | None
    """What an experiment has shown it to earn."""
    measured_days: int
    """Days of that experiment."""
    experiment: str
    """Its name."""


@dataclass(frozen=True, slots=True)
class Loyalty:
    """Loyalty tiers, best first."""

    tiers: tuple[LoyaltyRow, ...]
    """The tiers."""
    uplift: float
    """The assumed part by which members buy more."""
    suggested: bool
    """Whether thresholds were chosen by Keepers, without perks."""
    meaning: MoneyMeaning
    """The five things."""


def lead(found: Loyalty) -> str:
    """What a tier is, and where its rule comes from."""
    text = "Who spent so much in the past year belongs to a tier; whoever reaches several, to the best of them."
    if found.suggested:
        return (
            f"{text} Nobody said what your tiers are, so these are round amounts that the best buyers spent. Write "
            "yours, with their perks, under [loyalty] in keepers.toml."
        )
    return text


def words(row: LoyaltyRow, currency: str | None) -> str:
    """What it takes to be in it, and what one gets."""
    perks = []
    if row.discount:
        perks.append(f"{percent(row.discount)} off every order")
    if row.cost_each:
        perks.append(f"perks of {money(row.cost_each, currency)} each")
    what = f": {' and '.join(perks)}" if perks else ""
    return f"from {money(row.spent_from, currency)}{what}"


def evidence(found: Loyalty, currency: str | None) -> tuple[str, ...]:
    """How gains are known."""
    said = [
        f"The gain assumes that members buy {percent(found.uplift)} more than without the tier. That is an assumption, "
        "not a finding: they would buy a lot without it. Offer the tier to one half of those who reach it, drawn by "
        "lot, with its name as the offer, and the next run says what it earns."
    ]
    for row in found.tiers:
        if row.measured is not None:
            low, high = money(row.measured.low, currency), money(row.measured.high, currency)
            certain = "" if (row.measured.low or 0) > 0 else " That may be chance."
            said.append(
                f"The experiment “{row.experiment}” has shown {row.name} to earn {money(row.measured.value, currency)} "
                f"with all its members in {plural(row.measured_days, 'day')} (between {low} and {high}), net of its "
                f"cost.{certain}"
            )
    return tuple(said)
