"""The Weibull-gamma family: contracts that may end at any moment, at a rate that changes with age.

A contract with its own lambda outlasts t with probability exp(-lambda (t / alpha)^c), and lambda is Gamma(r, 1) over
contracts; so S(t) = (1 + (t / alpha)^c)^-r (Hardie, Fader, Wisniewski 1998, "An Empirical Comparison of New Product
Trial Forecasting Models", Journal of Forecasting 17, whose alpha is alpha^c here, so that ours is a time). Given that
it has outlasted n, lambda is Gamma(r, 1 + (n / alpha)^c). c = 1 is the exponential-gamma.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.contract_family import Columns, Slopes, stacked
from keepers.numerics.likelihoods.contract_risk import GAMMA, RiskParts

PARAMETERS = ("r", "alpha", "c")
"""Shape of the gamma distribution over contracts, its scale as a time, and the change with age."""

TIME_POWERS = MappingProxyType({"alpha": 1})
"""Parameters that change with the unit of time."""

DISCRETE = False

RISK = RiskParts(GAMMA, (0,), scale=1, exponent=2)
"""Of what law and of what risk the family is made."""


def starts(rate: float) -> list[FloatArray]:
    """Logarithms of points from which a search begins, with about the observed rate of ending."""
    mean = 1.0 / max(rate, 1e-4)
    return [np.log([1.0, mean, 1.0]), np.log([0.5, 0.5 * mean, 1.4]), np.log([4.0, 4.0 * mean, 0.8])]


def log_retention(theta: Columns, start: FloatArray | float, stop: FloatArray | float) -> FloatArray:
    """log P(T > stop | T > start)."""
    r, alpha, c = theta
    with np.errstate(divide="ignore"):
        first = np.logaddexp(0.0, c * np.log(np.divide(start, alpha)))
        last = np.logaddexp(0.0, c * np.log(np.divide(stop, alpha)))
    return np.asarray(-np.asarray(r) * (last - first))


def log_retention_slopes(theta: Columns, start: FloatArray, stop: FloatArray) -> Slopes:
    """The same with derivatives in log r, log alpha and log c."""
    r, _, c = (float(value) for value in theta)
    value = log_retention(theta, start, stop)
    w1, q1, z1 = _shares(theta, stop)
    w0, q0, z0 = _shares(theta, start)
    by_alpha = r * c * (w1 - w0)
    by_c = -r * (w1 * z1 - w0 * z0)
    second_alpha = -r * c * c * (q1 - q0)
    alpha_c = r * c * (q1 * z1 + w1 - q0 * z0 - w0)
    second_c = -r * (q1 * z1**2 + w1 * z1 - q0 * z0**2 - w0 * z0)
    return stacked([value, by_alpha, by_c], [[value], [by_alpha, second_alpha], [by_c, alpha_c, second_c]], value)


def log_hazard(theta: Columns, age: FloatArray) -> FloatArray:
    """Logarithm of the rate of ending at an age above zero."""
    r, alpha, c = theta
    log_z = c * (np.log(age) - np.log(alpha))
    return np.asarray(np.log(r) + np.log(c) - np.log(age) - np.logaddexp(0.0, -log_z))


def log_hazard_slopes(theta: Columns, age: FloatArray) -> Slopes:
    """The same with derivatives in log r, log alpha and log c."""
    _, _, c = (float(value) for value in theta)
    w, q, z = _shares(theta, age)
    value = log_hazard(theta, age)
    zero, one = np.zeros(age.shape), np.ones(age.shape)
    rest = 1.0 - w
    return stacked(
        [one, -c * rest, 1.0 + z * rest],
        [[zero], [zero, -c * c * q], [zero, -c * rest + c * q * z, z * rest - q * z**2]],
        value,
    )


def tail(theta: Columns) -> FloatArray:
    """Survival falls off like t^(-r c)."""
    return np.asarray(np.multiply(theta[0], theta[2]), dtype=np.float64)


def rates(theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw lambda of contracts that have outlasted these ages."""
    r, alpha, c = theta
    return GAMMA.propensities((r,), np.power(np.divide(age, alpha), c), rng)


def residual(theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
    """How long contracts of these ages last in all."""
    _, alpha, c = theta
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(alpha * (np.power(np.divide(age, alpha), c) + exponential / draw) ** (1.0 / np.asarray(c)))


def _shares(theta: Columns, time: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """z / (1 + z) of z = (t / alpha)^c, its slope in log z, and log z; zeros where t is zero."""
    _, alpha, c = (float(value) for value in theta)
    begun = time > 0
    log_z = np.where(begun, c * np.log(np.where(begun, time, 1.0) / alpha), 0.0)
    share = np.where(begun, np.exp(-np.logaddexp(0.0, -log_z)), 0.0)
    slope = share * np.where(begun, np.exp(-np.logaddexp(0.0, log_z)), 0.0)
    return share, slope, log_z
