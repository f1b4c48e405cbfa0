"""Log-likelihood of the Pareto/NBD model row by row, where each row may have its own alpha and beta."""

from __future__ import annotations

import numpy as np

from keepers.numerics.likelihoods.family import FloatArray, Theta
from keepers.numerics.likelihoods.pareto_nbd_integral import integral_moments, log_integral
from keepers.numerics.row_derivatives import RowDerivatives
from keepers.numerics.special import log_rising


def pareto_nbd_rows(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, order: int = 2) -> RowDerivatives:
    """Derivatives in (log r, log alpha, log s, log beta) of each row.

    Parameters
    ----------
    theta : (r, alpha, s, beta)
        r and s numbers; alpha and beta numbers or arrays of shape (n,).
    x, t_x, T : arrays, shape (n,)
        Histories.
    order : int
        0 for the values alone.
    """
    r, s = (float(np.ravel(theta[place])[0]) for place in (0, 2))
    alpha, beta = (np.broadcast_to(np.asarray(theta[place], dtype=np.float64), x.shape) for place in (1, 3))
    shape = r + x
    if order == 0:
        leaves = np.log(s) + log_integral(shape, np.full(x.shape, s + 1.0), alpha + t_x, beta + t_x)
        buys = np.log(shape) + log_integral(shape + 1.0, np.full(x.shape, s), alpha + T, beta + T)
        constant = log_rising(r, x, 0).value + r * np.log(alpha) + s * np.log(beta)
        return RowDerivatives.of_values(constant + np.logaddexp(leaves, buys), 4)
    left = integral_moments(shape, np.full(x.shape, s + 1.0), alpha + t_x, beta + t_x)
    left.log_value[:] += np.log(s)
    left.gradient[:, 2] += 1.0 / s
    left.hessian[:, 2, 2] -= 1.0 / s**2
    later = integral_moments(shape + 1.0, np.full(x.shape, s), alpha + T, beta + T)
    later.log_value[:] += np.log(shape)
    later.gradient[:, 0] += 1.0 / shape
    later.hessian[:, 0, 0] -= 1.0 / shape**2
    log_bracket = np.logaddexp(left.log_value, later.log_value)
    share = np.exp(left.log_value - log_bracket)[:, None]
    apart = left.gradient - later.gradient
    first = later.gradient + share * apart
    second = later.hessian + share[:, :, None] * (left.hessian - later.hessian)
    second += (share * (1.0 - share))[:, :, None] * apart[:, :, None] * apart[:, None, :]
    rising = log_rising(r, x)
    value = log_bracket + rising.value + r * np.log(alpha) + s * np.log(beta)
    first[:, 0] += rising.first + np.log(alpha)
    first[:, 1] += r / alpha
    first[:, 2] += np.log(beta)
    first[:, 3] += s / beta
    second[:, 0, 0] += rising.second
    second[:, 1, 1] -= r / alpha**2
    second[:, 3, 3] -= s / beta**2
    for place, scale in ((0, alpha), (2, beta)):
        second[:, place, place + 1] += 1.0 / scale
        second[:, place + 1, place] += 1.0 / scale
    natural = np.column_stack([np.full(x.shape, r), alpha, np.full(x.shape, s), beta])
    in_logs = natural * first
    second = natural[:, :, None] * natural[:, None, :] * second
    diagonal = np.arange(4)
    second[:, diagonal, diagonal] += in_logs
    return RowDerivatives(value, in_logs, second)
