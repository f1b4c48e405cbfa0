"""Who converts at all, and when: a mixture of those who do and those who never will, over days that were seen.

A row converts with probability p, logit p = x' beta. Who does so has hazard u lambda_j on a day of band j of its age,
log u = z' delta; who does not is given up with hazard v mu_j, log v = z' epsilon. Both hazards are constant within
bands of days, so that survival to the start of day d is exp(-u Lambda(d)) and exp(-v M(d)), and a day is over or it is
not: nothing is lost to coarse periods. What is still open has either not converted yet or never will, in proportion to
what each leaves open.

The mixture of causes with their own times is that of Larson and Dinse (1985, Applied Statistics 34), the hazards being
of discrete time. Coefficients have normal priors whose widths, one a group of columns, are estimated from the data
(MacKay 1992, Neural Computation 4), so that a column that tells nothing is drawn to nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.numerics.evaluation import Evaluation
from keepers.numerics.optimise import Objective, maximise

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BANDS = (0, 1, 3, 7, 14, 21, 30, 45, 60, 90, 135, 180, 270, 365, 730)
"""First day of each band of ages; the last one has no end."""

_ROUNDS, _SETTLED = 12, 0.02
_EDGE = 0.35
"""Standard deviation of the step of a log hazard from one band to the next, before data."""
_LEVEL = 1.0
"""Standard deviation of the level of a log hazard around that of the prior."""


class Outcome(IntEnum):
    """What is known of a row on the last day."""

    OPEN = 0
    WON = 1
    LOST = 2
    WON_UNDATED = 3
    LOST_UNDATED = 4


@dataclass(frozen=True, eq=False)
class ConversionRows:
    """Rows that share everything are one row with a weight.

    Parameters
    ----------
    design : array, shape (n, k)
        Columns of the chance to convert, the constant first.
    speed : array, shape (n, m)
        Columns of the speed of who converts, and of who is given up, without a constant; m may be 0.
    outcome : array of int, shape (n,)
        See `Outcome`.
    days : array of int, shape (n,)
        Whole days from the start to the day of the outcome; days that are over, where it is open or undated.
    weight : array, shape (n,)
    """

    design: FloatArray
    speed: FloatArray
    outcome: IntArray
    days: IntArray
    weight: FloatArray


@dataclass(frozen=True, eq=False)
class ConversionPrior:
    """What is believed before data.

    Parameters
    ----------
    constant : tuple of float
        Mean and standard deviation of the log-odds of an average row.
    groups, speed_groups : arrays of int, shapes (k - 1,) and (m,)
        Which group each column of the design (but the constant) and of the speed belongs to.
    width, speed_width : float
        Typical standard deviation of a group's coefficients; each group's own is learned around it.
    median_days, patience : float
        Median days to convert of who does, and to be given up of who does not, of a law with a heavy tail.
    """

    constant: tuple[float, float]
    groups: IntArray
    speed_groups: IntArray
    width: float = 0.5
    speed_width: float = 0.15
    median_days: float = 21.0
    patience: float = 60.0


@dataclass(frozen=True, eq=False)
class ConversionFit:
    """A maximum of the posterior, with its curvature.

    Parameters
    ----------
    point : array, shape (d,)
        Chance, speed and log hazards of converting, speed and log hazards of being given up.
    covariance, prior_covariance : arrays, shape (d, d)
        Of the posterior and of the prior with the widths that were learned.
    columns, speeds : int
        Number of columns of the design and of the speed.
    gives_up : bool
        Whether any row is ever marked as lost; without such marks nothing is given up.
    widths, speed_widths : arrays
        Learned standard deviation of each group.
    converged : bool
    """

    point: FloatArray
    covariance: FloatArray
    prior_covariance: FloatArray
    columns: int
    speeds: int
    gives_up: bool
    widths: FloatArray
    speed_widths: FloatArray
    converged: bool

    def parts(self, point: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Chance, speed and hazards of converting, speed and hazards of being given up, at a point."""
        k, m, bands = self.columns, self.speeds, len(BANDS)
        rest = point[k + m + bands :] if self.gives_up else np.append(np.zeros(m), np.full(bands, -np.inf))
        return point[:k], point[k : k + m], np.exp(point[k + m : k + m + bands]), rest[:m], np.exp(rest[m:])

    def draws(self, count: int, seed: int) -> FloatArray:
        """Draws of the parameters, shape (count, d), from the normal approximation of the posterior."""
        values, axes = np.linalg.eigh(self.covariance)
        normal = np.random.default_rng(seed).standard_normal((count, self.point.size))
        return np.asarray(self.point + (normal * np.sqrt(np.maximum(values, 0.0))) @ axes.T)

    def log_odds(self, design: FloatArray, point: FloatArray | None = None) -> FloatArray:
        """Log-odds of ever converting when the row came, shape (n,)."""
        return np.asarray(design @ (self.point if point is None else point)[: self.columns])

    def converting(
        self, design: FloatArray, speed: FloatArray, age: FloatArray, ahead: float, point: FloatArray | None = None
    ) -> FloatArray:
        """Chance that a row that is open at an age converts within so many days from then, shape (n,).

        Parameters
        ----------
        design, speed : arrays, shapes (n, k) and (n, m)
        age : array, shape (n,)
            Days that are over.
        ahead : float
            Days to look ahead; infinite for ever.
        point : array, shape (d,), optional
            Parameters, the maximum if left out.
        """
        beta, delta, hazard, epsilon, losing = self.parts(self.point if point is None else point)
        given_up = np.exp(speed @ epsilon) * (exposure(age) @ losing)
        return chance_ahead(design @ beta, speed @ delta, hazard, given_up, age, ahead)

    def share_of_prior(self, design: FloatArray) -> FloatArray:
        """How much of what is known of each row's log-odds is prior: its variance over the prior's, shape (n,)."""
        k = self.columns
        now = np.einsum("ij,jk,ik->i", design, self.covariance[:k, :k], design)
        before = np.einsum("ij,jk,ik->i", design, self.prior_covariance[:k, :k], design)
        return np.asarray(np.clip(now / before, 0.0, 1.0))


