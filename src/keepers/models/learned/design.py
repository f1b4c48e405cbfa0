"""What is known of customers as one table of numbers: features of the house, a user's frame, or arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from keepers.data.table import Table
from keepers.domain.errors import InputError

FloatArray = NDArray[np.float64]


@runtime_checkable
class FeatureTable(Protocol):
    """Features of customers as they were known at a moment; `keepers.features_at` makes one."""

    @property
    def names(self) -> Sequence[str]:
        """Name of each column."""

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        """Names behind the numbers of columns of kinds."""

    def matrix(
        self, names: Sequence[str] | None = None, levels: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[Any, FloatArray]:
        """Keys of the customers and their features, NaN where unknown, by given names and numbers of kinds."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Customers to learn from or to predict.

    Attributes
    ----------
    X : array, shape (n, p)
        Numbers, NaN where unknown; columns of kinds hold positions in their levels.
    names : tuple of str
        Of the columns.
    levels : dict of str to tuple of str
        Of the columns of kinds.
    keys : array, shape (n,), or None
        Customers.
    """

    X: FloatArray
    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keys: NDArray[Any] | None = None

    @property
    def categories(self) -> list[int]:
        """Positions of the columns of kinds."""
        return [place for place, name in enumerate(self.names) if name in self.levels]

    @property
    def size(self) -> int:
        """Number of customers."""
        return len(self.X)


def design_of(data: Any, like: Design | None = None) -> Design:
    """A table of numbers from what a caller has.

    Parameters
    ----------
    data : features, frame, mapping of columns or array
        `keepers.features_at(...)`; a pandas, Polars or Arrow frame or a mapping, whose columns of text are kinds and
        whose `customer_key` is no feature; or an array of shape (n, p).
    like : Design, optional
        What was learned from: columns are put into its order, and kinds into its numbers; new kinds are unknown.

    Raises
    ------
    InputError
        If columns are missing, or a number is infinite.
    """
    if isinstance(data, Design):
        return data if like is None or data.names == like.names else _arranged(data, like)
    found = _of_features(data, like) if isinstance(data, FeatureTable) else _of_frame(data)
    if np.isinf(found.X).any():
        place = int(np.argmax(np.isinf(found.X).any(axis=0)))
        raise InputError(f"Feature `{found.names[place]}` has infinite values. Leave them empty (NaN), or cap them.")
    return found if like is None else _arranged(found, like)


def _of_features(data: FeatureTable, like: Design | None) -> Design:
    names = tuple(data.names) if like is None else like.names
    levels = data.levels if like is None else like.levels
    keys, X = data.matrix(names, levels)
    known = {name: tuple(map(str, some)) for name, some in levels.items()}
    return Design(np.ascontiguousarray(X, dtype=np.float64), names, known, np.asarray(keys))


def _of_frame(data: Any) -> Design:
    if isinstance(data, np.ndarray):
        if data.ndim != 2:
            raise InputError(f"Features must be a table of shape (customers, features), not of shape {data.shape}.")
        X = np.ascontiguousarray(data, dtype=np.float64)
        return Design(X, tuple(f"feature_{k + 1}" for k in range(X.shape[1])))
    if isinstance(data, Table):
        columns: Mapping[str, Any] = data.to_numpy()
    elif isinstance(data, Mapping):
        columns = data
    else:
        try:
            frame = nw.from_native(data, eager_only=True)
        except TypeError:
            raise InputError(
                f"A {type(data).__name__} is no table of features. Give keepers.features_at(...), a frame, a mapping "
                "of columns, or an array of shape (customers, features)."
            ) from None
        columns = {name: frame[name].to_numpy() for name in frame.columns}
    return _of_columns(columns)


def _of_columns(columns: Mapping[str, Any]) -> Design:
    names, numbers, levels, keys = [], [], {}, None
    for name, given in columns.items():
        column = np.ma.filled(given, np.nan) if isinstance(given, np.ma.MaskedArray) and _numeric(given) else given
        column = np.asarray(column)
        if name == "customer_key":
            keys = column
            continue
        names.append(name)
        if _numeric(column):
            numbers.append(column.astype(np.float64))
            continue
        text = np.array([None if _empty(value) else str(value) for value in column.tolist()], dtype=object)
        known = sorted({value for value in text if value is not None})
        place = {value: float(number) for number, value in enumerate(known)}
        numbers.append(np.array([np.nan if value is None else place[value] for value in text]))
        levels[name] = tuple(known)
    if not numbers or len({column.size for column in numbers}) > 1:
        raise InputError("A table of features needs at least one column besides `customer_key`, all of one length.")
    return Design(np.ascontiguousarray(np.column_stack(numbers)), tuple(names), levels, keys)


def _arranged(found: Design, like: Design) -> Design:
    """Columns in the order of another design, and kinds in its numbers."""
    place = {name: k for k, name in enumerate(found.names)}
    missing = [name for name in like.names if name not in place]
    if missing:
        raise InputError(
            f"The model learned from {len(like.names)} features, of which {len(missing)} are missing here "
            f"({', '.join(missing[:5])}). Make the features the same way as those it learned from."
        )
    X = found.X[:, [place[name] for name in like.names]]
    for k, name in enumerate(like.names):
        mine = like.levels.get(name)
        if mine is not None and name in found.levels and found.levels[name] != mine:
            number = {value: float(at) for at, value in enumerate(mine)}
            renamed = np.array([*(number.get(value, np.nan) for value in found.levels[name]), np.nan])
            codes = np.where(np.isnan(X[:, k]), len(renamed) - 1, X[:, k]).astype(np.intp)
            X[:, k] = renamed[codes]
    return Design(np.ascontiguousarray(X), like.names, like.levels, found.keys)


def _numeric(column: Any) -> bool:
    return np.asarray(column).dtype.kind in "biuf"


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
