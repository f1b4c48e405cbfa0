"""The Gamma-Gamma functions: derivatives, exactness of each answer by independent integration, and their domain."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from keepers.domain.cells import SpendCells
from keepers.numerics.likelihoods import gamma_gamma

THETA = np.array([6.249574, 3.744224, 15.443515])
THETAS = [THETA, np.array([0.4, 1.2, 3.0]), np.array([80.0, 0.7, 900.0])]
X = np.array([1.0, 2.0, 5.0, 29.0, 400.0])
M = np.array([35.0, 3.5, 80.25, 20.0, 1e4])


@pytest.mark.parametrize("theta", THETAS)
def test_likelihood_is_its_definition(theta):
    found = gamma_gamma.log_likelihood(theta, X, M)
    with mp.workdps(30):
        p, q, gamma = (mp.mpf(float(value)) for value in theta)
        for row in range(X.size):
            x, m = mp.mpf(X[row]), mp.mpf(M[row])
            expected = (
                mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q)
                + q * mp.log(gamma) + (p * x - 1) * mp.log(m) + p * x * mp.log(x) - (p * x + q) * mp.log(gamma + m * x)
            )  # fmt: skip
            assert found[row] == pytest.approx(float(expected), rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("spread", [None, np.array([0.0, 0.01, 0.2, 0.0, 0.05])])
def test_gradient_and_hessian_are_the_derivatives_of_the_sum(theta, spread):
    cells = SpendCells(X, M, np.array([3.0, 1.0, 2.5, 1.0, 1.0]), spread)
    found = gamma_gamma.log_likelihood_sum(theta, cells)
    if spread is None:
        assert found.value == pytest.approx(cells.weight @ gamma_gamma.log_likelihood(theta, X, M), rel=1e-13)
    assert gamma_gamma.log_likelihood_sum(theta, cells, 0).value == found.value
    u = np.log(theta)
    for i in range(3):
        points = {
            h: gamma_gamma.log_likelihood_sum(np.exp(u + h * np.eye(3)[i]), cells) for h in (-2e-3, -1e-3, 1e-3, 2e-3)
        }
        slope = (8 * (points[1e-3].value - points[-1e-3].value) - (points[2e-3].value - points[-2e-3].value)) / 12e-3
        curve = (
            8 * (points[1e-3].gradient - points[-1e-3].gradient) - (points[2e-3].gradient - points[-2e-3].gradient)
        ) / 12e-3
        assert found.gradient[i] == pytest.approx(slope, rel=1e-7, abs=1e-6)
        assert found.hessian[i] == pytest.approx(curve, rel=1e-7, abs=1e-6)


def test_a_bin_is_worth_its_rows_to_the_fourth_order_of_its_width():
    errors = []
    for width in (0.2, 0.1):
        logs = np.log(30.0) + width * np.linspace(-0.5, 0.5, 41)
        rows = SpendCells(np.full(41, 3.0), np.exp(logs), np.ones(41))
        one = SpendCells(np.array([3.0]), np.exp(logs.mean(keepdims=True)), np.array([41.0]), np.array([np.var(logs)]))
        exact, binned = (gamma_gamma.log_likelihood_sum(THETA, cells) for cells in (rows, one))
        errors.append(abs(exact.value - binned.value))
        assert binned.gradient == pytest.approx(exact.gradient, rel=1e-4)
    assert errors[1] < 1e-5
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.1)


@pytest.mark.parametrize("theta", [THETA, np.array([1.5, 2.6, 40.0])])
def test_answers_given_the_history_are_integrals_over_the_rate(theta):
    p, q, gamma = theta
    for x, m in ((0.0, np.nan), (1.0, 35.0), (6.0, 12.0)):
        known = gamma_gamma.spend_predictive(theta, x, m)
        money = gamma + (x * m if x else 0.0)
        rates = stats.gamma(p * x + q, scale=1 / money)

        def over(function, rates=rates):
            edges = rates.ppf([1e-13, 0.01, 0.5, 0.99, 1 - 1e-13])
            edges = np.concatenate(([edges[0] * 1e-6], edges))
            return sum(
                integrate.quad(lambda v: function(v) * rates.pdf(v), a, b, epsabs=0, epsrel=1e-10)[0]
                for a, b in pairwise(edges)
            )

        mean = over(lambda v: p / v)
        assert known.mean[0] == pytest.approx(mean, rel=1e-6)
        assert known.variance[0] == pytest.approx(over(lambda v: (p / v) ** 2) - mean**2, rel=2e-3)
        assert known.order_second_moment[0] == pytest.approx(over(lambda v: p * (p + 1) / v**2), rel=2e-3)
        assert known.order_variance[0] == pytest.approx(known.order_second_moment[0] - known.mean[0] ** 2, rel=1e-10)
        for orders in (1.0, 4.0):
            for threshold in (10.0, 60.0):
                above = over(lambda v, n=orders, c=threshold: stats.gamma.sf(c, n * p, scale=1 / v))
                found = gamma_gamma.probability_total_above(theta, x, m, threshold, orders)[0]
                assert found == pytest.approx(above, rel=1e-8)


def test_quantiles_undo_probabilities():
    for level in (1e-6, 0.1, 0.5, 0.9, 1 - 1e-6):
        for orders in (0.5, 1.0, 12.0):
            amount = gamma_gamma.total_quantile(THETA, X, M, level, orders)
            for row, value in enumerate(amount):
                above = gamma_gamma.probability_total_above(THETA, X[row], M[row], value, orders)[0]
                assert 1 - above == pytest.approx(level, rel=1e-6)


def test_moments_that_do_not_exist_are_infinite():
    heavy = (1.5, 0.9, 20.0)
    known = gamma_gamma.spend_predictive(heavy, [0.0, 1.0], [np.nan, 30.0])
    assert known.mean.tolist() == [np.inf, pytest.approx(1.5 * 50 / 1.4)]
    assert np.isinf(known.variance[0])
    assert np.isfinite(known.variance[1])


positive = st.floats(-1.5, 2.5).map(lambda power: 10.0**power)


@settings(max_examples=200, deadline=None)
@given(
    p=positive, q=positive, gamma=st.floats(-3, 8).map(lambda power: 10.0**power), x=st.integers(0, 5000), m=positive
)
def test_every_answer_is_possible(p, q, gamma, x, m):
    theta = (p, q, gamma)
    known = gamma_gamma.spend_predictive(theta, float(x), m)
    assert known.mean[0] > 0
    assert known.variance[0] > 0
    assert known.order_variance[0] >= known.variance[0] * (1 - 1e-12)
    low, high = gamma_gamma.total_quantile(theta, float(x), m, 0.1)[0], gamma_gamma.total_quantile(theta, x, m, 0.9)[0]
    assert 0 <= low < high
    assert 0 <= gamma_gamma.probability_total_above(theta, x, m, m)[0] <= 1
    if x:
        assert np.isfinite(gamma_gamma.log_likelihood(theta, x, m)[0])
        assert gamma_gamma.log_likelihood_sum(theta, SpendCells([float(x)], [m], [1.0])).finite
        # The expectation lies between the customer's own mean and that of all.
        everybody = gamma_gamma.expected_mean_spend(theta, 0.0, 0.0)[0]
        if np.isfinite(everybody):
            slack = 1e-9 * (everybody + m)
            assert min(m, everybody) - slack <= known.mean[0] <= max(m, everybody) + slack


@pytest.fixture
def shifted() -> tuple[SpendCells, gamma_gamma.ScaleShift, np.ndarray]:
    """Bins of customers of four kinds, whose gamma two coefficients move."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 4, 60)
    shift = gamma_gamma.ScaleShift(kind, rng.normal(size=(4, 2)), 0.3 * rng.normal(size=4))
    x, m = rng.integers(1, 6, 60).astype(float), rng.gamma(3.0, 10.0, 60)
    cells = SpendCells(x, m, rng.integers(1, 4, 60).astype(float), rng.uniform(0.0, 0.01, 60))
    return cells, shift, np.array([np.log(4.0), np.log(3.0), np.log(12.0), 0.3, -0.2])


