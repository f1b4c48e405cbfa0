"""Does the GGompertz/NBD find what made the data where customers die suddenly, and is its uncertainty honest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.ggompertz_nbd import GGompertzNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.numerics.likelihoods import ggompertz_nbd

pytestmark = pytest.mark.statistical

TRUTH = np.array([1.2, 4.0, 0.12, 1.5, 150.0])


def plain_customers(theta, age, later, rng):
    """Customers by the story of the model, purchase by purchase; (x, t_x, alive at age, purchases later)."""
    r, alpha, b, s, beta = theta
    rows = []
    for T in age:
        rate, level = rng.gamma(r) / alpha, rng.gamma(s) / beta
        leaves = np.log1p(rng.exponential() / level) / b
        moments, moment = [], rng.exponential(1 / rate)
        while moment < min(leaves, T + later):
            moments.append(moment)
            moment += rng.exponential(1 / rate)
        before = [m for m in moments if m <= T]
        rows.append((len(before), before[-1] if before else 0.0, leaves > T, len(moments) - len(before)))
    return (np.array(column, dtype=float) for column in zip(*rows, strict=True))


def test_sudden_death_is_recovered_and_forecast_where_the_pareto_nbd_is_not_able_to():
    rng = np.random.default_rng(21)
    age, later = rng.integers(20, 90, 4000).astype(float), 30.0
    x, t_x, alive, purchases = plain_customers(TRUTH, age, later, rng)
    cells = Cells(x, t_x, age, np.ones(age.size), TimeUnit.WEEK)
    model = GGompertzNBD().fit(cells)
    assert model.outcome_ is FitOutcome.CONVERGED
    away = (model.posterior_.mean - np.log(TRUTH)) / np.sqrt(np.diag(model.posterior_.covariance))
    assert np.all(np.abs(away) < 3.0)
    assert stats.chi2.sf(away @ np.linalg.solve(correlation(model), away), 5) > 0.002
    claimed, expected = model.probability_alive(cells), model.expected_purchases(cells, weeks(later))
    for decile in np.array_split(np.argsort(claimed), 10):
        assert alive[decile].mean() == pytest.approx(claimed[decile].mean(), abs=0.05)
    error = np.sqrt(np.sum(model.predict_cells(cells, weeks(later)).variance))
    assert purchases.sum() == pytest.approx(expected.sum(), abs=3 * error)
    without = ParetoNBD().fit(cells)
    assert model.log_likelihood_ > without.log_likelihood_ + 50
    assert abs(without.expected_purchases(cells, weeks(later)).sum() - purchases.sum()) > 5 * error


def correlation(model):
    spread = np.sqrt(np.diag(model.posterior_.covariance))
    return model.posterior_.covariance / np.outer(spread, spread)


def test_draws_follow_the_distribution_they_are_drawn_from():
    rng = np.random.default_rng(13)
    n = 100_000
    for x, t_x, T, t in ((0.0, 0.0, 30.0, 20.0), (12.0, 28.0, 30.0, 52.0)):
        drawn = ggompertz_nbd.sample_future(TRUTH, np.full(n, x), t_x, T, t, rng)
        pmf = ggompertz_nbd.purchase_distribution(TRUTH, x, t_x, T, t, 6)[0]
        assert np.bincount(drawn.astype(int), minlength=7)[:7] / n == pytest.approx(pmf, abs=4.5 * np.sqrt(0.25 / n))
    x, t_x = ggompertz_nbd.sample_new(TRUTH, np.full(n, 40.0), rng)
    pmf = ggompertz_nbd.purchase_distribution_new(TRUTH, 40.0, 8)
    assert np.bincount(x.astype(int), minlength=9)[:9] / n == pytest.approx(pmf, abs=4.5 * np.sqrt(0.25 / n))
    assert np.all((t_x > 0) == (x > 0))
