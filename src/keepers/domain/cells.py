"""Cells: the distinct purchase histories with how many customers share each; all that a fit needs to see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.domain.attributes import Attributes
from keepers.domain.errors import InputError
from keepers.domain.store_clock import Calendar, StoreClock, day_number
from keepers.domain.time import TimeUnit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
GapUse = Literal["sum", "each"]
"""How a family uses the times between purchases: their sum over the customers of a cell, or each customer's own."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Sufficient statistics of latent-attrition models, one row a distinct history.

    Parameters
    ----------
    x : array, shape (n,)
        Repeat purchases (days with a purchase, the first excluded).
    t_x : array, shape (n,)
        Age at the last purchase, in `unit`; 0 where x is 0.
    T : array, shape (n,)
        Age at the end of the calibration, in `unit`.
    weight : array, shape (n,)
        Customers who share the history.
    unit : TimeUnit
        Unit of `t_x` and `T`.
    log_gaps : array, shape (n,), optional
        For families that know regular timing: the sum, over the customers of the row and over the repeat purchases of
        each, of the logarithm of the time since the purchase before, in `unit`. None where it is not known.
    pattern : array of int, shape (n,), optional
        Row of each history's attributes, where a model has covariates.
    attributes : Attributes, optional
        The distinct patterns of attributes.
    calendar : Calendar, optional
        The day that `T` counts up to, and the clock by which a model is to read the times; None where days are unknown.
    """

    x: FloatArray
    t_x: FloatArray
    T: FloatArray
    weight: FloatArray
    unit: TimeUnit
    log_gaps: FloatArray | None = None
    pattern: IntArray | None = None
    attributes: Attributes | None = None
    calendar: Calendar | None = None
    _read: Cells | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        _hold_columns(self, ("x", "t_x", "T", "weight", "log_gaps"), "histories")

    @classmethod
    def of_customers(
        cls, x: FloatArray, t_x: FloatArray, T: FloatArray, unit: TimeUnit, log_gaps: FloatArray | None = None
    ) -> Cells:
        """Cells from one row a customer; equal histories are merged, their `log_gaps` added up."""
        return cls(x, t_x, T, np.ones(np.shape(x)), unit, log_gaps).merged()

    def merged(self) -> Cells:
        """The same customers with equal (x, t_x, T) and attributes in one row, rows in order."""
        columns = [self.x, self.t_x, self.T, *([] if self.pattern is None else [self.pattern])]
        distinct, index = np.unique(np.column_stack(columns), axis=0, return_inverse=True)

        def summed(column: FloatArray) -> FloatArray:
            return np.asarray(np.bincount(index.ravel(), weights=column, minlength=len(distinct)), dtype=np.float64)

        gaps = None if self.log_gaps is None else summed(self.log_gaps)
        pattern = None if self.pattern is None else distinct[:, 3].astype(np.int64)
        return Cells(
            distinct[:, 0],
            distinct[:, 1],
            distinct[:, 2],
            summed(self.weight),
            self.unit,
            gaps,
            pattern,
            self.attributes,
            self.calendar,
        )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Cells:
        """Some of the rows."""
        return replace(
            self,
            x=self.x[rows],
            t_x=self.t_x[rows],
            T=self.T[rows],
            weight=self.weight[rows],
            log_gaps=None if self.log_gaps is None else self.log_gaps[rows],
            pattern=None if self.pattern is None else self.pattern[rows],
        )

    def knowing(self, names: Sequence[str]) -> Cells:
        """The same customers with these attributes alone, equal histories in one row."""
        if self.attributes is None or self.pattern is None or self.attributes.names == tuple(names):
            return self
        there = [name for name in names if name in self.attributes.columns]
        if not there:
            return replace(self, pattern=None, attributes=None).merged()
        table, pattern = Attributes.of_rows({name: self.attributes.columns[name] for name in there})
        return replace(self, pattern=pattern[self.pattern], attributes=table).merged()

    @property
    def size(self) -> int:
        """Number of distinct histories."""
        return int(self.x.size)

    @cached_property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())

    @cached_property
    def repeat_purchases(self) -> float:
        """Repeat purchases of all customers together."""
        return float(self.weight @ self.x)

    def in_unit(self, unit: TimeUnit) -> Cells:
        """The same histories counted in another unit of time."""
        if unit is self.unit:
            return self
        scale = self.unit.days / unit.days
        gaps = None if self.log_gaps is None else self.log_gaps + self.weight * self.x * float(np.log(scale))
        return replace(self, t_x=self.t_x * scale, T=self.T * scale, unit=unit, log_gaps=gaps)

    def by_clock(self, clock: StoreClock, seen: dt.date) -> Cells:
        """The same histories with times by a store's clock, seen from a day unless they know theirs.

        Times between purchases are stretched as the time from the first to the last one is.
        """
        calendar = self.calendar or Calendar(seen)
        if calendar.read:
            return self
        # Threads may ask the same cells at once, so that what one answers with is never looked up a second time.
        read = self._read
        if read is None or read.calendar != Calendar(calendar.seen, clock, read=True):
            days, now = self.unit.days, float(day_number(calendar.seen))
            came = now - self.T * days
            begin = clock.at(came)
            last, end = ((clock.at(day) - begin) / days for day in (came + self.t_x * days, np.full(came.shape, now)))
            gaps = self.log_gaps
            if gaps is not None:
                stretch = np.divide(last, self.t_x, out=np.ones_like(last), where=self.t_x > 0)
                gaps = gaps + self.weight * self.x * np.log(stretch)
            read = replace(self, t_x=last, T=end, log_gaps=gaps, calendar=Calendar(calendar.seen, clock, read=True))
            object.__setattr__(self, "_read", read)
        return read

    @property
    def seen(self) -> int:
        """The day that `T` counts up to, in days since 1 January 1970."""
        if self.calendar is None:
            raise InputError("The day that these histories are seen from is not known. Give them their `calendar`.")
        return day_number(self.calendar.seen)


@dataclass(frozen=True, eq=False)
class SpendCells:
    """Sufficient statistics of the spend model, one row a distinct pair of orders and mean spend.

    Where distinct pairs are too many to hand over, a row stands for a bin of customers with equal `x` and nearly
    equal mean spend: `mean_spend` is then the geometric mean over the bin and `spread` the variance of the
    logarithm of the mean spend within it, which keeps the likelihood right to the fourth order of the bin's width.

    Parameters
    ----------
    x : array, shape (n,)
        Orders that the mean is taken over (repeat purchase days, or all of them when the first is included).
    mean_spend : array, shape (n,)
        Mean money an order, in the currency and basis of the summary. Rows that are zero or negative are left out
        by the spend model, which says how many.
    weight : array, shape (n,)
        Customers who share the pair.
    spread : array, shape (n,), optional
        Variance of log(mean spend) within the row's bin; zero, the default, where the pairs are exact.
    pattern : array of int, shape (n,), optional
        Row of each pair's attributes, where a model has covariates.
    attributes : Attributes, optional
        The distinct patterns of attributes.
    """

    x: FloatArray
    mean_spend: FloatArray
    weight: FloatArray
    spread: FloatArray | None = None
    pattern: IntArray | None = None
    attributes: Attributes | None = None

    def __post_init__(self) -> None:
        _hold_columns(self, ("x", "mean_spend", "weight", "spread"), "pairs")

    @classmethod
    def of_customers(cls, x: FloatArray, mean_spend: FloatArray) -> SpendCells:
        """Cells from one row a customer; customers without an order (x = 0) are left out, equal pairs are merged."""
        orders = np.asarray(x, float)
        bought = orders > 0
        rows = np.column_stack([orders[bought], np.asarray(mean_spend, float)[bought]])
        distinct, counts = np.unique(rows, axis=0, return_counts=True)
        return cls(distinct[:, 0], distinct[:, 1], counts.astype(float))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> SpendCells:
        """Some of the rows."""
        return replace(
            self,
            x=self.x[rows],
            mean_spend=self.mean_spend[rows],
            weight=self.weight[rows],
            spread=None if self.spread is None else self.spread[rows],
            pattern=None if self.pattern is None else self.pattern[rows],
        )

    def in_money(self, unit: float) -> SpendCells:
        """The same with money counted in a unit of so much."""
        return replace(self, mean_spend=self.mean_spend / unit)

    @property
    def size(self) -> int:
        """Number of distinct pairs or bins."""
        return int(self.x.size)

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())

    @property
    def exact(self) -> bool:
        """Whether every row is a distinct pair rather than a bin."""
        return self.spread is None or not np.any(self.spread)


def _hold_columns(cells: Cells | SpendCells, names: tuple[str, ...], what: str) -> None:
    """Make the columns that are there flat arrays of finite numbers as long as `x`, and check the patterns."""
    for name in names:
        if getattr(cells, name) is None:
            continue
        column = np.ascontiguousarray(getattr(cells, name), dtype=np.float64)
        object.__setattr__(cells, name, column)
        if column.ndim != 1 or column.shape != cells.x.shape:
            raise InputError(f"`{name}` must be a flat column as long as `x` ({cells.x.shape}), not {column.shape}.")
        if column.size and not np.all(np.isfinite(column)):
            raise InputError(f"`{name}` has {int(np.sum(~np.isfinite(column)))} empty or infinite values.")
    if cells.pattern is not None:
        object.__setattr__(cells, "pattern", _checked(cells.pattern, cells.x.size, cells.attributes, what))


def _checked(pattern: IntArray, rows: int, attributes: Attributes | None, what: str) -> IntArray:
    """Patterns as whole numbers, each of which names a row of the attributes."""
    found = np.ascontiguousarray(pattern, dtype=np.int64)
    known = 0 if attributes is None else attributes.size
    if found.shape != (rows,) or (found.size and not 0 <= found.min() <= found.max() < known):
        raise InputError(f"`pattern` must name for each of {rows} {what} one of {known} patterns of attributes.")
    return found
