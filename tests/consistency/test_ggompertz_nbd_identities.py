"""Identities that tie the answers of the GGompertz/NBD model to each other and to the Pareto/NBD."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.ggompertz_nbd import GGompertzNBD
from keepers.numerics.likelihoods import ggompertz_nbd, pareto_nbd

PARETO = (0.553277, 10.577684, 0.606240, 11.668731)
SUDDEN = (0.9, 4.0, 0.15, 0.7, 300.0)
GENTLE = (0.6, 9.0, 0.01, 1.4, 0.4)
BOTH = pytest.mark.parametrize("theta", [SUDDEN, GENTLE])
X = np.array([0.0, 1.0, 3.0, 7.0, 26.0, 60.0])
T_X = np.array([0.0, 2.0, 35.0, 12.0, 30.857, 38.0])
T = np.array([38.86, 38.0, 36.0, 39.0, 31.0, 39.0])
ROWS = (X, T_X, T)


def test_without_growth_of_the_risk_it_is_the_pareto_nbd():
    """beta / b is the Pareto/NBD's beta; what is left is of the order of b."""
    r, alpha, s, beta = PARETO
    b = 1e-9
    theta = (r, alpha, b, s, b * beta)
    for name, arguments in {
        "log_likelihood": (),
        "probability_alive": (26.0,),
        "expected_purchases": (52.0,),
        "purchase_distribution": (52.0, 20),
        "discounted_expected_purchases": (0.0027,),
        "truncated_lifetime": (104.0,),
        "median_lifetime": (),
        "median_waiting_time": (),
    }.items():
        found = getattr(ggompertz_nbd, name)(theta, *ROWS, *arguments)
        assert found == pytest.approx(getattr(pareto_nbd, name)(PARETO, *ROWS, *arguments), rel=1e-6, abs=1e-7), name
    assert ggompertz_nbd.expected_purchases_new(theta, 52.0) == pytest.approx(
        pareto_nbd.expected_purchases_new(PARETO, 52.0), rel=1e-6
    )


@BOTH
@pytest.mark.parametrize("t", [1.0, 39.0, 300.0])
def test_distribution_has_the_mean_variance_and_zero_of_the_moments(theta, t):
    rows = (X[:5], T_X[:5], T[:5])
    counts = np.arange(700)
    found = ggompertz_nbd.purchase_distribution(theta, *rows, t, counts[-1])
    none, mean, variance = ggompertz_nbd.purchase_moments(theta, *rows, t)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-10)
    assert found[:, 0] == pytest.approx(none, abs=1e-12)
    assert found @ counts == pytest.approx(mean, rel=1e-8)
    assert found @ counts**2 - mean**2 == pytest.approx(variance, rel=1e-6)
    assert mean == pytest.approx(ggompertz_nbd.expected_purchases(theta, *rows, t), rel=1e-13)


@BOTH
def test_likelihoods_of_all_histories_sum_to_one(theta):
    t = 26.0
    published = ggompertz_nbd.purchase_distribution_new(theta, t, 4)
    assert np.exp(ggompertz_nbd.log_likelihood(theta, 0, 0, t)[0]) == pytest.approx(published[0], abs=1e-13)
    for k in (1, 2, 4):

        def density(last, k=k):
            others = last ** (k - 1) / float(np.prod(np.arange(1, k)))
            return float(np.exp(ggompertz_nbd.log_likelihood(theta, k, last, t)[0])) * others

        assert integrate.quad(density, 0, t, epsabs=1e-11)[0] == pytest.approx(published[k], rel=1e-8)


@BOTH
def test_a_new_customer_is_one_without_history(theta):
    zero = np.zeros(1)
    for t in (0.7, 52.0):
        assert ggompertz_nbd.expected_purchases_new(theta, t) == pytest.approx(
            ggompertz_nbd.expected_purchases(theta, zero, zero, zero, t)[0], rel=1e-13
        )
        assert ggompertz_nbd.purchase_distribution_new(theta, t, 5) == pytest.approx(
            ggompertz_nbd.purchase_distribution(theta, zero, zero, zero, t, 5)[0], rel=1e-12
        )
    for end in (40.0, None):
        assert ggompertz_nbd.discounted_expected_purchases_new(theta, 0.002, end) == pytest.approx(
            ggompertz_nbd.discounted_expected_purchases(theta, zero, zero, zero, 0.002, end)[0], rel=1e-13
        )


