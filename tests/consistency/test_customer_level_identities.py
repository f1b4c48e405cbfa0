"""What models of single customers have in common with the models they extend."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.likelihoods import pareto_nbd, pareto_nbd_abe, pareto_nbd_posterior

PARETO = np.array([0.553277, 10.577684, 0.606240, 11.668731])
ABE = np.array([0.031, 0.027, 1.15, 1.96, 1.3])
X = np.array([0.0, 1.0, 3.0, 7.0, 26.0])
T_X = np.array([0.0, 2.0, 35.0, 12.0, 30.857])
T = np.array([38.86, 38.0, 36.0, 39.0, 31.0])
ROWS = (X, T_X, T)
QUESTIONS = {
    "probability_alive": (20.0,),
    "expected_purchases": (52.0,),
    "purchase_distribution": (52.0, 12),
    "discounted_expected_purchases": (0.002, None),
    "truncated_lifetime": (60.0,),
}


def test_draws_that_are_all_the_same_are_the_model_itself():
    draws = np.tile(PARETO, (5, 1))
    for name, further in {**QUESTIONS, "median_lifetime": (), "median_waiting_time": ()}.items():
        found = getattr(pareto_nbd_posterior, name)(draws, *ROWS, *further)
        assert found == pytest.approx(getattr(pareto_nbd, name)(PARETO, *ROWS, *further), rel=1e-9), name
    found = pareto_nbd_posterior.forecast(draws, *ROWS, 52.0, 0.002, 260.0)
    same = pareto_nbd.forecast(PARETO, *ROWS, 52.0, 0.002, 260.0)
    assert found.variance == pytest.approx(same.variance, rel=1e-12)
    assert found.parameter_variance == pytest.approx(0.0, abs=1e-20)


def test_variances_add_up_over_draws():
    draws = PARETO * np.array([[0.8, 1.1, 1.2, 0.9], [1.1, 0.9, 0.9, 1.2], [1.0, 1.0, 1.3, 1.0]])
    table = pareto_nbd_posterior.purchase_distribution(draws, *ROWS, 52.0, 600)
    counts = np.arange(601)
    none, mean, variance = pareto_nbd_posterior.purchase_moments(draws, *ROWS, 52.0)
    assert none == pytest.approx(table[:, 0], abs=1e-12)
    assert mean == pytest.approx(table @ counts, rel=1e-8)
    assert variance == pytest.approx(table @ counts**2 - (table @ counts) ** 2, rel=1e-6)
    found = pareto_nbd_posterior.forecast(draws, *ROWS, 52.0, 0.002, 260.0)
    assert found.variance + found.parameter_variance == pytest.approx(variance, rel=1e-10)


def test_with_narrow_rates_everybody_is_the_same_known_customer():
    """As the spread of log rates vanishes, answers are those of one Poisson rate and one exponential lifetime."""
    rate, leaving, small = 0.2, 0.03, 1e-4
    theta = np.array([rate, leaving, small, small, 1.0])
    both, silence = rate + leaving, T - T_X
    alive = 1 / (1 + leaving / both * np.expm1(both * silence))
    assert pareto_nbd_abe.probability_alive(theta, *ROWS) == pytest.approx(alive, rel=1e-4)
    expected = alive * rate * -np.expm1(-52 * leaving) / leaving
    assert pareto_nbd_abe.expected_purchases(theta, *ROWS, 52.0) == pytest.approx(expected, rel=1e-4)
    log_likelihood = (
        X * np.log(rate) - np.log(both) + np.logaddexp(np.log(leaving) - both * T_X, np.log(rate) - both * T)
    )
    assert pareto_nbd_abe.log_likelihood(theta, *ROWS) == pytest.approx(log_likelihood, abs=1e-4)


def test_without_correlation_it_forecasts_like_the_pareto_nbd():
    """Lognormal and gamma rates with the same means and variances differ in shape, not in what they say of a store."""
    r, alpha, s, beta = 2.5, 30.0, 3.0, 150.0
    spread_u, spread_v = np.sqrt(np.log1p(1 / r)), np.sqrt(np.log1p(1 / s))
    theta = np.array(
        [r / alpha * np.exp(-(spread_u**2) / 2), s / beta * np.exp(-(spread_v**2) / 2), spread_u, spread_v, 1.0]
    )
    plain = np.array([r, alpha, s, beta])
    for t in (10.0, 52.0, 260.0):
        one, other = pareto_nbd_abe.expected_purchases_new(theta, t), pareto_nbd.expected_purchases_new(plain, t)
        assert one == pytest.approx(other, rel=0.06)
    one, other = (
        family.expected_purchases(law, *ROWS, 52.0) for family, law in ((pareto_nbd_abe, theta), (pareto_nbd, plain))
    )
    assert one[:3] == pytest.approx(other[:3], rel=0.2)


def test_a_positive_correlation_makes_frequent_buyers_leave_sooner():
    alike, opposite = ABE.copy(), ABE.copy()
    alike[-1], opposite[-1] = 5.0, 0.2
    frequent = (np.array([20.0]), np.array([38.5]), np.array([39.0]))
    stays = [pareto_nbd_abe.median_lifetime(theta, *frequent)[0] for theta in (alike, ABE, opposite)]
    assert stays[0] < stays[1] < stays[2]
