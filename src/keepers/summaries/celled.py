"""Customers of whom it is known which of all distinct histories is theirs, so that results are joined by its number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.packed_purchases import DistinctHistories


@dataclass(frozen=True, eq=False)
class Celled:
    """The rows of a summary with the number of their cell.

    Parameters
    ----------
    relation : str
        SQL of the summary's columns, `cell` and `number`.
    key : str
        SQL of `customer_key` by `number`.
    rows : dict of arrays
        The cells in the order of their numbers: `frequency`, `recency_days`, `T_days` and `weight`.
    """

    relation: str
    key: str
    rows: dict[str, NDArray[np.int64]]

    @classmethod
    def of(cls, distinct: DistinctHistories, sql: str, key: str, last: dt.date, cut: dt.date) -> Celled:
        """The rows of a query, from the distinct histories as they are on the last day of anybody, seen on the cut."""
        rows = {
            "frequency": distinct.frequency,
            "recency_days": distinct.recency,
            "T_days": distinct.since + (cut - last).days,
            "weight": distinct.weight,
        }
        return cls(f"({sql})", key, rows)

    @property
    def number(self) -> NDArray[np.int32]:
        """The number of each cell."""
        return np.arange(self.rows["weight"].size, dtype=np.int32)
