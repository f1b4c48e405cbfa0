"""Log-likelihood of the Pareto/NBD model at many parameters together, as draws of its posterior are weighed."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods.family import FloatArray
from keepers.numerics.likelihoods.pareto_nbd_integral import log_integral
from keepers.numerics.special import log_rising_many

_TOGETHER = 1 << 13
"""Integrals that are taken at once for many parameters: enough to hide what a call costs, few enough to stay near."""


def pareto_nbd_sums(thetas: FloatArray, cells: Cells | CellTables) -> FloatArray:
    """The weighted sum of the log-likelihood at many parameters together.

    Parameters
    ----------
    thetas : array, shape (m, 4)
        r, alpha, s and beta, one set a row.
    cells : Cells or CellTables
        Histories with weights.

    Returns
    -------
    array, shape (m,)
    """
    tables = CellTables.of(cells)
    before, now, by_count = tables.counts_and_recencies, tables.counts_and_ages, tables.customers_by_count
    result = np.empty(len(thetas))
    together = max(1, _TOGETHER // max(1, before.size + now.size))
    for begin in range(0, len(thetas), together):
        part = slice(begin, begin + together)
        r, alpha, s, beta = (column[:, None] for column in thetas[part].T)
        leaves = np.log(s) + _log_integrals(r + before.first, s + 1.0, alpha + before.second, beta + before.second)
        shape = r + now.first
        buys = np.log(shape) + _log_integrals(shape + 1.0, s, alpha + now.second, beta + now.second)
        constant = by_count.sum() * (r * np.log(alpha) + s * np.log(beta))[:, 0]
        value = constant + log_rising_many(r, tables.counts.values) @ by_count
        for first in range(0, tables.size, _TOGETHER):
            rows = slice(first, first + _TOGETHER)
            value += np.logaddexp(leaves[:, before.index[rows]], buys[:, now.index[rows]]) @ tables.weight[rows]
        result[part] = value
    return result


def _log_integrals(p: FloatArray, q: FloatArray, A: FloatArray, B: FloatArray) -> FloatArray:
    """`log_integral` of arrays of any shape, q of a shape that broadcasts."""
    flat = (np.ravel(column) for column in np.broadcast_arrays(p, q, A, B))
    return log_integral(*flat).reshape(p.shape)
