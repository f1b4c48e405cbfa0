"""Randomised PIT, coverage and the ranked probability score: by hand, against draws, and under a true forecast."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.errors import InputError
from keepers.evaluation.calibration import (
    coverage,
    pit_histogram,
    plain_coverage,
    randomised_coverage,
    randomised_pit,
    ranked_probability_score,
)


def negative_binomial(size: int, seed: int, spread: float = 1.0):
    """Outcomes of negative binomials with means of their own, and forecasts whose spread is off by a factor."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(0.8, 1.5, size) + 0.05
    outcome = rng.poisson(mean * rng.gamma(2.0, 0.5, size))
    forecast = stats.nbinom(2.0 * spread, 2.0 * spread / (2.0 * spread + mean))
    return forecast, outcome


def test_randomised_pit_is_uniform_under_the_true_forecast() -> None:
    forecast, outcome = negative_binomial(20_000, seed=3)
    draws = randomised_pit(forecast.cdf(outcome - 1), forecast.cdf(outcome), np.random.default_rng(5))
    assert stats.kstest(draws, "uniform").pvalue > 0.01


def test_randomised_pit_betrays_a_forecast_that_is_too_narrow() -> None:
    forecast, outcome = negative_binomial(20_000, seed=3, spread=8.0)
    draws = randomised_pit(forecast.cdf(outcome - 1), forecast.cdf(outcome), np.random.default_rng(5))
    assert stats.kstest(draws, "uniform").pvalue < 1e-6


def test_the_same_seed_gives_the_same_draws() -> None:
    below, at = np.array([0.0, 0.3]), np.array([0.5, 0.9])
    first = randomised_pit(below, at, np.random.default_rng(1))
    assert np.array_equal(first, randomised_pit(below, at, np.random.default_rng(1)))
    assert np.all((first >= below) & (first <= at))


def test_mean_over_draws_is_what_many_draws_give() -> None:
    forecast, outcome = negative_binomial(200, seed=8)
    below, at = np.asarray(forecast.cdf(outcome - 1)), np.asarray(forecast.cdf(outcome))
    weight = np.random.default_rng(0).integers(1, 5, 200).astype(float)
    rng = np.random.default_rng(2)
    draws = np.array([randomised_pit(below, at, rng) for _ in range(4000)])
    histogram = np.mean([np.histogram(d, np.linspace(0, 1, 11), weights=weight)[0] for d in draws], axis=0)
    assert np.asarray(pit_histogram(below, at, weight, bins=10)) == pytest.approx(histogram / weight.sum(), abs=0.002)
    inside = np.mean([np.average((d > 0.1) & (d < 0.9), weights=weight) for d in draws])
    assert randomised_coverage(below, at, 0.8, weight) == pytest.approx(inside, abs=0.002)


def test_coverage_under_the_true_forecast() -> None:
    forecast, outcome = negative_binomial(50_000, seed=11)
    for found in coverage(forecast.cdf(outcome - 1), forecast.cdf(outcome)):
        assert found.randomised == pytest.approx(found.level, abs=0.01)
        assert found.plain >= found.level - 0.005


def test_plain_coverage_is_that_of_the_interval_between_quantiles() -> None:
    forecast, outcome = negative_binomial(5000, seed=12)
    low, high = forecast.ppf(0.1), forecast.ppf(0.9)
    inside = float(np.mean((outcome >= low) & (outcome <= high)))
    assert plain_coverage(forecast.cdf(outcome - 1), forecast.cdf(outcome), 0.8) == pytest.approx(inside)


def test_a_continuous_outcome_has_no_range() -> None:
    u = np.linspace(0.0005, 0.9995, 1000)
    assert randomised_coverage(u, u, 0.8) == pytest.approx(0.8, abs=1e-9)
    assert plain_coverage(u, u, 0.8) == pytest.approx(0.8, abs=1e-9)
    assert pit_histogram(u, u, bins=5) == pytest.approx((0.2,) * 5)


def test_score_is_the_absolute_error_of_a_forecast_without_spread() -> None:
    certain = np.eye(8)[[2, 2, 2]]
    assert ranked_probability_score(certain, [2, 0, 7]) == pytest.approx([0, 2, 5])


def test_score_by_hand() -> None:
    assert ranked_probability_score(np.array([[0.5, 0.3, 0.2]]), [1]) == pytest.approx([0.5**2 + 0.2**2])


def test_the_true_distribution_scores_best() -> None:
    true, outcome = negative_binomial(40_000, seed=21)
    counts = np.arange(outcome.max() + 30)[:, None]
    scores = {
        spread: ranked_probability_score(negative_binomial(40_000, 21, spread)[0].pmf(counts).T, outcome).mean()
        for spread in (0.4, 1.0, 6.0)
    }
    assert min(scores, key=scores.get) == 1.0
    assert true.mean().shape == (40_000,)


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"first: row 1, 0\.7 and 0\.2"):
        pit_histogram([0.1, 0.7], [0.2, 0.2])
    with pytest.raises(InputError, match="one length"):
        coverage([0.1], [0.2, 0.3])
    with pytest.raises(InputError, match="beyond the 2 purchases"):
        ranked_probability_score(np.array([[0.5, 0.3, 0.2]]), [3])
