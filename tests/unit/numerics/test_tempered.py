"""Draws by tempering: a posterior known in closed form, one with two hills, and one that only repeats the prior."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.tempered import tempered_draws


def test_a_normal_posterior_is_found() -> None:
    rng = np.random.default_rng(1)
    design = rng.standard_normal((30, 3)) @ np.array([[1.0, 0.9, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 4.0]])
    seen = design @ np.array([1.0, -1.0, 0.5]) + rng.standard_normal(30)
    covariance = np.linalg.inv(design.T @ design + np.eye(3))
    mean = covariance @ design.T @ seen

    def likelihood(points: np.ndarray) -> np.ndarray:
        return np.asarray(-0.5 * np.sum((seen - points @ design.T) ** 2, axis=1))

    drawn = tempered_draws(likelihood, 3, 4000, rng)
    away = (drawn.mean(axis=0) - mean) / np.sqrt(np.diag(covariance))
    assert np.abs(away).max() < 0.12
    assert np.cov(drawn.T) == pytest.approx(covariance, rel=0.2, abs=0.05 * np.diag(covariance).max())


def test_both_hills_of_a_posterior_keep_their_draws() -> None:
    def likelihood(points: np.ndarray) -> np.ndarray:
        return -0.5 * ((points[:, 0] ** 2 - 1.0) / 0.1) ** 2

    drawn = tempered_draws(likelihood, 2, 2000, np.random.default_rng(2))
    assert 0.3 < np.mean(drawn[:, 0] > 0) < 0.7
    assert np.abs(drawn[:, 0]).mean() == pytest.approx(1.0, abs=0.05)


def test_data_that_say_nothing_leave_the_prior() -> None:
    drawn = tempered_draws(lambda points: np.zeros(len(points)), 8, 2000, np.random.default_rng(3))
    assert drawn.mean(axis=0) == pytest.approx(np.zeros(8), abs=0.2)
    assert drawn.std(axis=0) == pytest.approx(np.ones(8), abs=0.12)