def chance_ahead(
    log_odds: FloatArray,
    log_speed: FloatArray,
    hazard: FloatArray,
    given_up: FloatArray,
    age: FloatArray,
    ahead: float,
) -> FloatArray:
    """Chance that what is open at an age converts within so many days: p (S(a) - S(a + h)) / (p S(a) + (1 - p) G(a)).

    `given_up` is -log G(a), shape (n,).

    >>> steady = np.full(len(BANDS), 0.1)
    >>> round(float(chance_ahead(np.zeros(1), np.zeros(1), steady, np.zeros(1), np.zeros(1), np.inf)[0]), 6)
    0.5
    """
    u = np.exp(log_speed)
    here = exposure(age)
    passed = u * (here @ hazard)
    # Odds of converting at all, given that neither has happened.
    odds = log_odds - passed + given_up
    left = np.inf if np.isinf(ahead) else u * (exposure(age + ahead) @ hazard) - passed
    return np.asarray(special.expit(odds) * -np.expm1(-left))


def exposure(days: FloatArray | IntArray) -> FloatArray:
    """Days spent in each band up to an age, shape (n, bands)."""
    first = np.asarray(BANDS, dtype=np.float64)
    last = np.append(first[1:], np.inf)
    return np.asarray(np.clip(np.asarray(days, dtype=np.float64)[:, None], first, last) - first)


