"""Histories put together with their neighbours by days, where there are too many to fit, and what that is called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells, FloatArray

MOST_TO_FIT = 2_000_000
"""Distinct histories up to which a fit sees them as they are: tens of millions of customers by the day."""

_WIDTHS = (2, 3, 4, 5, 7)


@dataclass(frozen=True, eq=False)
class Coarsened:
    """Histories for a fit.

    Parameters
    ----------
    cells : Cells
        One row for all histories with the same purchases whose times fall into the same bins, at their mean times.
    days : int
        Width of the bins; 1 where nothing was put together.
    """

    cells: Cells
    days: int

    @property
    def remark(self) -> str | None:
        """What a person should know; None where every history stands for itself."""
        if self.days == 1:
            return None
        return (
            f"There are so many distinct histories that models were fitted on {self.cells.size:,} groups of them, "
            f"times being gathered in bins of {self.days} days at their mean; values are computed from each exact "
            "history."
        )


def coarsened(cells: Cells, most: int = MOST_TO_FIT) -> Coarsened:
    """Put histories together in the narrowest bins of days that leave few enough.

    Each bin stands at the mean of its customers' times, so that the error in the likelihood is of the second order of
    the width: see the decision on coarse cells for what was measured.

    Parameters
    ----------
    cells : Cells
        Distinct histories; those that carry each customer's own gaps stay as they are, as no two are alike.
    most : int
        Rows to have; with the widest bins, of a week, there may be more.

    Examples
    --------
    >>> from keepers.domain.time import TimeUnit
    >>> days = np.arange(1.0, 9.0)
    >>> found = coarsened(Cells(np.ones(8), days, days + 8.0, np.ones(8), TimeUnit.DAY), most=5)
    >>> found.days, found.cells.t_x.tolist()
    (2, [1.0, 2.5, 4.5, 6.5, 8.0])
    """
    if cells.size <= most:
        return Coarsened(cells, 1)
    to_days = cells.unit.days
    recency, age = (np.rint(column * to_days).astype(np.int64) for column in (cells.t_x, cells.T))
    kind = cells.x.astype(np.int64)
    if cells.pattern is not None:
        kind = kind * (int(cells.pattern.max()) + 1) + cells.pattern
    found = cells, 1
    for width in _WIDTHS:
        bins = (int(age.max()) // width) + 1
        key = (kind * bins + recency // width) * bins + age // width
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        found = _gathered(cells, first, place.ravel()), width
        if first.size <= most:
            break
    return Coarsened(*found)


def _gathered(cells: Cells, first: NDArray[np.intp], place: NDArray[np.intp]) -> Cells:
    def total(column: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(place, column), dtype=np.float64)

    weight = total(cells.weight)

    def mean(column: FloatArray) -> FloatArray:
        return total(cells.weight * column) / weight

    recency, age = mean(cells.t_x), mean(cells.T)
    return Cells(
        cells.x[first], np.minimum(recency, age), age, weight, cells.unit,
        None if cells.log_gaps is None else total(cells.log_gaps),
        None if cells.pattern is None else cells.pattern[first], cells.attributes, cells.calendar,
    )  # fmt: skip
