"""Does the Pareto/NBD keep its promises on data whose truth is known: parameters, being alive, counts to come."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.numerics.likelihoods import pareto_nbd

pytestmark = pytest.mark.statistical

TRUTH = np.array([0.9, 8.0, 1.1, 20.0])


def plain_customers(theta, age, later, rng):
    """Customers one by one by the story of the model: gaps until leaving; (x, t_x, alive at age, purchases later)."""
    r, alpha, s, beta = theta
    rows = []
    for T in age:
        rate, leaving = rng.gamma(r) / alpha, rng.gamma(s) / beta
        leaves = rng.exponential(1 / leaving)
        moments, moment = [], rng.exponential(1 / rate)
        while moment < min(leaves, T + later):
            moments.append(moment)
            moment += rng.exponential(1 / rate)
        before = [m for m in moments if m <= T]
        rows.append((len(before), before[-1] if before else 0.0, leaves > T, len(moments) - len(before)))
    return (np.array(column, dtype=float) for column in zip(*rows, strict=True))


def test_intervals_of_parameters_hold_the_truth():
    rng = np.random.default_rng(11)
    inside, fits = np.zeros(4), 40
    for _ in range(fits):
        age = rng.integers(20, 80, 400).astype(float)
        x, t_x = pareto_nbd.sample_new(TRUTH, age, rng)
        model = ParetoNBD().fit(Cells(x, t_x, age, np.ones(age.size), TimeUnit.WEEK))
        away = (model.posterior_.mean - np.log(TRUTH)) / np.sqrt(np.diag(model.posterior_.covariance))
        inside += np.abs(away) < stats.norm.ppf(0.975)
    # Two standard errors of a share of 95% over 40 fits are seven points; of the mean over parameters, some four.
    assert np.all(inside / fits > 0.88)
    assert 0.91 <= inside.mean() / fits <= 0.99


def test_probability_alive_and_counts_are_calibrated():
    rng = np.random.default_rng(12)
    age, later = rng.uniform(20, 80, 20_000), 30.0
    x, t_x, alive, purchases = plain_customers(TRUTH, age, later, rng)
    model = ParetoNBD().fit(Cells(x, t_x, age, np.ones(age.size), TimeUnit.WEEK))
    cells = Cells(x, t_x, age, np.ones(age.size), TimeUnit.WEEK)
    claimed, expected = model.probability_alive(cells), model.expected_purchases(cells, weeks(later))
    assert purchases.sum() == pytest.approx(expected.sum(), rel=0.03)
    for decile in np.array_split(np.argsort(claimed), 10):
        assert alive[decile].mean() == pytest.approx(claimed[decile].mean(), abs=0.03)
    for decile in np.array_split(np.argsort(expected), 10)[3:]:
        error = np.sqrt(purchases[decile].var() / decile.size)
        assert purchases[decile].mean() == pytest.approx(expected[decile].mean(), abs=4 * error)
    # Randomised probability integral transform of the counts: uniform if every distribution is right.
    pmf = model.purchase_distribution(cells, weeks(later), int(purchases.max()))
    below = np.cumsum(pmf, axis=1)
    rows, counts = np.arange(age.size), purchases.astype(int)
    u = below[rows, counts] - rng.random(age.size) * pmf[rows, counts]
    assert stats.kstest(u, "uniform").statistic < 0.015


def test_draws_follow_the_distribution_they_are_drawn_from():
    rng = np.random.default_rng(13)
    n = 200_000
    for x, t_x, T, t in ((0.0, 0.0, 30.0, 20.0), (3.0, 25.0, 30.0, 20.0), (12.0, 10.0, 60.0, 52.0)):
        drawn = pareto_nbd.sample_future(TRUTH, np.full(n, x), t_x, T, t, rng)
        pmf = pareto_nbd.purchase_distribution(TRUTH, x, t_x, T, t, 6)[0]
        seen = np.bincount(drawn.astype(int), minlength=7)[:7] / n
        assert seen == pytest.approx(pmf, abs=4.5 * np.sqrt(0.25 / n))
    x, t_x = pareto_nbd.sample_new(TRUTH, np.full(n, 40.0), rng)
    pmf = pareto_nbd.purchase_distribution_new(TRUTH, 40.0, 8)
    assert np.bincount(x.astype(int), minlength=9)[:9] / n == pytest.approx(pmf, abs=4.5 * np.sqrt(0.25 / n))
    assert np.all((t_x > 0) == (x > 0))
    # The age at the last purchase: its mean over drawn customers with two purchases against the likelihood's.
    ages = np.linspace(1e-3, 40, 400)
    density = np.exp(pareto_nbd.log_likelihood(TRUTH, 2, ages, 40.0)) * ages
    assert t_x[x == 2].mean() == pytest.approx(float(np.average(ages, weights=density)), rel=0.01)
