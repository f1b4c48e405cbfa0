"""Recovery of NBD, BG/NBD and MBG/NBD on simulated customers: coverage of intervals, and answers against counting."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.buying import BuyingModel
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd
from keepers.numerics.likelihoods.family import BuyingFamily

pytestmark = pytest.mark.statistical

LAWS: list[tuple[type[BuyingModel], BuyingFamily, tuple[float, ...]]] = [
    (NBD, nbd, (0.6, 9.0)),
    (BGNBD, bg_nbd, (0.5, 6.0, 0.9, 2.5)),
    (MBGNBD, mbg_nbd, (0.7, 6.0, 0.9, 2.0)),
]
NAMES = ["NBD", "BG/NBD", "MBG/NBD"]


def events(chances: int | None, theta, horizon: float, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Purchase times after the first, told event by event: wait, buy, toss the coin. None is a model without a coin."""
    r, alpha = theta[:2]
    rate = rng.gamma(r, 1 / alpha, n)
    leave = np.zeros(n) if chances is None else rng.beta(theta[2], theta[3], n)
    alive = rng.random(n) >= leave if chances else np.ones(n, bool)
    now, rounds = np.zeros(n), []
    while alive.any():
        now = np.where(alive, now + rng.exponential(1 / rate), np.inf)
        alive &= now <= horizon
        rounds.append(np.where(alive, now, np.inf))
        alive &= rng.random(n) >= leave
    return rounds


@pytest.mark.parametrize(("model", "family", "theta"), LAWS, ids=NAMES)
def test_intervals_cover_the_truth(model, family, theta) -> None:
    """95% intervals over 40 stores of 1,000 customers, within three binomial errors, which the stores decide;
    the plain normal ones are known to be a little short where the likelihood is skewed, which is what the importance
    correction is for."""
    rng = np.random.default_rng(41)
    stores, corrected, plain = 40, np.zeros(len(theta)), np.zeros(len(theta))
    for _ in range(stores):
        ages = np.round(7 * rng.uniform(15, 70, 1000)) / 7
        x, t_x = family.sample_new(theta, ages, rng)
        fitted = model().fit(Cells(x, t_x, ages, np.ones(1000), TimeUnit.WEEK))
        assert fitted.outcome_ is FitOutcome.CONVERGED
        low, high = np.quantile(fitted.posterior_.draws(400, rng), [0.025, 0.975], axis=0)
        corrected += (low < theta) & (theta < high)
        spread = np.sqrt(np.diag(fitted.posterior_.covariance))
        plain += np.abs(np.log(theta) - fitted.posterior_.mean) < 1.959964 * spread
    error = np.sqrt(0.95 * 0.05 / stores)
    assert np.all(np.abs(corrected / stores - 0.95) < 3 * error)
    assert np.all(plain / stores > 0.93 - 3 * error)


def test_few_customers_are_answered_with_honest_intervals() -> None:
    """With the weak prior, what 50 customers of a common kind of business will buy lies in its 95% interval."""
    rng = np.random.default_rng(43)
    theta, inside, n = (0.5, 6.0, 0.9, 2.5), 0.0, 50
    for _ in range(60):
        ages = rng.uniform(15, 70, n)
        x, t_x = bg_nbd.sample_new(theta, ages, rng)
        cells = Cells(x, t_x, ages, np.ones(n), TimeUnit.WEEK)
        found = BGNBD().fit(cells).predict_cells(cells, weeks(39))
        truth = bg_nbd.expected_purchases(theta, x, t_x, ages, 39.0)
        share = np.abs(found.expected_purchases - truth) < 1.959964 * found.expected_purchases_se
        inside += share.mean()
    assert 0.9 < inside / 60 <= 1.0


@pytest.mark.parametrize(
    ("chances", "family", "theta"),
    [(None, nbd, LAWS[0][2]), (0, bg_nbd, LAWS[1][2]), (1, mbg_nbd, LAWS[2][2])],
    ids=NAMES,
)
def test_answers_are_what_counting_finds(chances, family, theta) -> None:
    """300,000 customers told event by event, observed to 30 weeks and followed for 50 more."""
    n, seen, ahead, delta = 300_000, 30.0, 50.0, 0.01
    rng = np.random.default_rng(47)
    rounds = events(chances, theta, seen + ahead, n, rng)
    x, t_x, later, discounted = (np.zeros(n) for _ in range(4))
    for times in rounds:
        early = times <= seen
        x += early
        t_x = np.where(early, times, t_x)
        after = (times > seen) & np.isfinite(times)
        later += after
        discounted += np.where(after, np.exp(-delta * (np.where(after, times, seen) - seen)), 0.0)
    rows = (x, t_x, np.full(n, seen))
    expected = family.expected_purchases(theta, *rows, ahead)
    worth = family.discounted_expected_purchases(theta, *rows, delta, ahead)
    none, mean, variance = family.purchase_moments(theta, *rows, ahead)
    error = np.sqrt(variance.mean() / n)
    assert later.mean() == pytest.approx(expected.mean(), abs=4 * error)
    assert discounted.mean() == pytest.approx(worth.mean(), abs=4 * error)
    assert (later == 0).mean() == pytest.approx(none.mean(), abs=4 * 0.5 / np.sqrt(n))
    assert np.mean((later - mean) ** 2) == pytest.approx(variance.mean(), rel=0.03)
    # By group of history, where the law of the whole could hide an error of the parts.
    for group in (x == 0, (x == 1) & (t_x < 10), (x == 2) & (t_x > 20), x >= 5):
        limit = 4 * np.sqrt(variance[group].mean() / group.sum())
        assert later[group].mean() == pytest.approx(expected[group].mean(), abs=limit)
        assert discounted[group].mean() == pytest.approx(worth[group].mean(), abs=limit)
    drawn_x, drawn_t = family.sample_new(theta, np.full(n, seen), rng)
    for k in range(5):
        assert (drawn_x == k).mean() == pytest.approx((x == k).mean(), abs=4 * 0.5 * np.sqrt(2 / n))
    assert drawn_t[drawn_x == 2].mean() == pytest.approx(t_x[x == 2].mean(), abs=0.35)
    drawn = family.sample_future(theta, *rows, ahead, rng)
    assert drawn.mean() == pytest.approx(mean.mean(), abs=4 * error)
    assert np.mean((drawn - mean) ** 2) == pytest.approx(variance.mean(), rel=0.03)
