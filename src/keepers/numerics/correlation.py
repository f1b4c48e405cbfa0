"""Correlations of weighted pairs: Pearson's of the values and Spearman's of their ranks."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray


def correlation(first: FloatArray, second: FloatArray, weight: FloatArray) -> float | None:
    """Pearson's correlation of two columns; None where one of them is constant or there are fewer than three rows.

    Parameters
    ----------
    first, second, weight : arrays, shape (n,)
        Values and how often each pair counts.
    """
    total = float(weight.sum())
    if total < 3:
        return None
    a, b = first - weight @ first / total, second - weight @ second / total
    spread_a, spread_b = float(weight @ a**2), float(weight @ b**2)
    # Rounding alone makes the spread of equal values differ from zero.
    noise_a = 1e-24 * float(weight @ first**2)
    noise_b = 1e-24 * float(weight @ second**2)
    if spread_a <= noise_a or spread_b <= noise_b:
        return None
    return float(np.clip((weight * a) @ b / np.sqrt(spread_a * spread_b), -1.0, 1.0))


def rank_correlation(first: FloatArray, second: FloatArray, weight: FloatArray) -> float | None:
    """Spearman's correlation of two columns, equal values sharing their mean rank; None as for `correlation`."""
    return correlation(_ranks(first, weight), _ranks(second, weight), weight)


def _ranks(column: FloatArray, weight: FloatArray) -> FloatArray:
    _, index = np.unique(column, return_inverse=True)
    held = np.bincount(index.ravel(), weights=weight)
    return np.asarray((np.cumsum(held) - 0.5 * held)[index.ravel()])
