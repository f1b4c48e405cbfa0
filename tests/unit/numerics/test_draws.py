"""Importance correction: it moves draws to the true density, and its diagnostic knows when it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.numerics.draws import RELIABLE, generalised_pareto, importance_draws, smoothed_log_weights


def test_a_normal_needs_no_correction() -> None:
    covariance = np.array([[1.0, 0.6], [0.6, 2.0]])
    inverse = np.linalg.inv(covariance)
    found = importance_draws(
        lambda point: float(-0.5 * point @ inverse @ point), np.zeros(2), covariance, 4000, np.random.default_rng(1)
    )
    assert found.pareto_k < 0.3
    assert found.effective > 2500
    assert np.cov(found.points.T) == pytest.approx(covariance, abs=0.12)


def test_a_skewed_density_is_reached_from_its_normal_approximation() -> None:
    """log of a Gamma(3) variable: mode log 3, curvature 3."""
    found = importance_draws(
        lambda u: float(3 * u[0] - np.exp(u[0])), np.array([np.log(3.0)]), np.array([[1 / 3]]), 4000,
        np.random.default_rng(2),
    )  # fmt: skip
    assert found.pareto_k < RELIABLE
    assert stats.kstest(np.exp(found.points[::8, 0]), stats.gamma(3).cdf).pvalue > 0.01


def test_a_bad_approximation_is_known_as_such() -> None:
    found = importance_draws(
        lambda u: float(-0.5 * ((u[0] - 8) / 3) ** 2), np.zeros(1), np.array([[0.05]]), 1000, np.random.default_rng(3)
    )
    assert found.pareto_k > RELIABLE


def test_impossible_places_get_no_weight() -> None:
    found = importance_draws(
        lambda u: -np.inf if u[0] < 0 else float(-0.5 * u[0] ** 2), np.zeros(1), np.eye(1), 1000,
        np.random.default_rng(4),
    )  # fmt: skip
    assert np.all(found.points >= 0)


def test_equal_ratios_are_equal_weights() -> None:
    weights, shape = smoothed_log_weights(np.zeros(100))
    assert np.exp(weights) == pytest.approx(0.01)
    assert shape == -np.inf
    few, unknown = smoothed_log_weights(np.array([0.0, 1.0]))
    assert np.exp(few).sum() == pytest.approx(1.0)
    assert unknown == np.inf


@pytest.mark.parametrize("shape", [-0.3, 0.2, 0.7, 1.2])
def test_generalised_pareto(shape: float) -> None:
    excess = np.sort(stats.genpareto(shape, scale=2.0).rvs(4000, random_state=5))
    found, scale = generalised_pareto(excess)
    assert found == pytest.approx(shape, abs=0.08)
    assert scale == pytest.approx(2.0, rel=0.1)
