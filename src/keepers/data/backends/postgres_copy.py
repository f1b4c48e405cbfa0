"""NumPy columns as the rows of PostgreSQL's COPY: packed as bytes where all are numbers, one by one otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.arrays import engine_arrays

_BLOCK = 200_000
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"


def column_types(columns: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Columns as arrays of equal length, and the server's type of each.

    Raises
    ------
    InputError
        As `keepers.data.arrays.engine_arrays` does.
    """
    held = engine_arrays(columns)
    arrays: dict[str, NDArray[Any]] = {}
    types: dict[str, str] = {}
    for position, name in enumerate(columns):
        array = held.held[f"c{position}"]
        mask = held.held.get(f"m{position}")
        if mask is not None:
            array = array.astype(object)
            array[mask] = None
        if array.dtype.kind == "f":
            array = array.astype(np.float64, copy=False)
        elif array.dtype.kind in "iu":
            array = array.astype(np.int64, copy=False)
        elif array.dtype.kind == "M" and "AS DATE" in held.expressions[name]:
            array = array.astype("datetime64[D]")
        elif array.dtype.kind == "M":
            array = array.astype("datetime64[us]")
        arrays[name] = array
        types[name] = _type(array)
    return arrays, types


def _type(array: NDArray[Any]) -> str:
    kind = array.dtype.kind
    if kind == "M":
        return "date" if np.datetime_data(array.dtype)[0] == "D" else "timestamp"
    if kind == "O":
        kinds = {type(value) for value in array if value is not None}
        if kinds and kinds <= {int, bool, np.int64}:
            return "boolean" if kinds == {bool} else "bigint"
        return "double precision" if kinds and kinds <= {int, float, np.float64, np.int64} else "text"
    return {"f": "double precision", "i": "bigint", "b": "boolean"}[kind]


def binary_rows(arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes] | None:
    """The rows packed for ``FORMAT binary``, block by block; None where a column is not of whole or floating numbers.

    NaN stays NaN.
    """
    if any(array.dtype.kind not in "if" for array in arrays.values()):
        return None
    return _packed(arrays)


def _packed(arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for position, array in enumerate(arrays.values()):
        fields += [(f"l{position}", ">i4"), (f"v{position}", ">f8" if array.dtype.kind == "f" else ">i8")]
    yield _SIGNATURE
    length = len(next(iter(arrays.values())))
    for start in range(0, length, _BLOCK):
        stop = min(start + _BLOCK, length)
        rows = np.empty(stop - start, dtype=np.dtype(fields))
        rows["fields"] = len(arrays)
        for position, array in enumerate(arrays.values()):
            rows[f"l{position}"], rows[f"v{position}"] = 8, array[start:stop]
        yield rows.tobytes()
    yield _END


def text_rows(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[Any, ...]]:
    """The rows one by one, empty values as None."""
    listed = [[_value(value) for value in array.tolist()] for array in arrays.values()]
    return zip(*listed, strict=True)


def _value(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
