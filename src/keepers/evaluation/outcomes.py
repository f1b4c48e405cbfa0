"""What customers did in a holdout, as a small weighted table of histories and outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import InputError
from keepers.domain.store_clock import Calendar
from keepers.domain.time import Horizon, TimeUnit
from keepers.evaluation.metrics import GainCurve

SAMPLE = 20_000
"""Customers on whom whole distributions are graded (totals and errors take all); coverage is known to 0.3 points."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Distinct pairs of a history and the purchases that followed, with how many customers share each.

    Parameters
    ----------
    cells : Cells
        The distinct histories, as known at the cut.
    cell : array of int, shape (m,)
        The history of each row, as a position in `cells`.
    purchases : array, shape (m,)
        Days with a purchase in the holdout.
    weight : array, shape (m,)
        Customers that the row stands for.
    horizon : Horizon
        Length of the holdout.
    """

    cells: Cells
    cell: IntArray
    purchases: FloatArray
    weight: FloatArray
    horizon: Horizon

    @classmethod
    def of_customers(cls, cells: Cells, purchases: ArrayLike, horizon: Horizon) -> Outcomes:
        """Outcomes from histories in any order, repeated or not, and what followed each."""
        counts = np.asarray(purchases, dtype=np.float64)
        if counts.shape != cells.x.shape:
            raise InputError(f"`purchases` {counts.shape} must be as long as the histories {cells.x.shape}.")
        kind = [] if cells.pattern is None else [cells.pattern]
        rows = np.column_stack([cells.x, cells.t_x, cells.T, *kind, counts])
        distinct, row = np.unique(rows, axis=0, return_inverse=True)
        return cls.of_sorted(
            distinct, _summed(row, cells.weight), cells.unit, horizon, cells.attributes, cells.calendar
        )

    @classmethod
    def of_sorted(
        cls,
        rows: FloatArray,
        weight: FloatArray,
        unit: TimeUnit,
        horizon: Horizon,
        attributes: Attributes | None = None,
        calendar: Calendar | None = None,
    ) -> Outcomes:
        """Outcomes from distinct rows (x, t_x, T, purchases), shape (m, 4), sorted by these columns in turn.

        With attributes of customers their pattern stands before the purchases. The calendar says when the histories are
        seen from.
        """
        starts = np.ones(len(rows), dtype=bool)
        starts[1:] = np.any(rows[1:, :-1] != rows[:-1, :-1], axis=1)
        cell = np.cumsum(starts) - 1
        first = rows[starts]
        pattern = None if attributes is None else first[:, 3].astype(np.int64)
        cells = Cells(
            first[:, 0], first[:, 1], first[:, 2], _summed(cell, weight), unit, None, pattern, attributes, calendar
        )
        return cls(cells, cell, np.ascontiguousarray(rows[:, -1]), weight, horizon)

    @property
    def customers(self) -> float:
        """Customers in the table."""
        return float(self.weight.sum())

    @property
    def total(self) -> float:
        """Purchases of all of them in the holdout."""
        return float(self.weight @ self.purchases)

    @cached_property
    def purchases_by_cell(self) -> FloatArray:
        """Mean purchases of the customers of each history, shape (n,)."""
        return _summed(self.cell, self.weight * self.purchases) / self.cells.weight

    @cached_property
    def hindsight(self) -> GainCurve:
        """Customers in the order of what they bought."""
        counts, row = np.unique(self.purchases, return_inverse=True)
        return GainCurve.of(counts, counts, _summed(row, self.weight))

    def sample(self, size: int = SAMPLE) -> Outcomes:
        """A systematic sample of customers: every so-manieth in the order of the rows; the same table if it is small.

        Rows are sorted by history, so the sample has every kind of history in proportion. No chance is involved.
        """
        if self.customers <= size:
            return self
        running = np.cumsum(self.weight)
        chosen, count = np.unique(
            np.searchsorted(running, (np.arange(size) + 0.5) * (running[-1] / size), side="right"), return_counts=True
        )
        kept, cell = np.unique(self.cell[chosen], return_inverse=True)
        weight = count.astype(np.float64)
        cells = replace(self.cells.take(kept), weight=_summed(cell, weight), log_gaps=None)
        return Outcomes(cells, cell.astype(np.int64), self.purchases[chosen], weight, self.horizon)


def _summed(group: IntArray, weight: FloatArray) -> FloatArray:
    return np.bincount(group, weight).astype(np.float64)
