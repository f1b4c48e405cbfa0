"""NumPy columns in the forms that the engine takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import InputError


@dataclass(frozen=True, slots=True)
class EngineArrays:
    """Arrays to register with the engine, and how to make each column of them.

    Attributes
    ----------
    held : dict
        Arrays by the name under which the engine sees them.
    expressions : dict
        An SQL expression over those names by the column's own name.
    """

    held: dict[str, NDArray[Any]]
    expressions: dict[str, str]


def engine_arrays(columns: Mapping[str, Any]) -> EngineArrays:
    """Arrange columns for the engine: contiguous, in the machine's byte order, masks apart, days as dates.

    Raises
    ------
    InputError
        There are no columns, or one is not one-dimensional or not as long as the first one.
    """
    if not columns:
        raise InputError("A table needs at least one column.")
    held: dict[str, NDArray[Any]] = {}
    expressions: dict[str, str] = {}
    length: int | None = None
    for position, (name, given) in enumerate(columns.items()):
        array, mask, cast = _arranged(given)
        if array.ndim != 1:
            raise InputError(f"Column {name!r} has {array.ndim} dimensions; a column has one.")
        length = len(array) if length is None else length
        if len(array) != length:
            raise InputError(f"Column {name!r} has {len(array):,} rows where the first column has {length:,}.")
        held[f"c{position}"] = array
        expression = f"CAST(c{position} AS {cast})" if cast else f"c{position}"
        if mask is not None:
            held[f"m{position}"] = mask
            expression = f"CASE WHEN m{position} THEN NULL ELSE {expression} END"
        expressions[name] = expression
    return EngineArrays(held, expressions)


def _arranged(given: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None, str]:
    """An array that the engine takes, the mask of what is empty, and the type to cast to (empty: none)."""
    mask = None
    if isinstance(given, np.ma.MaskedArray):
        # Version 1 of the engine overlooks masks.
        mask = np.ascontiguousarray(np.ma.getmaskarray(given))
        given = given.data
    array = given if isinstance(given, np.ndarray) else _from_sequence(given)
    cast = ""
    kind = array.dtype.kind
    if kind == "M" and np.datetime_data(array.dtype)[0] not in {"s", "ms", "us", "ns"}:
        cast = "DATE" if np.datetime_data(array.dtype)[0] in {"D", "W", "M", "Y"} else ""
        array = array.astype("datetime64[us]")
    elif kind in "mM" and np.datetime_data(array.dtype)[0] == "generic":
        array = array.astype(f"{kind}8[us]")
    elif kind == "S":
        array = np.char.decode(array, "utf-8").astype(object)
    elif kind in "UT":
        array = array.astype(object)
    elif kind == "f" and array.dtype.itemsize not in {4, 8}:
        array = array.astype(np.float64)
    elif kind == "O" and not _holds_values(array):
        # Of nothing but None the engine cannot tell a type, and version 1 calls it a whole number.
        cast = "VARCHAR"
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return np.ascontiguousarray(array) if array.ndim else array, mask, cast


def _holds_values(array: NDArray[Any]) -> bool:
    return any(value is not None and not (isinstance(value, float) and math.isnan(value)) for value in array.ravel())


def _from_sequence(given: Any) -> NDArray[Any]:
    if hasattr(given, "to_numpy") or hasattr(given, "__array__"):
        return np.asarray(given)
    values = list(given)
    kinds = {type(value) for value in values}
    # NumPy would make texts of a list that holds a text and a number, and has no whole numbers with gaps.
    return np.asarray(values) if len(kinds) == 1 and kinds <= {int, float, bool} else np.array(values, dtype=object)
