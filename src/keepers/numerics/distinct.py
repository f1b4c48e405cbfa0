"""Tables of distinct values: a special function is evaluated once for each and gathered, not called for every row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.numerics.neighbours import Neighbours, neighbours

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

_LARGEST_TABLE = 1_000_000
_SAMPLE = 2_000


@dataclass(frozen=True, eq=False)
class Distinct:
    """The distinct values of a column and which of them each row has: ``values[index]`` is the column."""

    values: FloatArray
    index: IndexArray

    @property
    def size(self) -> int:
        """Number of distinct values."""
        return int(self.values.size)

    def sums(self, column: FloatArray) -> FloatArray:
        """The sum of another column over the rows of each distinct value."""
        return np.asarray(np.bincount(self.index, weights=column, minlength=self.values.size), dtype=np.float64)

    def rows(self, table: FloatArray) -> FloatArray:
        """Spread what was computed for each distinct value over the rows."""
        return np.asarray(table[self.index])


def distinct(column: FloatArray) -> Distinct:
    """The distinct values of a column, ascending.

    Counts often stand in ascending order, so that equal ones are neighbours. Times come in whole days, whatever the
    unit, so their values are evenly spaced: a row's place follows from its value by one division, several times faster
    than by sorting. That it did so exactly is checked for every row; values that are not evenly spaced are sorted.
    """
    column = np.asarray(column, dtype=np.float64)
    if column.size == 0:
        return Distinct(np.empty(0), np.empty(0, dtype=np.intp))
    found = _ascending(column) or _evenly_spaced(column)
    if found is not None:
        return found
    values = np.unique(column)
    return Distinct(values, np.searchsorted(values, column))


def _ascending(column: FloatArray) -> Distinct | None:
    if not np.all(column[:-1] <= column[1:]):
        return None
    begins = np.flatnonzero(np.concatenate([[True], column[:-1] < column[1:]]))
    rows = np.diff(begins, append=column.size)
    return Distinct(column[begins], np.repeat(np.arange(begins.size, dtype=np.intp), rows))


def _evenly_spaced(column: FloatArray) -> Distinct | None:
    low, high = float(column.min()), float(column.max())
    some = np.unique(column[:: max(1, column.size // _SAMPLE)])
    spacing = float(np.min(np.diff(some), initial=np.inf)) if some.size > 1 else max(high - low, 1.0)
    # Rounding may make neighbours of one value; a spacing that small is none.
    if spacing <= 1e-9 * max(abs(low), abs(high)) or (high - low) / spacing > min(_LARGEST_TABLE, 4 * column.size + 64):
        return None
    place = np.rint((column - low) / spacing).astype(np.intp)
    table = np.full(int(place.max()) + 1, np.nan)
    table[place] = column
    if not np.array_equal(table[place], column):
        return None
    seen = ~np.isnan(table)
    return Distinct(table[seen], (np.cumsum(seen) - 1)[place])


@dataclass(frozen=True, eq=False)
class DistinctPairs:
    """The distinct pairs of two columns and which of them each row has."""

    first: FloatArray
    second: FloatArray
    index: IndexArray

    @property
    def size(self) -> int:
        """Number of distinct pairs."""
        return int(self.first.size)

    def sums(self, column: FloatArray) -> FloatArray:
        """The sum of another column over the rows of each distinct pair."""
        return np.asarray(np.bincount(self.index, weights=column, minlength=self.first.size), dtype=np.float64)

    def rows(self, table: FloatArray) -> FloatArray:
        """Spread what was computed for each distinct pair over the rows."""
        return np.asarray(table[self.index])


def distinct_pairs(first: Distinct, second: Distinct) -> DistinctPairs:
    """The distinct pairs of two columns whose distinct values are known, ordered by the first, then the second."""
    combined = first.index * second.size + second.index
    possible = first.size * second.size
    if possible <= max(4 * combined.size, 1024):
        seen = np.bincount(combined, minlength=possible) > 0
        codes = np.flatnonzero(seen)
        index = (np.cumsum(seen) - 1)[combined]
    else:
        codes, index = np.unique(combined, return_inverse=True)
    return DistinctPairs(first.values[codes // max(second.size, 1)], second.values[codes % max(second.size, 1)], index)


@dataclass(frozen=True, eq=False)
class CellTables:
    """Cells with the tables of their distinct values, each made when a likelihood first asks for it.

    Parameters
    ----------
    x, t_x, T, weight : arrays, shape (n,)
        The columns of `Cells`; times in any one unit.
    log_gaps : array, shape (n,), optional
        As in `Cells`, in the same unit as the times.
    """

    x: FloatArray
    t_x: FloatArray
    T: FloatArray
    weight: FloatArray
    log_gaps: FloatArray | None = None

    @classmethod
    def of(cls, cells: Cells | CellTables, scale: float = 1.0) -> CellTables:
        """The tables of cells, with times divided by `scale`."""
        if isinstance(cells, CellTables) and scale == 1.0:
            return cells
        gaps = cells.log_gaps
        if gaps is not None and scale != 1.0:
            gaps = gaps - cells.weight * cells.x * float(np.log(scale))
        return cls(cells.x, cells.t_x / scale, cells.T / scale, cells.weight, gaps)

    @classmethod
    def of_rows(cls, x: FloatArray, t_x: FloatArray, T: FloatArray, weight: FloatArray | None = None) -> CellTables:
        """Tables of plain columns, each row standing for one customer unless weights are given."""
        x, t_x, T = np.broadcast_arrays(np.asarray(x, float), np.asarray(t_x, float), np.asarray(T, float))
        x, t_x, T = (np.atleast_1d(column) for column in (x, t_x, T))
        return cls(x, t_x, T, np.ones(x.shape) if weight is None else np.asarray(weight, float))

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.x.size)

    def sample(self, customers: int) -> CellTables:
        """So many customers drawn evenly over the rows, each standing for equally many of all.

        Where one row holds many customers it is drawn as often, so that the sample is as good as one of plain rows.
        """
        rows, weight = self.sample_rows(customers)
        return self.take(rows, weight)

    def take(self, rows: IndexArray, weight: FloatArray | None = None) -> CellTables:
        """Some of the rows, perhaps with other numbers of customers."""
        weight = self.weight[rows] if weight is None else weight
        gaps = None if self.log_gaps is None else self.log_gaps[rows] * (weight / self.weight[rows])
        return CellTables(self.x[rows], self.t_x[rows], self.T[rows], weight, gaps)

    def sample_rows(self, customers: int) -> tuple[IndexArray, FloatArray]:
        """Rows of such a sample, and how many customers each stands for."""
        reached = np.cumsum(self.weight)
        share = float(reached[-1]) / customers
        drawn = np.searchsorted(reached, share * (np.arange(customers) + 0.5))
        rows, times = np.unique(np.minimum(drawn, self.size - 1), return_counts=True)
        return rows, share * times.astype(np.float64)

    def reweighted(self, weight: FloatArray) -> CellTables:
        """The same rows with other weights; tables that do not depend on weights are shared."""
        # A row's `log_gaps` are the sum over its customers, of whom there are now more or fewer.
        gaps = None if self.log_gaps is None else self.log_gaps * (weight / np.where(self.weight > 0, self.weight, 1.0))
        other = CellTables(self.x, self.t_x, self.T, weight, gaps)
        for name in ("neighbours", "counts", "ages", "recencies", "counts_and_ages", "counts_and_recencies"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    @cached_property
    def neighbours(self) -> Neighbours:
        """Rows with equal histories, or nearly equal ones where histories are very many."""
        return neighbours(self.x, self.t_x, self.T, self.weight)

    @cached_property
    def counts(self) -> Distinct:
        """Distinct repeat purchases."""
        return distinct(self.x)

    @cached_property
    def ages(self) -> Distinct:
        """Distinct ages T."""
        return distinct(self.T)

    @cached_property
    def recencies(self) -> Distinct:
        """Distinct ages at the last purchase, t_x."""
        return distinct(self.t_x)

    @cached_property
    def counts_and_ages(self) -> DistinctPairs:
        """Distinct pairs (x, T)."""
        return distinct_pairs(self.counts, self.ages)

    @cached_property
    def counts_and_recencies(self) -> DistinctPairs:
        """Distinct pairs (x, t_x)."""
        return distinct_pairs(self.counts, self.recencies)

    @cached_property
    def customers_by_count(self) -> FloatArray:
        """Customers with each distinct x."""
        return self.counts.sums(self.weight)

    @cached_property
    def customers_by_age(self) -> FloatArray:
        """Customers with each distinct T."""
        return self.ages.sums(self.weight)

    @cached_property
    def purchases_by_age(self) -> FloatArray:
        """Repeat purchases of all customers with each distinct T."""
        return self.ages.sums(self.weight * self.x)
