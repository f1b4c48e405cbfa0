"""Naive forecasts of renewals that a model of contracts must beat: one churn rate, that of lately, that of each age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.summaries.life_table import LifeTable

_ENOUGH = 20
"""Contracts that must have reached an age before its own churn rate is believed."""


@dataclass(frozen=True, slots=True)
class PastChurn:
    """What a naive rule may learn from at a cut.

    Parameters
    ----------
    table : LifeTable
        All contracts so far by age.
    lately : float or None
        Share of the contracts that ran a holdout's length before the cut that had ended by it; None where none ran.
    periods : int
        Length of the holdout.
    """

    table: LifeTable
    lately: float | None
    periods: int


class ChurnRule(Protocol):
    """A naive rule, learnt from the past."""

    title: ClassVar[str]
    rule: ClassVar[str]

    def ahead(self, past: PastChurn, age: FloatArray, steps: FloatArray) -> FloatArray:
        """Chance that contracts of some whole ages outlast so many further periods, shape (n, steps)."""


class ConstantChurn:
    """Every contract ends at one rate: the endings so far by the renewals that came up."""

    title: ClassVar[str] = "one churn rate for all"
    rule: ClassVar[str] = "every contract ends at the mean rate seen so far"

    def ahead(self, past: PastChurn, age: FloatArray, steps: FloatArray) -> FloatArray:
        """Powers of the rate's complement."""
        return np.broadcast_to((1.0 - past.table.rate) ** steps, (age.size, steps.size))


class RecentChurn:
    """The churn of the time before the cut goes on, for contracts of every age."""

    title: ClassVar[str] = "churn of lately goes on"
    rule: ClassVar[str] = "contracts go on ending at the rate of the time before"

    def ahead(self, past: PastChurn, age: FloatArray, steps: FloatArray) -> FloatArray:
        """Powers of the rate; that of all ages and times where no contract ran long enough ago."""
        if past.lately is None:
            return ConstantChurn().ahead(past, age, steps)
        return np.broadcast_to((1.0 - past.lately) ** (steps / past.periods), (age.size, steps.size))


class ChurnByAge:
    """Contracts end as often as others of the same age did so far; beyond the ages that were seen, as the oldest."""

    title: ClassVar[str] = "churn of the same age"
    rule: ClassVar[str] = "contracts end as often as others of the same age did so far"

    def ahead(self, past: PastChurn, age: FloatArray, steps: FloatArray) -> FloatArray:
        """Products of what was seen at each age to come."""
        table = past.table
        known = table.known_to(_ENOUGH)
        rest = table.at_risk[known:].sum()
        # The few who are older are taken together; where nobody is, the oldest age that is known goes on.
        last = table.ended[known:].sum() / rest if rest >= _ENOUGH else table.hazard[known - 1] if known else table.rate
        longest = int(age.max(initial=0.0) + steps.max())
        hazard = np.concatenate([table.hazard[:known], np.full(max(longest - known, 0), last)])
        log_kept = np.concatenate([[0.0], np.cumsum(np.log1p(-np.minimum(hazard, 1.0 - 1e-12)))])
        young = age.astype(np.int64)[:, None]
        return np.asarray(np.exp(log_kept[young + steps.astype(np.int64)] - log_kept[young]))


CHURN_RULES: tuple[ChurnRule, ...] = (ConstantChurn(), RecentChurn(), ChurnByAge())
"""The rules that compete in every backtest of contracts."""
