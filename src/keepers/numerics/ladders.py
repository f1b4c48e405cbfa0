"""Integrals over half lines whose integrand has several scales: Gauss panels between ladders of breakpoints.

A ladder's rungs stand ever further apart from its foot, each gap a constant multiple of what lies behind it, so that a
singularity behind the foot stays equally far from every panel in the panel's own measure. Rungs of several ladders are
merged, and panels without weight are left out before a node is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.numerics.quadrature import legendre

POINTS = 16
_DROP = 44.0
"""Panels whose weight is below exp(-44) of the heaviest are left out."""

LogIntegrand = Callable[[NDArray[np.intp], FloatArray], FloatArray]
"""Logarithm of the integrand of rows, shape (k,), at places of shape (k, m)."""


@dataclass(frozen=True, slots=True, eq=False)
class PanelNodes:
    """Nodes of all rows, panel by panel; the panels of a row follow each other.

    Parameters
    ----------
    row : array, shape (k,)
        The row of each panel.
    start : array, shape (n,)
        The first panel of each row.
    place, weight : arrays, shape (k, POINTS)
        Nodes and the weights that integrate a plain function.
    """

    row: NDArray[np.intp]
    start: NDArray[np.intp]
    place: FloatArray
    weight: FloatArray

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums over the nodes of each row of values of shape (k, POINTS), or of shape (k, POINTS, m)."""
        return np.asarray(np.add.reduceat(values.sum(axis=1), self.start, axis=0))


def ladder(unit: FloatArray, end: FloatArray, ratio: float) -> FloatArray:
    """Rungs unit (ratio^j - 1) up to the end, which is the last of them, shape (n, m)."""
    with np.errstate(over="ignore"):
        steps = int(np.ceil(np.log(np.max(1.0 + end / unit)) / np.log(ratio))) + 1
    rungs = unit[:, None] * np.expm1(np.log(ratio) * np.arange(steps))
    return np.asarray(np.minimum(np.concatenate([rungs, end[:, None]], axis=1), end[:, None]))


def panel_nodes(log_integrand: LogIntegrand, breaks: FloatArray) -> PanelNodes:
    """Nodes on the panels between breakpoints that carry weight.

    Parameters
    ----------
    log_integrand : callable
        Finite, or minus infinity.
    breaks : array, shape (n, m)
        Breakpoints of each row in any order; the smallest and the largest are the ends.
    """
    breaks = np.sort(breaks, axis=1)
    rows = np.arange(len(breaks))
    height = log_integrand(rows, breaks)
    width = np.diff(breaks, axis=1)
    with np.errstate(divide="ignore"):
        score = np.maximum(height[:, 1:], height[:, :-1]) + np.log(width)
    kept = (score >= score.max(axis=1, keepdims=True) - _DROP) & (width > 0)
    row, panel = np.nonzero(kept)
    node, share = legendre(POINTS)
    left, wide = breaks[row, panel], width[row, panel]
    start = np.searchsorted(row, rows)
    return PanelNodes(row, start, left[:, None] + wide[:, None] * node, wide[:, None] * share)
