"""Grids around each integrand's peak against one fine grid for all, at weak and strong correlations."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import pareto_nbd_abe
from keepers.numerics.likelihoods.lognormal_integral import Kind, RateIntegral
from keepers.numerics.lognormal_density import NormalRates

LAWS = [
    (0.04, 0.02, 1.0, 1.5, 1.0),
    (0.04, 0.01, 1.5, 2.5, 5.0),
    (0.1, 0.05, 0.6, 0.8, 0.1),
    (0.05, 0.01, 2.5, 3.0, 40.0),
]
X = np.array([0.0, 0.0, 1.0, 3.0, 10.0, 40.0])
T = np.array([0.0, 39.0, 5.0, 30.0, 10.0, 39.0])


def by_fine_grid(integral, row):
    places = np.linspace(-11, 11, 601)
    a, e = (plane[..., None] for plane in np.meshgrid(places, places, indexing="ij"))
    logs = integral.log_integrand(np.array([row]), a, e)
    top = logs.max()
    return top + np.log(np.exp(logs - top).sum() * (places[1] - places[0]) ** 2 / (2 * np.pi))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("theta", LAWS)
def test_integrals(theta, kind):
    law = NormalRates.of(*theta)
    integral = RateIntegral([law], X, T, kind)
    expected = np.array([by_fine_grid(integral, row) for row in range(X.size)])
    assert integral.log_value() == pytest.approx(expected, abs=1e-8)
    assert RateIntegral([law], X, T, kind, rough=True).log_value() == pytest.approx(expected, abs=2e-5)
    logs, moments = integral.moments()
    assert logs == pytest.approx(integral.log_value(), abs=1e-12)
    assert moments[:, 0, 0] == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("kind", Kind)
def test_several_laws_at_once_give_what_each_gives_alone(kind):
    laws = [NormalRates.of(*theta) for theta in LAWS]
    for rough in (False, True):
        alone = [RateIntegral([law], X, T, kind, rough).log_value() for law in laws]
        assert RateIntegral(laws, X, T, kind, rough).log_value() == pytest.approx(np.concatenate(alone), rel=1e-12)


def test_many_parameters_are_weighed_together():
    tables = CellTables.of_rows(X, 0.5 * T * (X > 0), T, np.arange(1.0, 7.0))
    thetas = np.array(LAWS * 300)
    found = pareto_nbd_abe.log_likelihood_sums(thetas, tables)
    alone = [pareto_nbd_abe.log_likelihood_sum(theta, tables, 0).value for theta in LAWS]
    assert found == pytest.approx(np.tile(alone, 300), abs=2e-5 * tables.weight.sum())


@pytest.mark.parametrize("theta", LAWS)
def test_derivatives(theta):
    found = RateIntegral([NormalRates.of(*theta)], X, T, Kind.LEAVES).table()
    for place in range(5):
        move = np.exp(1e-4 * np.eye(5)[place])
        up, down = (
            RateIntegral([NormalRates.of(*(np.array(theta) * by))], X, T, Kind.LEAVES).table()
            for by in (move, 1 / move)
        )
        assert found.gradient[:, place] == pytest.approx((up.log_value - down.log_value) / 2e-4, rel=1e-5, abs=1e-4)
        assert found.hessian[:, :, place] == pytest.approx((up.gradient - down.gradient) / 2e-4, rel=1e-5, abs=1e-4)


def test_heavy_buyers_and_long_silences():
    x = np.array([5000.0, 4000.0, 0.0, 300.0])
    t = np.array([199.0, 200.0, 5000.0, 20.0])
    for theta in LAWS:
        for kind in Kind:
            integral = RateIntegral([NormalRates.of(*theta)], x, t, kind)
            assert np.all(np.isfinite(integral.log_value()))
            for nodes in integral.nodes():
                assert nodes.weight.sum(axis=(1, 2)) == pytest.approx(1.0)
                assert np.all(np.isfinite(nodes.rate))
                assert np.all(nodes.leaving > 0)


def test_draws_follow_the_integrand():
    law, rng = NormalRates.of(0.04, 0.02, 1.2, 1.8, 3.0), np.random.default_rng(5)
    integral = RateIntegral([law], X, T, Kind.ALIVE)
    _, moments = integral.moments()
    n = 40_000
    rate, leaving = integral.draw(np.repeat(np.arange(X.size), n), rng)
    a = (np.log(rate) - law.m_u) / law.sigma_u
    e = ((np.log(leaving) - law.m_v) / law.sigma_v - law.rho * a) / law.k
    for row in range(X.size):
        part = slice(row * n, (row + 1) * n)
        for i, j in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2)):
            values = a[part] ** i * e[part] ** j
            # Draws of one row repeat where a step was refused; six errors allow for that.
            assert values.mean() == pytest.approx(moments[row, i, j], abs=6 * values.std() / np.sqrt(n))
