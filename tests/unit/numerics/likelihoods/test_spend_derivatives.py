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
    timed_gamma_gamma,
)
from keepers.numerics.likelihoods.correlated_traits import BetaTrait, GammaTrait, TraitNodes, TraitPart, purchases_ahead
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift

RNG = np.random.default_rng(5)
KIND, OTHER = RNG.integers(0, 8, 60) * 1.0, RNG.integers(0, 3, 60) * 1.0
CUSTOMER = np.repeat(np.arange(80), RNG.integers(1, 12, 80))
PANEL = drifting_gamma_gamma.OrderPanel.of_orders(
    CUSTOMER, RNG.random(CUSTOMER.size) * 3, RNG.gamma(4, 10, CUSTOMER.size)
)
X, M = RNG.integers(1, 12, 90) * 1.0, RNG.gamma(4, 10, 90)
RATED = correlated_gamma_gamma.RatedSpend(X, M, RNG.random(90) + 0.5)
RATE, SHARE = GammaTrait(X + 0.6, RNG.normal(0, 0.5, 90)), RNG.random(90)
NODES = TraitNodes.of_rate(RATE)
JOINT = TraitNodes.of(
    (
        TraitPart(SHARE, RATE, BetaTrait(np.full(90, 0.8), X + 2.0, np.full(90, -1.5)), True),
        TraitPart(1.0 - SHARE, RATE, GammaTrait(np.full(90, 1.8), RNG.normal(0, 0.5, 90)), False),
    ),
    (6, 8),
)
TWO = (RNG.normal(0, 0.5, (4, 2)), np.array([0.0, 0.1, -0.2, 0.3]))


def _shift(rows: int) -> ScaleShift:
    return ScaleShift(np.arange(rows) % 4, *TWO)


