"""Histories that share what is dear to compute: equal ones always, and near ones where there are too many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

MOST_HISTORIES = 12_000
"""Histories up to which each stands for itself."""

_DEEPEST, _BISECTIONS, _WIDEST = 32, 16, 25.0


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Groups of rows with equal purchases and equal or nearly equal times.

    Parameters
    ----------
    index : array of int, shape (n,)
        Group of each row.
    x, t_x, T : arrays, shape (m,)
        Purchases of each group, and the means of its times over customers.
    """

    index: IndexArray
    x: FloatArray
    t_x: FloatArray
    T: FloatArray


def neighbours(
    x: FloatArray, t_x: FloatArray, T: FloatArray, weight: FloatArray, most: int = MOST_HISTORIES
) -> Neighbours:
    """Groups of equal histories, or, where these are more than `most`, of near ones.

    Groups are halved where what they blur is most, until there are as many as may be: a group stands at the mean of its
    customers, so that a smooth function of the times is wrong by the second order of its width only.
    """
    _, first, index = np.unique(np.vstack([x, t_x, T]), axis=1, return_index=True, return_inverse=True)
    index = index.ravel()
    if first.size <= most:
        return Neighbours(index, x[first], t_x[first], T[first])
    customers = np.asarray(np.bincount(index, weight, first.size), dtype=np.float64)
    leaf = _halved(x[first], t_x[first], T[first], customers, most)
    group = leaf[index]
    size = int(leaf.max()) + 1
    total = np.bincount(group, weight, size)
    kept = np.where(total > 0, total, 1.0)
    count = np.zeros(size)
    count[group] = x
    return Neighbours(
        group, count, np.bincount(group, weight * t_x, size) / kept, np.bincount(group, weight * T, size) / kept
    )


def _halved(x: FloatArray, t_x: FloatArray, T: FloatArray, weight: FloatArray, most: int) -> IndexArray:
    """The group of each history, at the least blur that leaves few enough."""
    low, high = -_WIDEST, _WIDEST
    found: IndexArray = np.unique(x, return_inverse=True)[1].ravel()
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        leaf = _leaves(x, t_x, T, weight, float(np.exp(middle)), most)
        if leaf is None:
            low = middle
        else:
            high, found = middle, leaf
    return found


def _leaves(
    x: FloatArray, t_x: FloatArray, T: FloatArray, weight: FloatArray, allowed: float, most: int
) -> IndexArray | None:
    """Groups none of which blurs more than is allowed; None where these are too many."""
    times = (t_x, T - t_x)
    leaf = np.unique(x, return_inverse=True)[1].ravel()
    for _ in range(_DEEPEST):
        size = int(leaf.max()) + 1
        if size > most:
            return None
        total = np.bincount(leaf, weight, size)
        kept = np.where(total > 0, total, 1.0)
        means = [np.bincount(leaf, weight * column, size) / kept for column in times]
        variances = [
            np.bincount(leaf, weight * (column - mean[leaf]) ** 2, size) / kept
            for column, mean in zip(times, means, strict=True)
        ]
        count = np.zeros(size)
        count[leaf] = x
        blur = np.vstack(variances) * _curvature(count, *means)
        halve = total * blur.sum(axis=0) > allowed
        if not halve.any():
            break
        silence = blur[1] > blur[0]
        above = np.where(silence[leaf], times[1] > means[1][leaf], times[0] > means[0][leaf])
        leaf = np.unique(2 * leaf + (above & halve[leaf]), return_inverse=True)[1].ravel()
    return leaf


def _curvature(x: FloatArray, t_x: FloatArray, silence: FloatArray) -> FloatArray:
    """About how strongly the logarithm of the chance of a silence curves, in the recency and in the silence itself.

    It goes by the silence in mean gaps: the former moves the gap, the latter the silence, and neither says anything any
    more where the silence is long.
    """
    gap = (t_x + silence) / (x + 1.0)
    return np.vstack([(silence / (t_x + gap)) ** 2, np.ones(x.shape)]) / (gap + silence) ** 2
