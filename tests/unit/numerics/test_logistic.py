"""The penalised logistic fit is the maximum that a general optimiser finds, keeps bounds, and begins at its prior."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from keepers.numerics.logistic import fit_logistic


def _data(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 3)), rng.exponential(size=n)])
    eta = x @ np.array([-0.5, 1.0, -0.7, 0.0, 0.4])
    return x, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float), rng.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_maximum_that_a_general_optimiser_finds(seed: int) -> None:
    x, y, w = _data(seed)
    mean, sd = np.array([0.0, 1.0, 0.0, 0.0, 0.5]), np.array([2.0, 0.5, 0.5, 0.5, 0.1])
    lowest = np.array([-np.inf, 0.0, 0.0, 0.0, 0.0])

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        eta = x @ b
        value = -(w @ (y * eta - np.logaddexp(0, eta))) + 0.5 * np.sum(((b - mean) / sd) ** 2)
        return value, -(x.T @ (w * (y - 1 / (1 + np.exp(-eta))))) + (b - mean) / sd**2

    bounds = [(None, None), *[(0.0, None)] * 4]
    other = minimize(loss, np.maximum(mean, 0), jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-14)
    fit = fit_logistic(x, y, mean, sd, lowest, w)
    assert fit.converged
    assert fit.coefficients == pytest.approx(other.x, abs=2e-4)
    assert -fit.log_posterior <= other.fun + 1e-8
    assert fit.coefficients[2] == 0.0, "its effect is negative, and its bound holds it"
    assert np.all(fit.covariance[2] == 0.0)
    free = [0, 1, 3, 4] if fit.coefficients[3] > 0 else [0, 1, 4]
    p = 1 / (1 + np.exp(-(x @ fit.coefficients)))
    information = (x * (w * p * (1 - p))[:, None]).T @ x + np.diag(1 / sd**2)
    assert fit.covariance[np.ix_(free, free)] == pytest.approx(np.linalg.inv(information[np.ix_(free, free)]), rel=1e-6)


def test_without_rows_it_is_the_prior() -> None:
    fit = fit_logistic(np.zeros((0, 2)), np.zeros(0), np.array([0.3, -1.0]), np.ones(2), np.array([0.0, 0.0]))
    assert fit.coefficients.tolist() == [0.3, 0.0]


def test_separated_data_stay_finite() -> None:
    x = np.column_stack([np.ones(20), np.r_[np.zeros(10), np.ones(10)]])
    fit = fit_logistic(x, x[:, 1], np.zeros(2), np.full(2, 1.0))
    assert fit.converged
    assert 1.0 < fit.coefficients[1] < 5.0
