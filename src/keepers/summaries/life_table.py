"""Survival of contracts as it was observed, age by age: how many could have ended at an age, and how many did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells


@dataclass(frozen=True, eq=False)
class LifeTable:
    """Contracts by age in whole periods; arrays of shape (n,), for ages 1 to n.

    Parameters
    ----------
    at_risk : array
        Contracts that came up for the renewal that makes them this old, observed there.
    ended : array
        Those of them that ended instead.
    """

    at_risk: FloatArray
    ended: FloatArray

    @property
    def ages(self) -> FloatArray:
        """1 to n."""
        return np.arange(1.0, self.at_risk.size + 1.0)

    @property
    def hazard(self) -> FloatArray:
        """Share that ended at each age; zero where nobody came so far."""
        return np.divide(self.ended, self.at_risk, out=np.zeros(self.ended.size), where=self.at_risk > 0)

    @property
    def survival(self) -> FloatArray:
        """Share of all contracts that outlast each age (Kaplan and Meier 1958)."""
        return np.asarray(np.cumprod(1.0 - self.hazard))

    @property
    def rate(self) -> float:
        """Endings a contract and period, over all ages."""
        at_risk = float(self.at_risk.sum())
        return float(self.ended.sum()) / at_risk if at_risk > 0 else 0.0

    def known_to(self, fewest: float) -> int:
        """The oldest age up to which every age was reached by so many contracts; 0 for none."""
        enough = self.at_risk >= fewest
        return int(np.argmin(enough)) if not enough.all() else int(enough.size)


def life_table(groups: Iterable[ContractCells]) -> LifeTable:
    """Count contracts by age, left truncation and right censoring respected.

    Parameters
    ----------
    groups : iterable of ContractCells
        With ages in whole periods, as ``summary.contract_cells(whole=True)`` gives them by plan.

    Examples
    --------
    >>> from keepers.domain.time import TimeUnit
    >>> cells = ContractCells([0, 0, 0], [1, 3, 3], [1, 1, 0], [20, 30, 50], TimeUnit.MONTH)
    >>> found = life_table([cells])
    >>> found.at_risk.tolist(), found.ended.tolist(), found.survival.round(2).tolist()
    ([100.0, 80.0, 80.0], [20.0, 0.0, 30.0], [0.8, 0.8, 0.5])
    """
    known = list(groups)
    oldest = int(max((np.max(cells.tenure, initial=0.0) for cells in known), default=0))
    steps, ended = np.zeros(oldest + 2), np.zeros(oldest + 2)
    for cells in known:
        np.add.at(steps, cells.entry.astype(np.int64) + 1, cells.weight)
        np.add.at(steps, cells.tenure.astype(np.int64) + 1, -cells.weight)
        np.add.at(ended, cells.tenure.astype(np.int64), cells.weight * cells.ended)
    return LifeTable(np.cumsum(steps)[1:-1], ended[1:-1])
