"""Tiers: customers by the rank of their predicted value, by shares that anybody can check."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import literal
from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TierRule:
    """Names of tiers from the most valuable down, with the percentile each begins at.

    A customer's percentile is the share of the others, in per cent, who are worth less; equals share theirs.

    Parameters
    ----------
    tiers : tuple of (str, float)
        Name and smallest percentile, falling, the last one 0.

    Examples
    --------
    >>> TierRule().of(97.0), TierRule().of(50.0)
    ('Platinum', 'Silver')
    """

    tiers: tuple[tuple[str, float], ...] = (("Platinum", 95.0), ("Gold", 80.0), ("Silver", 50.0), ("Bronze", 0.0))

    def __post_init__(self) -> None:
        cuts = [cut for _, cut in self.tiers]
        if not cuts or cuts != sorted(set(cuts), reverse=True) or cuts[-1] != 0 or cuts[0] >= 100:
            raise ConfigError(
                f"Tiers must begin at falling percentiles below 100 and end at 0, not at {cuts}. For example "
                '(("Best", 90), ("Rest", 0)).'
            )

    def of(self, percentile: float) -> str:
        """The tier of a percentile."""
        return next(name for name, cut in self.tiers if percentile >= cut)

    def sql(self, percentile: str) -> str:
        """The tier as SQL, from a column of percentiles."""
        cases = " ".join(f"WHEN {percentile} >= {float(cut)!r} THEN {literal(name)}" for name, cut in self.tiers[:-1])
        last = literal(self.tiers[-1][0])
        return f"CASE {cases} ELSE {last} END" if cases else last

    def rules(self) -> dict[str, str]:
        """Who belongs to each tier, in words."""
        words: dict[str, str] = {}
        above = 100.0
        for name, cut in self.tiers:
            if above == 100.0:
                words[name] = f"the {100 - cut:g}% with the highest predicted value"
            elif cut:
                words[name] = f"the next {above - cut:g}%"
            else:
                words[name] = f"the other {above:g}%"
            above = cut
        return words

    @property
    def sentence(self) -> str:
        """How the division is made."""
        return (
            "Customers by rank of their predicted value: "
            + ", ".join(f"{name} is {rule}" for name, rule in self.rules().items())
            + "; customers of equal value share a tier."
        )