def _natural(point: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([np.exp(point[:size]), point[size:]])


def _chance(point: np.ndarray, order: int = 2) -> Evaluation:
    return beta_binomial.log_likelihood_sum(np.exp(point), KIND, OTHER, np.ones(60), order)


def _drifting(point: np.ndarray, order: int = 2) -> Evaluation:
    return drifting_gamma_gamma.log_likelihood_sum(np.exp(point), PANEL, order)


def _rated(point: np.ndarray, order: int = 2) -> Evaluation:
    return correlated_gamma_gamma.log_likelihood_sum(np.exp(point), RATED, NODES, order)


def _joint(point: np.ndarray, order: int = 2) -> Evaluation:
    return correlated_gamma_gamma.log_likelihood_sum(np.exp(point), RATED, JOINT, order)


def _moved_chance(point: np.ndarray, order: int = 2) -> Evaluation:
    theta = _natural(point, 2)
    return beta_binomial.log_likelihood_sum(theta, KIND, OTHER, np.arange(60) + 1.0, order, _shift(60))


def _moved_drifting(point: np.ndarray, order: int = 2) -> Evaluation:
    # A pattern is the customer's, so it goes by place within each block.
    place = np.concatenate([np.arange(size) for size in np.diff(PANEL.starts)]) % 4
    return drifting_gamma_gamma.log_likelihood_sum(_natural(point, 5), PANEL, order, ScaleShift(place, *TWO))


def _moved_joint(point: np.ndarray, order: int = 2) -> Evaluation:
    return correlated_gamma_gamma.log_likelihood_sum(_natural(point, 5), RATED, JOINT, order, _shift(90))


WEEKS = RNG.integers(1, 6, 50)
Z, AMOUNT = RNG.normal(size=(WEEKS.sum(), 2)), RNG.gamma(4, 10, WEEKS.sum())
FIRST = np.concatenate([[0], np.cumsum(WEEKS)[:-1]])
TIMED = timed_gamma_gamma.TimedOrders(
    AMOUNT, Z, FIRST, WEEKS * 1.0, np.add.reduceat(np.log(AMOUNT), FIRST), np.add.reduceat(Z, FIRST, axis=0),
    RNG.random(50) + 0.5,
)  # fmt: skip


def _timed(point: np.ndarray, order: int = 2) -> Evaluation:
    """Of three kinds of customers with one coefficient, and two covariates of time."""
    design = (np.arange(50) % 3 - 1.0)[:, None]
    return timed_gamma_gamma.log_likelihood_sum(_natural(point, 3), TIMED, design, np.full(50, 0.1), order)


@pytest.mark.parametrize(
    ("likelihood", "theta", "coefficients"),
    [
        (_chance, (3.0, 0.4), ()),
        (_drifting, (4.0, 3.0, 15.0, 1.2, 0.3), ()),
        (_rated, (4.0, 3.0, 15.0, 1.4, 1.0), ()),
        (_joint, (4.0, 3.0, 15.0, 1.4, 0.8), ()),
        (_moved_chance, (3.0, 0.4), (0.4, -0.3)),
        (_moved_drifting, (4.0, 3.0, 15.0, 1.2, 0.3), (0.4, -0.3)),
        (_moved_joint, (4.0, 3.0, 15.0, 1.4, 0.8), (0.4, -0.3)),
        (_timed, (4.0, 3.0, 15.0), (0.3, 0.2, -0.4)),
    ],
)
def test_derivatives_are_exact(
    likelihood: Callable[..., Evaluation], theta: tuple[float, ...], coefficients: tuple[float, ...]
) -> None:
    point = np.concatenate([np.log(theta), coefficients])
    found = likelihood(point)
    assert likelihood(point, 0).value == pytest.approx(found.value, rel=1e-13)
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
    rows = correlated_gamma_gamma.RatedSpend(one, np.array([40.0]), np.ones(1))
    rate = GammaTrait(one, np.array([3.0]))
    stays = (TraitPart(np.ones(1), rate, BetaTrait(np.array([0.7]), one + 2.0, np.zeros(1)), True),)
    for nodes in (TraitNodes.of_rate(rate), TraitNodes.of(stays)):
        assert correlated_gamma_gamma.log_likelihood_sum((4.0, 3.0, 15.0, 1.4, 0.7), rows, nodes).finite


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
    theta, x, m = (4.0, 3.0, 15.0, 1.5, 1.0), np.array([0.0, 2.0]), np.array([0.0, 30.0])
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
    plain = correlated_gamma_gamma.expected_spend((4.0, 3.0, 15.0, 1.0, 1.0), x, m, form, exposure, np.zeros(2))
    assert plain == pytest.approx(gamma_gamma.expected_mean_spend((4.0, 3.0, 15.0), x, m), rel=1e-12)


@pytest.mark.parametrize("leaves", ["with time", "after orders"])
def test_expected_money_where_spend_goes_with_leaving_is_the_integral(leaves: str) -> None:
    """Against draws of rate and risk given the history, weighted by the density of the orders so far."""
    theta, x, m, alive = (4.0, 3.0, 15.0, 1.4, 0.7), np.array([0.0, 2.0]), np.array([0.0, 30.0]), np.array([0.6, 0.7])
    rate = GammaTrait(np.array([0.7, 2.7]), np.array([0.4, 1.0]))
    gone = GammaTrait(rate.shape, rate.log_exposure - 0.5)
    stays, went = (
        (GammaTrait(np.full(2, 0.8), np.full(2, 0.7)), GammaTrait(np.full(2, 1.8), np.full(2, 0.3)))
        if leaves == "with time"
        else (BetaTrait(np.full(2, 0.8), x + 2.5, np.zeros(2)), BetaTrait(np.full(2, 1.8), x + 1.5, np.zeros(2)))
    )
    nodes = TraitNodes.of((TraitPart(alive, rate, stays, True), TraitPart(1.0 - alive, gone, went, False)), (24, 24))
    ahead = purchases_ahead(leaves, np.exp(nodes.log_rate), np.exp(nodes.log_leaving), 3.0) * nodes.alive
    found = correlated_gamma_gamma.expected_money(theta, x, m, nodes, ahead)
    rng, size = np.random.default_rng(3), 400_000

    def drawn(trait: GammaTrait | BetaTrait, row: int) -> np.ndarray:
        if isinstance(trait, BetaTrait):
            return rng.beta(trait.a[row], trait.b[row], size)
        return rng.gamma(trait.shape[row], np.exp(-trait.log_exposure[row]), size)

    for row in range(2):
        there = rng.random(size) < alive[row]
        own = np.where(there, drawn(rate, row), drawn(gone, row))
        risk = np.where(there, drawn(stays, row), drawn(went, row))
        purchases = purchases_ahead(leaves, own, risk, 3.0) * there
        gamma = 15.0 * own ** np.log(1.4) * risk ** np.log(0.7)
        s = x[row] * m[row]
        density = gamma**3.0 / (gamma + s) ** (4.0 * x[row] + 3.0) if s else np.ones(size)
        mean = 4.0 * (gamma + s) / (4.0 * x[row] + 2.0)
        exact = np.average(mean * purchases, weights=density) / purchases.mean()
        assert found[row] == pytest.approx(exact, rel=0.01)
