"""What each feature adds to a prediction, in money: shares of scores carried through to the value they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.models.learned.boosting import Boosted
from keepers.models.learned.heads import Head
from keepers.models.learned.prior import RatioPrior
from keepers.numerics.recalibration import Recalibration

FloatArray = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_TIMES = 0.5 * (_NODES + 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How scores become money: the head's mean, mixed with the plain rule, recalibrated.

    Attributes
    ----------
    head : Head
    prior : RatioPrior
    share : float
        Weight of the head's mean.
    recalibration : Recalibration
    """

    head: Head
    prior: RatioPrior
    share: float
    recalibration: Recalibration

    def mixed(self, scores: FloatArray, prior: FloatArray) -> FloatArray:
        """The mean before it is recalibrated."""
        return np.asarray(self.share * self.head.answer(scores).mean + (1.0 - self.share) * prior)

    def value(self, scores: FloatArray, prior: FloatArray) -> FloatArray:
        """Expected money, shape (n,)."""
        return self.recalibration(self.mixed(scores, prior))


def money_shares(
    course: Course, X: FloatArray, threads: int = 1, parts: list[Boosted] | None = None
) -> tuple[FloatArray, float]:
    """Each feature's part in each prediction, and the prediction without any feature.

    Trees divide a score among features exactly. Money is a curved function of the scores, so it is followed along the
    straight line from the scores without features to the customer's own: on each small step a feature is credited with
    its share of the step (Aumann, Shapley 1974; for predictions Sundararajan, Taly, Yan 2017, "integrated
    gradients"). Parts sum to the prediction less the one without features.

    Parameters
    ----------
    course : Course
    X : array, shape (n, p)
    threads : int
    parts : list of Boosted, optional
        Other trees of the same kind, to see how parts scatter.

    Returns
    -------
    shares, base : array of shape (n, p), float
    """
    shares, start = course.head.shares(X, threads, parts)
    moved = shares.sum(axis=1)
    prior, prior_start = course.prior(X), course.prior.level
    speed = np.zeros((len(X), start.size))
    speed_prior = np.zeros(len(X))
    for time, weight in zip(_TIMES, 0.5 * _WEIGHTS, strict=True):
        scores, rule = start + time * moved, prior_start + time * (prior - prior_start)
        slope = weight * course.recalibration.slope(course.mixed(scores, rule))
        speed += slope[:, None] * course.share * course.head.slope(scores)
        speed_prior += slope * (1.0 - course.share)
    found = np.einsum("npk,nk->np", shares, speed)
    if course.prior.feature is not None:
        found[:, course.prior.feature] += speed_prior * (prior - prior_start)
    base = float(course.value(start[None, :], np.array([prior_start]))[0])
    whole = course.value(start + moved, prior) - base
    # The recalibration bends at its knots, which a quadrature meets only nearly: the rest goes in proportion.
    size = np.abs(found)
    total = size.sum(axis=1)
    rest = whole - found.sum(axis=1)
    found += np.divide(size, total[:, None], out=np.zeros_like(size), where=total[:, None] > 0) * rest[:, None]
    return found, base
