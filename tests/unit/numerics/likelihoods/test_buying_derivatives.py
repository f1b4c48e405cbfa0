"""Exact derivatives of NBD, BG/NBD and MBG/NBD against differences of the functions themselves."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd, pareto_nbd, pareto_nbd_posterior

POINTS = {
    nbd: [(0.38, 12.0), (5.0, 0.3), (40.0, 900.0)],
    bg_nbd: [(0.24, 4.4, 0.79, 2.43), (3.0, 0.5, 1.0, 0.4), (30.0, 200.0, 15.0, 80.0)],
    mbg_nbd: [(0.52, 6.2, 0.89, 1.61), (0.05, 40.0, 4.0, 0.2), (30.0, 200.0, 15.0, 80.0)],
}
CASES = [(family, theta) for family, thetas in POINTS.items() for theta in thetas]


@pytest.fixture(scope="module")
def tables() -> CellTables:
    rng = np.random.default_rng(11)
    x = np.concatenate([np.zeros(6), rng.integers(1, 30, 60), [400.0]]).astype(float)
    T = np.append(np.round(rng.uniform(2, 60, 66)), 55.0)
    t_x = np.where(x > 0, np.round(T * rng.uniform(0.05, 1, 67), 1) + 0.1, 0.0)
    return CellTables.of_rows(x, np.minimum(t_x, T), T, rng.integers(1, 9, 67).astype(float))


def differences(function, u: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Derivatives along each coordinate, by central differences of fourth order."""
    along = []
    for axis in np.eye(u.size) * step:
        near, far = function(u + axis) - function(u - axis), function(u + 2 * axis) - function(u - 2 * axis)
        along.append((8 * near - far) / (12 * step))
    return np.array(along)


@pytest.mark.parametrize(("family", "theta"), CASES)
def test_gradient_and_hessian(family, theta, tables: CellTables) -> None:
    u = np.log(theta)
    found = family.log_likelihood_sum(np.exp(u), tables)
    gradient = differences(lambda point: family.log_likelihood_sum(np.exp(point), tables, 0).value, u)
    hessian = differences(lambda point: family.log_likelihood_sum(np.exp(point), tables, 1).gradient, u)
    size = np.abs(found.hessian).max()
    assert found.gradient == pytest.approx(gradient, abs=1e-9 * size + 1e-6)
    assert found.hessian == pytest.approx(hessian, abs=1e-9 * size)
    assert np.array_equal(found.hessian, found.hessian.T)
    assert family.log_likelihood_sum(theta, tables, 0).value == pytest.approx(found.value, rel=1e-14)
    assert family.log_likelihood_sum(theta, tables, 1).gradient == pytest.approx(found.gradient, rel=1e-13)


@pytest.mark.parametrize(("family", "theta"), CASES)
@pytest.mark.parametrize("t", [2.0, 52.0])
def test_gradient_of_expected_purchases(family, theta, t, tables: CellTables) -> None:
    rows = (tables.x, tables.t_x, tables.T)
    found = family.expected_purchases_gradient(theta, *rows, t)
    compared = differences(lambda u: family.expected_purchases(np.exp(u), *rows, t), np.log(theta), 1e-3).T
    assert found == pytest.approx(compared, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("family", [nbd, bg_nbd, mbg_nbd, pareto_nbd, pareto_nbd_posterior])
def test_many_parameters_at_once_give_what_each_gives_alone(family, tables: CellTables) -> None:
    around = np.exp(np.random.default_rng(3).normal(scale=1.5, size=(60, len(family.PARAMETERS))))
    together = family.log_likelihood_sums(around, tables)
    alone = [family.log_likelihood_sum(theta, tables, 0).value for theta in around]
    assert together == pytest.approx(alone, rel=1e-12, abs=1e-9)
    nobody_left = CellTables.of_rows([0.0, 0.0], [0.0, 0.0], [10.0, 12.0])
    alone = [family.log_likelihood_sum(theta, nobody_left, 0).value for theta in around]
    assert family.log_likelihood_sums(around, nobody_left) == pytest.approx(alone, rel=1e-12)
