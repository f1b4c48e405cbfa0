"""A query's texts and whole numbers where the engine lays them into memory, by Arrow's C interface.

The structures are those of https://arrow.apache.org/docs/format/CDataInterface.html; no Arrow library is needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import EngineError
from keepers.numerics.written_numbers import Texts, Whole

_OFFSETS: dict[bytes, type[np.signedinteger]] = {b"u": np.int32, b"U": np.int64}
"""Types of the ends of texts by what Arrow calls these."""


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.c_void_p), ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]  # fmt: skip
_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))), ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))), ("private_data", ctypes.c_void_p),
]  # fmt: skip
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
]  # fmt: skip


def texts_and_numbers(relation: Any) -> Iterator[tuple[Texts | None, Whole]]:
    """A relation of a text and a whole number, some rows at a time; they are there until the next ones are asked for.

    Parameters
    ----------
    relation : object with `__arrow_c_stream__`
        Its numbers are of eight bytes and none is empty.

    Yields
    ------
    texts, numbers : Texts or None, array of int64
        None where one of the texts is empty, or they are laid in another way.

    Raises
    ------
    EngineError
        If the engine fails on the way.
    """
    capsule = relation.__arrow_c_stream__()  # which frees the stream when it goes
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    stream = ctypes.cast(pointer(capsule, b"arrow_array_stream"), ctypes.POINTER(_Stream))
    offsets = _OFFSETS.get(_format_of_texts(stream))
    while True:
        rows = _Array()
        _check(stream, stream.contents.get_next(stream, ctypes.byref(rows)))
        if not rows.release:
            return
        try:
            if rows.length:
                texts, numbers = (rows.children[place].contents for place in (0, 1))
                yield _texts(texts, offsets), _part(numbers, 1, numbers.offset, numbers.length, np.int64)
        finally:
            rows.release(ctypes.byref(rows))


def _format_of_texts(stream: Any) -> bytes:
    schema = _Schema()
    _check(stream, stream.contents.get_schema(stream, ctypes.byref(schema)))
    try:
        return bytes(schema.children[0].contents.format)
    finally:
        schema.release(ctypes.byref(schema))


def _check(stream: Any, failed: int) -> None:
    if failed:
        said = stream.contents.get_last_error(stream) or b"it does not say why"
        raise EngineError(f"The engine stopped on the way: {said.decode(errors='replace')}.")


def _texts(column: Any, offsets: type[np.signedinteger] | None) -> Texts | None:
    if offsets is None or (column.null_count and column.buffers[0]):
        return None
    ends = _part(column, 1, column.offset, column.length + 1, offsets)
    return Texts(_part(column, 2, 0, int(ends[-1]), np.uint8), ends)


def _part(column: Any, buffer: int, begin: int, length: int, of: type[np.generic]) -> NDArray[Any]:
    """Values of a buffer, as they lie in memory."""
    if not length:
        return np.empty(0, dtype=of)
    size = np.dtype(of).itemsize
    held = (ctypes.c_char * (length * size)).from_address(column.buffers[buffer] + begin * size)
    return np.asarray(np.frombuffer(memoryview(held), dtype=of))
