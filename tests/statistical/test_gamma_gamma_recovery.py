"""Does the spend model keep its promises on orders whose law is known: parameters, means and totals to come."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.likelihoods import gamma_gamma

pytestmark = pytest.mark.statistical

TRUTH = np.array([5.0, 3.5, 20.0])


def test_intervals_of_parameters_hold_the_truth():
    rng = np.random.default_rng(21)
    inside, fits = np.zeros(3), 300
    for _ in range(fits):
        x = 1.0 + rng.poisson(2.0, 800)
        model = GammaGamma().fit({"frequency": x, "monetary_value": gamma_gamma.sample_new(TRUTH, x, rng)})
        away = (model.posterior_.mean - np.log(TRUTH)) / np.sqrt(np.diag(model.posterior_.covariance))
        inside += np.abs(away) < stats.norm.ppf(0.975)
    assert np.all(np.abs(inside / fits - 0.95) < 0.035)


def test_means_and_totals_to_come_are_calibrated():
    """Orders drawn one by one by the story of the model; the first ones are seen, the later ones predicted."""
    rng = np.random.default_rng(22)
    n, later = 20_000, 3
    x = 1 + rng.poisson(2.0, n)
    rate = rng.gamma(TRUTH[1], 1 / TRUTH[2], n)
    orders = rng.gamma(TRUTH[0], size=(n, x.max() + later)) / rate[:, None]
    seen = np.arange(orders.shape[1]) < x[:, None]
    m = np.where(seen, orders, 0).sum(axis=1) / x
    total = orders[:, -later:].sum(axis=1)
    data = {"frequency": x.astype(float), "monetary_value": m}
    model = GammaGamma().fit(data)
    expected = model.expected_spend(data)["expected_spend"]
    for decile in np.array_split(np.argsort(expected), 10):
        assert (total[decile] / later).mean() == pytest.approx(expected[decile].mean(), rel=0.03)
    for level in (0.1, 0.5, 0.9):
        amount = model.spend_quantile(data, level, orders=later)["spend_quantile"]
        assert np.mean(total < amount) == pytest.approx(level, abs=0.01)
    above = model.probability_spend_above(data, 100.0, orders=later)["probability_spend_above"]
    for decile in np.array_split(np.argsort(above), 10):
        assert np.mean(total[decile] > 100) == pytest.approx(above[decile].mean(), abs=0.03)
