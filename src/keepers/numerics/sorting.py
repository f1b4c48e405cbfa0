"""Work on arrays on two cores, sorting above all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Made = TypeVar("Made")

_MANY = 1_000_000


def sort_in_place(values: NDArray[Any]) -> None:
    """Sort an array; many values in two halves at a time, which costs a tenth more work and half of the time.

    Examples
    --------
    >>> values = np.array([3, 1, 2])
    >>> sort_in_place(values)
    >>> values.tolist()
    [1, 2, 3]
    """
    if values.size < _MANY:
        values.sort()
        return
    middle = values.size // 2
    values.partition(middle)
    on_both(np.ndarray.sort, (values[:middle], values[middle:]))


def on_both(work: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
    """What some work on arrays makes of each part, two of them at a time.

    >>> on_both(len, ["ab", "c"])
    [2, 1]
    """
    if len(parts) < 2:
        return [work(part) for part in parts]
    from concurrent.futures import ThreadPoolExecutor  # and logging with it, for which little work need not wait

    with ThreadPoolExecutor(2) as both:
        return list(both.map(work, parts))
