"""The zero-inflated lognormal loss with its exact gradient, for scores that a booster or any other learner raises.

A customer buys with probability ``p = expit(z0)``; what a buyer brings is lognormal with location ``mu = z1`` and scale
``sigma = softplus(z2)``, so that the mean is ``p exp(mu + sigma^2 / 2)``. The loss is the negative logarithm of that
density (Wang, Liu, Miao 2019, "A Deep Probabilistic Model for Customer Lifetime Value Prediction", arXiv:1912.07753,
equation 2): cross-entropy of buying, plus the lognormal term of those who bought.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

FloatArray = NDArray[np.float64]

LEAST_SCALE, MOST_SCALE = 0.02, 4.0
"""Ends of `sigma`: below, one purchase says everything; above, a mean is no longer finite in practice."""

_HALF_LOG_TWO_PI = 0.5 * np.log(2.0 * np.pi)


def scale_of(z2: FloatArray) -> FloatArray:
    """``sigma`` of its score, kept between `LEAST_SCALE` and `MOST_SCALE`."""
    return np.asarray(np.clip(np.logaddexp(0.0, z2), LEAST_SCALE, MOST_SCALE))


def score_of_scale(sigma: float) -> float:
    """The score whose scale is `sigma`.

    >>> round(float(scale_of(np.array([score_of_scale(0.8)]))[0]), 12)
    0.8
    """
    return float(np.log(np.expm1(sigma)))


def ziln_loss(scores: FloatArray, outcome: FloatArray) -> FloatArray:
    """Negative log-density of each outcome, shape (n,); what is not above zero counts as nothing bought.

    Parameters
    ----------
    scores : array, shape (n, 3)
        ``z0, z1, z2``.
    outcome : array, shape (n,)
        Money, or zero.
    """
    bought = outcome > 0
    found = -np.where(bought, log_expit(scores[:, 0]), log_expit(-scores[:, 0]))
    some = scores[bought]
    sigma, log_money = scale_of(some[:, 2]), np.log(outcome[bought])
    away = (log_money - some[:, 1]) / sigma
    found[bought] += log_money + np.log(sigma) + _HALF_LOG_TWO_PI + 0.5 * away**2
    return np.asarray(found)


def ziln_derivatives(scores: FloatArray, outcome: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gradient of the loss by each score, exact, and its expected curvature, both of shape (n, 3).

    The curvature is Fisher's, which is positive where the second derivative by `z2` may not be.

    >>> z, y = np.array([[0.3, 1.0, 0.2]]), np.array([5.0])
    >>> step = np.array([[0.0, 0.0, 1e-6]])
    >>> slope = float((ziln_loss(z + step, y) - ziln_loss(z - step, y))[0] / 2e-6)
    >>> abs(slope - float(ziln_derivatives(z, y)[0][0, 2])) < 1e-8
    True
    """
    bought = outcome > 0
    gradient, curvature = np.zeros_like(scores), np.zeros_like(scores)
    probability = expit(scores[:, 0])
    gradient[:, 0] = probability - bought
    curvature[:, 0] = probability * (1.0 - probability)
    some = scores[bought]
    sigma = scale_of(some[:, 2])
    raw = np.logaddexp(0.0, some[:, 2])
    slope = expit(some[:, 2]) * ((raw > LEAST_SCALE) & (raw < MOST_SCALE))
    away = (np.log(outcome[bought]) - some[:, 1]) / sigma
    gradient[bought, 1] = -away / sigma
    curvature[bought, 1] = 1.0 / sigma**2
    gradient[bought, 2] = (1.0 - away**2) / sigma * slope
    curvature[bought, 2] = 2.0 * (slope / sigma) ** 2
    return gradient, curvature
