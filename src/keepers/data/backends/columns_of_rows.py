"""Rows of a driver as NumPy columns, in the kinds that the embedded engine gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

SPELLED = {"t": "T", "t_days": "T_days"}
"""Our columns with capital letters, by how an engine writes them that knows none."""


def plain_row(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row with whole numbers as int, which some engines give as decimals where they are sums."""
    return tuple(
        int(value) if isinstance(value, Decimal) and value.as_tuple().exponent == 0 else value for value in row
    )


def columns_of_rows(
    names: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]]
) -> tuple[dict[str, NDArray[Any]], int]:
    """NumPy columns of rows that come in portions, and how many rows there were.

    >>> columns, rows = columns_of_rows(["x", "who"], [[(1, "a"), (None, None)]])
    >>> columns["x"].tolist(), columns["who"].tolist(), rows
    ([1.0, nan], ['a', None], 2)
    """
    parts: list[list[NDArray[Any]]] = [[] for _ in names]
    count = 0
    for chunk in chunks:
        count += len(chunk)
        for place, values in enumerate(zip(*chunk, strict=True)):
            parts[place].append(_column(values))
    return {name: _joined(found) for name, found in zip(names, parts, strict=True)}, count


def _column(values: tuple[Any, ...]) -> NDArray[Any]:
    kinds = {type(value) for value in values} - {type(None)}
    empty = None in values
    found: NDArray[Any]
    if kinds == {int} and not empty:
        found = np.array(values, dtype=np.int64)
    elif kinds == {bool} and not empty:
        found = np.array(values)
    elif kinds and kinds <= {int, float, Decimal, bool}:
        found = np.array([np.nan if value is None else float(value) for value in values])
    elif kinds == {dt.date}:
        found = np.array(values, dtype="datetime64[D]")
    elif kinds == {dt.datetime}:
        found = np.array([_in_utc(value) for value in values], dtype="datetime64[us]")
    else:
        found = np.array([str(value) if isinstance(value, UUID) else value for value in values], dtype=object)
    return found


def _in_utc(value: dt.datetime | None) -> dt.datetime | None:
    return value if value is None or value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if not parts:
        return np.empty(0)
    if len(parts) == 1:
        return parts[0]
    kinds = {part.dtype.kind for part in parts}
    if kinds <= {"i", "f", "b", "O"} and "O" in kinds and kinds != {"O"}:
        # A portion with nothing but empty cells, beside numbers.
        blank = [np.full(part.shape, np.nan) if part.dtype.kind == "O" and not _any(part) else part for part in parts]
        return np.concatenate(blank)
    return np.concatenate(parts)


def _any(part: NDArray[Any]) -> bool:
    return any(value is not None for value in part)
