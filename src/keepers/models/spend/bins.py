"""How much a fit loses by bins of nearly equal spend, measured by making the bins coarser."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray, SpendCells
from keepers.numerics.likelihoods import gamma_gamma

_RICHARDSON = 15.0
"""The error is of the fourth order: bins twice as wide differ by 16 - 1 times the error of the bins themselves."""


def coarsened(cells: SpendCells) -> SpendCells:
    """The same customers in bins twice as wide: neighbours of equal `x` are merged, mean and spread of logs kept."""
    order = np.lexsort((cells.mean_spend, cells.x))
    x, logs, weight = cells.x[order], np.log(cells.mean_spend[order]), cells.weight[order]
    spread = np.zeros(x.shape) if cells.spread is None else cells.spread[order]
    starts = np.concatenate(([True], x[1:] != x[:-1]))
    first = np.maximum.accumulate(np.where(starts, np.arange(x.size), 0))
    place = np.arange(x.size) - first
    group = np.cumsum(starts | (place % 2 == 0)) - 1
    total = np.bincount(group, weights=weight).astype(np.float64)
    mean = np.bincount(group, weights=weight * logs) / total
    square = np.bincount(group, weights=weight * (spread + (logs - mean[group]) ** 2)) / total
    return SpendCells(x[np.concatenate(([True], group[1:] != group[:-1]))], np.exp(mean), total, square)


def grid_error(theta: FloatArray, cells: SpendCells, covariance: FloatArray) -> float:
    """How far the bins move the estimates, in standard errors: the largest over the parameters; 0 for exact pairs.

    Parameters
    ----------
    theta : array, shape (3,)
        The estimates.
    cells : SpendCells
        What was fitted.
    covariance : array, shape (3, 3)
        Of the log parameters.
    """
    if cells.exact:
        return 0.0
    fine = gamma_gamma.log_likelihood_sum(theta, cells).gradient
    coarse = gamma_gamma.log_likelihood_sum(theta, coarsened(cells)).gradient
    moved = covariance @ (coarse - fine) / _RICHARDSON
    return float(np.max(np.abs(moved) / np.sqrt(np.diag(covariance))))