def fit_conversion(rows: ConversionRows, prior: ConversionPrior, start: FloatArray | None = None) -> ConversionFit:
    """Fit by the maximum of the posterior, learning the width of each group's prior.

    Parameters
    ----------
    rows : ConversionRows
    prior : ConversionPrior
    start : array, optional
        Where to begin, such as the point of an earlier fit with the same columns.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ever, when = rng.random(4000) < 0.3, rng.exponential(20.0, 4000).astype(np.int64)
    >>> known = ever & (when < 60)
    >>> rows = ConversionRows(
    ...     np.ones((4000, 1)), np.zeros((4000, 0)), known.astype(np.int64), np.where(known, when, 60), np.ones(4000)
    ... )
    >>> none = np.zeros(0, dtype=np.int64)
    >>> fit = fit_conversion(rows, ConversionPrior((-1.7, 1.2), none, none))
    >>> bool(abs(special.expit(fit.point[0]) - 0.3) < 0.04)
    True
    """
    likelihood = _Likelihood(rows)
    k, m, bands = rows.design.shape[1], rows.speed.shape[1], len(BANDS)
    gives_up = likelihood.gives_up
    size = k + (m + bands) * (1 + gives_up)
    mean = np.zeros(size)
    mean[0] = prior.constant[0]
    mean[k + m : k + m + bands] = _reference(prior.median_days)
    if gives_up:
        mean[k + 2 * m + bands :] = _reference(prior.patience)
    told, fast = np.arange(1, k), np.arange(k, k + m)
    slow = np.arange(k + m + bands, k + 2 * m + bands) if gives_up else np.arange(0)
    blocks = [told, *([fast] if m else []), *([slow] if slow.size else [])]
    groups = [prior.groups, *([prior.speed_groups] * (len(blocks) - 1))]
    typical = [prior.width, *([prior.speed_width] * (len(blocks) - 1))]
    variance = [np.full(int(g.max(initial=-1)) + 1, width**2) for g, width in zip(groups, typical, strict=True)]
    smooth = np.linalg.inv(_smooth())
    point, converged = mean.copy() if start is None or start.size != size else start.copy(), False
    covariance = belief = np.eye(size)
    for _ in range(_ROUNDS):
        precision = np.zeros((size, size))
        precision[0, 0] = prior.constant[1] ** -2
        for block, group, of in zip(blocks, groups, variance, strict=True):
            precision[block, block] = 1.0 / of[group]
        for place in (k + m, k + 2 * m + bands)[: 1 + gives_up]:
            precision[place : place + bands, place : place + bands] = smooth
        best = maximise(_posterior(likelihood, mean, precision), point, tolerance=1e-6)
        point, converged = best.point, best.converged
        covariance = np.asarray(np.linalg.inv(precision - likelihood(point).hessian))
        belief = np.asarray(np.linalg.inv(precision))
        spread = np.diag(covariance)
        new = [
            _widths(point[block], spread[block], group, of.size, width)
            for block, group, of, width in zip(blocks, groups, variance, typical, strict=True)
        ]
        moved = max((float(np.abs(np.log(a / b)).max(initial=0.0)) for a, b in zip(new, variance, strict=True)))
        variance = new
        if moved < 2 * _SETTLED:
            break
    widths = [np.sqrt(of) for of in (*variance, np.zeros(0))[:2]]
    return ConversionFit(point, covariance, belief, k, m, gives_up, widths[0], widths[1], converged)


def _posterior(likelihood: _Likelihood, mean: FloatArray, precision: FloatArray) -> Objective:
    def objective(point: FloatArray) -> Evaluation:
        away = point - mean
        pull = precision @ away
        return likelihood(point) + Evaluation(-0.5 * float(away @ pull), -pull, -precision)

    return objective


def _widths(value: FloatArray, spread: FloatArray, group: IntArray, groups: int, typical: float) -> FloatArray:
    """Squared width of each group: its coefficients' second moment, with a belief worth one coefficient."""
    second = np.bincount(group, value**2 + spread, minlength=groups)
    return np.asarray((second + typical**2) / (np.bincount(group, minlength=groups) + 1.0))


def _reference(median: float) -> FloatArray:
    """Log hazards of a law with odds of having happened of day / median: a heavy tail, and a median that is named."""
    middle = np.array([*((a + b) / 2 for a, b in itertools.pairwise(BANDS)), 1.5 * BANDS[-1]])
    return np.asarray(-np.log(median + middle))


def _smooth() -> FloatArray:
    """Prior covariance of log hazards: a level common to all, and steps from band to band."""
    place = np.arange(len(BANDS))
    return np.asarray(_LEVEL**2 + _EDGE**2 * np.minimum(place[:, None], place[None, :]) + 1e-6 * np.eye(place.size))


