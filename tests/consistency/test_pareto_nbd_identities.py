"""Identities that tie the answers of the Pareto/NBD model to each other and to simpler models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from keepers.domain.cells import Cells
from keepers.domain.money import continuous_rate
from keepers.domain.time import TimeUnit, days, weeks
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.numerics.likelihoods import nbd, pareto_nbd

THETA = (0.553277, 10.577684, 0.606240, 11.668731)
LASTING = (0.8, 12.0, 2.4, 60.0)
X = np.array([0.0, 1.0, 3.0, 7.0, 26.0, 60.0])
T_X = np.array([0.0, 2.0, 35.0, 12.0, 30.857, 38.0])
T = np.array([38.86, 38.0, 36.0, 39.0, 31.0, 39.0])


@pytest.mark.parametrize("theta", [THETA, LASTING])
@pytest.mark.parametrize("t", [1.0, 39.0, 300.0])
def test_distribution_has_the_mean_variance_and_zero_of_the_closed_forms(theta, t):
    counts = np.arange(1500)
    found = pareto_nbd.purchase_distribution(theta, X, T_X, T, t, counts[-1])
    none, mean, variance = pareto_nbd.purchase_moments(theta, X, T_X, T, t)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-10)
    assert found[:, 0] == pytest.approx(none, abs=1e-12)
    assert found @ counts == pytest.approx(mean, rel=1e-8)
    assert found @ counts**2 - mean**2 == pytest.approx(variance, rel=1e-6)
    assert mean == pytest.approx(pareto_nbd.expected_purchases(theta, X, T_X, T, t), rel=1e-14)


def test_the_likelihood_of_no_purchase_is_the_probability_of_none():
    for t in (0.5, 20.0, 400.0):
        none = pareto_nbd.purchase_distribution_new(THETA, t, 0)[0]
        assert np.exp(pareto_nbd.log_likelihood(THETA, 0, 0, t)[0]) == pytest.approx(none, abs=1e-13)


def test_likelihoods_of_all_histories_sum_to_one():
    """P(X(t) = k) is the likelihood integrated over the k purchase times, of which only the last one matters."""
    t = 26.0
    published = pareto_nbd.purchase_distribution_new(THETA, t, 4)
    for k in (1, 2, 4):

        def density(last, k=k):
            others = last ** (k - 1) / float(np.prod(np.arange(1, k)))
            return float(np.exp(pareto_nbd.log_likelihood(THETA, k, last, t)[0])) * others

        assert integrate.quad(density, 0, t, epsabs=1e-12)[0] == pytest.approx(published[k], rel=1e-8)


def test_a_new_customer_is_one_without_history():
    zero = np.zeros(1)
    for t in (0.7, 52.0):
        assert pareto_nbd.expected_purchases_new(THETA, t) == pytest.approx(
            pareto_nbd.expected_purchases(THETA, zero, zero, zero, t)[0], rel=1e-13
        )
        assert pareto_nbd.purchase_distribution_new(THETA, t, 5) == pytest.approx(
            pareto_nbd.purchase_distribution(THETA, zero, zero, zero, t, 5)[0], rel=1e-12
        )
    assert pareto_nbd.discounted_expected_purchases_new(THETA, 0.002) == pytest.approx(
        pareto_nbd.discounted_expected_purchases(THETA, zero, zero, zero, 0.002)[0], rel=1e-13
    )


def test_what_a_new_customer_expects_is_what_its_later_selves_expect():
    """E[X(0, 20 + t)] = E[X(0, 20)] + E over histories of E[X(20, 20 + t)]; histories with up to 60 purchases."""
    age, t = 20.0, 15.0
    node, weight = np.polynomial.legendre.leggauss(60)
    last, share = (node + 1) * age / 2, weight * age / 2
    later = np.exp(pareto_nbd.log_likelihood(THETA, 0, 0, age)) * pareto_nbd.expected_purchases(THETA, 0, 0, age, t)
    total = float(later[0])
    log_orders = 0.0
    for k in range(1, 61):
        log_orders += np.log(k - 1) if k > 1 else 0.0
        density = np.exp(pareto_nbd.log_likelihood(THETA, k, last, age) + (k - 1) * np.log(last) - log_orders)
        total += float(share @ (density * pareto_nbd.expected_purchases(THETA, k, last, age, t)))
    both = pareto_nbd.expected_purchases_new(THETA, np.array([age, age + t]))
    assert total == pytest.approx(both[1] - both[0], rel=1e-7)


@pytest.mark.parametrize("theta", [THETA, LASTING])
def test_a_long_horizon_tends_to_no_horizon(theta):
    endless = pareto_nbd.discounted_expected_purchases(theta, X, T_X, T, 0.0027)
    long = pareto_nbd.discounted_expected_purchases(theta, X, T_X, T, 0.0027, 2e4)
    assert long == pytest.approx(endless, rel=1e-12)
    gaps = [
        np.abs(pareto_nbd.discounted_expected_purchases(theta, X, T_X, T, 0.0027, t) - endless).max()
        for t in (50.0, 500.0, 5000.0)
    ]
    assert gaps[0] > gaps[1] > gaps[2]


def test_discounting_is_the_integral_of_what_is_expected():
    """By parts: the discounted purchases are e^(-delta t) E(t) + delta times the integral of e^(-delta u) E(u)."""
    delta, times = 0.004, np.linspace(0, 200, 401)
    cumulative = np.array([pareto_nbd.expected_purchases(LASTING, X, T_X, T, t) for t in times])
    decayed = np.exp(-delta * times)[:, None] * cumulative
    by_parts = decayed[-1] + delta * integrate.simpson(decayed, x=times, axis=0)
    found = pareto_nbd.discounted_expected_purchases(LASTING, X, T_X, T, delta, 200.0)
    assert found == pytest.approx(by_parts, rel=1e-9)
    undiscounted = pareto_nbd.discounted_expected_purchases(LASTING, X, T_X, T, 0.0, 200.0)
    assert undiscounted == pytest.approx(cumulative[-1], rel=1e-13)


def test_lifetimes_are_those_of_the_survival():
    later = np.linspace(0, 300, 601)
    alive = np.array([pareto_nbd.probability_alive(LASTING, X, T_X, T, at) for at in later])
    within = integrate.simpson(alive, x=later, axis=0)
    assert pareto_nbd.truncated_lifetime(LASTING, X, T_X, T, 300.0) == pytest.approx(within, rel=1e-9)
    assert pareto_nbd.expected_lifetime(LASTING, X, T_X, T) == pytest.approx(
        pareto_nbd.truncated_lifetime(LASTING, X, T_X, T, 1e13), rel=1e-9
    )
    median = pareto_nbd.median_lifetime(LASTING, X, T_X, T)
    for row in np.flatnonzero(median > 0):
        half = pareto_nbd.probability_alive(LASTING, X[row], T_X[row], T[row], median[row])[0]
        assert half == pytest.approx(0.5, rel=1e-12)
    assert np.all(pareto_nbd.probability_alive(LASTING, X, T_X, T)[median == 0] <= 0.5)
    assert np.all(np.isinf(pareto_nbd.expected_lifetime(THETA, X, T_X, T)))


def test_forecast_says_what_the_single_answers_say():
    t, delta, cap = 52.0, 0.0018, 260.0
    found = pareto_nbd.forecast(THETA, X, T_X, T, t, delta, cap)
    history = (X, T_X, T)
    none, mean, variance = pareto_nbd.purchase_moments(THETA, *history, t)
    expected = {
        "probability_alive": pareto_nbd.probability_alive(THETA, *history),
        "probability_alive_end": pareto_nbd.probability_alive(THETA, *history, t),
        "expected_purchases": mean,
        "expected_gradient": pareto_nbd.expected_purchases_gradient(THETA, *history, t),
        "p_zero": none,
        "variance": variance,
        "discounted": pareto_nbd.discounted_expected_purchases(THETA, *history, delta, t),
        "discounted_lifetime": pareto_nbd.discounted_expected_purchases(THETA, *history, delta, cap),
        "discounted_infinite": pareto_nbd.discounted_expected_purchases(THETA, *history, delta),
        "next_purchase": pareto_nbd.median_waiting_time(THETA, *history),
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-9), name


def test_without_dropout_it_is_the_nbd():
    theta = (0.4, 12.0, 1e-7, 1e7)
    assert pareto_nbd.log_likelihood(theta, X, T_X, T) == pytest.approx(
        nbd.log_likelihood(theta[:2], X, T_X, T), rel=1e-9
    )
    assert pareto_nbd.expected_purchases(theta, X, T_X, T, 39.0) == pytest.approx(
        nbd.expected_purchases(theta[:2], X, T_X, T, 39.0), rel=1e-9
    )
    assert pareto_nbd.purchase_distribution(theta, X, T_X, T, 39.0, 30) == pytest.approx(
        nbd.purchase_distribution(theta[:2], X, T_X, T, 39.0, 30), abs=1e-9
    )


def test_leaving_only_lowers_and_time_only_adds():
    alive = [pareto_nbd.probability_alive(THETA, X, T_X, T, at) for at in (0.0, 5.0, 50.0)]
    assert np.all(np.diff(alive, axis=0) < 0)
    expected = [pareto_nbd.expected_purchases(THETA, X, T_X, T, t) for t in (1.0, 10.0, 100.0)]
    assert np.all(np.diff(expected, axis=0) > 0)


@pytest.fixture(scope="module")
def sampled() -> Cells:
    """A few thousand customers in days."""
    rng = np.random.default_rng(7)
    age = rng.integers(100, 500, 3000).astype(float)
    x, t_x = pareto_nbd.sample_new((0.8, 60.0, 1.4, 300.0), age, rng)
    return Cells.of_customers(x, np.where(x > 0, np.maximum(np.round(t_x), 1), 0), age, TimeUnit.DAY)


def test_units_scale_and_nothing_else(sampled):
    in_days, in_weeks = ParetoNBD().fit(sampled), ParetoNBD().fit(sampled, unit="week")
    assert in_weeks.parameters_["alpha"] == pytest.approx(in_days.parameters_["alpha"] / 7, rel=1e-6)
    assert in_weeks.parameters_["r"] == pytest.approx(in_days.parameters_["r"], rel=1e-6)
    rate = continuous_rate(0.001, per="day")
    for model in (in_days, in_weeks):
        predicted = model.predict_cells(sampled, horizon=weeks(20), discount=rate, lifetime_cap=weeks(100))
        again = in_days.predict_cells(sampled, horizon=days(140), discount=rate, lifetime_cap=days(700))
        for name in ("p_alive", "p_alive_end", "expected_purchases", "expected_purchases_se", "p_zero", "variance"):
            assert getattr(predicted, name) == pytest.approx(getattr(again, name), rel=2e-5, abs=1e-9), name
        for name in ("discounted_purchases", "discounted_purchases_lifetime", "discounted_purchases_infinite"):
            assert getattr(predicted, name) == pytest.approx(getattr(again, name), rel=1e-6), name


def test_weights_count_customers(sampled):
    rows = np.repeat(np.arange(sampled.size), sampled.weight.astype(int))
    spread = Cells(sampled.x[rows], sampled.t_x[rows], sampled.T[rows], np.ones(rows.size), sampled.unit)
    theta = (0.8, 60.0, 1.4, 300.0)
    assert pareto_nbd.log_likelihood_sum(theta, spread).value == pytest.approx(
        pareto_nbd.log_likelihood_sum(theta, sampled).value, rel=1e-12
    )
