"""Assignment by a deterministic hash: the same customer and the same experiment give the same chance, everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)


def uniform_of(keys: ArrayLike, salt: str) -> NDArray[np.float64]:
    """A number in [0, 1) for every key, which nothing but the key and the salt decide.

    FNV-1a over the code points of ``salt|key``, mixed by the finaliser of MurmurHash3, so that keys that differ in
    their last figure alone are independent.

    Parameters
    ----------
    keys : sequence of str, shape (n,)
    salt : str
        Name of the experiment or decision; another one draws anew.

    Returns
    -------
    array, shape (n,)

    >>> uniform_of(["C1", "C2"], "spring").round(4).tolist()
    [0.2811, 0.7409]
    """
    text = np.char.add(f"{salt}|", np.asarray(keys).astype(np.str_))
    width = text.dtype.itemsize // 4
    points = np.ascontiguousarray(text).view(np.uint32).reshape(text.size, width).astype(np.uint64)
    state = np.full(text.size, _BASIS)
    with np.errstate(over="ignore"):
        for place in range(width):
            # Texts end before the widest one does; padding must not count, or keys would depend on each other.
            point = points[:, place]
            state = np.where(point > 0, (state ^ point) * _PRIME, state)
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53), (33, 1)):
            state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((state >> np.uint64(11)).astype(np.float64) / 2.0**53)
