"""How much a fit loses by bins of nearly equal spend, measured by making the bins coarser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keepers.domain.cells import FloatArray, SpendCells
from keepers.models.spend.spend_likelihood import SpendLikelihood

_RICHARDSON = 15.0
"""The error is of the fourth order: bins twice as wide differ by 16 - 1 times the error of the bins themselves."""


def coarsened(cells: SpendCells) -> SpendCells:
    """The same customers in bins twice as wide: neighbours of equal `x` are merged, mean and spread of logs kept."""
    kind = np.zeros(cells.size, dtype=np.int64) if cells.pattern is None else cells.pattern
    order = np.lexsort((cells.mean_spend, kind, cells.x))
    x, logs, weight, kind = cells.x[order], np.log(cells.mean_spend[order]), cells.weight[order], kind[order]
    spread = np.zeros(x.shape) if cells.spread is None else cells.spread[order]
    starts = np.concatenate(([True], (x[1:] != x[:-1]) | (kind[1:] != kind[:-1])))
    first = np.maximum.accumulate(np.where(starts, np.arange(x.size), 0))
    place = np.arange(x.size) - first
    group = np.cumsum(starts | (place % 2 == 0)) - 1
    total = np.bincount(group, weights=weight).astype(np.float64)
    mean = np.bincount(group, weights=weight * logs) / total
    square = np.bincount(group, weights=weight * (spread + (logs - mean[group]) ** 2)) / total
    kept = np.concatenate(([True], group[1:] != group[:-1]))
    return replace(
        cells, x=x[kept], mean_spend=np.exp(mean), weight=total, spread=square,
        pattern=None if cells.pattern is None else kind[kept],
    )  # fmt: skip


def grid_error(point: FloatArray, likelihood: SpendLikelihood, covariance: FloatArray) -> float:
    """How far the bins move the estimates, in standard errors: the largest over the parameters; 0 for exact pairs.

    Parameters
    ----------
    point : array, shape (3 + k,)
        Log parameters and coefficients as estimated.
    likelihood : SpendLikelihood
        What was maximised.
    covariance : array, shape (3 + k, 3 + k)
        Of these.
    """
    if likelihood.cells.exact:
        return 0.0
    fine = likelihood(point, 2).gradient
    coarse = likelihood.of(coarsened(likelihood.cells))(point, 2).gradient
    moved = covariance @ (coarse - fine) / _RICHARDSON
    return float(np.max(np.abs(moved) / np.sqrt(np.diag(covariance))))
