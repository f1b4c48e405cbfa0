"""Whether customers who buy more often also spend more an order, which the spend model takes not to be so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepers.domain.cells import SpendCells
from keepers.numerics.correlation import correlation, rank_correlation

WEAK, STRONG = 0.1, 0.3
"""Absolute rank correlation up to which frequency and spend count as unrelated, and from which as related."""


@dataclass(frozen=True, slots=True)
class Independence:
    """How orders and mean spend go together over customers.

    Parameters
    ----------
    correlation : float or None
        Pearson's, as the literature reports it; None where one of them does not vary.
    rank_correlation : float or None
        Spearman's, which a few large spenders do not move; the words follow this one.
    customers : float
        Customers behind it.
    """

    correlation: float | None
    rank_correlation: float | None
    customers: float

    @classmethod
    def of(cls, cells: SpendCells) -> Independence:
        """Measure it on cells."""
        columns = (cells.x, cells.mean_spend, cells.weight)
        return cls(correlation(*columns), rank_correlation(*columns), cells.customers)

    @property
    def holds(self) -> bool:
        """Whether values may be computed as expected orders times expected spend."""
        return self.rank_correlation is None or abs(self.rank_correlation) < STRONG

    @property
    def sentence(self) -> str:
        """What it means for the values, in words."""
        if self.rank_correlation is None or self.correlation is None:
            return "Whether frequent buyers spend more an order cannot be told from these data."
        found = f"rank correlation {self.rank_correlation:+.2f}, correlation {self.correlation:+.2f}"
        if abs(self.rank_correlation) < WEAK:
            return (
                f"How often a customer buys says nothing about the size of an order ({found}), as the model takes it."
            )
        more, rare, often = ("more", "high", "low") if self.rank_correlation > 0 else ("less", "low", "high")
        if self.holds:
            return f"Frequent buyers spend a little {more} an order ({found}); the model's independence nearly holds."
        return (
            f"Frequent buyers spend {more} an order ({found}), against the model's independence: values of rare buyers "
            f"are likely too {rare}, those of frequent buyers too {often}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, for a saved model."""
        return {
            "correlation": self.correlation,
            "rank_correlation": self.rank_correlation,
            "customers": self.customers,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Independence:
        """What `to_dict` wrote."""
        return cls(data["correlation"], data["rank_correlation"], float(data["customers"]))
