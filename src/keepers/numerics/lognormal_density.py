"""Derivatives of a bivariate normal density of log rates in its parameters, as polynomials of its own coordinates.

With u and v the logarithms of the rates of buying and of leaving,

    u = m_u + sigma_u a,   v = m_v + sigma_v (rho a + k e),   k = sqrt(1 - rho^2),

a and e are independent standard normal coordinates. At fixed (u, v) the logarithm of the density has derivatives in
(m_u, m_v, log sigma_u, log sigma_v, log((1 + rho) / (1 - rho))) that are quadratic polynomials of (a, e), so that
gradient and Hessian of any integral under the density follow from the integrand's moments up to the fourth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray

MONOMIALS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
"""Powers of (a, e) in a quadratic polynomial."""

HIGHEST, HIGHEST_OF_GRADIENT = 4, 2
"""Highest power whose moments are needed for the Hessian, and for the gradient alone."""

_ONE, _A, _E = np.eye(3)
"""Linear polynomials 1, a and e."""


@dataclass(frozen=True, slots=True)
class NormalRates:
    """The parameters in the form in which they are used.

    Parameters
    ----------
    m_u, m_v : float
        Means of the log rates of buying and of leaving.
    sigma_u, sigma_v : float
        Their standard deviations.
    rho, k : float
        Their correlation and sqrt(1 - rho^2).
    """

    m_u: float
    m_v: float
    sigma_u: float
    sigma_v: float
    rho: float
    k: float

    @classmethod
    def of(cls, lambda0: float, mu0: float, sigma_lambda: float, sigma_mu: float, odds: float) -> NormalRates:
        """From median rates, spreads and odds = (1 + rho) / (1 - rho)."""
        root = np.sqrt(odds)
        return cls(
            float(np.log(lambda0)),
            float(np.log(mu0)),
            float(sigma_lambda),
            float(sigma_mu),
            float((odds - 1.0) / (odds + 1.0)),
            float(2.0 / (root + 1.0 / root)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class RowLaws:
    """The density of each of some rows, as u = m_u + sigma_u a and v = m_v + by_a a + by_e e.

    Parameters
    ----------
    m_u, m_v, sigma_u, by_a, by_e : arrays, shape (n,)
    """

    m_u: FloatArray
    m_v: FloatArray
    sigma_u: FloatArray
    by_a: FloatArray
    by_e: FloatArray

    @classmethod
    def of(cls, laws: Sequence[NormalRates], rows: int) -> RowLaws:
        """Each of the laws for so many rows, one after the other."""
        parameters = np.array(
            [(law.m_u, law.m_v, law.sigma_u, law.sigma_v * law.rho, law.sigma_v * law.k) for law in laws]
        )
        return cls(*np.repeat(parameters, rows, axis=0).T)

    def take(self, rows: NDArray[np.intp]) -> RowLaws:
        """Those of some of the rows."""
        return RowLaws(self.m_u[rows], self.m_v[rows], self.sigma_u[rows], self.by_a[rows], self.by_e[rows])

    def log_rates(self, a: FloatArray, e: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(u, v) at coordinates, whose last axis is the rows'."""
        return self.m_u + self.sigma_u * a, self.m_v + self.by_a * a + self.by_e * e


def derivative_polynomials(law: NormalRates) -> tuple[FloatArray, FloatArray]:
    """Coefficients of first and second derivatives of the log-density, shapes (5, 6) and (5, 5, 6)."""
    rho, k, su, sv = law.rho, law.k, law.sigma_u, law.sigma_v
    a_of = np.array([-_ONE / su, 0 * _ONE, -_A, 0 * _ONE, 0 * _ONE])
    e_of = np.array(
        [
            rho / (k * su) * _ONE,
            -_ONE / (k * sv),
            rho / k * _A,
            -rho / k * _A - _E,
            -k / 2 * _A + rho / 2 * _E,
        ]
    )
    a_second, e_second = np.zeros((5, 5, 3)), np.zeros((5, 5, 3))
    a_second[0, 2], a_second[2, 2] = _ONE / su, _A
    e_second[0, 2], e_second[0, 4] = -rho / (k * su) * _ONE, _ONE / (2 * k * su)
    e_second[1, 3], e_second[1, 4] = _ONE / (k * sv), -rho / (2 * k * sv) * _ONE
    e_second[2, 2], e_second[2, 4] = -rho / k * _A, _A / (2 * k)
    e_second[3, 3], e_second[3, 4] = rho / k * _A + _E, -(rho**2) / (2 * k) * _A - rho / 2 * _E
    e_second[4, 4] = _E / 4
    constant = np.array([0.0, 0.0, -1.0, -1.0, rho / 2])
    first = np.array([-_product(_A, a_of[i]) - _product(_E, e_of[i]) for i in range(5)])
    first[:, 0] += constant
    second = np.zeros((5, 5, 6))
    for i in range(5):
        for j in range(i, 5):
            second[i, j] = (
                -_product(a_of[i], a_of[j])
                - _product(e_of[i], e_of[j])
                - _product(_A, a_second[i, j])
                - _product(_E, e_second[i, j])
            )
            second[j, i] = second[i, j]
    second[4, 4, 0] += k**2 / 4
    return first, second


def derivatives(law: NormalRates, moments: FloatArray, order: int = 2) -> tuple[FloatArray, FloatArray]:
    """Gradient and Hessian of the logarithm of integrals with these moments, shapes (n, 5) and (n, 5, 5).

    Parameters
    ----------
    law : NormalRates
        The density.
    moments : array, shape (n, 5, 5), or (n, 3, 3) at order 1
        E a^i e^j under each integrand, used for i + j <= 2 `order`.
    order : int
        1 for the gradient alone, the Hessian being zeros.
    """
    first, second = derivative_polynomials(law)
    quadratic = np.stack([moments[:, i, j] for i, j in MONOMIALS], axis=1)
    if order < 2:
        return quadratic @ first.T, np.zeros((len(moments), 5, 5))
    products = np.stack(
        [np.stack([moments[:, i + m, j + n] for m, n in MONOMIALS], axis=1) for i, j in MONOMIALS], axis=1
    )
    covariance = products - quadratic[:, :, None] * quadratic[:, None, :]
    gradient = quadratic @ first.T
    hessian = np.einsum("ip,npq,jq->nij", first, covariance, first) + np.einsum("ijp,np->nij", second, quadratic)
    return gradient, 0.5 * (hessian + hessian.transpose(0, 2, 1))


def _product(one: FloatArray, other: FloatArray) -> FloatArray:
    """The product of two linear polynomials in (1, a, e), in the order of `MONOMIALS`."""
    table = np.outer(one, other)
    table = table + table.T
    return np.array([one[0] * other[0], table[0, 1], table[0, 2], one[1] * other[1], table[1, 2], one[2] * other[2]])
