"""Intervals, NUTS and the bootstrap of a model whose customers differ by covariates."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.numerics.likelihoods import nbd


def customers(effect: float, seed: int, n: int = 400) -> dict[str, np.ndarray]:
    """Customers of two channels, of which the second buys exp(effect) times as often."""
    rng = np.random.default_rng(seed)
    T = rng.integers(100, 270, n) / 7
    ads = rng.integers(0, 2, n)
    x, t_x = (np.empty(n), np.empty(n))
    for channel in (0, 1):
        own = ads == channel
        x[own], t_x[own] = nbd.sample_new((0.8, 8.0 * np.exp(-effect * channel)), T[own], rng)
    return {"frequency": x, "recency": t_x, "T": T, "ads": ads.astype(float)}


@pytest.fixture(scope="module")
def model() -> kp.NBD:
    return kp.NBD(prior=None, covariates=kp.Covariates(purchase=["ads"])).fit(customers(0.7, 1), unit="week")


def test_intervals_go_by_the_covariate(model: kp.NBD) -> None:
    data = {"frequency": [0, 0], "recency": [0, 0], "T": [30, 30], "ads": [0.0, 1.0]}
    found = model.interval(data, "expected_purchases", horizon=kp.weeks(26))
    low, value, high = (found[f"expected_purchases{end}"] for end in ("_low", "", "_high"))
    assert np.all(low < value)
    assert np.all(value < high)
    assert value[1] > value[0]
    assert value == pytest.approx(model.expected_purchases(data, kp.weeks(26))["expected_purchases"])


def test_nuts_and_the_bootstrap_know_the_coefficient(model: kp.NBD) -> None:
    sampled = model.sample_posterior(draws=300, chains=2, tune=200, seed=1)
    resampled = model.bootstrap(60, seed=1)
    for posterior in (sampled, resampled):
        assert posterior.mean == pytest.approx(model.posterior_.mean, abs=0.12)
        assert np.sqrt(np.diag(posterior.covariance)) == pytest.approx(
            np.sqrt(np.diag(model.posterior_.covariance)), rel=0.35
        )
    coefficient = sampled.as_arrays()[sampled.parameters[-1]]
    assert coefficient.mean() == pytest.approx(model.parameters_[sampled.parameters[-1]], abs=0.1)
