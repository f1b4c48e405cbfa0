"""Gamma-Gompertz lifetimes: everybody's risk of leaving grows with time, and its level differs between customers.

The risk of leaving at age v is eta b exp(b v) with eta ~ Gamma(s, beta), so that (Bemmaor and Glady 2012, equation 4)

    S(v) = exp(-s D(v)),   D(v) = log(1 + (exp(b v) - 1) / beta),
    f(v) = s b / beta exp(b v - (s + 1) D(v)).

Whoever is still there at age T has a remaining lifetime of the same kind with beta' = 1 + (beta - 1) exp(-b T). As b
and beta go to zero with beta / b fixed it is the Pareto (Lomax) lifetime of the Pareto/NBD. The mean is always finite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.numerics.ladders import LogIntegrand, PanelNodes, ladder, panel_nodes

_RATIO = 4.0
_GOMPERTZ_RATIO = 3.0
_NEVER = 80.0
"""Nothing is looked for beyond the age that one in exp(80) reaches."""
_LINEAR = 600.0
"""From here on D(v) is b v less a constant to the last digit, and exp(b v) may overflow soon."""
_CHUNK = 256


def remaining(b: float, beta: float, T: FloatArray) -> FloatArray:
    """The beta of the remaining lifetime of whoever is still there at age T."""
    return np.asarray(beta * np.exp(-b * T) - np.expm1(-b * T))


def exposure(b: float, beta: FloatArray | float, v: FloatArray | float) -> FloatArray:
    """D(v), by which S(v) = exp(-s D(v))."""
    age = b * np.asarray(v, dtype=np.float64)
    return np.asarray(np.log1p(np.expm1(np.minimum(age, _LINEAR)) / beta) + np.maximum(age - _LINEAR, 0.0))


def survival(b: float, s: float, beta: FloatArray | float, t: float) -> FloatArray:
    """Probability of staying longer than t, shape of beta."""
    return np.asarray(np.exp(-s * exposure(b, beta, t)))


def log_density(b: float, s: float, beta: FloatArray | float, v: FloatArray) -> FloatArray:
    """Logarithm of the density of the lifetime."""
    return np.asarray(np.log(s * b / beta) + b * v - (s + 1.0) * exposure(b, beta, v))


def log_survival(b: float, s: float, beta: FloatArray, delta: float = 0.0) -> LogIntegrand:
    """Logarithm of the survival of rows with their own beta, discounted at the rate delta."""
    return lambda row, v: np.asarray(-s * exposure(b, beta[row, None], v) - delta * v)


def log_leaving(
    b: float, s: float, beta: FloatArray, shape: FloatArray | None = None, age: FloatArray | None = None
) -> LogIntegrand:
    """Logarithm of the density of rows with their own beta, times (1 + v / age)^-shape where these are given."""

    def logs(row: NDArray[np.intp], v: FloatArray) -> FloatArray:
        leaving = log_density(b, s, beta[row, None], v)
        if shape is None or age is None:
            return leaving
        return np.asarray(leaving - shape[row, None] * np.log1p(v / age[row, None]))

    return logs


def quantile(b: float, beta: FloatArray | float, exposed: FloatArray) -> FloatArray:
    """The age v at which D(v) is `exposed`."""
    early = np.log1p(beta * np.expm1(np.minimum(exposed, 40.0)))
    return np.asarray(np.where(exposed < 40.0, early, exposed + np.log(beta)) / b)


def breakpoints(
    b: float,
    s: float,
    beta: FloatArray,
    speed: FloatArray,
    end: FloatArray,
    ratio: float = _RATIO,
) -> FloatArray:
    """Where panels begin and end for integrals over a (remaining) lifetime in (0, end), shape (n, m).

    Parameters
    ----------
    b, s : float
        Growth of the risk, shape.
    beta : array, shape (n,)
        Scale of the (remaining) lifetimes.
    speed : array, shape (n,)
        How fast another factor of the integrand falls at zero: shape over age of a power.
    end : array, shape (n,)
        End of the integral, finite.
    ratio : float
        Of neighbouring rungs of the first ladder.
    """
    near = ladder(1.0 / (speed + max(s, 1.0) * b / beta), end, ratio)
    # Deaths crowd around the age at which exp(b v) overtakes beta - 1, over a few times 1 / b.
    with np.errstate(divide="ignore"):
        crowd = np.where(beta > 1.0, np.maximum(np.log(np.maximum(beta - 1.0, 1e-300) / max(s, 1.0)), 0.0) / b, 0.0)
    unit = np.full(beta.shape, 1.5 / b)
    away = ladder(unit, np.maximum(end, crowd), _GOMPERTZ_RATIO)
    both = np.concatenate([near, crowd[:, None] + away, crowd[:, None] - away], axis=1)
    return np.asarray(np.clip(both, 0.0, end[:, None]))


def last_age(b: float, s: float, beta: FloatArray) -> FloatArray:
    """A remaining lifetime that practically nobody reaches."""
    return np.asarray(quantile(b, beta, np.full(beta.shape, _NEVER / s)))


def stay_nodes(b: float, s: float, beta: FloatArray, t: float | None) -> PanelNodes:
    """Nodes over (0, t], or without end, at which to integrate S times something smooth."""
    end = last_age(b, s, beta)
    end = end if t is None else np.minimum(end, t)
    breaks = breakpoints(b, s, beta, np.zeros(beta.shape), end)
    return panel_nodes(log_survival(b, s, beta), breaks)


def mean_within(b: float, s: float, beta: FloatArray, t: float | None) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (0, t]; all of it where t is None."""
    return discounted_within(b, s, beta, 0.0, t)


