"""Likelihoods of spend: gradients and Hessians are those of the value, and totals are what sampling gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import (
    beta_binomial,
    correlated_gamma_gamma,
    drifting_gamma_gamma,
    gamma_gamma,
    signed_spend,
)

RNG = np.random.default_rng(5)
KIND, OTHER = RNG.integers(0, 8, 60) * 1.0, RNG.integers(0, 3, 60) * 1.0
CUSTOMER = np.repeat(np.arange(80), RNG.integers(1, 12, 80))
PANEL = drifting_gamma_gamma.OrderPanel.of_orders(
    CUSTOMER, RNG.random(CUSTOMER.size) * 3, RNG.gamma(4, 10, CUSTOMER.size)
)
X, M = RNG.integers(1, 12, 90) * 1.0, RNG.gamma(4, 10, 90)
RATED = correlated_gamma_gamma.RatedSpend(X, M, X + 0.6, RNG.normal(0, 0.5, 90), RNG.random(90) + 0.5)
NODES = correlated_gamma_gamma.RateNodes.of(RATED.shape, RATED.log_exposure)


def _chance(point: np.ndarray, order: int = 2) -> Evaluation:
    return beta_binomial.log_likelihood_sum(np.exp(point), KIND, OTHER, np.ones(60), order)


def _drifting(point: np.ndarray, order: int = 2) -> Evaluation:
    return drifting_gamma_gamma.log_likelihood_sum(np.exp(point), PANEL, order)


def _rated(point: np.ndarray, order: int = 2) -> Evaluation:
    return correlated_gamma_gamma.log_likelihood_sum(np.exp(point), RATED, NODES, order)


@pytest.mark.parametrize(
    ("likelihood", "theta"),
    [(_chance, (3.0, 0.4)), (_drifting, (4.0, 3.0, 15.0, 1.2, 0.3)), (_rated, (4.0, 3.0, 15.0, 1.4))],
)
def test_derivatives_are_exact(likelihood: Callable[..., Evaluation], theta: tuple[float, ...]) -> None:
    point = np.log(theta)
    found = likelihood(point)
    assert likelihood(point, 0).value == found.value
    for place in range(point.size):
        step = np.zeros(point.size)
        step[place] = 1e-5
        more, less = likelihood(point + step), likelihood(point - step)
        assert (more.value - less.value) / 2e-5 == pytest.approx(found.gradient[place], rel=1e-6, abs=1e-5)
        assert (more.gradient - less.gradient) / 2e-5 == pytest.approx(found.hessian[place], rel=1e-6, abs=1e-4)


def test_effective_orders_tend_to_orders() -> None:
    x = np.array([0.0, 1.0, 5.0, 5000.0])
    assert drifting_gamma_gamma.effective_orders(0.0, x) == pytest.approx(x)
    assert drifting_gamma_gamma.effective_orders(1e-9, x) == pytest.approx(x, rel=1e-5)
    assert drifting_gamma_gamma.effective_orders(0.5, x) == pytest.approx(
        [np.exp(-0.5 * np.arange(int(count))).sum() for count in x]
    )


def test_heavy_buyers_have_a_finite_likelihood() -> None:
    rng = np.random.default_rng(1)
    panel = drifting_gamma_gamma.OrderPanel.of_orders(
        np.zeros(5000, dtype=int), rng.random(5000), rng.gamma(4, 10, 5000)
    )
    assert drifting_gamma_gamma.log_likelihood_sum((4.0, 3.0, 15.0, 1.1, 0.01), panel).finite
    one = np.array([5000.0])
    rows = correlated_gamma_gamma.RatedSpend(one, np.array([40.0]), one, np.array([3.0]), np.ones(1))
    nodes = correlated_gamma_gamma.RateNodes.of(rows.shape, rows.log_exposure)
    assert correlated_gamma_gamma.log_likelihood_sum((4.0, 3.0, 15.0, 1.4), rows, nodes).finite


@pytest.mark.parametrize("history", [(0, 0, 0, 0, 0), (3, 90, 0, 0, 0), (2, 70, 2, 40, 0), (10, 300, 1, 5, 1)])
@pytest.mark.parametrize("orders", [1, 4])
def test_totals_of_gains_and_losses_are_those_of_draws(history: tuple[float, ...], orders: int) -> None:
    theta, draws = (5.0, 6.0, 60.0, 8.0, 1.0, 3.0, 6.0, 40.0), 40_000
    many = signed_spend.SignedHistory(*(np.full(draws, float(value)) for value in history))
    one = signed_spend.SignedHistory(*(np.array([float(value)]) for value in history))
    drawn = signed_spend.sample(theta, 0.2, many, np.full(draws, float(orders)), np.random.default_rng(2))
    total = signed_spend.total(signed_spend.moments(theta, 0.2, one), np.array([float(orders)]), np.zeros(1))
    error = drawn.std() / np.sqrt(draws)
    assert drawn.mean() == pytest.approx(total.mean[0], abs=5 * error)
    assert drawn.std() == pytest.approx(total.deviation[0], rel=0.04)
    inside = (drawn >= signed_spend.quantile(total, 0.1)[0]) & (drawn <= signed_spend.quantile(total, 0.9)[0])
    assert 0.76 <= inside.mean() <= 0.90
    for level in (0.02, 0.3, 0.9):
        assert signed_spend.probability(total, signed_spend.quantile(total, level))[0] == pytest.approx(level)


def test_expected_money_by_expected_purchases_is_the_integral() -> None:
    theta, x, m = (4.0, 3.0, 15.0, 1.5), np.array([0.0, 2.0]), np.array([0.0, 30.0])
    form, exposure, pull = np.array([0.7, 2.7]), np.array([0.4, 1.0]), np.array([1.0, 0.6])
    found = correlated_gamma_gamma.expected_spend(theta, x, m, form, exposure, pull)
    rng, k = np.random.default_rng(3), np.log(1.5)
    for row in range(2):
        rate = rng.gamma(form[row], np.exp(-exposure[row]), 1_000_000)
        gamma = 15.0 * rate**k
        density = np.ones(rate.size)
        if x[row]:
            s = x[row] * m[row]
            density = gamma**3.0 / (gamma + s) ** (4.0 * x[row] + 3.0)
        mean = 4.0 * (gamma + x[row] * m[row]) / (4.0 * x[row] + 2.0)
        exact = np.average(mean * rate ** pull[row], weights=density) / np.mean(rate ** pull[row])
        assert found[row] == pytest.approx(exact, rel=0.01)
    plain = correlated_gamma_gamma.expected_spend((4.0, 3.0, 15.0, 1.0), x, m, form, exposure, np.zeros(2))
    assert plain == pytest.approx(gamma_gamma.expected_mean_spend((4.0, 3.0, 15.0), x, m), rel=1e-12)