@BOTH
def test_discounting_and_lifetimes_are_integrals_of_what_is_expected(theta):
    delta, times = 0.004, np.linspace(0, 200, 401)
    cumulative = np.array([ggompertz_nbd.expected_purchases(theta, *ROWS, t) for t in times[1:]])
    cumulative = np.vstack([np.zeros(X.size), cumulative])
    decayed = np.exp(-delta * times)[:, None] * cumulative
    by_parts = decayed[-1] + delta * integrate.simpson(decayed, x=times, axis=0)
    found = ggompertz_nbd.discounted_expected_purchases(theta, *ROWS, delta, 200.0)
    assert found == pytest.approx(by_parts, rel=1e-7)
    alive = np.array([ggompertz_nbd.probability_alive(theta, *ROWS, at) for at in times])
    within = integrate.simpson(alive, x=times, axis=0)
    assert ggompertz_nbd.truncated_lifetime(theta, *ROWS, 200.0) == pytest.approx(within, rel=1e-7)
    endless = ggompertz_nbd.expected_lifetime(theta, *ROWS)
    assert ggompertz_nbd.truncated_lifetime(theta, *ROWS, 1e6) == pytest.approx(endless, rel=1e-10)
    assert ggompertz_nbd.discounted_expected_purchases(theta, *ROWS, 0.0) == pytest.approx(
        ggompertz_nbd.expected_purchases(theta, *ROWS, 1e6), rel=1e-10
    )
    median = ggompertz_nbd.median_lifetime(theta, *ROWS)
    assert np.any(median > 0)
    for row in np.flatnonzero(median > 0):
        half = ggompertz_nbd.probability_alive(theta, X[row], T_X[row], T[row], median[row])[0]
        assert half == pytest.approx(0.5, rel=1e-11)
    assert np.all(ggompertz_nbd.probability_alive(theta, *ROWS)[median == 0] <= 0.5)


@BOTH
def test_forecast_says_what_the_single_answers_say(theta):
    t, delta, cap = 52.0, 0.0018, 260.0
    found = ggompertz_nbd.forecast(theta, *ROWS, t, delta, cap)
    none, mean, variance = ggompertz_nbd.purchase_moments(theta, *ROWS, t)
    expected = {
        "probability_alive": ggompertz_nbd.probability_alive(theta, *ROWS),
        "probability_alive_end": ggompertz_nbd.probability_alive(theta, *ROWS, t),
        "expected_purchases": mean,
        "expected_gradient": ggompertz_nbd.expected_purchases_gradient(theta, *ROWS, t),
        "p_zero": none,
        "variance": variance,
        "discounted": ggompertz_nbd.discounted_expected_purchases(theta, *ROWS, delta, t),
        "discounted_lifetime": ggompertz_nbd.discounted_expected_purchases(theta, *ROWS, delta, cap),
        "discounted_infinite": ggompertz_nbd.discounted_expected_purchases(theta, *ROWS, delta),
        "next_purchase": ggompertz_nbd.median_waiting_time(theta, *ROWS),
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-9), name


def test_units_scale_and_nothing_else():
    rng = np.random.default_rng(7)
    age = rng.integers(100, 500, 1500).astype(float)
    x, t_x = ggompertz_nbd.sample_new((0.9, 28.0, 0.02, 0.7, 300.0), age, rng)
    cells = Cells.of_customers(x, np.where(x > 0, np.maximum(np.round(t_x), 1), 0), age, TimeUnit.DAY)
    in_days, in_weeks = GGompertzNBD(None).fit(cells), GGompertzNBD(None).fit(cells, unit="week")
    for name, factor in {"r": 1, "alpha": 1 / 7, "b": 7, "s": 1, "beta": 1}.items():
        assert in_weeks.parameters_[name] == pytest.approx(factor * in_days.parameters_[name], rel=1e-5), name
    one, other = (model.predict_cells(cells, horizon=weeks(20)) for model in (in_days, in_weeks))
    for name in ("p_alive", "p_alive_end", "expected_purchases", "p_zero", "variance"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=2e-5, abs=1e-9), name
