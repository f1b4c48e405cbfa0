"""The GGompertz/NBD likelihood against many digits, its derivatives against differences, and extreme histories."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import gamma_gompertz, ggompertz_nbd

POINTS = [
    (0.55, 10.6, 1e-4, 0.6, 1.2e-3),
    (0.8, 5.0, 0.2, 0.4, 2000.0),
    (1.0, 8.0, 0.3, 0.02, 1.5),
    (0.3, 20.0, 0.02, 300.0, 900.0),
    (10.0, 0.008, 0.5, 0.9, 0.7),
]
HISTORIES = [(0, 0, 39), (2, 30.4, 38.9), (26, 30.857, 31), (60, 10.0, 39.0), (3, 5, 300.0), (1500, 20.0, 20.5)]


def by_many_digits(theta, x, t_x, T):
    """Equation 9 of Bemmaor and Glady (2012) as it stands, with 30 digits: log-likelihood and P(alive)."""
    with mp.workdps(30):
        r, alpha, b, s, beta = (mp.mpf(value) for value in theta)

        def leaves(v):
            grown = mp.exp(b * v)
            return s * b * grown * beta**s * (beta - 1 + grown) ** (-s - 1) * (alpha + v) ** (-r - x)

        # Purchases may make the integrand fall by orders of magnitude within a hundredth of the way.
        places = [t_x + (T - t_x) * mp.mpf(i) ** 2 / 400 for i in range(21)]
        stays = (beta / (beta - 1 + mp.exp(b * T))) ** s * (alpha + T) ** (-r - x)
        both = mp.quad(leaves, places) + stays
        return float(mp.log(mp.rf(r, x) * alpha**r * both)), float(stays / both)


@pytest.mark.parametrize("theta", POINTS)
def test_likelihood_and_being_alive_are_those_of_the_paper(theta):
    for x, t_x, T in HISTORIES:
        value, alive = by_many_digits(theta, x, t_x, T)
        assert ggompertz_nbd.log_likelihood(theta, x, t_x, T)[0] == pytest.approx(value, rel=1e-11, abs=2e-11)
        assert ggompertz_nbd.probability_alive(theta, x, t_x, T)[0] == pytest.approx(alive, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def tables() -> CellTables:
    rng = np.random.default_rng(11)
    x = np.concatenate([np.zeros(4), rng.integers(1, 30, 30), [400.0]]).astype(float)
    T = np.append(np.round(rng.uniform(2, 60, 34)), 55.0)
    t_x = np.where(x > 0, np.round(T * rng.uniform(0.05, 1, 35), 1) + 0.1, 0.0)
    return CellTables.of_rows(x, np.minimum(t_x, T), T, rng.integers(1, 9, 35).astype(float))


def differences(function, u, step=1e-4):
    along = []
    for axis in np.eye(u.size) * step:
        near, far = function(u + axis) - function(u - axis), function(u + 2 * axis) - function(u - 2 * axis)
        along.append((8 * near - far) / (12 * step))
    return np.array(along)


@pytest.mark.parametrize("theta", POINTS[:4])
def test_derivatives(theta, tables):
    u = np.log(theta)
    found = ggompertz_nbd.log_likelihood_sum(theta, tables)
    gradient = differences(lambda p: ggompertz_nbd.log_likelihood_sum(np.exp(p), tables, 0).value, u)
    hessian = differences(lambda p: ggompertz_nbd.log_likelihood_sum(np.exp(p), tables, 1).gradient, u)
    size = np.abs(found.hessian).max()
    assert found.gradient == pytest.approx(gradient, abs=1e-8 * size + 1e-6)
    assert found.hessian == pytest.approx(hessian, abs=1e-8 * size + 1e-6)
    assert np.array_equal(found.hessian, found.hessian.T)
    rows = (tables.x, tables.t_x, tables.T)
    compared = differences(lambda p: ggompertz_nbd.expected_purchases(np.exp(p), *rows, 40.0), u, 1e-3).T
    assert ggompertz_nbd.expected_purchases_gradient(theta, *rows, 40.0) == pytest.approx(compared, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("theta", POINTS)
def test_remaining_lifetimes_are_of_the_same_kind(theta):
    _, _, b, s, beta = theta
    T, t = np.array([0.0, 3.0, 40.0, 400.0]), 7.0
    later = gamma_gompertz.remaining(b, beta, T)
    apart = gamma_gompertz.exposure(b, beta, T + t) - gamma_gompertz.exposure(b, beta, T)
    assert gamma_gompertz.survival(b, s, later, t) == pytest.approx(np.exp(-s * apart), rel=1e-11)
    exposed = gamma_gompertz.exposure(b, later, t)
    assert gamma_gompertz.quantile(b, later, exposed) == pytest.approx(np.full(4, t), rel=1e-10)


@pytest.mark.parametrize("theta", POINTS)
def test_heavy_buyers_and_long_silences_are_finite(theta):
    x = np.array([5000.0, 5000.0, 4000.0, 0.0, 3.0])
    t_x = np.array([199.0, 1.0, 100.0, 0.0, 50.0])
    T = np.array([200.0, 200.0, 200.0, 4000.0, 4000.0])
    found = ggompertz_nbd.forecast(theta, x, t_x, T, 52.0, 0.002, 260.0)
    for name in found.__slots__:
        values = getattr(found, name)
        assert not np.any(np.isnan(values)), name
        if name != "next_purchase":
            assert np.all(np.isfinite(values)), name
    assert np.all(np.isfinite(ggompertz_nbd.log_likelihood(theta, x, t_x, T)))
