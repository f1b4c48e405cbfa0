"""Identities of the Erlang-k families: k = 1 is buying at random, and all answers for any k hang together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from scipy.special import gammaln

from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.bg_cnbd import BGCNBD
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_cnbd import MBGCNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd
from keepers.numerics.likelihoods.beta_geometric import BetaGeometric
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric
from keepers.testing.stores import store

PARENTS = [
    (0, (0.24, 4.41, 0.79, 2.43)),
    (1, (0.52, 6.18, 1.3, 1.61)),
    (0, (3.0, 9.0, 1.0, 0.4)),
    (0, (0.3, 2, 2.5, 0.4)),
]
REGULAR = [(0, 2, (0.24, 2.2, 0.79, 2.43)), (1, 3, (0.9, 2.0, 1.3, 1.61)), (0, 8, (3.0, 1.1, 2.5, 0.4))]
X = np.array([0.0, 1.0, 3.0, 7.0, 26.0, 60.0])
T_X = np.array([0.0, 2.0, 35.0, 12.0, 30.857, 38.0])
T = np.array([38.86, 38.0, 36.0, 39.0, 31.0, 39.0])


@pytest.mark.parametrize(("chances", "theta"), PARENTS)
def test_one_stage_is_buying_at_random(chances, theta) -> None:
    family, parent = ErlangBetaGeometric(chances, 1), BetaGeometric(chances)
    row = (theta, X, T_X, T)
    close = {"rel": 1e-11, "abs": 1e-13}
    assert family.log_likelihood(*row) == pytest.approx(parent.log_likelihood(*row), **close)
    for t in (1.0, 39.0, 300.0):
        assert family.probability_alive(*row, t) == pytest.approx(parent.probability_alive(*row, t), **close)
        assert family.expected_purchases(*row, t) == pytest.approx(parent.expected_purchases(*row, t), **close)
        assert family.expected_purchases_gradient(*row, t) == pytest.approx(
            parent.expected_purchases_gradient(*row, t), rel=1e-10, abs=1e-11
        )
        for one, other in zip(family.purchase_moments(*row, t), parent.purchase_moments(*row, t), strict=True):
            assert one == pytest.approx(other, rel=1e-10)
        assert family.purchase_distribution(*row, t, 20) == pytest.approx(
            parent.purchase_distribution(*row, t, 20), **close
        )
        assert family.truncated_lifetime(*row, t) == pytest.approx(parent.truncated_lifetime(*row, t), **close)
        for end in (t, None):
            found = family.discounted_expected_purchases(*row, 0.002, end)
            assert found == pytest.approx(parent.discounted_expected_purchases(*row, 0.002, end), **close)
            assert family.discounted_expected_purchases_new(theta, 0.002, end) == pytest.approx(
                parent.discounted_expected_purchases_new(theta, 0.002, end), **close
            )
        assert family.expected_purchases_new(theta, t) == pytest.approx(
            parent.expected_purchases_new(theta, t), **close
        )
    assert family.expected_lifetime(*row) == pytest.approx(parent.expected_lifetime(*row), **close)
    assert family.median_lifetime(*row) == pytest.approx(parent.median_lifetime(*row), rel=1e-9, abs=1e-12)
    assert family.median_waiting_time(*row) == pytest.approx(parent.median_waiting_time(*row), rel=1e-10)


@pytest.mark.parametrize(("kind", "parent", "family"), [(BGCNBD, BGNBD, bg_nbd), (MBGCNBD, MBGNBD, mbg_nbd)])
def test_fits_with_one_stage_are_the_parents(kind, parent, family) -> None:
    cells = store(1500)
    one, other = kind(k=1, prior=None).fit(cells), parent(prior=None).fit(cells)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-12)
    for name, value in other.parameters_.items():
        assert one.parameters_[name] == pytest.approx(value, rel=1e-6)
    theta = tuple(other.parameters_.values())
    mine = ErlangBetaGeometric(kind.chances, 1).log_likelihood_sum(theta, cells)
    theirs = family.log_likelihood_sum(theta, cells)
    assert mine.value == pytest.approx(theirs.value, rel=1e-13)
    assert mine.gradient == pytest.approx(theirs.gradient, rel=1e-9, abs=1e-8)
    assert mine.hessian == pytest.approx(theirs.hessian, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize(("chances", "k", "theta"), REGULAR)
def test_the_distribution_has_the_moments(chances, k, theta) -> None:
    """The distribution sums over stages, the moments over roots of unity: they share no formula."""
    family, counts = ErlangBetaGeometric(chances, k), np.arange(900)
    for t in (1.0, 39.0, 150.0):
        found = family.purchase_distribution(theta, X, T_X, T, t, counts[-1])
        none, mean, variance = family.purchase_moments(theta, X, T_X, T, t)
        assert found.sum(axis=1) == pytest.approx(1, abs=1e-9)
        assert found[:, 0] == pytest.approx(none, abs=1e-13)
        assert found @ counts == pytest.approx(mean, rel=1e-9)
        assert found @ counts**2 - mean**2 == pytest.approx(variance, rel=1e-8)


@pytest.mark.parametrize(("chances", "k", "theta"), REGULAR)
def test_likelihoods_of_all_histories_sum_to_one(chances, k, theta) -> None:
    """Averaged over unknown gaps, the likelihood integrates over times of x purchases to the distribution of x."""
    family, t = ErlangBetaGeometric(chances, k), 26.0
    wanted = family.purchase_distribution_new(theta, t, 4)
    assert np.exp(family.log_likelihood(theta, 0, 0, t)[0]) == pytest.approx(wanted[0], rel=1e-12)
    for x in (1, 2, 4):

        def density(last, x=x):
            others = last ** (x - 1) / float(np.prod(np.arange(1, x)))
            return float(np.exp(family.log_likelihood(theta, x, last, t)[0])) * others

        assert integrate.quad(density, 0, t, epsabs=1e-12, limit=200)[0] == pytest.approx(wanted[x], rel=1e-8)


@pytest.mark.parametrize(("chances", "k", "theta"), REGULAR)
def test_expected_purchases_add_up_over_the_future(chances, k, theta) -> None:
    """What a new customer is expected to buy between 15 and 40 is what each history to 15 leads one to expect."""
    family = ErlangBetaGeometric(chances, k)
    places, weights = np.polynomial.legendre.leggauss(40)
    last = 7.5 * (places + 1)
    total = np.exp(family.log_likelihood(theta, 0, 0, 15.0)) @ family.expected_purchases(theta, 0, 0, 15.0, 25.0)
    for x in range(1, 61):
        others = (x - 1) * np.log(last) - gammaln(x)
        likelihood = np.exp(family.log_likelihood(theta, x, last, 15.0) + others)
        total += 7.5 * weights @ (likelihood * family.expected_purchases(theta, x, last, 15.0, 25.0))
    expected = family.expected_purchases_new(theta, 40.0) - family.expected_purchases_new(theta, 15.0)
    assert total == pytest.approx(expected, rel=2e-5)


def test_known_gaps_average_to_unknown_ones() -> None:
    """The mean over Dirichlet gaps of the likelihood relative to that of random gaps is the averaged constant."""
    family, rng = ErlangBetaGeometric(0, 3), np.random.default_rng(4)
    x, t_x, draws = 3.0, 12.0, 200_000
    theta = (0.5, 2.0, 0.8, 2.4)
    # Given x and t_x, times of purchases at random are even: their gaps are Dirichlet(1, ..., 1).
    gaps = t_x * rng.dirichlet(np.ones(3), draws)
    logs = np.log(gaps).sum(axis=1)
    one = np.ones(draws)
    tables = [CellTables(x * one[:1], t_x * one[:1], 20 * one[:1], one[:1], logs[i : i + 1]) for i in (0, 1)]
    known = [family.log_likelihood_sum(theta, table, 0).value for table in tables]
    assert known[0] - known[1] == pytest.approx(2 * (logs[0] - logs[1]), rel=1e-9)
    mean = np.mean(np.exp(2 * (logs - logs[0])))
    averaged = family.log_likelihood(theta, x, t_x, 20.0)[0]
    assert known[0] + np.log(mean) == pytest.approx(averaged, abs=0.02)


def test_the_unit_of_time_does_not_matter() -> None:
    cells = store(1500)
    one, other = BGCNBD().fit(cells), BGCNBD().fit(cells.in_unit(TimeUnit.DAY))
    assert one.k_ == other.k_
    assert other.parameters_["alpha"] == pytest.approx(7 * one.parameters_["alpha"], rel=1e-6)
    assert other.expected_purchases(cells, weeks(9)) == pytest.approx(one.expected_purchases(cells, weeks(9)), rel=1e-6)
