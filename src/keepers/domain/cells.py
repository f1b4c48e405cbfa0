"""Cells: the distinct purchase histories with how many customers share each; all that a fit needs to see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    """

    x: FloatArray
    t_x: FloatArray
    T: FloatArray
    weight: FloatArray
    unit: TimeUnit

    def __post_init__(self) -> None:
        for name in ("x", "t_x", "T", "weight"):
            column = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, column)
            if column.ndim != 1 or column.shape != self.x.shape:
                raise InputError(f"`{name}` must be a flat column as long as `x` ({self.x.shape}), not {column.shape}.")
            if column.size and not np.all(np.isfinite(column)):
                raise InputError(f"`{name}` has {int(np.sum(~np.isfinite(column)))} empty or infinite values.")

    @classmethod
    def of_customers(cls, x: FloatArray, t_x: FloatArray, T: FloatArray, unit: TimeUnit) -> Cells:
        """Cells from one row a customer; equal histories are merged."""
        rows = np.column_stack([np.asarray(x, float), np.asarray(t_x, float), np.asarray(T, float)])
        distinct, counts = np.unique(rows, axis=0, return_counts=True)
        return cls(distinct[:, 0], distinct[:, 1], distinct[:, 2], counts.astype(float), unit)

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
        return Cells(self.x, self.t_x * scale, self.T * scale, self.weight, unit)
