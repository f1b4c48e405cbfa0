"""Whether forecasts are as uncertain as they say: randomised PIT, coverage of intervals, and scores of distributions.

Counts and values have a mass at zero, so the probability integral transform of an outcome is a range
``[F(y-), F(y)]`` rather than a number. Randomising within the range makes it uniform under a true forecast
(Czado, Gneiting, Held 2009, Biometrics 65, eq. 1); the functions here take the range and either draw from it or give
the mean over all draws, which needs no seed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.numerics.conformal import central_share, checked_range, share_below

LEVELS = (0.80, 0.95)
"""Levels at which coverage is reported."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals of one level held the outcome.

    `plain` counts outcomes inside the interval with its ends, which for counts is at least the level where the
    forecast is right; `randomised` is comparable with the level itself.
    """

    level: float
    plain: float
    randomised: float

    def to_dict(self) -> dict[str, float]:
        """Plain numbers for a file."""
        return asdict(self)


def randomised_pit(below: ArrayLike, at: ArrayLike, rng: np.random.Generator) -> FloatArray:
    """One draw of the randomised probability integral transform for each outcome; uniform on (0, 1) if all is well.

    Parameters
    ----------
    below, at : array, shape (n,)
        Forecast probability of less than the outcome, ``F(y-)``, and of at most the outcome, ``F(y)``.
    rng : numpy.random.Generator
        Source of the draws; a fixed seed gives the same result again.
    """
    low, high = checked_range(below, at)
    return np.asarray(low + rng.random(low.shape) * (high - low))


def pit_histogram(
    below: ArrayLike, at: ArrayLike, weight: ArrayLike | None = None, bins: int = 20
) -> tuple[float, ...]:
    """Share of outcomes whose transform falls in each of equal bins, averaged over the randomisation (eq. 2)."""
    low, high = checked_range(below, at)
    edges = np.linspace(0.0, 1.0, bins + 1)
    return tuple(np.diff([share_below(low, high, edge, _weights(weight)) for edge in edges]).tolist())


def randomised_coverage(below: ArrayLike, at: ArrayLike, level: float, weight: ArrayLike | None = None) -> float:
    """Share of outcomes inside the central randomised interval, averaged over the randomisation.

    Equals `level` where the forecast is right, for counts too.
    """
    return central_share(*checked_range(below, at), level, _weights(weight))


def plain_coverage(below: ArrayLike, at: ArrayLike, level: float, weight: ArrayLike | None = None) -> float:
    """Share of outcomes inside the ordinary central interval from quantile to quantile, its ends included.

    An outcome y lies at or above the quantile at a exactly if ``F(y) >= a``, and at or below the one at b exactly
    if ``F(y-) < b``.
    """
    low, high = checked_range(below, at)
    tail = (1.0 - level) / 2.0
    inside = (high >= tail) & (low < 1.0 - tail)
    return float(np.average(inside, weights=_weights(weight)))


def coverage(
    below: ArrayLike, at: ArrayLike, weight: ArrayLike | None = None, levels: tuple[float, ...] = LEVELS
) -> tuple[Coverage, ...]:
    """Plain and randomised coverage at each level."""
    return tuple(
        Coverage(level, plain_coverage(below, at, level, weight), randomised_coverage(below, at, level, weight))
        for level in levels
    )


def ranked_probability_score(probabilities: FloatArray, outcome: ArrayLike) -> FloatArray:
    """Distance of a forecast of counts from what happened, in counts; smaller is better.

    ``sum_k (F(k) - 1{y <= k})^2`` (Czado et al. 2009, section 3; Gneiting, Raftery 2007, eq. 20). It is proper: the
    true distribution scores best on average. For a forecast without spread it is the absolute error.

    Parameters
    ----------
    probabilities : array, shape (n, m + 1)
        ``P(X = k)`` for k = 0 to m. Mass above m is taken to lie at m + 1.
    outcome : array, shape (n,)
        Observed counts, at most m.
    """
    counts = np.asarray(outcome, dtype=np.float64)
    most = probabilities.shape[1] - 1
    if counts.size and counts.max() > most:
        raise InputError(f"An outcome of {counts.max():g} lies beyond the {most} purchases that the forecast covers.")
    cumulative = np.cumsum(probabilities, axis=1)
    happened = counts[:, None] <= np.arange(most + 1)
    return np.asarray(np.sum((cumulative - happened) ** 2, axis=1))


def _weights(weight: ArrayLike | None) -> FloatArray | None:
    return None if weight is None else np.asarray(weight, dtype=np.float64)
