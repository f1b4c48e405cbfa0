"""How many times the usual money a row brings, by what is known of it: a quasi-gamma regression with learned widths.

E[money] = usual * exp(x' gamma), where `usual` is what an average row brings in the time in which this one was seen, so
that rows seen for a week and for a year speak of one ratio. Customers differ by a factor rather than by a sum, so money
scatters in proportion to what is expected: the score is that of the gamma law, x (money / mean - 1), which is right in
the mean whatever the law is. How far ratios scatter is estimated from residuals, and the covariance is the robust one
(McCullagh and Nelder 1989, chapters 8 and 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ROUNDS, _STEPS = 20, 60
_SETTLED, _EXACT, _LEAST = 0.02, 1e-9, 1e-9
_LARGEST = 2.0
"""Most that a log ratio of a row moves in one step of Newton's method."""


@dataclass(frozen=True, eq=False)
class MoneyRatioFit:
    """A fitted ratio.

    Parameters
    ----------
    point : array, shape (k,)
        The constant first.
    covariance, prior_covariance : arrays, shape (k, k)
    scatter : float
        Squared coefficient of variation of the money around what is expected.
    widths : array
        Learned standard deviation of each group's coefficients.
    """

    point: FloatArray
    covariance: FloatArray
    prior_covariance: FloatArray
    scatter: float
    widths: FloatArray

    def ratio(self, design: FloatArray, point: FloatArray | None = None) -> FloatArray:
        """Times the usual, shape (n,)."""
        return np.asarray(np.exp(design @ (self.point if point is None else point)))

    def draws(self, count: int, seed: int) -> FloatArray:
        """Draws of the coefficients, shape (count, k)."""
        values, axes = np.linalg.eigh(self.covariance)
        normal = np.random.default_rng(seed).standard_normal((count, self.point.size))
        return np.asarray(self.point + (normal * np.sqrt(np.maximum(values, 0.0))) @ axes.T)

    def share_of_prior(self, design: FloatArray) -> FloatArray:
        """How much of what is known of each row's ratio is prior, shape (n,)."""
        now = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        before = np.einsum("ij,jk,ik->i", design, self.prior_covariance, design)
        return np.asarray(np.clip(now / before, 0.0, 1.0))


def fit_money_ratio(
    design: FloatArray,
    money: FloatArray,
    usual: FloatArray,
    groups: IntArray,
    constant_sd: float = 0.7,
    width: float = 0.3,
) -> MoneyRatioFit:
    """Fit ratios; without rows they are 1, as uncertain as the prior says.

    Parameters
    ----------
    design : array, shape (n, k)
        The constant first.
    money : array, shape (n,)
        What each row brought, zero or more.
    usual : array, shape (n,)
        What an average row brings in the same time, positive.
    groups : array of int, shape (k - 1,)
        Group of each column but the constant.
    constant_sd, width : float
        Prior standard deviation of the log of the common ratio, and typical one of a group's coefficients.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> large = rng.integers(0, 2, 3000)
    >>> usual = rng.uniform(20.0, 200.0, 3000)
    >>> money = usual * np.where(large == 1, 2.0, 0.8) * rng.gamma(2.0, 0.5, 3000)
    >>> fit = fit_money_ratio(np.column_stack([np.ones(3000), large]), money, usual, np.array([0]))
    >>> [round(float(r), 1) for r in fit.ratio(np.array([[1.0, 0.0], [1.0, 1.0]]))]
    [0.8, 2.0]
    """
    n, k = design.shape
    variance = np.full(int(groups.max(initial=-1)) + 1, width**2)
    point = np.zeros(k)
    ratio = money / usual
    scatter = max(float(np.mean(np.square(ratio - 1.0))), _LEAST) if n else 1.0
    covariance = precision = np.eye(k)
    for _ in range(_ROUNDS):
        precision = np.diag(np.concatenate([[constant_sd**-2], 1.0 / variance[groups]]))
        point = _climb(design, ratio, scatter, precision, point)
        off = ratio * np.exp(-(design @ point)) - 1.0
        information = design.T @ design / scatter + precision
        bread = np.linalg.inv(information)
        meat = design * (off / scatter)[:, None]
        # Robust where rows speak, the prior's own part where they do not.
        covariance = bread @ (meat.T @ meat + precision) @ bread
        spread = np.diag(bread)[1:]
        second = np.bincount(groups, point[1:] ** 2 + spread, minlength=variance.size)
        new = (second + width**2) / (np.bincount(groups, minlength=variance.size) + 1.0)
        free = max(n - float(np.trace(bread @ (information - precision))), 1.0)
        wider = max(float(np.sum(np.square(off))) / free, _LEAST) if n else scatter
        moved = np.abs(np.log(np.append(new / variance, wider / scatter)))
        variance, scatter = new, wider
        if moved.max() < _SETTLED:
            break
    return MoneyRatioFit(point, covariance, np.asarray(np.linalg.inv(precision)), scatter, np.sqrt(variance))


def _climb(
    design: FloatArray, ratio: FloatArray, scatter: float, precision: FloatArray, start: FloatArray
) -> FloatArray:
    """Newton's method on a concave function, its curvature that of all rows at their mean, with steps rows can bear."""
    point = start
    information = design.T @ design / scatter + precision

    def value(at: FloatArray) -> float:
        eta = design @ at
        return float(-np.sum(ratio * np.exp(-eta) + eta) / scatter - 0.5 * at @ precision @ at)

    here = value(point)
    for _ in range(_STEPS):
        gradient = design.T @ ((ratio * np.exp(-(design @ point)) - 1.0) / scatter) - precision @ point
        step = np.linalg.solve(information, gradient)
        if float(gradient @ step) < _EXACT * (1.0 + abs(here)):
            break
        step *= min(1.0, _LARGEST / max(float(np.abs(design @ step).max(initial=0.0)), 1e-300))
        for _ in range(30):
            there = value(point + step)
            if there > here:
                break
            step = 0.5 * step
        else:
            break
        point, here = point + step, there
    return point
