"""How long a customer of the Pareto/NBD model stays: integrals over a Pareto (Lomax) distributed remaining lifetime.

Alive at T, the remaining lifetime u has the survival function S(u) = (B / (B + u))^s with B = beta + T.
"""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.quadrature import legendre, panels

_DROP = 36.5
_PANELS, _POINTS = 6, 48
_SHORT = 0.5


def survival(s: float, B: FloatArray, t: float) -> FloatArray:
    """Probability of staying longer than t, shape of B."""
    return np.exp(-s * np.log1p(t / B))


def mean_within(s: float, B: FloatArray, t: float | FloatArray) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (0, t]: the integral of S; right at s = 1 too."""
    length = np.log1p(t / B)
    return np.asarray(B * length * _relative_growth((1.0 - s) * length))


def mean_within_gradient(s: float, B: FloatArray, t: float) -> tuple[FloatArray, FloatArray]:
    """Derivatives of `mean_within` with respect to s and B."""
    length = np.log1p(t / B)
    exponent = (s - 1.0) * length
    node, weight = legendre(32)
    gentle = np.clip(exponent, -20.0, 20.0)
    smooth = np.exp(-np.multiply.outer(gentle, node)) @ (weight * node)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        steep = (_relative_growth(-exponent) - np.exp(-exponent)) / exponent
    first_moment = np.where(np.abs(exponent) < 20.0, smooth, steep)
    # mean_within is homogeneous of degree one in (B, t), and its derivative in t is S(t).
    return -B * length**2 * first_moment, (mean_within(s, B, t) - t * survival(s, B, t)) / B


def second_moment_within(s: float, B: FloatArray, t: float) -> FloatArray:
    """Expected square of the part of the remaining lifetime that falls into (0, t]."""
    length = np.log1p(t / B)
    node, weight = legendre(20)
    short = np.minimum(length, _SHORT)[..., None] * node
    near = np.minimum(length, _SHORT) * ((np.expm1(short) * np.exp((1.0 - s) * short)) @ weight)
    far = length * (_relative_growth((2.0 - s) * length) - _relative_growth((1.0 - s) * length))
    return np.asarray(2.0 * B**2 * np.where(length < _SHORT, near, far))


def discounted_within(s: float, B: FloatArray, delta: float, t: float | None) -> FloatArray:
    """The integral of S(u) exp(-delta u) over (0, t], over all u > 0 where t is None.

    Without end it equals B U(1, 2 - s, delta B) with Tricomi's function (Fader, Hardie and Lee 2005, "RFM and CLV",
    equation 2, in other letters), and is infinite for delta = 0 and s <= 1.

    Parameters
    ----------
    s : float
        Shape of the lifetime's gamma mixture.
    B : array
        beta + T.
    delta : float
        Continuous discount rate for one unit of time.
    t : float, optional
        Horizon.
    """
    if delta == 0.0:
        if t is None:
            return B / (s - 1.0) if s > 1.0 else np.full_like(B, np.inf)
        return mean_within(s, B, t)
    rate = delta * B
    # In w = log(1 + u / B) the integrand is B exp((1 - s) w - rate (e^w - 1)): smooth and log-concave.
    with np.errstate(divide="ignore"):
        peak = np.log(np.maximum(np.maximum(1.0 - s, 0.0) / rate, 1.0))
    top = _exponent(peak, s, rate)
    low, high = peak, np.log1p((_DROP + 800.0 * max(1.0 - s, 0.0)) / rate) + peak + 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        above = _exponent(middle, s, rate) > top - _DROP
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    end = high if t is None else np.minimum(high, np.log1p(t / B))
    node, weight = panels(_PANELS, _POINTS)
    w = np.multiply.outer(end, node)
    return np.asarray(B * end * np.exp(top) * (np.exp(_exponent(w, s, rate[..., None]) - top[..., None]) @ weight))


def _relative_growth(x: FloatArray) -> FloatArray:
    """(e^x - 1) / x, which is 1 at x = 0."""
    small = np.abs(x) < 1e-12
    return np.where(small, 1.0, np.expm1(x) / np.where(small, 1.0, x))


def _exponent(w: FloatArray, s: float, rate: FloatArray) -> FloatArray:
    return (1.0 - s) * w - rate * np.expm1(w)
