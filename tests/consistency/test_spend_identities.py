"""Further models of spend are Gamma-Gamma where nothing drifts or is lost, and spend does not go with the rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.signed_spend import SignedSpend
from keepers.numerics.likelihoods import correlated_gamma_gamma, drifting_gamma_gamma, gamma_gamma, signed_spend
from keepers.numerics.likelihoods.correlated_traits import BetaTrait, GammaTrait, TraitNodes, TraitPart
from keepers.summaries.summary import Summary, summarise
from shop import shop_orders

THETA = (4.0, 3.0, 15.0)


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise(shop_orders(1200, seed=6))


@pytest.mark.parametrize("include_first", [False, True])
def test_estimators_are_gamma_gamma(summary: Summary, include_first: bool) -> None:
    plain = GammaGamma(include_first).fit(summary)
    expected = plain.expected_spend(summary).to_numpy()["expected_spend"]
    others = (
        DriftingGammaGamma("none", include_first).fit(summary),
        SignedSpend(include_first).fit(summary),
        CorrelatedSpend("none", include_first).fit(summary, ParetoNBD().fit(summary)),
    )
    for other in others:
        found = other.expected_spend(summary).to_numpy()["expected_spend"]
        assert found == pytest.approx(expected, rel=1e-10)
        assert other.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-12)
        assert other.outcome_ is plain.outcome_


def test_without_elasticity_the_likelihood_is_that_of_gamma_gamma() -> None:
    rng = np.random.default_rng(1)
    x, m = rng.integers(1, 40, 200) * 1.0, rng.gamma(4, 10, 200)
    rows = correlated_gamma_gamma.RatedSpend(x, m, np.ones(200))
    rate = GammaTrait(x + 0.5, rng.normal(size=200))
    alive, share = BetaTrait(np.full(200, 0.7), x + 2.0, np.zeros(200)), rng.random(200)
    parts = (TraitPart(share, rate, alive, True), TraitPart(1.0 - share, rate, alive, False))
    for nodes in (TraitNodes.of_rate(rate), TraitNodes.of(parts)):
        found = correlated_gamma_gamma.log_likelihood((*THETA, 1.0, 1.0), rows, nodes)
        assert found == pytest.approx(gamma_gamma.log_likelihood(THETA, x, m), abs=1e-10)


def test_without_drift_the_likelihood_is_that_of_gamma_gamma_and_of_shares_of_the_total() -> None:
    rng = np.random.default_rng(2)
    customer = np.repeat(np.arange(60), rng.integers(1, 9, 60))
    value = rng.gamma(4, 10, customer.size)
    panel = drifting_gamma_gamma.OrderPanel.of_orders(customer, rng.random(customer.size), value)
    count, total = np.bincount(customer) * 1.0, np.bincount(customer, value)
    p = THETA[0]
    # The density of the mean, turned to one of the total, times Dirichlet's of the shares, turned to one of the orders.
    means = gamma_gamma.log_likelihood(THETA, count, total / count) - np.log(count)
    shares = gammaln(p * count) - count * gammaln(p) + (p - 1) * np.bincount(customer, np.log(value))
    shares -= (p * count - 1) * np.log(total)
    found = drifting_gamma_gamma.log_likelihood_sum((*THETA, 1.0, 0.0), panel, 0).value
    assert found == pytest.approx(float((means + shares).sum()), rel=1e-12)


def test_without_losses_moments_are_those_of_gamma_gamma() -> None:
    x, m = np.array([0.0, 3.0, 8.0]), np.array([0.0, 30.0, 12.0])
    zero = np.zeros(3)
    known = signed_spend.moments(
        (*THETA, 8.0, 1.0, 3.0, 4.0, 20.0), 0.0, signed_spend.SignedHistory(x, x * m, *[zero] * 3), True
    )
    plain = gamma_gamma.spend_predictive(THETA, x, m)
    assert known.mean == pytest.approx(plain.mean, rel=1e-12)
    assert known.between == pytest.approx(plain.variance, rel=1e-12)
    assert known.within + known.between == pytest.approx(plain.order_variance, rel=1e-12)
