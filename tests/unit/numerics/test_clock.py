"""Clocks of covariates and the likelihood in their time: derivatives, inverse, identities."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd, pareto_nbd

FAMILIES = {
    "nbd": (nbd, (0.6, 1.1)),
    "bg_nbd": (bg_nbd, (0.6, 1.1, 0.8, 2.4)),
    "mbg_nbd": (mbg_nbd, (0.6, 1.1, 0.8, 2.4)),
    "pareto_nbd": (pareto_nbd, (0.6, 1.1, 0.8, 0.7)),
}


def likelihood_of(family, rows):
    kind = LeavingLikelihood if family is pareto_nbd else ClockedLikelihood
    return kind(family, rows, paths(), 0.1)


def paths(number=3, periods=30, k=2, seed=1):
    return np.random.default_rng(seed).normal(0, 0.5, (number, periods, k))


def test_a_clock_is_the_integral_of_its_speed():
    values, gamma = paths(), np.array([0.7, -0.4])
    clock = Clock(values, 0.1, gamma)
    times, path = np.array([0.0, 0.05, 0.1, 1.234, 3.0, 3.5]), np.zeros(6, dtype=np.int64)
    fine = (np.arange(350_000) + 0.5) / 100_000
    speed = np.exp(values[0, np.minimum((fine / 0.1).astype(int), 29)] @ gamma)
    expected = [speed[fine < time].sum() / 100_000 for time in times]
    np.testing.assert_allclose(clock.at(path, times), expected, rtol=1e-4)
    np.testing.assert_allclose(clock.time_of(path, clock.at(path, times)), times, atol=1e-12)


def rows_of(family, theta, customers=200, seed=3):
    rng = np.random.default_rng(seed)
    T = rng.uniform(0.3, 2.0, customers)
    x, t_x = family.sample_new(theta, T, rng)
    d = len(theta)
    design = np.zeros((customers, d, 1))
    design[:, 1, 0] = -rng.normal(size=customers)
    return ClockedRows(
        x, t_x, T, rng.integers(1, 4, customers).astype(float), rng.uniform(0, 1, customers),
        rng.integers(0, 3, customers),
        rng.normal(size=(customers, 2)) * x[:, None], design, np.zeros((customers, d)),
    )  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_derivatives_are_those_of_the_value(name):
    family, theta = FAMILIES[name]
    likelihood = likelihood_of(family, rows_of(family, theta))
    point = np.concatenate([np.log(theta), [0.3, 0.2, -0.3]])
    here = likelihood(point, 2)
    for place in range(point.size):
        step = np.zeros(point.size)
        step[place] = 1e-5
        up, down = likelihood(point + step, 2), likelihood(point - step, 2)
        assert here.gradient[place] == pytest.approx((up.value - down.value) / 2e-5, rel=1e-6, abs=1e-5)
        np.testing.assert_allclose(here.hessian[place], (up.gradient - down.gradient) / 2e-5, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_sample_and_other_weights_stand_for_all(name):
    family, theta = FAMILIES[name]
    likelihood = likelihood_of(family, rows_of(family, theta, 3000))
    point = np.concatenate([np.log(theta), [0.1, 0.1, -0.1]])
    assert likelihood.sample(1500)(point, 0).value == pytest.approx(likelihood(point, 0).value, rel=0.06)
    twice = likelihood.reweighted(2 * likelihood.rows.weight)
    assert twice(point, 0).value == pytest.approx(2 * likelihood(point, 0).value)


@pytest.mark.parametrize("size", [1.0, 0.01])
def test_leaving_over_even_clocks_is_the_closed_form(size):
    """Scales far below a period too, where the integrand falls steeply within one."""
    rows = rows_of(pareto_nbd, FAMILIES["pareto_nbd"][1])
    theta = np.array([0.6, 1.1 * size, 0.8, 0.7 * size])
    own = np.exp(np.log(theta) + rows.design @ [0.3])
    columns = (rows.x, rows.t_x, rows.T)
    exact = [pareto_nbd.log_likelihood(one, *row)[0] for one, *row in zip(own, *(c[:, None] for c in columns))]
    found = likelihood_of(pareto_nbd, rows)(np.array([*np.log(theta), 0.3, 0.0, 0.0]), 0).value
    assert found == pytest.approx(rows.weight @ exact, rel=1e-11)
