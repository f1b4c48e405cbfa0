"""The exponential-gamma family: contracts that may end at any moment, each at its own constant rate.

The rate is Gamma(r, alpha) over contracts, so that S(t) = (alpha / (alpha + t))^r, a Pareto distribution
(Morrison and Schmittlein 1980, "Jobs, Strikes, and Wars: Probability Models for Duration", Organizational Behavior
and Human Performance 25). It is the Weibull-gamma with c = 1.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods import weibull_gamma as general
from keepers.numerics.likelihoods.contract_family import Columns, Slopes, stacked
from keepers.numerics.likelihoods.contract_risk import GAMMA, RiskParts

PARAMETERS = ("r", "alpha")
"""Shape of the gamma distribution of the rate of ending, and its scale as a time."""

TIME_POWERS = MappingProxyType({"alpha": 1})
"""Parameters that change with the unit of time."""

DISCRETE = False

RISK = RiskParts(GAMMA, (0,), scale=1)
"""Of what law and of what risk the family is made."""


def starts(rate: float) -> list[FloatArray]:
    """Logarithms of points from which a search begins."""
    return [start[:2] for start in general.starts(rate)]


def log_retention(theta: Columns, start: FloatArray | float, stop: FloatArray | float) -> FloatArray:
    """log P(T > stop | T > start)."""
    r, alpha = theta
    length = np.asarray(stop, dtype=np.float64) - start
    return np.asarray(-np.asarray(r) * np.log1p(length / (np.asarray(alpha) + start)))


def log_retention_slopes(theta: Columns, start: FloatArray, stop: FloatArray) -> Slopes:
    """The same with derivatives in log r and log alpha."""
    found = general.log_retention_slopes((*theta, 1.0), start, stop)
    # The value by its own formula, which keeps the digits of ages that are close.
    value, by_alpha = log_retention(theta, start, stop), found.gradient[1]
    return stacked([value, by_alpha], [[value], [by_alpha, found.hessian[1, 1]]], value)


def log_hazard(theta: Columns, age: FloatArray) -> FloatArray:
    """Logarithm of the rate of ending at an age above zero."""
    r, alpha = theta
    return np.asarray(np.log(r) - np.log(np.asarray(alpha) + age))


def log_hazard_slopes(theta: Columns, age: FloatArray) -> Slopes:
    """The same with derivatives in log r and log alpha."""
    found = general.log_hazard_slopes((*theta, 1.0), age)
    return Slopes(found.value, found.gradient[:2], found.hessian[:2, :2])


def tail(theta: Columns) -> FloatArray:
    """Survival falls off like t^-r."""
    return np.asarray(theta[0], dtype=np.float64)


def rates(theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw the rate of ending, in units of 1 / alpha, of contracts that have outlasted these ages."""
    return general.rates((*theta, 1.0), age, rng)


def residual(theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
    """How long contracts of these ages last in all."""
    return general.residual((*theta, 1.0), age, draw, exponential)