def test_a_moved_scale_is_a_gamma_of_the_row(shifted):
    cells, shift, point = shifted
    exact = SpendCells(cells.x, cells.mean_spend, cells.weight)
    theta = np.concatenate([np.exp(point[:3]), point[3:]])
    gamma = theta[2] * np.exp(shift.offset + shift.design @ point[3:])[shift.pattern]
    by_hand = sum(
        w * gamma_gamma.log_likelihood((theta[0], theta[1], own), x, m)[0]
        for w, own, x, m in zip(exact.weight, gamma, exact.x, exact.mean_spend, strict=True)
    )
    assert gamma_gamma.log_likelihood_sum(theta, exact, 0, shift).value == pytest.approx(by_hand, rel=1e-12)


def test_derivatives_in_coefficients_are_exact(shifted):
    cells, shift, point = shifted

    def at(where: np.ndarray):
        return gamma_gamma.log_likelihood_sum(np.concatenate([np.exp(where[:3]), where[3:]]), cells, 2, shift)

    found, step = at(point), 1e-5
    moved = [(at(point + step * one), at(point - step * one)) for one in np.eye(5)]
    first = [(up.value - down.value) / (2 * step) for up, down in moved]
    second = [(up.gradient - down.gradient) / (2 * step) for up, down in moved]
    assert found.gradient == pytest.approx(np.array(first), rel=1e-6, abs=1e-6)
    assert found.hessian == pytest.approx(np.array(second), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("binned", [False, True])
def test_many_parameters_together_are_each_alone(shifted, binned):
    cells = shifted[0] if binned else SpendCells(shifted[0].x, shifted[0].mean_spend, shifted[0].weight)
    thetas = np.exp(np.random.default_rng(2).normal(1.0, 2.0, (50, 3)))
    alone = [gamma_gamma.log_likelihood_sum(theta, cells, 0).value for theta in thetas]
    assert gamma_gamma.log_likelihood_sums(thetas, cells) == pytest.approx(np.array(alone), rel=1e-11)
