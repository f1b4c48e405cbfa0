"""How many values a column has that differ, for columns of which nearly all do, such as order numbers."""

from __future__ import annotations

import numpy as np

from keepers.data.engine import Engine
from keepers.numerics.sorting import sort_in_place

_FEW = 200_000
_SAMPLE = 4096
_BYTES = 12
"""Memory that a value takes while hashes are sorted."""


def filled_and_distinct(engine: Engine, value: str, relation: str, rows: int | None) -> tuple[int, int]:
    """How many values are not empty, and how many of these differ.

    Where many values differ, their hashes are sorted beside the engine, a third of what counting them there costs: as
    many hashes as values prove that no value comes twice. Otherwise the engine counts.

    Parameters
    ----------
    engine : Engine
    value, relation : str
        SQL of the value, and of what it is read from.
    rows : int or None
        Rows of the relation, where they are known.
    """
    if rows is not None and engine.is_embedded and _FEW < rows < engine.memory_limit / 2 / _BYTES:
        first = f"(SELECT {value} AS value FROM {relation} LIMIT {_SAMPLE})"
        alike, empty = engine.row(f"SELECT count(*) > count(DISTINCT value), hash(NULL) FROM {first}")
        if not alike:
            hashes = engine.whole_numbers(f"SELECT hash({value}) AS hash FROM {relation}")["hash"]
            sort_in_place(hashes)
            if hashes[np.searchsorted(hashes, empty) % hashes.size] != empty and np.all(hashes[1:] != hashes[:-1]):
                return hashes.size, hashes.size
    filled, distinct = engine.row(f"SELECT count({value}), count(DISTINCT {value}) FROM {relation}")
    return int(filled), int(distinct)
