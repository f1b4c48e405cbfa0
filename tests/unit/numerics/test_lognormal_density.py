"""Derivatives of the bivariate normal of log rates against differences of its density."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from keepers.numerics.lognormal_density import MONOMIALS, NormalRates, derivative_polynomials

THETAS = [(0.04, 0.02, 1.2, 1.8, 3.0), (2.0, 0.3, 0.4, 2.5, 0.1)]


def log_density(point, u, v):
    law = NormalRates.of(*np.exp(point))
    mixed = law.rho * law.sigma_u * law.sigma_v
    normal = multivariate_normal([law.m_u, law.m_v], [[law.sigma_u**2, mixed], [mixed, law.sigma_v**2]])
    return normal.logpdf([u, v])


@pytest.mark.parametrize("theta", THETAS)
def test_polynomials_are_the_derivatives(theta):
    law, point, step = NormalRates.of(*theta), np.log(theta), 1e-4
    first, second = derivative_polynomials(law)
    for a, e in ((0.3, -0.7), (-1.5, 1.1)):
        u = law.m_u + law.sigma_u * a
        v = law.m_v + law.sigma_v * (law.rho * a + law.k * e)
        monomials = np.array([a**i * e**j for i, j in MONOMIALS])

        def at(*moves, u=u, v=v):
            return log_density(point + sum(moves), u, v)

        axes = np.eye(5) * step
        gradient = [(at(axis) - at(-axis)) / (2 * step) for axis in axes]
        assert first @ monomials == pytest.approx(gradient, rel=1e-5, abs=1e-6)
        hessian = [
            [(at(one, other) - at(one, -other) - at(-one, other) + at(-one, -other)) / (4 * step**2) for other in axes]
            for one in axes
        ]
        assert second @ monomials == pytest.approx(np.array(hessian), rel=1e-4, abs=1e-5)


def test_odds_are_a_correlation():
    law = NormalRates.of(1.0, 1.0, 1.0, 1.0, 3.0)
    assert law.rho == pytest.approx(0.5)
    assert law.k == pytest.approx(np.sqrt(0.75))
    close = NormalRates.of(1.0, 1.0, 1.0, 1.0, 1.6e5)
    assert close.k == pytest.approx(np.sqrt((1 - close.rho) * (1 + close.rho)), rel=1e-9)
