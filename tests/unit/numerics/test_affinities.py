"""What goes together is found where it does, is nothing where it does not, and its intervals hold."""

from __future__ import annotations

import numpy as np
from scipy.optimize import approx_fprime

from keepers.numerics.affinities import FloatArray, _exponent, cross_fitted, pair_lifts


def drawn(size: int, seed: int, likes: float) -> tuple[FloatArray, FloatArray]:
    """Rows that each have a favourite among two groups of three things, and take of it more often by so much."""
    rng = np.random.default_rng(seed)
    favourite = rng.integers(0, 2, size)
    weight = np.where(np.arange(6) // 3 == favourite[:, None], likes, 1.0)
    share = weight / weight.sum(axis=1, keepdims=True)
    history = np.array([rng.multinomial(n, p) for n, p in zip(1 + rng.poisson(1.0, size), share, strict=True)])
    taken = np.array([rng.multinomial(n, p) for n, p in zip(rng.poisson(0.8, size), share, strict=True)])
    return history.astype(np.float64), taken.astype(np.float64)


def test_favourites_are_found_and_others_do_not_matter() -> None:
    history, taken = drawn(3000, 1, likes=4.0)
    fold = np.arange(3000) % 5
    affinity, shares, lifts = cross_fitted(history, taken, fold, np.array([0, 0, 0, 1, 1, 1]))
    same = np.arange(6) // 3 == np.arange(6)[:, None] // 3
    assert lifts.lift[same].min() > 1.1
    assert lifts.lift[~same].max() < 0.9
    once = np.eye(6)[:1]
    told = affinity.shares(once)[0]
    # Of rows with one thing of the first group 0.8 like it: 0.8 (4 / 15) + 0.2 (1 / 15) a thing.
    assert np.abs(told[:3] - (0.8 * 4 + 0.2) / 15).max() < 0.03
    log = np.log(shares)
    assert float((taken * log).sum()) > float((taken * np.log(np.full(6, 1 / 6))).sum()) + 50
    assert np.allclose(shares.sum(axis=1), 1.0)


def test_where_nothing_goes_together_everybody_takes_what_all_take() -> None:
    history, taken = drawn(3000, 2, likes=1.0)
    affinity, _, lifts = cross_fitted(history, taken, np.arange(3000) % 5)
    assert np.abs(affinity.shares(history) / affinity.base - 1.0).max() < 0.08
    low, high = lifts.ends(0.9)
    assert ((low < 1.0) & (high > 1.0)).mean() > 0.8


def test_intervals_of_lifts_hold_as_often_as_they_say() -> None:
    """The truth of the pair is known: lifts of 40 drawn tables with things that go together by chance."""
    held = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        truth = rng.gamma(20.0, 1 / 20.0, (4, 4))
        had = rng.integers(0, 4, 2000)
        chance = 0.25 * truth[had]
        chance /= chance.sum(axis=1, keepdims=True)
        took = (rng.random(2000)[:, None] > np.cumsum(chance, axis=1)).sum(axis=1)
        found = pair_lifts(np.eye(4)[had], np.eye(4)[took])
        owner = np.array([chance[had == k][0] for k in range(4)])
        lift = owner / (np.bincount(took, minlength=4) / 2000)
        low, high = found.ends(0.9)
        held.append((low < lift) & (lift < high))
    assert 0.82 < np.mean(held) < 0.97


def test_the_exponent_is_where_the_likelihood_is_largest() -> None:
    history, taken = drawn(400, 3, likes=3.0)
    base = taken.sum(axis=0) / taken.sum()
    pull = history @ np.log(pair_lifts(history, taken).lift)

    def likelihood(t: FloatArray) -> float:
        score = np.log(base) + t[0] * pull
        return float((taken * (score - np.log(np.exp(score).sum(axis=1, keepdims=True)))).sum())

    best, value = _exponent(base, pull, taken)
    assert best > 0
    assert abs(value - likelihood(np.array([best]))) < 1e-9 * abs(value)
    assert abs(approx_fprime(np.array([best]), likelihood, 1e-6)[0]) < 0.05
