"""How prone contracts are to end, and the risk they have run: the two laws that all families of contracts are made of.

A contract with its own propensity outlasts a risk v with probability exp(-propensity v). The families differ in the law
of the propensity and in the risk of an age: exp(-propensity) is Beta(b, a) where contracts end at renewals, and the
propensity is Gamma(r, 1) where they end at any moment; the risk run by an age t is (t / alpha)^c. Covariates multiply
what risk is run while they last, so that risk, and no longer age, is what the laws are asked with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.gamma_ratios import log_gamma_step

Numbers = tuple[FloatArray | float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RiskSlopes:
    """A function of each row's risk v with derivatives in v and in the logarithms of a law's q parameters.

    Parameters
    ----------
    value, by_risk, by_risk_twice : arrays, shape (n,)
    by_law : array, shape (q, n)
    by_law_twice : array, shape (q, q, n)
    by_both : array, shape (q, n)
    """

    value: FloatArray
    by_risk: FloatArray
    by_risk_twice: FloatArray
    by_law: FloatArray
    by_law_twice: FloatArray
    by_both: FloatArray


class RiskLaw(Protocol):
    """How propensities are distributed over contracts."""

    def log_kept(self, law: Numbers, before: FloatArray | float, after: FloatArray) -> FloatArray:
        """Log-probability to outlast the risk `after` of contracts that outlasted `before`; broadcasts."""

    def kept_slopes(self, law: Numbers, risk: FloatArray) -> RiskSlopes:
        """That to outlast a risk from none on, with derivatives."""

    def density_slopes(self, law: Numbers, risk: FloatArray) -> RiskSlopes:
        """Logarithm of the rate of ending a unit of risk, of contracts that have outlasted it; of continuous laws."""

    def propensities(self, law: Numbers, risk: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw how prone to end contracts are that have outlasted a risk."""


class _Beta:
    """Chances of ending at a risk of one are Beta(a, b)."""

    def log_kept(self, law: Numbers, before: FloatArray | float, after: FloatArray) -> FloatArray:
        a, b = law
        step = np.asarray(after - before)
        # Two forms of one number: the differences of either are small beside its terms where the other's are not.
        near = log_gamma_step(b + before, step) - log_gamma_step(a + b + before, step)
        if np.all(step <= a):
            return near
        return np.where(step <= a, near, log_gamma_step(b + before, a) - log_gamma_step(b + after, a))

    def kept_slopes(self, law: Numbers, risk: FloatArray) -> RiskSlopes:
        from scipy.special import polygamma, psi

        a, b = (float(value) for value in law)
        whole, one = psi(a + b + risk), psi(b + risk)
        whole_2, one_2 = polygamma(1, a + b + risk), polygamma(1, b + risk)
        by_a = psi(a + b) - whole
        by_b = by_a + one - psi(b)
        by_aa = polygamma(1, a + b) - whole_2
        by_bb = by_aa + one_2 - polygamma(1, b)
        mixed = a * b * by_aa
        return RiskSlopes(
            self.log_kept(law, 0.0, risk),
            one - whole,
            one_2 - whole_2,
            np.array([a * by_a, b * by_b]),
            np.array([[a * a * by_aa + a * by_a, mixed], [mixed, b * b * by_bb + b * by_b]]),
            np.array([-a * whole_2, b * (one_2 - whole_2)]),
        )

    def density_slopes(self, law: Numbers, risk: FloatArray) -> RiskSlopes:
        raise ValueError(f"contracts of a discrete family end at renewals, not at moments such as {risk[:1]} for {law}")

    def propensities(self, law: Numbers, risk: FloatArray, rng: np.random.Generator) -> FloatArray:
        a, b = law
        # The logarithm of a gamma variable of small shape, so that tiny chances of ending stay tiny rather than zero.
        small = np.broadcast_to(np.asarray(a, dtype=np.float64), np.shape(risk))
        log_ending = np.log(rng.standard_gamma(small + 1.0)) + np.log(rng.random(np.shape(risk))) / small
        lasting = rng.standard_gamma(b + risk)
        return np.asarray(np.logaddexp(0.0, log_ending - np.log(lasting)))


class _Gamma:
    """Propensities are Gamma(r, 1)."""

    def log_kept(self, law: Numbers, before: FloatArray | float, after: FloatArray) -> FloatArray:
        (r,) = law
        return np.asarray(-np.asarray(r) * np.log1p((after - before) / (1.0 + np.asarray(before))))

    def kept_slopes(self, law: Numbers, risk: FloatArray) -> RiskSlopes:
        r = float(np.asarray(law[0]))
        value, rest = -r * np.log1p(risk), 1.0 / (1.0 + risk)
        return RiskSlopes(value, -r * rest, r * rest**2, value[None], value[None, None], -r * rest[None])

    def density_slopes(self, law: Numbers, risk: FloatArray) -> RiskSlopes:
        rest, none = 1.0 / (1.0 + risk), np.zeros((1, *risk.shape))
        value = np.log(law[0]) - np.log1p(risk)
        return RiskSlopes(np.asarray(value), -rest, rest**2, none + 1.0, none[None], none)

    def propensities(self, law: Numbers, risk: FloatArray, rng: np.random.Generator) -> FloatArray:
        shape = np.broadcast_to(np.asarray(law[0], dtype=np.float64), np.shape(risk))
        # By way of the logarithm, so that a tiny rate of a small shape stays tiny rather than zero.
        log_rate = np.log(rng.standard_gamma(shape + 1.0)) + np.log(rng.random(np.shape(risk))) / shape
        return np.asarray(np.exp(np.maximum(log_rate, -700.0)) / (1.0 + risk))


BETA: RiskLaw = _Beta()
GAMMA: RiskLaw = _Gamma()


@dataclass(frozen=True, slots=True)
class RiskParts:
    """Which parameters of a family are the law's, and which make risk of age.

    Parameters
    ----------
    law : RiskLaw
    of_law : tuple of int
        Places of the law's parameters.
    scale, exponent : int, optional
        Places of alpha and c; None where they are 1.
    """

    law: RiskLaw
    of_law: tuple[int, ...]
    scale: int | None = None
    exponent: int | None = None

    def split(self, theta: Numbers) -> tuple[Numbers, FloatArray | float, FloatArray | float]:
        """The law's parameters, alpha and c."""
        scale = 1.0 if self.scale is None else theta[self.scale]
        return tuple(theta[place] for place in self.of_law), scale, self.exponent_of(theta)

    def exponent_of(self, theta: Numbers) -> FloatArray | float:
        """The power of age by which risk grows."""
        return 1.0 if self.exponent is None else theta[self.exponent]
