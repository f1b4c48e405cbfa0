"""Draws from a normal approximation, corrected by importance weights whose tail is smoothed and graded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

RELIABLE = 0.7
"""Shape of the weights' tail up to which corrected draws can be relied on (Vehtari et al. 2024)."""

_FREEDOM = 7.0


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedDraws:
    """Equally likely draws from a posterior.

    Parameters
    ----------
    points : array, shape (n, d)
        The draws.
    pareto_k : float
        Shape of the tail of the importance weights: below 0.5 very good, up to 0.7 reliable.
    effective : float
        Effective number of draws behind the correction.
    """

    points: FloatArray
    pareto_k: float
    effective: float


def importance_draws(
    log_density: Callable[[FloatArray], float],
    mean: FloatArray,
    covariance: FloatArray,
    proposals: int,
    rng: np.random.Generator,
    log_densities: Callable[[FloatArray], FloatArray] | None = None,
) -> CorrectedDraws:
    """Draw from a density known up to a constant, by way of a Student t around its normal approximation.

    Parameters
    ----------
    log_density : callable
        Logarithm of the density at a point, up to a constant.
    mean, covariance : arrays, shape (d,), (d, d)
        The normal approximation.
    proposals : int
        Proposals to evaluate; as many draws are given back.
    rng : Generator
        Source of chance.
    log_densities : callable, optional
        The same as `log_density` for many points at once, shape (n, d) to (n,), where that is quicker.
    """
    size = mean.size
    root = np.linalg.cholesky(covariance)
    normal = rng.standard_normal((proposals, size))
    stretch = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, proposals))
    points = mean + (normal * stretch[:, None]) @ root.T
    squares = np.sum(normal**2, axis=1) * stretch**2
    proposed = -0.5 * (_FREEDOM + size) * np.log1p(squares / _FREEDOM)
    target = np.array([log_density(point) for point in points]) if log_densities is None else log_densities(points)
    log_weights, pareto_k = smoothed_log_weights(np.where(np.isfinite(target), target, -np.inf) - proposed)
    weights = np.exp(log_weights)
    places = (rng.random() + np.arange(proposals)) / proposals
    chosen = np.searchsorted(np.cumsum(weights), places * (1 - 1e-12))
    return CorrectedDraws(
        points[rng.permutation(np.minimum(chosen, proposals - 1))], pareto_k, float(1.0 / np.sum(weights**2))
    )


def smoothed_log_weights(log_ratios: FloatArray) -> tuple[FloatArray, float]:
    """Pareto-smooth importance ratios (Vehtari, Simpson, Gelman, Yao, Gabry 2024, section 3).

    Returns the logarithms of normalised weights and the tail's shape k.
    """
    count = log_ratios.size
    shifted = log_ratios - log_ratios.max()
    tail = math.ceil(min(0.2 * count, 3 * math.sqrt(count)))
    shape = math.inf
    smoothed = shifted.copy()
    if tail >= 5:
        order = np.argsort(shifted)
        largest = order[-tail:]
        cut = math.exp(max(shifted[order[-tail - 1]], math.log(np.finfo(float).tiny)))
        above = np.exp(shifted[largest]) - cut
        if above[-1] > above[0] + 1e-12 and above[0] > -1e-12:
            shape, scale = generalised_pareto(np.maximum(above, 1e-300))
            ranks = (np.arange(1, tail + 1) - 0.5) / tail
            # A hopeless tail overflows, and is cut at the largest weight like any other.
            with np.errstate(over="ignore"):
                smaller = -np.log1p(-ranks)
                raised = scale * smaller if abs(shape) < 1e-9 else scale * np.expm1(shape * smaller) / shape
            smoothed[largest] = np.minimum(np.log(cut + raised), 0.0)
        else:
            shape = -math.inf
    total = np.logaddexp.reduce(smoothed)
    return smoothed - total, float(shape)


def generalised_pareto(excess: FloatArray) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution (Zhang & Stephens 2009), shape drawn weakly to 0.5.

    Parameters
    ----------
    excess : array, shape (n,)
        Positive excesses over a threshold, ascending.
    """
    count = excess.size
    grid = 30 + int(math.sqrt(count))
    steps = np.arange(1, grid + 1, dtype=float)
    quartile = excess[int(count / 4 + 0.5) - 1]
    rates = (1 - np.sqrt(grid / (steps - 0.5))) / (3 * quartile) + 1 / excess[-1]
    shapes = np.log1p(-rates[:, None] * excess[None, :]).mean(axis=1)
    profile = count * (np.log(-rates / shapes) - shapes - 1)
    weights = np.exp(profile - np.logaddexp.reduce(profile))
    rate = float(rates @ weights)
    shape = float(np.log1p(-rate * excess).mean())
    scale = -shape / rate
    return (shape * count + 5.0) / (count + 10.0), scale
