"""Clocks of covariates and the likelihood in their time: derivatives, inverse, identities, sums by brute force."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.numerics.clock import Clock
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_likelihood import ClockedLikelihood
from keepers.numerics.clocked_stages import StagedLikelihood
from keepers.numerics.likelihoods import bg_nbd, ggompertz_nbd, mbg_nbd, nbd, pareto_nbd
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric
from on_paths import LENGTH, gamma_nodes, integral, on_a_path, paths, rows_of

FAMILIES = {
    "nbd": (nbd, (0.6, 1.1)),
    "bg_nbd": (bg_nbd, (0.6, 1.1, 0.8, 2.4)),
    "mbg_nbd": (mbg_nbd, (0.6, 1.1, 0.8, 2.4)),
    "pareto_nbd": (pareto_nbd, (0.6, 1.1, 0.8, 0.7)),
    "ggompertz_nbd": (ggompertz_nbd, (0.6, 1.1, 1.3, 0.8, 0.7)),
    "bg_cnbd": (ErlangBetaGeometric(0, 3), (0.6, 0.3, 0.8, 2.4)),
    "mbg_cnbd": (ErlangBetaGeometric(1, 2), (0.6, 0.5, 0.8, 2.4)),
}
LEAVING = {"pareto_nbd", "ggompertz_nbd"}


def likelihood_of(name, rows, leaving=None):
    family = FAMILIES[name][0]
    if name in LEAVING:
        return LeavingLikelihood(family, rows, paths(), LENGTH, paths(k=0) if leaving is None else leaving)
    kind = StagedLikelihood if name.endswith("cnbd") else ClockedLikelihood
    return kind(family, rows, paths(), LENGTH)


def test_a_clock_is_the_integral_of_its_speed():
    values, gamma = paths(), np.array([0.7, -0.4])
    clock = Clock(values, 0.1, gamma)
    times, path = np.array([0.0, 0.05, 0.1, 1.234, 3.0, 3.5]), np.zeros(6, dtype=np.int64)
    fine = (np.arange(350_000) + 0.5) / 100_000
    speed = np.exp(values[0, np.minimum((fine / 0.1).astype(int), 29)] @ gamma)
    expected = [speed[fine < time].sum() / 100_000 for time in times]
    np.testing.assert_allclose(clock.at(path, times), expected, rtol=1e-4)
    np.testing.assert_allclose(clock.time_of(path, clock.at(path, times)), times, atol=1e-12)


def assert_derivatives(likelihood, point):
    here = likelihood(point, 2)
    for place in range(point.size):
        step = np.zeros(point.size)
        step[place] = 1e-5
        up, down = likelihood(point + step, 2), likelihood(point - step, 2)
        assert here.gradient[place] == pytest.approx((up.value - down.value) / 2e-5, rel=1e-6, abs=1e-5)
        np.testing.assert_allclose(here.hessian[place], (up.gradient - down.gradient) / 2e-5, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_derivatives_are_those_of_the_value(name):
    family, theta = FAMILIES[name]
    point = np.concatenate([np.log(theta), [0.3, 0.2, -0.3]])
    assert_derivatives(likelihood_of(name, rows_of(family, theta)), point)


@pytest.mark.parametrize("name", sorted(LEAVING))
def test_derivatives_in_what_moves_leaving(name):
    family, theta = FAMILIES[name]
    rows = rows_of(family, theta, 80)
    point = np.concatenate([np.log(theta), [0.3, 0.2, -0.3], [0.2, 0.1, -0.4]])
    assert_derivatives(likelihood_of(name, rows, paths(k=3, seed=4)), point)
    # No covariates of buying, only of leaving.
    alone = LeavingLikelihood(family, replace(rows, seen=np.zeros((80, 0))), paths(k=0), LENGTH, paths(k=3, seed=4))
    assert_derivatives(alone, np.concatenate([np.log(theta), [0.3], [0.2, 0.1, -0.4]]))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_sample_and_other_weights_stand_for_all(name):
    family, theta = FAMILIES[name]
    likelihood = likelihood_of(name, rows_of(family, theta, 3000))
    point = np.concatenate([np.log(theta), [0.1, 0.1, -0.1]])
    assert likelihood.sample(1500)(point, 0).value == pytest.approx(likelihood(point, 0).value, rel=0.06)
    twice = likelihood.reweighted(2 * likelihood.rows.weight)
    assert twice(point, 0).value == pytest.approx(2 * likelihood(point, 0).value)


@pytest.mark.parametrize("size", [1.0, 0.01])
@pytest.mark.parametrize("name", sorted(LEAVING))
def test_leaving_over_even_clocks_is_the_closed_form(name, size):
    """Scales far below a period too, where the integrand falls steeply within one."""
    family, theta = FAMILIES[name]
    rows, powers = rows_of(family, theta), np.array([family.TIME_POWERS[one] for one in family.PARAMETERS])
    theta = np.array(theta) * size**powers
    own = np.exp(np.log(theta) + rows.design @ [0.3])
    columns = (rows.x, rows.t_x, rows.T)
    exact = [family.log_likelihood(one, *row)[0] for one, *row in zip(own, *(c[:, None] for c in columns))]
    found = likelihood_of(name, rows)(np.array([*np.log(theta), 0.3, 0.0, 0.0]), 0).value
    assert found == pytest.approx(rows.weight @ exact, rel=1e-11)


@pytest.mark.parametrize("name", sorted(LEAVING))
def test_a_constant_covariate_of_leaving_is_one_of_the_customer(name):
    """It divides beta by exp(gamma z), in each row its own."""
    family, theta = FAMILIES[name]
    rows = rows_of(family, theta, 100)
    z = np.array([0.4, -1.0, 0.7])
    flat = np.repeat(z[:, None, None], 30, axis=1)
    found = likelihood_of(name, rows, flat)(np.array([*np.log(theta), 0.0, 0.0, 0.0, 0.6]), 0).value
    own = np.tile(theta, (100, 1))
    own[:, -1] *= np.exp(-0.6 * z[rows.path])
    columns = (rows.x, rows.t_x, rows.T)
    exact = [family.log_likelihood(one, *row)[0] for one, *row in zip(own, *(c[:, None] for c in columns))]
    assert found == pytest.approx(rows.weight @ exact, rel=1e-11)


@pytest.mark.parametrize("name", sorted(LEAVING))
def test_leaving_is_the_mixture_over_rates_by_brute_force(name):
    """Rates of buying and leaving, and the moment of leaving, summed over fine grids; no formula of the mixture."""
    family, theta = FAMILIES[name]
    rows, values, leaving = rows_of(family, theta, 8), paths(), paths(k=3, seed=4)
    gamma, delta = np.array([0.5, -0.6]), np.array([0.4, 0.5, -0.9])
    r, alpha, s, beta = theta[0], theta[1], theta[-2], theta[-1]
    growth = theta[2] if name == "ggompertz_nbd" else None
    point = np.array([*np.log(theta), 0.0, *gamma, *delta])
    assert (rows.x > 0).any()
    for row in range(8):
        one = replace(rows.take(np.array([row])), weight=np.ones(1))
        x, t_x, T, start, path = (float(np.ravel(c)[0]) for c in (one.x, one.t_x, one.T, one.start, one.path))
        between = on_a_path(np.concatenate([values, leaving], axis=2)[int(path)], start)

        def speed(_, z):
            return np.exp(z[:, :2] @ gamma)

        def pace(age, z):
            return np.exp(z[:, 2:] @ delta) * (1.0 if growth is None else growth * np.exp(growth * age))

        rate, rate_weight = gamma_nodes(r, alpha)
        level, level_weight = gamma_nodes(s, beta)
        age, weight, z = between(t_x, T)
        moments = np.append(age, T)
        bought = np.array([integral(between, speed, 0.0, moment) for moment in moments])
        risked = np.array([integral(between, pace, 0.0, moment) for moment in moments])
        of_rate = np.array([rate_weight @ (rate**x * np.exp(-rate * A)) for A in bought])
        of_level = np.array([level_weight @ (level * np.exp(-level * R)) for R in risked])
        stays = float(level_weight @ np.exp(-level * risked[-1])) * of_rate[-1]
        leaves = (weight * pace(age, z)) @ (of_rate * of_level)[:-1]
        expected = np.log(stays + leaves) + float(one.seen[0] @ gamma)
        found = likelihood_of(name, one, leaving)(point, 0).value
        assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", ["bg_cnbd", "mbg_cnbd"])
def test_regular_buying_is_the_mixture_by_brute_force(name):
    """Rates and chances to leave summed over fine grids: every gap Erlang in the clock's time."""
    family, theta = FAMILIES[name]
    rows, values, gamma = rows_of(family, theta, 60), paths(), np.array([0.5, -0.6])
    rows = rows.take(np.argsort(rows.x)[::-9])
    r, alpha, a, b = theta
    k, point = family.k, np.array([*np.log(theta), 0.0, *gamma])
    node, node_weight = np.polynomial.legendre.leggauss(200)
    # p = 1 - (1 - u^4)^4 evens out both ends of the beta density.
    u = 0.5 * (node + 1.0)
    p = -np.expm1(4 * np.log1p(-(u**4)))
    log_chance = (a - 1) * np.log(p) + (b - 1) * 4 * np.log1p(-(u**4)) + gammaln(a + b) - gammaln(a) - gammaln(b)
    chance = 0.5 * node_weight * np.exp(log_chance) * 16 * (1.0 - u**4) ** 3 * u**3
    assert chance.sum() == pytest.approx(1.0, abs=1e-10)
    assert rows.x.min() == 0
    assert rows.x.max() > 1
    for row in range(rows.size):
        one = replace(rows.take(np.array([row])), weight=np.ones(1))
        x, start, path, T = int(one.x[0]), float(one.start[0]), int(one.path[0]), float(one.T[0])
        between = on_a_path(values[path], start)
        ages = np.concatenate([[0.0], one.bought.age, [T]])
        gaps = [integral(between, lambda _, z: np.exp(z @ gamma), *pair) for pair in itertools.pairwise(ages)]
        rate, rate_weight = gamma_nodes(r, alpha)
        bought = np.ones(rate.size)
        for gap in gaps[:-1]:
            bought *= rate**k * gap ** (k - 1) * np.exp(-rate * gap) / np.exp(gammaln(k))
        done = rate * gaps[-1]
        idle = np.exp(-done) * sum(done**j / np.exp(gammaln(j + 1)) for j in range(k))
        coins = x + family.chances
        stays = float(chance @ (1 - p) ** coins) * float(rate_weight @ (bought * idle))
        leaves = float(chance @ (p * (1 - p) ** (coins - 1))) * float(rate_weight @ bought) if coins else 0.0
        expected = np.log(stays + leaves) + float(one.seen[0] @ gamma)
        found = likelihood_of(name, one)(point, 0).value
        assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", ["bg_cnbd", "mbg_cnbd"])
def test_regular_buying_in_an_even_clock_is_the_closed_form(name):
    family, theta = FAMILIES[name]
    rows = rows_of(family, theta)
    first = np.concatenate([[True], rows.bought.owner[1:] != rows.bought.owner[:-1]])
    ago = np.where(first, 0.0, np.concatenate([[0.0], rows.bought.age[:-1]]))
    log_gaps = np.bincount(rows.bought.owner, np.log(rows.bought.age - ago), rows.size)
    cells = Cells(rows.x, rows.t_x, rows.T, rows.weight, TimeUnit.WEEK, rows.weight * log_gaps)
    found = likelihood_of(name, rows)(np.array([*np.log(theta), 0.0, 0.0, 0.0]), 0).value
    assert found == pytest.approx(family.log_likelihood_sum(theta, cells, 0).value, rel=1e-12)
