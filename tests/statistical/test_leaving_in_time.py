"""Pareto/NBD with covariates of time: parameters come back, and answers agree with draws and with each other."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_leaving_answers import LeavingAnswers
from keepers.numerics.clocked_likelihood import ClockedRows
from keepers.numerics.likelihoods import pareto_nbd

pytestmark = pytest.mark.statistical

THETA, GAMMA = np.array([0.6, 8.0, 0.7, 20.0]), np.array([0.4, -0.3])
WEEKS = 80


@pytest.fixture(scope="module")
def histories():
    """Histories of 52 weeks after different first weeks, 28 more weeks of paths being known."""
    rng = np.random.default_rng(5)
    size = 1500
    values = rng.normal(0, 1, (size, WEEKS, 2))
    rate = rng.gamma(THETA[0], 1 / THETA[1], size)
    stays = rng.exponential(1 / rng.gamma(THETA[2], 1 / THETA[3], size))
    start, path = rng.uniform(0, 12, size), np.arange(size)
    T = 52 - start
    clock = Clock(values, 1.0, GAMMA)
    born = clock.at(path, start)

    def drawn(begin, end):
        gained = clock.at(path, end) - clock.at(path, begin)
        return rng.poisson(rate * gained), gained

    end = start + np.minimum(stays, T)
    x, gained = drawn(start, end)
    who = np.repeat(path, x)
    when = clock.time_of(who, born[who] + rng.uniform(size=who.size) * gained[who])
    seen, t_x = np.zeros((size, 2)), np.zeros(size)
    np.add.at(seen, who, values[who, np.minimum(when.astype(int), WEEKS - 1)])
    np.maximum.at(t_x, who, when - start[who])
    later, _ = drawn(end, start + np.minimum(np.maximum(stays, T), T + 26))
    rows = ClockedRows(
        x.astype(float), t_x, T, np.ones(size), start, path, seen, np.zeros((size, 4, 0)), np.zeros((size, 4))
    )
    return rows, values, np.where(stays > T, later, 0)


def test_parameters_come_back(histories):
    rows, values, _ = histories
    likelihood = LeavingLikelihood(pareto_nbd, rows, values, 1.0)
    point = np.array([*np.log(THETA), *GAMMA])
    truth = point.copy()
    for _ in range(6):
        here = likelihood(point, 2)
        point = point - np.linalg.solve(here.hessian, here.gradient)
    assert np.abs(likelihood(point, 2).gradient).max() < 1e-4
    error = np.sqrt(np.diag(np.linalg.inv(-here.hessian)))
    assert np.all(np.abs(point - truth) < 3.5 * error)


def test_answers_agree_with_what_happens(histories):
    rows, values, later = histories
    answers = LeavingAnswers(pareto_nbd, rows, values, 1.0, 1, 1)
    theta = np.array([*THETA, *GAMMA])
    none, mean, variance = answers.ask("purchase_moments", theta, 26.0)
    spread = np.sqrt(variance.sum())
    assert abs(later.sum() - mean.sum()) < 3.5 * spread
    assert abs((later == 0).sum() - none.sum()) < 3.5 * np.sqrt((none * (1 - none)).sum())
    rng = np.random.default_rng(2)
    drawn = np.mean([answers.ask("sample_future", theta, 26.0, rng).sum() for _ in range(50)])
    assert abs(drawn - mean.sum()) < 3.5 * spread / np.sqrt(50)
    few = rows.x < 8
    chances = answers.ask("purchase_distribution", theta, 26.0, 250)[few]
    count = np.arange(251)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(chances @ count, mean[few], rtol=1e-7)
    np.testing.assert_allclose(chances @ count**2 - mean[few] ** 2, variance[few], rtol=1e-6)
    np.testing.assert_allclose(chances[:, 0], none[few], rtol=1e-12)
    short, long = (answers.ask("discounted_expected_purchases", theta, 0.0, end) for end in (10.0, 26.0))
    np.testing.assert_allclose(long, mean, rtol=1e-12)
    assert np.all(short < long + 1e-15)
    # Without end, with a rate so high that nothing is left beyond the known paths.
    known = answers.ask("discounted_expected_purchases", theta, 2.0, 28.0)
    np.testing.assert_allclose(answers.ask("discounted_expected_purchases", theta, 2.0), known, rtol=1e-9)