class _Likelihood:
    """The log-likelihood of rows with its exact first and second derivatives."""

    def __init__(self, rows: ConversionRows) -> None:
        self.rows = rows
        self.open, self.won, self.lost, self.won_sometime, self.lost_sometime = (rows.outcome == o for o in Outcome)
        self.gives_up = bool(self.lost.any() or self.lost_sometime.any())
        self.passed = exposure(rows.days)
        band = np.searchsorted(np.asarray(BANDS), rows.days, side="right") - 1
        self.day = np.zeros_like(self.passed)
        self.day[np.arange(band.size), band] = 1.0

    def __call__(self, point: FloatArray) -> Evaluation:
        rows, w = self.rows, self.rows.weight
        k, m, bands = rows.design.shape[1], rows.speed.shape[1], len(BANDS)
        eta = rows.design @ point[:k]
        u = np.exp(np.clip(rows.speed @ point[k : k + m], -20, 20))[:, None]
        hazard = np.exp(point[k + m : k + m + bands])
        v, losing = np.ones_like(u), np.zeros(bands)
        if self.gives_up:
            v = np.exp(np.clip(rows.speed @ point[k + m + bands : k + 2 * m + bands], -20, 20))[:, None]
            losing = np.exp(point[k + 2 * m + bands :])
        a, b = u * self.passed * hazard, u * self.day * hazard
        c, d = v * self.passed * losing, v * self.day * losing
        A, B, C, D = (np.maximum(part.sum(axis=1), 1e-300) for part in (a, b, c, d))
        log_p, log_q = -np.logaddexp(0.0, -eta), -np.logaddexp(0.0, eta)
        p = special.expit(eta)
        # First and second derivatives in eta, A, B, C, D, one outcome after the other.
        value, e, ee = np.zeros((3, eta.size))
        fa, fb, fc, fd, faa, fbb, fcc, fdd, fea, fec, fac = np.zeros((11, eta.size))
        at = self.open
        whole = np.logaddexp(log_p - A, log_q - C)
        r = np.exp(log_p - A - whole)
        rr = r * (1.0 - r)
        value[at], e[at], ee[at] = whole[at], (r - p)[at], (rr - p * (1 - p))[at]
        fa[at], fc[at], faa[at], fcc[at] = -r[at], (r - 1.0)[at], rr[at], rr[at]
        fea[at], fec[at], fac[at] = -rr[at], rr[at], -rr[at]
        for at, other, log_share, slope in (
            (self.won | self.won_sometime, fa, log_p, 1.0 - p), (self.lost | self.lost_sometime, fc, log_q, -p),
        ):  # fmt: skip
            value[at], e[at], ee[at] = log_share[at], slope[at], -(p * (1 - p))[at]
            other[at] = -1.0
        value -= np.where(self.won, A, 0.0) + np.where(self.lost, C, 0.0)
        for at, size, first, second in (
            (self.won, B, fb, fbb), (self.lost, D, fd, fdd),
            (self.won_sometime, A, fa, faa), (self.lost_sometime, C, fc, fcc),
        ):  # fmt: skip
            value[at] += np.log(-np.expm1(-size[at]))
            first[at] = 1.0 / np.expm1(np.minimum(size[at], 700.0))
            second[at] = -first[at] * (1.0 + first[at])
        z, x = rows.speed, rows.design
        j_a, j_b, j_c, j_d = (np.hstack([total[:, None] * z, part]) for total, part in ((A, a), (B, b), (C, c), (D, d)))
        gradient = np.concatenate(
            [x.T @ (w * e), j_a.T @ (w * fa) + j_b.T @ (w * fb), j_c.T @ (w * fc) + j_d.T @ (w * fd)]
        )
        chance, winning, giving = slice(0, k), slice(k, k + m + bands), slice(k + m + bands, None)
        hessian = np.zeros((gradient.size, gradient.size))
        hessian[chance, chance] = x.T @ (x * (w * ee)[:, None])
        hessian[chance, winning] = x.T @ (j_a * (w * fea)[:, None])
        hessian[chance, giving] = x.T @ (j_c * (w * fec)[:, None])
        hessian[winning, giving] = j_a.T @ (j_c * (w * fac)[:, None])
        hessian[winning, winning] = _curved(z, (j_a, w * faa, w * fa, a), (j_b, w * fbb, w * fb, b))
        hessian[giving, giving] = _curved(z, (j_c, w * fcc, w * fc, c), (j_d, w * fdd, w * fd, d))
        hessian = np.triu(hessian) + np.triu(hessian, 1).T
        if not self.gives_up:
            gradient, hessian = gradient[: k + m + bands], hessian[: k + m + bands, : k + m + bands]
        return Evaluation(float(w @ value), gradient, hessian)


_Part = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _curved(z: FloatArray, *parts: _Part) -> FloatArray:
    """Second derivatives in speed and log hazards: those of the sums, and of the exponentials that they are made of."""
    m = z.shape[1]
    found = sum(jacobian.T @ (jacobian * second[:, None]) for jacobian, second, _, _ in parts)
    slope = sum(first[:, None] * part for _, _, first, part in parts)
    made, g = np.asarray(found), np.asarray(slope)
    made[:m, :m] += z.T @ (z * g.sum(axis=1)[:, None])
    made[:m, m:] += z.T @ g
    made[m:, :m] += (z.T @ g).T
    made[m:, m:] += np.diag(g.sum(axis=0))
    return made
