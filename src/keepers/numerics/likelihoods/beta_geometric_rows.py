"""Log-likelihood of NBD, BG/NBD and BG/CNBD-k and their kin row by row, with derivatives in parameters and times.

The formulas are those of `nbd`, `beta_geometric_likelihood` and `erlang_likelihood`; here every row may have its own
alpha, a and b, and the ages t_x and T may themselves depend on something (a clock that covariates speed up), so their
derivatives come along.
"""

# ruff: noqa: ARG001 - every family takes the same columns, and NBD needs less

from __future__ import annotations

import numpy as np

from keepers.numerics.likelihoods.family import FloatArray, Theta
from keepers.numerics.row_derivatives import RowDerivatives, rising_rows
from keepers.numerics.special import log_rising

_BUYING = np.array([0, 1, 4, 5])
"""Places of log r, log alpha, t_x and T among the six columns of a family with leaving."""


def nbd_rows(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> RowDerivatives:
    """NBD: derivatives in (log r, log alpha, t_x, T), of which t_x plays no part.

    Parameters
    ----------
    theta : (r, alpha)
        r a number; alpha a number or an array of shape (n,).
    x, t_x, T : arrays, shape (n,)
        Histories.
    """
    r, alpha = float(np.ravel(theta[0])[0]), np.asarray(theta[1], dtype=np.float64)
    rising = log_rising(r, x)
    events, total = r + x, alpha + T
    old, wait = alpha / total, np.log1p(T / alpha)
    first, second = np.zeros((x.size, 4)), np.zeros((x.size, 4, 4))
    first[:, 0] = r * (rising.first - wait)
    first[:, 1] = r - events * old
    first[:, 3] = -events / total
    second[:, 0, 0] = first[:, 0] + r * r * rising.second
    second[:, 0, 1] = r * (1.0 - old)
    second[:, 1, 1] = -events * old * (1.0 - old)
    second[:, 0, 3] = -r / total
    second[:, 1, 3] = events * old / total
    second[:, 3, 3] = events / total**2
    value = rising.value - r * wait - x * np.log(total)
    return RowDerivatives(value, first, _whole(second))


def beta_geometric_rows(
    chances: int, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, k: int = 1
) -> RowDerivatives:
    """BG/NBD (no chance to leave at the first purchase) or MBG/NBD (one), or the same with k stages a purchase.

    With k > 1 the timing constant is left out (`erlang_likelihood.timing_constant`), which no parameter moves.

    Parameters
    ----------
    chances : int
        Chances to leave before the first repeat purchase.
    theta : (r, alpha, a, b)
        r a number; the others numbers or arrays of shape (n,).
    x, t_x, T : arrays, shape (n,)
        Histories.
    k : int
        Stages a purchase.

    Returns
    -------
    RowDerivatives
        With six columns: r, alpha, a, b (in logarithms), t_x, T.
    """
    r = float(np.ravel(theta[0])[0])
    alpha, a, b = (np.broadcast_to(np.asarray(value, dtype=np.float64), x.shape) for value in theta[1:])
    stages = k * x
    buying = nbd_rows((r, alpha), stages, t_x, T)  # type: ignore[arg-type]
    first, second = np.zeros((x.size, 6)), np.zeros((x.size, 6, 6))
    first[:, _BUYING] = buying.first
    second[:, _BUYING[:, None], _BUYING] = buying.second
    coins = x + chances
    kept, kept1, kept2 = rising_rows(b, coins)
    tossed, tossed1, tossed2 = rising_rows(a + b, coins)
    value = buying.value + kept - tossed
    first[:, 2] -= a * tossed1
    first[:, 3] += b * (kept1 - tossed1)
    second[:, 2, 2] -= a * tossed1 + a * a * tossed2
    second[:, 3, 3] += b * (kept1 - tossed1) + b * b * (kept2 - tossed2)
    crossed = -a * b * tossed2
    second[:, 2, 3] += crossed
    second[:, 3, 2] += crossed
    # Having left at t_x, where that was possible: log(1 + exp(odds)).
    possible = coins > 0
    survived = np.where(possible, b + (coins - 1), 1.0)
    events, before, now = r + stages, alpha + t_x, alpha + T
    young, old = alpha / before, alpha / now
    gap = np.log(now / before)
    odds = np.where(possible, np.log(a / survived) + events * gap, -np.inf)
    share = np.where(possible, b / survived, 0.0)
    slopes = np.column_stack([r * gap, events * (old - young), np.ones(x.size), -share, -events / before, events / now])
    bends = np.zeros((x.size, 6, 6))
    bends[:, 0, 0] = slopes[:, 0]
    bends[:, 0, 1] = r * (old - young)
    bends[:, 0, 4], bends[:, 0, 5] = -r / before, r / now
    bends[:, 1, 1] = slopes[:, 1] * (1.0 - old - young)
    bends[:, 1, 4], bends[:, 1, 5] = events * young / before, -events * old / now
    bends[:, 3, 3] = -share * (1.0 - share)
    bends[:, 4, 4], bends[:, 5, 5] = events / before**2, -events / now**2
    bends = _whole(bends)
    if k > 1:
        # Those who stay are in one of k phases; the odds are against all of these together.
        staying = _phase_rows(k, r, alpha, events, t_x, T)
        odds = odds - staying.value
        value += staying.value
        first += staying.first
        second += staying.second
        slopes -= staying.first
        bends -= staying.second
    chance = np.where(possible, 1.0 / (1.0 + np.exp(-np.maximum(odds, -700.0))), 0.0)
    value += np.where(possible, np.maximum(odds, 0.0) + np.log1p(np.exp(-np.abs(np.where(possible, odds, 0.0)))), 0.0)
    first += chance[:, None] * slopes
    second += chance[:, None, None] * bends
    second += (chance * (1.0 - chance))[:, None, None] * slopes[:, :, None] * slopes[:, None, :]
    return RowDerivatives(value, first, second)


def _phase_rows(k: int, r: float, alpha: FloatArray, s: FloatArray, t_x: FloatArray, T: FloatArray) -> RowDerivatives:
    """log of the sum over j < k of (s)_j / j! z^j, z = (T - t_x) / (alpha + T), in the same six columns."""
    shorter = 1.0 / (alpha + T)
    z, old = (T - t_x) * shorter, alpha * shorter
    # The sum with its derivatives in s and z, term by term; all of them are positive or nil.
    term, slope, square = np.ones(s.shape), np.zeros(s.shape), np.zeros(s.shape)
    whole, by_s, by_ss, by_z, by_zz, by_sz = (np.zeros(s.shape) for _ in range(6))
    for j in range(k):
        # `term` is (s)_j / j!; its logarithm rises in s by `slope`.
        power = z**j
        steep = j * z ** max(j - 1, 0)
        whole += term * power
        by_s += term * slope * power
        by_ss += term * (slope**2 - square) * power
        by_z += term * steep
        by_sz += term * slope * steep
        if j > 1:
            by_zz += term * j * (j - 1) * z ** (j - 2)
        term = term * (s + j) / (j + 1)
        slope = slope + 1.0 / (s + j)
        square = square + 1.0 / (s + j) ** 2
    of_s, of_z = by_s / whole, by_z / whole
    second_s, second_z, crossed = by_ss / whole - of_s**2, by_zz / whole - of_z**2, by_sz / whole - of_s * of_z
    n = s.size
    z1, z2 = np.zeros((n, 6)), np.zeros((n, 6, 6))
    z1[:, 1], z1[:, 4], z1[:, 5] = -z * old, -shorter, (1.0 - z) * shorter
    z2[:, 1, 1] = z * old * (2.0 * old - 1.0)
    z2[:, 1, 4], z2[:, 1, 5] = old * shorter, old * shorter * (2.0 * z - 1.0)
    z2[:, 4, 5], z2[:, 5, 5] = shorter**2, -2.0 * (1.0 - z) * shorter**2
    first = of_z[:, None] * z1
    second = of_z[:, None, None] * _whole(z2) + second_z[:, None, None] * z1[:, :, None] * z1[:, None, :]
    first[:, 0] += r * of_s
    second[:, 0, 0] += r * of_s + r * r * second_s
    both = r * crossed[:, None] * z1
    second[:, 0, :] += both
    second[:, :, 0] += both
    return RowDerivatives(np.log(whole), first, second)


def _whole(upper: FloatArray) -> FloatArray:
    """Symmetric matrices from their upper triangles."""
    lower = np.swapaxes(upper, 1, 2).copy()
    diagonal = np.arange(upper.shape[1])
    lower[:, diagonal, diagonal] = 0.0
    return np.asarray(upper + lower)
