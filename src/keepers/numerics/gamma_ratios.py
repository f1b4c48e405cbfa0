"""Ratios of gamma functions far out and the survival they describe, stable where single log-gammas would cancel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SHIFT = 12
_FARTHEST = 1e300
_LARGEST_FACTOR = 1e25
"""Beyond it the product of a dozen factors might overflow."""


def log_gamma_step(start: FloatArray | float, step: FloatArray | float) -> FloatArray:
    """log Gamma(start + step) - log Gamma(start) for positive `start` and non-negative `step`.

    Stirling's series in both, written so that their leading parts do not cancel; small starts are shifted upwards.
    """
    z, a = np.broadcast_arrays(np.asarray(start, dtype=float), np.asarray(step, dtype=float))
    near = z < _SHIFT
    w = np.where(near, z + _SHIFT, z)
    result = np.asarray((w + a - 0.5) * np.log1p(a / w) + a * np.log(w) - a + _series(w + a) - _series(w))
    if near.all():
        return result - _shifted(z, a)
    if near.any():
        result[near] -= _shifted(z[near], a[near])
    return result


def _shifted(z: FloatArray, a: FloatArray) -> FloatArray:
    """The sum of log(1 + a / (z + j)) over the steps j that a small start is shifted by."""
    if np.max(a, initial=0.0) > _LARGEST_FACTOR:
        return np.asarray(sum(np.log1p(a / (z + j)) for j in range(_SHIFT)))
    # One logarithm of the product less one, which keeps the digits of small steps.
    more = a / (z + 1)
    for j in range(2, _SHIFT):
        factor = a / (z + j)
        more += factor + more * factor
    return np.asarray(np.log1p(a / z) + np.log1p(more))


def _series(z: FloatArray) -> FloatArray:
    inverse = 1 / z
    square = inverse * inverse
    tail = 1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * 691 / 360360)))
    return np.asarray((1 / 12 - square * tail) * inverse)


def log_survival(base: FloatArray, hazard: FloatArray, steps: FloatArray) -> FloatArray:
    """log of the mean of (1 - q)^steps over q that is Beta(hazard, base): the chance to survive so many steps."""
    return np.minimum(log_gamma_step(base, hazard) - log_gamma_step(base + steps, hazard), 0.0)


def survival_quantile(base: FloatArray, hazard: FloatArray, level: FloatArray) -> FloatArray:
    """Steps after which that chance, linear between whole steps, has fallen to a level; infinite beyond 1e300."""
    base, hazard, level = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (base, hazard, level)))
    wanted = np.log(level)
    low, high = np.zeros(base.shape), np.full(base.shape, np.log(_FARTHEST))
    for _ in range(70):
        middle = 0.5 * (low + high)
        above = log_survival(base, hazard, np.expm1(middle)) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    before = np.floor(np.expm1(low) + 1e-9)
    # Rounding may have put the whole number on the wrong side.
    before = np.where(log_survival(base, hazard, before) < wanted, np.maximum(before - 1, 0.0), before)
    before = np.where(log_survival(base, hazard, before + 1) > wanted, before + 1, before)
    at, after = (np.exp(log_survival(base, hazard, before + step)) for step in (0, 1))
    part = np.divide(at - level, at - after, out=np.zeros(base.shape), where=at > after)
    endless = log_survival(base, hazard, np.full(base.shape, _FARTHEST)) > wanted
    return np.where(endless, np.inf, before + np.clip(part, 0.0, 1.0))


def log_binomial_share(of: FloatArray, whole: FloatArray, chosen: FloatArray) -> FloatArray:
    """log of C(of, chosen) / C(whole, chosen) for chosen <= of <= whole."""
    return log_gamma_step(of - chosen + 1, chosen) - log_gamma_step(whole - chosen + 1, chosen)


def gauss_fraction(b: FloatArray, c: FloatArray, z: float) -> FloatArray:
    """2F1(1, b; c; z) for 0 < b < c and 0 <= z < 1 by Gauss's continued fraction, evaluated forwards (Lentz).

    NIST Digital Library of Mathematical Functions, 15.7.5 and 3.10.
    """
    b, c = np.broadcast_arrays(np.asarray(b, dtype=float), np.asarray(c, dtype=float))
    value = np.ones(b.shape)
    numerator, denominator = np.ones(b.shape), np.zeros(b.shape)
    for step in range(1, 200_000):
        k = (step + 1) // 2
        if step % 2:
            part = -z * (b + k - 1) * (c + k - 2) / ((c + 2 * k - 3) * (c + 2 * k - 2)) if k > 1 else -z * b / c
        else:
            part = -z * k * (c - b + k - 1) / ((c + 2 * k - 2) * (c + 2 * k - 1))
        denominator = 1 / (1 + part * denominator)
        numerator = 1 + part / numerator
        change = numerator * denominator
        value = value * change
        if np.all(np.abs(change - 1) < 1e-15):
            break
    return np.asarray(1 / value)
