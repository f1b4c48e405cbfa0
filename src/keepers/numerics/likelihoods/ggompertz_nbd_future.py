"""The purchases of a GGompertz/NBD customer who is alive now: how many, and how likely each number.

Alive at T after x purchases, the rate of buying is Gamma(r + x, alpha + T) and the remaining lifetime gamma-Gompertz
with a beta of its own, independently. Given the end of the stay purchases are negative binomial, so every answer is an
integral over the moment of leaving and one term for those who stay to the end.
"""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.ladders import panel_nodes
from keepers.numerics.likelihoods import gamma_gompertz

_CHUNK = 256
_CELLS_A_CHUNK = 1 << 20


def probability_of_none(b: float, s: float, a: FloatArray, A: FloatArray, beta: FloatArray, t: float) -> FloatArray:
    """Probability of no purchase in (0, t], for rates Gamma(a, A)."""
    result = np.exp(-a * np.log1p(t / A)) * gamma_gompertz.survival(b, s, beta, t)
    for start in range(0, a.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        shape, age, scale = a[part], A[part], beta[part]
        logs = gamma_gompertz.log_leaving(b, s, scale, shape, age)
        end = np.minimum(t, gamma_gompertz.last_age(b, s, scale))
        nodes = panel_nodes(logs, gamma_gompertz.breakpoints(b, s, scale, np.maximum(shape, 1.0) / age, end))
        result[part] += nodes.sums(nodes.weight * np.exp(logs(nodes.row, nodes.place)))
    return np.asarray(np.minimum(result, 1.0))


def distribution(
    b: float, s: float, a: FloatArray, A: FloatArray, beta: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """Probabilities of 0 .. max_purchases purchases in (0, t], shape (n, max_purchases + 1).

    Panels are narrow enough for the sharpest of the counts asked for; absolute error below 1e-11.
    """
    counts = np.arange(max_purchases + 1.0)
    steps = np.log((a[:, None] + counts[:-1]) / counts[1:])
    log_binomial = np.concatenate([np.zeros((a.size, 1)), np.cumsum(steps, axis=1)], axis=1)
    ratio = min(4.0, float(np.exp(5.0 / np.sqrt(max_purchases + 1.0))))
    stays = gamma_gompertz.survival(b, s, beta, t)[:, None]
    result = stays * _negative_binomial(log_binomial, a, A, counts, np.full(a.shape, t))
    end = np.minimum(t, gamma_gompertz.last_age(b, s, beta))
    step = max(1, _CELLS_A_CHUNK // (400 * counts.size))
    for start in range(0, a.size, step):
        part = slice(start, start + step)
        scale = beta[part]
        breaks = gamma_gompertz.breakpoints(b, s, scale, np.maximum(a[part], 1.0) / A[part], end[part], ratio)
        logs = gamma_gompertz.log_leaving(b, s, scale)
        nodes = panel_nodes(logs, breaks)
        density = nodes.weight * np.exp(logs(nodes.row, nodes.place))
        row = np.repeat(np.arange(start, start + scale.size)[nodes.row], nodes.place.shape[1])
        pmf = _negative_binomial(log_binomial[row], a[row], A[row], counts, nodes.place.ravel())
        result[part] += nodes.sums((density.ravel()[:, None] * pmf).reshape(*density.shape, counts.size))
    return result


def _negative_binomial(
    log_binomial: FloatArray, a: FloatArray, A: FloatArray, counts: FloatArray, v: FloatArray
) -> FloatArray:
    """Probabilities of each count after staying for v, shape (n, counts)."""
    none = -a * np.log1p(v / A)
    each = -np.log1p(A / np.maximum(v, 1e-300))
    return np.asarray(np.exp(log_binomial + none[:, None] + each[:, None] * counts))
