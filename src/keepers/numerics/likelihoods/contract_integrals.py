"""Integrals over the time that contracts still last, to all digits whatever the scale and however heavy the tail."""

from __future__ import annotations

from functools import cache

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw

_STEP = 0.18
_BELOW = 37.0
_BEYOND = 42.0
_CHUNK = 4_000_000


def integral_without_end(family: ContractLaw, theta: Columns, age: FloatArray, delta: float) -> FloatArray:
    """The integral of e^(-delta s) S(age + s) / S(age) over all s > 0.

    By the trapezoidal rule in log s, where the integrand is analytic in a strip and falls off on both sides: to the
    left like s, to the right with the discount or by a power, whose rest is the sum of a geometric series. Where
    covariates change with age, ages must lie beyond the last change (see `contract_outlook`).

    Parameters
    ----------
    family : ContractLaw
    theta : sequence of numbers or of columns, shape (D, 1)
    age : array, shape (n,)
    delta : float
        Zero or more; at zero the integral is infinite where survival falls off no faster than 1 / s.

    Returns
    -------
    array, shape (n,) or (D, n)
    """
    shape = np.broadcast_shapes(np.shape(age), *(np.shape(value) for value in theta))
    wide = tuple(np.broadcast_to(np.asarray(value, dtype=np.float64), shape).reshape(-1) for value in theta)
    ages = np.broadcast_to(np.asarray(age, dtype=np.float64), shape).reshape(-1)
    power = np.broadcast_to(np.asarray(family.tail(theta), dtype=np.float64), shape).reshape(-1)
    # The strip narrows with the exponent of age.
    change = family.RISK.exponent_of(wide)
    step = min(_STEP, 0.45 / max(1.0, float(np.max(change))))
    scale = _scale(family, wide, ages, delta)
    low = np.log(scale) - _BELOW
    if delta > 0:
        high = np.maximum(np.log(45.0 / delta), low + step)
    else:
        high = np.log(ages + scale + 1.0) + _BEYOND / min(1.0, float(np.min(change)))
    count = int(np.ceil(np.max(high - low) / step)) + 1
    result = np.empty(ages.size)
    for rows in np.array_split(np.arange(ages.size), max(1, ages.size * count // _CHUNK)):
        x = low[rows, None] + step * np.arange(count)
        some = tuple(value[rows, None] for value in wide)
        later = np.exp(np.minimum(x, 690.0))
        terms = np.exp(x + family.log_retention(some, ages[rows, None], ages[rows, None] + later) - delta * later)
        result[rows] = step * terms.sum(axis=1)
        if delta == 0:
            excess = power[rows] - 1.0
            with np.errstate(divide="ignore", invalid="ignore"):
                rest = step * terms[:, -1] / np.expm1(step * excess)
            result[rows] = np.where(excess > 0, result[rows] + rest, np.inf)
    return result.reshape(shape)


def _scale(family: ContractLaw, theta: Columns, age: FloatArray, delta: float) -> FloatArray:
    """A time, right to a factor of two, after which half of the integral's weight is gone: median or discount."""
    end = np.full(age.shape, 1.0)
    for _ in range(1000):
        gone = family.log_retention(theta, age, age + end) - delta * end < -0.7
        if gone.all() or np.max(end) > 1e250:
            break
        end = np.where(gone, end, 2.0 * end)
    for _ in range(1000):
        stays = family.log_retention(theta, age, age + 0.5 * end) - delta * 0.5 * end > -0.7
        if stays.all() or np.min(end) < 1e-250:
            break
        end = np.where(stays, end, 0.5 * end)
    return end


@cache
def double_exponential(count: int = 300) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on (0, 1) of the rule of Takahasi and Mori (1974), which bears any power at the ends."""
    reach = 3.6
    t = np.linspace(-reach, reach, count)
    inner = 0.5 * np.pi * np.sinh(t)
    node = 1.0 / (1.0 + np.exp(-2.0 * inner))
    slope = np.pi * np.cosh(t) / (4.0 * np.cosh(inner) ** 2)
    weight = slope * (t[1] - t[0])
    node.setflags(write=False)
    weight.setflags(write=False)
    return node, weight
