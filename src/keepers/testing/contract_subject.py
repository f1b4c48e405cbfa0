"""A model of contracts under test, and made contracts: ordinary ones, and every kind that is not ordinary."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.contracts import ContractCells
from keepers.domain.time import TimeUnit
from keepers.testing.subject import Tested


def contracts(tenure: ArrayLike, ended: ArrayLike, entry: ArrayLike = 0.0, weight: ArrayLike = 1.0) -> ContractCells:
    """Cells in months from columns or single numbers, one row a history."""
    ages = np.atleast_1d(np.asarray(tenure, dtype=float))
    columns = (np.array(np.broadcast_to(np.asarray(c, float), ages.shape)) for c in (entry, ended, weight))
    begins, ends, count = columns
    return ContractCells(begins, ages, ends, count, TimeUnit.MONTH)


def book(count: int, seed: int = 1) -> ContractCells:
    """Contracts of 3 to 40 whole months, some of them observed from a later age on, each with a churn of its own.

    Whole months are histories for models of renewals and of time alike.
    """
    rng = np.random.default_rng(seed)
    ends = rng.geometric(rng.beta(0.9, 7.0, count))
    ages = rng.integers(3, 41, count)
    entry = np.where(rng.random(count) < 0.2, rng.integers(0, 4, count), 0)
    ended = ends <= ages
    tenure = np.minimum(ends, ages)
    seen = tenure > entry
    return contracts(tenure[seen], ended[seen], entry[seen]).merged()


def asked_contracts() -> ContractCells:
    """The contracts that questions are put to: new, young, old, and one that ended."""
    return contracts([0.0, 1.0, 5.0, 24.0, 60.0, 7.0], [0, 0, 0, 0, 0, 1])


def running(rows: ContractCells, older: float = 0.0) -> ContractCells:
    """The contracts among them that run, so many periods older."""
    some = rows.ended <= 0
    return contracts(rows.tenure[some] + older, 0.0)


def businesses_by_contract() -> dict[str, ContractCells]:
    """Books that a fit must answer in words: few contracts, nobody gone, everybody gone, only the old ones seen."""
    return {
        "fifty contracts": book(50),
        "nobody has left": contracts(np.arange(1.0, 13.0), 0.0, 0.0, 9.0),
        "nearly everybody left at the first renewal": contracts([1.0, 3.0], [1.0, 0.0], 0.0, [500.0, 20.0]),
        "one contract": contracts(4.0, 0.0),
        "one contract that ended": contracts(4.0, 1.0),
        "contracts that began on the last day": contracts(0.0, 0.0, 0.0, 40.0),
        "only the old ones were seen": contracts([30.0, 30.0, 36.0], [1.0, 0.0, 0.0], 24.0, [5.0, 60.0, 30.0]),
        "very old contracts": contracts([400.0, 300.0, 1.0], [0.0, 1.0, 1.0], 0.0, [200.0, 30.0, 5.0]),
        "all end at one age": contracts([12.0, 12.0], [1.0, 0.0], 0.0, [400.0, 3.0]),
    }


NEW_CONTRACT = contracts(0.0, 0.0)
"""A contract that begins now."""


@dataclass(eq=False)
class ContractSubject(Tested):
    """A model of contracts, on an ordinary book of them."""

    data: ContractCells = field(default_factory=lambda: book(3000))
    rows: ContractCells = field(default_factory=asked_contracts)

    @property
    def discrete(self) -> bool:
        """Whether contracts end at renewals only."""
        return bool(getattr(getattr(self.kind, "family", None), "DISCRETE", getattr(self.kind, "discrete", False)))
