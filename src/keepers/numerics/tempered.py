"""Draws from a posterior by tempering: particles go from the prior to the posterior by steps that they can follow.

For few data and curved posteriors, where a normal approximation would promise too much: nothing about the shape of the
posterior is assumed, and where the data say nothing the particles simply stay where the prior put them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LogLikelihood = Callable[[FloatArray], FloatArray]
"""Log-likelihood of many points at once, shape (n, d) to (n,)."""

_FREEDOM = 5.0
_INNER, _OUTER = 4, 14
_KEPT = 0.5
_MOST = 200


def tempered_draws(
    log_likelihood: LogLikelihood, size: int, count: int, rng: np.random.Generator, pilot: int = 192
) -> FloatArray:
    """Draw from a posterior whose prior is standard normal in every coordinate.

    A pilot of few particles is tempered from prior to posterior, each step as long as half of the particles stay
    effective; then `count` chains go on from them, by differences between particles and by jumps into a Student t
    around them.

    Parameters
    ----------
    log_likelihood : callable
        Of points in standard coordinates.
    size : int
        Number of coordinates.
    count : int
        Draws wanted.
    rng : Generator
        Source of chance.
    pilot : int
        Particles of the first part.

    Returns
    -------
    array, shape (count, size)
        Equally likely draws, in standard coordinates.

    References
    ----------
    Del Moral, Doucet, Jasra (2006), "Sequential Monte Carlo samplers", JRSS B 68; ter Braak (2006), "A Markov chain
    Monte Carlo version of the genetic algorithm differential evolution", Statistics and Computing 16.
    """
    points = rng.standard_normal((pilot, size))
    known = log_likelihood(points)
    heat, scale = 0.0, 1.0
    for _ in range(_MOST):
        if heat >= 1.0:
            break
        step = _next_heat(known, heat)
        weight = np.exp((step - heat) * (known - known.max()))
        chosen = _systematic(weight, pilot, rng)
        points, known, heat = points[chosen], known[chosen], step
        for _ in range(_INNER):
            points, known, accepted = _by_differences(log_likelihood, points, known, heat, scale, rng)
            scale = float(np.clip(scale * np.exp(accepted - 0.25), 0.05, 2.0))
    chosen = _systematic(np.ones(pilot), count, rng)
    points, known = points[chosen], known[chosen]
    for move in range(_OUTER):
        if move % 2:
            points, known = _by_jumps(log_likelihood, points, known, rng)
        else:
            points, known, accepted = _by_differences(log_likelihood, points, known, 1.0, scale, rng)
            scale = float(np.clip(scale * np.exp(accepted - 0.25), 0.05, 2.0))
    return points[rng.permutation(count)]


def _next_heat(known: FloatArray, heat: float) -> float:
    """The hottest next step at which half of the particles remain effective."""

    def effective(step: float) -> float:
        weight = np.exp((step - heat) * (known - known.max()))
        return float(weight.sum() ** 2 / (weight**2).sum())

    wanted = _KEPT * known.size
    if effective(1.0) >= wanted:
        return 1.0
    low, high = heat, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(middle) >= wanted else (low, middle)
    return high


def _systematic(weight: FloatArray, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    places = (rng.random() + np.arange(count)) / count
    found = np.searchsorted(np.cumsum(weight / weight.sum()), places * (1 - 1e-12))
    return np.asarray(np.minimum(found, weight.size - 1), dtype=np.int64)


def _by_differences(
    log_likelihood: LogLikelihood,
    points: FloatArray,
    known: FloatArray,
    heat: float,
    scale: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, float]:
    """A Metropolis step along the difference of two other particles, which has the posterior's own shape."""
    count, size = points.shape
    one, other = rng.integers(0, count, count), rng.integers(0, count, count)
    length = scale * 2.38 / np.sqrt(2 * size)
    proposed = points + length * (points[one] - points[other]) + 1e-3 * rng.standard_normal(points.shape)
    reached = log_likelihood(proposed)
    gain = heat * (reached - known) - 0.5 * np.sum(proposed**2 - points**2, axis=1)
    taken = np.log(rng.random(count)) < gain
    return (
        np.where(taken[:, None], proposed, points),
        np.where(taken, reached, known),
        float(taken.mean()),
    )


def _by_jumps(
    log_likelihood: LogLikelihood, points: FloatArray, known: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """A Metropolis step whose proposals do not depend on where the particle is: a Student t around all of them.

    The t is made of one half of the particles for the other half, so that no proposal knows the particle it replaces.
    """
    count, size = points.shape
    points, known = points.copy(), known.copy()
    halves = np.arange(count) % 2 == 0
    for mine in (halves, ~halves):
        others = points[~mine]
        root = np.linalg.cholesky(np.atleast_2d(np.cov(others.T)) * 1.2 + 1e-8 * np.eye(size))
        centre = others.mean(axis=0)
        many = int(mine.sum())
        stretch = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, many))
        normal = rng.standard_normal((many, size))
        proposed = centre + (normal * stretch[:, None]) @ root.T
        here = np.linalg.solve(root, (points[mine] - centre).T)
        proposal_density = -0.5 * (_FREEDOM + size) * np.log1p(np.sum(normal**2, axis=1) * stretch**2 / _FREEDOM)
        present_density = -0.5 * (_FREEDOM + size) * np.log1p(np.sum(here**2, axis=0) / _FREEDOM)
        reached = log_likelihood(proposed)
        gain = reached - known[mine] - 0.5 * np.sum(proposed**2 - points[mine] ** 2, axis=1)
        taken = np.log(rng.random(many)) < gain + present_density - proposal_density
        points[mine] = np.where(taken[:, None], proposed, points[mine])
        known[mine] = np.where(taken, reached, known[mine])
    return points, known