def discounted_within(b: float, s: float, beta: FloatArray, delta: float, t: float | None) -> FloatArray:
    """The integral of S(u) exp(-delta u) over (0, t], over all u > 0 where t is None; always finite."""

    result = np.empty(beta.shape)
    for start in range(0, beta.size, _CHUNK):
        scale = beta[start : start + _CHUNK]
        logs = log_survival(b, s, scale, delta)
        end = last_age(b, s, scale) if t is None else np.minimum(last_age(b, s, scale), t)
        nodes = panel_nodes(logs, breakpoints(b, s, scale, np.full(scale.shape, delta), end))
        result[start : start + _CHUNK] = nodes.sums(nodes.weight * np.exp(logs(nodes.row, nodes.place)))
    return result


def second_moment_within(b: float, s: float, beta: FloatArray, t: float) -> FloatArray:
    """Expected square of the part of the remaining lifetime that falls into (0, t]."""
    result = np.empty(beta.shape)
    for start in range(0, beta.size, _CHUNK):
        scale = beta[start : start + _CHUNK]
        nodes = stay_nodes(b, s, scale, t)
        stays = np.exp(-s * exposure(b, scale[nodes.row, None], nodes.place))
        result[start : start + _CHUNK] = 2.0 * nodes.sums(nodes.weight * nodes.place * stays)
    return result


def mean_within_gradient(b: float, s: float, beta: FloatArray, t: float) -> tuple[FloatArray, FloatArray]:
    """`mean_within` and its derivatives in log b, log s and log beta, shape (n, 3)."""
    mean, gradient = np.empty(beta.shape), np.empty((beta.size, 3))
    for start in range(0, beta.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        scale = beta[part]
        nodes = stay_nodes(b, s, scale, t)
        exposed, by_b, by_beta = exposure_slopes(b, scale[nodes.row, None], nodes.place)
        stays = nodes.weight * np.exp(-s * exposed)
        mean[part] = nodes.sums(stays)
        gradient[part] = -s * nodes.sums(np.stack([stays * by_b, stays * exposed, stays * by_beta], axis=2))
    return mean, gradient


def exposure_slopes(b: float, beta: FloatArray | float, v: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """D(v) and its derivatives in log b and log beta."""
    exposed, share, rest = exposure_and_shares(b, beta, v)
    return exposed, b * v * share, rest - 1.0


def exposure_and_shares(b: float, beta: FloatArray | float, v: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """D(v), and exp(b v) and beta as parts of beta - 1 + exp(b v): the one rises to 1, the other falls from 1 to 0."""
    age = b * v
    grown = np.expm1(np.minimum(age, _LINEAR))
    whole = 1.0 / (beta + grown)
    exposed = np.log1p(grown / beta) + np.maximum(age - _LINEAR, 0.0)
    return exposed, (1.0 + grown) * whole, beta * whole
