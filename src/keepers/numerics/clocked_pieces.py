"""Integrals over real time of what depends on a clock: pieces within which the clock is linear, and nodes on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.quadrature import legendre

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NODES = ((0.5, 4), (3.0, 6), (50.0, 12), (np.inf, 24))
"""Up to which fall of the logarithm of the integrand within a piece so many nodes do."""
_BUDGET = 1 << 13
"""Pieces that are worked on at once: arrays of a few megabytes, which are had again rather than asked of the system."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Parts of the rows' intervals, one a period; shorter intervals end in pieces without width.

    Attributes
    ----------
    begin, width, shown, speed : arrays, shape (n, m)
        Begin of each piece since the start of the paths, its width, what the clock shows at its begin, its speed.
    middle : array, shape (n, m)
        The middle, which names the period.
    """

    begin: FloatArray
    width: FloatArray
    middle: FloatArray
    shown: FloatArray
    speed: FloatArray

    @classmethod
    def of(cls, clock: Clock, path: IntArray, begin: FloatArray, end: FloatArray) -> Pieces:
        """The pieces of the intervals from `begin` to `end`, in time since the start of the paths."""
        count = max(1, int(count_of(clock.length, begin, end).max()))
        first = np.floor(begin / clock.length)
        edge = clock.length * (first[:, None] + np.arange(count + 1))
        edge = np.clip(edge, begin[:, None], end[:, None])
        edge[:, 0], edge[:, -1] = begin, end
        middle = 0.5 * (edge[:, 1:] + edge[:, :-1])
        whose = np.broadcast_to(path[:, None], middle.shape)
        return cls(edge[:, :-1], np.diff(edge), middle, clock.at(whose, edge[:, :-1]), clock.pace(whose, middle)[0])

    def nodes(self, slope: FloatArray, growth: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Times since each piece's begin and their weights, shape (n, m, q), for a fall of the logarithm as `slope`.

        Nodes are dense where a fall begins: u to (exp(c u) - 1) / D with D the fall and c = log(1 + D). Where the slope
        grows within a piece, at the rate `growth`, nodes are more.
        """
        fall = np.maximum(slope * self.width, 1e-6)[..., None]
        grown = growth * float(self.width.max())
        steepest = float(fall.max()) * np.exp(min(grown, 50.0)) + grown
        node, weight = legendre(next(count for limit, count in _NODES if steepest <= limit))
        bend = np.log1p(fall)
        width = self.width[..., None]
        since = width * np.expm1(bend * node) / fall
        return since, width * weight * bend * np.exp(bend * node) / fall


def count_of(length: float, begin: FloatArray, end: FloatArray) -> FloatArray:
    """How many periods intervals touch."""
    return np.asarray(np.maximum(np.ceil(end / length) - np.floor(begin / length), 1.0))


def alike(length: float, begin: FloatArray, end: FloatArray) -> Iterator[IntArray]:
    """Rows whose intervals touch about as many periods, few enough for memory."""
    count = count_of(length, begin, end)
    order = np.argsort(count, kind="stable").astype(np.int64)
    place = 0
    while place < order.size:
        ahead = count[order[place:]] * np.arange(1, order.size - place + 1)
        size = max(1, int(np.searchsorted(ahead, _BUDGET, side="right")))
        yield order[place : place + size]
        place += size
