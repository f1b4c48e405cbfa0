"""What is known of customers besides their purchases: a table of the distinct patterns of attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import InputError

Column = NDArray[Any]
"""Numbers (missing ones NaN), or texts (missing ones None)."""


@dataclass(frozen=True, eq=False)
class Attributes:
    """Distinct patterns of attributes, one row a pattern, which histories refer to by their row.

    Parameters
    ----------
    columns : mapping of str to array, each of shape (p,)
        By name: numbers, or texts in arrays of objects.
    """

    columns: Mapping[str, Column]

    @property
    def size(self) -> int:
        """Number of patterns."""
        return next((len(column) for column in self.columns.values()), 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.columns)

    @classmethod
    def of_rows(cls, columns: Mapping[str, Any]) -> tuple[Attributes, NDArray[np.int64]]:
        """The distinct patterns of columns with one row a customer, and the pattern of each row.

        Examples
        --------
        >>> table, pattern = Attributes.of_rows({"channel": ["ads", "shop", "ads"]})
        >>> table.columns["channel"].tolist(), pattern.tolist()
        (['ads', 'shop'], [0, 1, 0])
        """
        plain = {name: plain_column(values) for name, values in columns.items()}
        sizes = {name: len(column) for name, column in plain.items()}
        if len(set(sizes.values())) > 1:
            raise InputError(f"Columns of attributes differ in length: {sizes}. Give one row a customer in each.")
        pattern = np.zeros(next(iter(sizes.values()), 0), dtype=np.int64)
        for column in plain.values():
            codes = _codes(column)
            _, pattern = np.unique(pattern * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
        _, first = np.unique(pattern, return_index=True)
        return cls({name: column[first] for name, column in plain.items()}), pattern.astype(np.int64)

    def take(self, rows: NDArray[np.int64]) -> Attributes:
        """Some of the patterns."""
        return Attributes({name: column[rows] for name, column in self.columns.items()})

    def to_dict(self) -> dict[str, list[Any]]:
        """Plain numbers and words, for a saved model."""
        return {name: column.tolist() for name, column in self.columns.items()}


def plain_column(values: Any) -> Column:
    """A column as floats (NaN where missing), or as objects that are texts (None where missing)."""
    column = np.atleast_1d(np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values))
    if isinstance(column, np.ma.MaskedArray):
        column = np.asarray(np.ma.filled(column.astype(object), None))
    if column.dtype.kind in "biuf":
        return column.astype(np.float64)
    missing = np.array([value is None or value != value for value in column.tolist()], dtype=bool)  # noqa: PLR0124
    if column.dtype == object and _all_numbers(column[~missing]):
        numbers = np.full(column.shape, np.nan)
        numbers[~missing] = column[~missing].astype(np.float64)
        return numbers
    return np.array([None if gone else str(value) for value, gone in zip(column.tolist(), missing)], dtype=object)


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Which values of a plain column are not known."""
    if column.dtype.kind == "f":
        return np.isnan(column)
    return np.array([value is None for value in column], dtype=bool)


def check_known(columns: Mapping[str, Column]) -> None:
    """Refuse attributes that are missing for some customers.

    Raises
    ------
    InputError
        Naming the column, the number of rows and the first of them.
    """
    for name, column in columns.items():
        missing = is_missing(column)
        if missing.any():
            count, row = int(missing.sum()), int(np.argmax(missing))
            raise InputError(
                f"The covariate `{name}` is missing in {count:,} row{'s'[: count > 1]} (first: row {row + 1}). "
                'Fill it in (for words a level of its own, such as "unknown"; for numbers the mean), or leave these '
                "customers out."
            )


def _all_numbers(values: Column) -> bool:
    return all(isinstance(value, (int, float, np.number)) for value in values.tolist())


def _codes(column: Column) -> NDArray[np.int64]:
    if column.dtype.kind == "f":
        return np.unique(column, return_inverse=True)[1].astype(np.int64)
    known = np.array(["" if value is None else f"={value}" for value in column], dtype=str)
    return np.unique(known, return_inverse=True)[1].astype(np.int64)
