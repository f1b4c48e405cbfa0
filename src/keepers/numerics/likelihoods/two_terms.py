"""Sums over cells of the logarithm of two positive terms, each a table over distinct pairs, with derivatives.

Models in which a customer may leave at any moment have likelihoods F(x, t_x) + H(x, T): after the last purchase
leaving comes next, whenever, or another purchase does, and then only after T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.sums import UNTHREADED, dot, weighted_rows

_CHUNK = UNTHREADED
"""Rows that are mixed at a time, so that they stay in the processor's cache and no product starts threads."""


@dataclass(frozen=True, slots=True, eq=False)
class TermTable:
    """A term at each distinct pair: its logarithm and the derivatives of that in some parameters.

    Parameters
    ----------
    log_value : array, shape (n,)
    gradient : array, shape (n, d)
    hessian : array, shape (n, d, d)
        Zeros where only gradients were asked for.
    """

    log_value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


def sum_of_two(tables: CellTables, leaves: TermTable, buys: TermTable, order: int = 2) -> Evaluation:
    """Weighted sum of log(F + H) over cells, with derivatives in the coordinates of the terms.

    Parameters
    ----------
    tables : CellTables
        Cells.
    leaves, buys : TermTable
        F over `tables.counts_and_recencies` and H over `tables.counts_and_ages`.
    order : int
        1 with gradient, 2 with Hessian.
    """
    before, now, weight = tables.counts_and_recencies, tables.counts_and_ages, tables.weight
    size = leaves.gradient.shape[1]
    weight_left, logs, mixed = np.empty(tables.size), np.empty(tables.size), np.zeros((size, size))
    for start in range(0, tables.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        at_left, at_later = before.index[part], now.index[part]
        log_left, log_later = leaves.log_value[at_left], buys.log_value[at_later]
        logs[part] = np.logaddexp(log_left, log_later)
        share = np.exp(log_left - logs[part])
        weight_left[part] = weight[part] * share
        if order < 2:
            continue
        apart = leaves.gradient[at_left] - buys.gradient[at_later]
        mixed += (apart * (weight_left[part] * (1.0 - share))[:, None]).T @ apart
    sum_left, sum_later = before.sums(weight_left), now.sums(weight - weight_left)
    gradient = weighted_rows(sum_left, leaves.gradient) + weighted_rows(sum_later, buys.gradient)
    if order < 2:
        return Evaluation(dot(weight, logs), gradient, mixed)
    hessian = weighted_rows(sum_left, leaves.hessian) + weighted_rows(sum_later, buys.hessian)
    return Evaluation(dot(weight, logs), gradient, hessian + 0.5 * (mixed + mixed.T))


def mixed_gradient(tables: CellTables, leaves: TermTable, buys: TermTable) -> tuple[FloatArray, FloatArray]:
    """log(F + H) of each cell, shape (n,), and its gradient, shape (n, d)."""
    before, now = tables.counts_and_recencies, tables.counts_and_ages
    log_left, log_later = before.rows(leaves.log_value), now.rows(buys.log_value)
    logs = np.logaddexp(log_left, log_later)
    share = np.exp(log_left - logs)[:, None]
    return logs, share * before.rows(leaves.gradient) + (1.0 - share) * now.rows(buys.gradient)
