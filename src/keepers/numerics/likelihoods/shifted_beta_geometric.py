"""The shifted-beta-geometric family: each contract has its own chance of ending at every renewal.

The chance is Beta(a, b) over contracts, so that S(t) = B(a, b + t) / B(a, b) and the share renewed at the t-th renewal
is (b + t - 1) / (a + b + t - 1) (Fader and Hardie 2007, "How to Project Customer Retention", Journal of Interactive
Marketing 21, equations 5 and 8, with alpha and beta for a and b). It is the beta-discrete-Weibull with c = 1.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods import beta_discrete_weibull as general
from keepers.numerics.likelihoods.contract_family import Columns, Slopes
from keepers.numerics.likelihoods.contract_risk import BETA, RiskParts

PARAMETERS = ("alpha", "beta")
"""Shapes of the beta distribution of the chance of ending."""

TIME_POWERS = MappingProxyType({"beta": 1})
"""Roughly: with longer periods fewer renewals make the same beta."""

DISCRETE = True

RISK = RiskParts(BETA, (0, 1))
"""Of what law and of what risk the family is made."""


def starts(rate: float) -> list[FloatArray]:
    """Logarithms of points from which a search begins."""
    return [start[:2] for start in general.starts(rate)]


def log_retention(theta: Columns, start: FloatArray | float, stop: FloatArray | float) -> FloatArray:
    """log P(T > stop | T > start)."""
    return general.log_retention((*theta, 1.0), start, stop)


def log_retention_slopes(theta: Columns, start: FloatArray, stop: FloatArray) -> Slopes:
    """The same with derivatives in log alpha and log beta."""
    found = general.log_retention_slopes((*theta, 1.0), start, stop)
    return Slopes(found.value, found.gradient[:2], found.hessian[:2, :2])


log_hazard, log_hazard_slopes = general.log_hazard, general.log_hazard_slopes
"""A discrete family has chances, no rate."""


def tail(theta: Columns) -> FloatArray:
    """Survival falls off like t^-alpha."""
    return np.asarray(theta[0], dtype=np.float64)


def rates(theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw -log(1 - chance of ending) of contracts that have outlasted these ages."""
    return general.rates((*theta, 1.0), age, rng)


def residual(theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
    """How long contracts of these ages last in all, before rounding up."""
    return general.residual((*theta, 1.0), age, draw, exponential)
