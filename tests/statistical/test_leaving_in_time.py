"""Covariates of time that move buying and leaving: parameters come back, answers agree with draws and each other."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_leaving import LeavingLikelihood
from keepers.numerics.clocked_leaving_answers import LeavingAnswers
from keepers.numerics.clocked_likelihood import ClockedRows
from keepers.numerics.leaving_risk import Risk
from keepers.numerics.likelihoods import ggompertz_nbd, pareto_nbd
from keepers.numerics.optimise import maximise

pytestmark = pytest.mark.statistical

THETAS = {
    pareto_nbd: np.array([0.6, 8.0, 0.7, 20.0]),
    ggompertz_nbd: np.array([0.6, 8.0, 0.05, 0.8, 3.0]),
}
GAMMA, DELTA = np.array([0.4, -0.3]), np.array([0.6])
WEEKS = 80
SIZE = 1500


def drawn(family, delta):
    """Histories of 52 weeks after different first weeks, 28 more weeks of paths being known; what came later."""
    rng = np.random.default_rng(5)
    theta = THETAS[family]
    values, leaving = rng.normal(0, 1, (SIZE, WEEKS, 2)), rng.normal(0, 1, (SIZE, WEEKS, delta.size))
    growth = theta[2] if family is ggompertz_nbd else None
    rate, level = rng.gamma(theta[0], 1 / theta[1], SIZE), rng.gamma(theta[-2], 1 / theta[-1], SIZE)
    start, path = rng.uniform(0, 12, SIZE), np.arange(SIZE)
    stays = Risk(leaving, 1.0, delta, growth).age_of(path, start, rng.exponential(size=SIZE) / level)
    T = 52 - start
    clock = Clock(values, 1.0, GAMMA)
    born = clock.at(path, start)

    def bought(begin, end):
        gained = clock.at(path, end) - clock.at(path, begin)
        return rng.poisson(rate * gained), gained

    end = start + np.minimum(stays, T)
    x, gained = bought(start, end)
    who = np.repeat(path, x)
    when = clock.time_of(who, born[who] + rng.uniform(size=who.size) * gained[who])
    seen, t_x = np.zeros((SIZE, 2)), np.zeros(SIZE)
    np.add.at(seen, who, values[who, np.minimum(when.astype(int), WEEKS - 1)])
    np.maximum.at(t_x, who, when - start[who])
    later, _ = bought(end, start + np.minimum(np.maximum(stays, T), T + 26))
    d = theta.size
    rows = ClockedRows(
        x.astype(float), t_x, T, np.ones(SIZE), start, path, seen, np.zeros((SIZE, d, 0)), np.zeros((SIZE, d))
    )
    return rows, values, leaving, np.where(stays > T, later, 0)


@pytest.fixture(
    scope="module", params=[(pareto_nbd, 0), (pareto_nbd, 1), (ggompertz_nbd, 1)], ids=["even", "moved", "growing"]
)
def histories(request):
    family, many = request.param
    return family, DELTA[:many], drawn(family, DELTA[:many])


def test_parameters_come_back(histories):
    family, delta, (rows, values, leaving, _) = histories
    likelihood = LeavingLikelihood(family, rows, values, 1.0, leaving)
    truth = np.array([*np.log(THETAS[family]), *GAMMA, *delta])
    found = maximise(lambda point: likelihood(point, 2), truth, tolerance=1e-3)
    assert found.converged
    error = np.sqrt(np.diag(np.linalg.inv(-found.evaluation.hessian)))
    assert np.all(np.abs(found.point - truth) < 3.5 * error)
    # What moves leaving is found, not only allowed.
    moved = slice(truth.size - delta.size, None)
    assert np.all(np.abs(found.point[moved]) > 2 * error[moved])


def test_answers_agree_with_what_happens(histories):
    family, delta, (rows, values, leaving, later) = histories
    theta = np.array([*THETAS[family], *GAMMA, *delta])
    answers = LeavingAnswers(family, rows, values, 1.0, 1, leaving)
    none, mean, variance = answers.ask("purchase_moments", theta, 26.0)
    spread = np.sqrt(variance.sum())
    assert abs(later.sum() - mean.sum()) < 3.5 * spread
    assert abs((later == 0).sum() - none.sum()) < 3.5 * np.sqrt((none * (1 - none)).sum())
    rng = np.random.default_rng(2)
    futures = np.mean([answers.ask("sample_future", theta, 26.0, rng).sum() for _ in range(20)])
    assert abs(futures - mean.sum()) < 3.5 * spread / np.sqrt(20)


def test_answers_agree_with_each_other(histories):
    family, delta, (rows, values, leaving, _) = histories
    theta, few = np.array([*THETAS[family], *GAMMA, *delta]), np.flatnonzero(rows.x < 8)[:150]
    answers = LeavingAnswers(family, rows.take(few), values, 1.0, 1, leaving)
    none, mean, variance = answers.ask("purchase_moments", theta, 26.0)
    chances = answers.ask("purchase_distribution", theta, 26.0, 250)
    count = np.arange(251)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(chances @ count, mean, rtol=1e-7)
    np.testing.assert_allclose(chances @ count**2 - mean**2, variance, rtol=1e-6)
    np.testing.assert_allclose(chances[:, 0], none, rtol=1e-12)
    short, long = (answers.ask("discounted_expected_purchases", theta, 0.0, end) for end in (10.0, 26.0))
    np.testing.assert_allclose(long, mean, rtol=1e-12)
    assert np.all(short < long + 1e-15)
    # Without end, with a rate so high that nothing is left beyond the known paths.
    known = answers.ask("discounted_expected_purchases", theta, 2.0, 28.0)
    np.testing.assert_allclose(answers.ask("discounted_expected_purchases", theta, 2.0), known, rtol=1e-9)
    # Beyond the known paths the last pace holds, so that a long horizon tends to none.
    far, endless = (answers.ask("discounted_expected_purchases", theta, 0.05, end) for end in (600.0, None))
    np.testing.assert_allclose(far, endless, rtol=1e-9)
    # The life within a cap is the sum of being alive, and half of the living are gone at the median.
    edges = np.linspace(0.0, 26.0, 2601)
    alive = np.stack([answers.ask("probability_alive", theta, float(edge)) for edge in edges[::100]])
    within = answers.ask("truncated_lifetime", theta, 26.0)
    assert np.all(np.abs(np.trapezoid(alive, edges[::100], axis=0) - within) < 0.02 * within + 1e-9)
    median = answers.ask("median_lifetime", theta)
    sure = np.flatnonzero((median > 0) & (median < 400))
    assert sure.size > 10
    for row in sure[:5]:
        one = LeavingAnswers(family, rows.take(few[row : row + 1]), values, 1.0, 1, leaving)
        assert one.ask("probability_alive", theta, float(median[row]))[0] == pytest.approx(0.5, abs=1e-9)
    lifetime = answers.ask("expected_lifetime", theta)
    if family is pareto_nbd:
        assert np.all(np.isinf(lifetime))
    else:
        np.testing.assert_allclose(answers.ask("truncated_lifetime", theta, 900.0), lifetime, rtol=1e-9)
