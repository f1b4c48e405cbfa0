"""The beta-discrete-Weibull family: each contract's chance of ending at a renewal changes with its age.

A contract with its own theta outlasts t renewals with probability (1 - theta)^(t^c), and theta is Beta(a, b) over
contracts; so S(t) = B(a, b + t^c) / B(a, b) (Fader, Hardie, Liu, Davin, Steenburgh 2018, "How to Project Customer
Retention Revisited", Journal of Interactive Marketing 43, equation 5). Given that it has outlasted n, theta is
Beta(a, b + n^c). c = 1 is the shifted beta-geometric.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.contract_family import Columns, Slopes, stacked
from keepers.numerics.likelihoods.contract_risk import BETA, RiskParts

PARAMETERS = ("a", "b", "c")
"""Shapes of the beta distribution over contracts, and of the change with age: above 1 the chance of ending rises."""

TIME_POWERS = MappingProxyType({"b": 1})
"""Roughly: with longer periods fewer renewals make the same b."""

DISCRETE = True

RISK = RiskParts(BETA, (0, 1), exponent=2)
"""Of what law and of what risk the family is made."""


def starts(rate: float) -> list[FloatArray]:
    """Logarithms of points from which a search begins, two of them near the mean chance of ending."""
    chance = min(max(rate, 1e-4), 0.9)
    spread = (1.0 - chance) / chance
    return [
        np.log([0.8, max(0.8 * spread, 0.05), 1.0]),
        np.log([0.4, max(0.3 * spread, 0.05), 1.4]),
        np.log([3.0, max(3.0 * spread, 0.2), 0.9]),
    ]


def log_retention(theta: Columns, start: FloatArray | float, stop: FloatArray | float) -> FloatArray:
    """log P(T > stop | T > start)."""
    a, b, c = theta
    return BETA.log_kept((a, b), _warped(c, start), _warped(c, stop))


def log_retention_slopes(theta: Columns, start: FloatArray, stop: FloatArray) -> Slopes:
    """The same with derivatives in log a, log b and log c."""
    from scipy.special import polygamma, psi

    a, b, c = (float(value) for value in theta)
    value = log_retention(theta, start, stop)

    def ends(time: FloatArray) -> tuple[FloatArray, ...]:
        u = _warped(c, time)
        log_u = c * np.log(np.where(time > 0, time, 1.0))
        slope = u * log_u
        bend = slope * (log_u + 1.0)
        return psi(b + u), psi(a + b + u), polygamma(1, b + u), polygamma(1, a + b + u), slope, bend

    psi0, all0, tri0, tri_all0, slope0, bend0 = ends(start)
    psi1, all1, tri1, tri_all1, slope1, bend1 = ends(stop)
    l_a = -(all1 - all0)
    l_b = psi1 - psi0 + l_a
    l_aa = -(tri_all1 - tri_all0)
    l_bb = tri1 - tri0 + l_aa
    pull1, pull0, drag1, drag0 = psi1 - all1, psi0 - all0, tri1 - tri_all1, tri0 - tri_all0
    l_c = pull1 * slope1 - pull0 * slope0
    l_cc = drag1 * slope1**2 + pull1 * bend1 - drag0 * slope0**2 - pull0 * bend0
    l_ac = -(tri_all1 * slope1 - tri_all0 * slope0)
    l_bc = drag1 * slope1 - drag0 * slope0
    return stacked(
        [a * l_a, b * l_b, l_c],
        [[a * a * l_aa + a * l_a], [a * b * l_aa, b * b * l_bb + b * l_b], [a * l_ac, b * l_bc, l_cc]],
        value,
    )


def log_hazard(theta: Columns, age: FloatArray) -> FloatArray:
    """A discrete family has chances, no rate: an ending lies between two renewals."""
    return log_hazard_slopes(theta, age).value


def log_hazard_slopes(theta: Columns, age: FloatArray) -> Slopes:
    """Refused likewise."""
    raise ValueError(f"contracts of a discrete family end at renewals, not at moments such as {age[:1]} for {theta}")


def tail(theta: Columns) -> FloatArray:
    """Survival falls off like t^(-a c)."""
    a, _, c = theta
    return np.asarray(np.multiply(a, c), dtype=np.float64)


def rates(theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw -log(1 - theta) of contracts that have outlasted these ages."""
    a, b, c = theta
    return BETA.propensities((a, b), _warped(c, age), rng)


def residual(theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
    """How long contracts of these ages last in all, before rounding up."""
    c = theta[2]
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray((_warped(c, age) + exponential / draw) ** (1.0 / np.asarray(c)))


def _warped(c: FloatArray | float, time: FloatArray | float) -> FloatArray:
    return np.asarray(np.power(np.asarray(time, dtype=np.float64), c))
