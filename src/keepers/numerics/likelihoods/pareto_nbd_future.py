"""The purchases of a Pareto/NBD customer who is alive now: how many, when the first, and how likely each number.

Alive at T after x purchases, the rate is Gamma(r + x, alpha + T) and the rate of leaving Gamma(s, beta + T),
independently; someone acquired now is the case x = 0, T = 0. So every function takes these four numbers, a, A, s, B.
"""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.pareto_nbd_integral import log_integral
from keepers.numerics.likelihoods.pareto_nbd_lifetime import mean_within, second_moment_within, survival
from keepers.numerics.quadrature import legendre

_CELLS_A_CHUNK = 1 << 20
_PANEL_POINTS = 24


def probability_of_none(a: FloatArray, A: FloatArray, s: float, B: FloatArray, t: float) -> FloatArray:
    """Probability of no purchase in (0, t]."""
    leaves_first = np.log(s) + log_integral(a, np.full_like(B, s + 1.0), A, B)
    buys_later = np.log(a) + log_integral(a + 1.0, np.full_like(B, s), A + t, B + t)
    scale = a * np.log(A) + s * np.log(B)
    return np.asarray(np.minimum(np.exp(scale + np.logaddexp(leaves_first, buys_later)), 1.0))


def mean(a: FloatArray, A: FloatArray, s: float, B: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (0, t]."""
    return a / A * mean_within(s, B, t)


def second_moment(a: FloatArray, A: FloatArray, s: float, B: FloatArray, t: float) -> FloatArray:
    """Expected square of the number of purchases in (0, t]."""
    return mean(a, A, s, B, t) + a * (a + 1.0) / A**2 * second_moment_within(s, B, t)


def distribution(a: FloatArray, A: FloatArray, s: float, B: FloatArray, t: float, max_purchases: int) -> FloatArray:
    """Probabilities of 0 .. max_purchases purchases in (0, t], shape (n, max_purchases + 1).

    Mixes the negative binomial over the moment of leaving: the customer stays to t, or leaves at some v before.
    The integral over v is taken in log(1 + v / c) on panels narrow enough for the sharpest of the counts asked for;
    absolute error below 1e-11.
    """
    counts = np.arange(max_purchases + 1.0)
    scale = np.minimum(A / np.maximum(a, 1.0), B)
    length = np.log1p(t / scale)
    width = min(2.0, 5.0 / np.sqrt(max_purchases + 1.0))
    pieces = np.ceil(length / width).astype(np.intp)
    steps = np.log((a[:, None] + counts[:-1]) / counts[1:])
    log_binomial = np.concatenate([np.zeros((a.size, 1)), np.cumsum(steps, axis=1)], axis=1)
    stays = survival(s, B, t)[:, None] * _negative_binomial(log_binomial, a, A, counts, np.full((a.size, 1), t))[:, 0]
    result = np.empty((a.size, counts.size))
    node, weight = legendre(_PANEL_POINTS)
    for number in np.unique(pieces):
        chosen = np.flatnonzero(pieces == number)
        grid = ((np.arange(number)[:, None] + node) / number).ravel()
        share = np.tile(weight / number, number)
        step = max(1, _CELLS_A_CHUNK // (grid.size * counts.size))
        for start in range(0, chosen.size, step):
            rows = chosen[start : start + step]
            w = length[rows, None] * grid
            v = scale[rows, None] * np.expm1(w)
            density = s / B[rows, None] * np.exp(-(s + 1.0) * np.log1p(v / B[rows, None])) * scale[rows, None]
            density *= np.exp(w) * share * length[rows, None]
            pmf = _negative_binomial(log_binomial[rows], a[rows], A[rows], counts, v)
            result[rows] = np.einsum("nv,nvk->nk", density, pmf)
    return result + stays


def _negative_binomial(
    log_binomial: FloatArray, a: FloatArray, A: FloatArray, counts: FloatArray, v: FloatArray
) -> FloatArray:
    """Probabilities of each count after staying for v, shape (n, nodes, counts)."""
    none = -a[:, None] * np.log1p(v / A[:, None])
    each = -np.log1p(A[:, None] / np.maximum(v, 1e-300))
    return np.exp(log_binomial[:, None, :] + none[:, :, None] + each[:, :, None] * counts)
