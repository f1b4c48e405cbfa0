"""Which things go together: how much more often who had one takes another, drawn to 1 where little is seen.

Of n rows with what each had (h_ik, pieces of k as a part of all it had) and took later, the lift of the pair (k, j) is
what rows with k took of j, over what they had taken if everybody took the same:

    seen_kj = sum_i h_ik taken_ij,    expected_kj = sum_i h_ik taken_i s_j,    s_j the share of j in all that was taken

with posterior mean ``g (seen + c) / (g expected + c)``, where g is the lift of the pair's groups, found in the same way
with g = 1, and c is found by maximum likelihood over all pairs (the gamma-Poisson shrinker: DuMouchel 1999, American
Statistician 53). Having had the same thing has a g and a c of its own. A row takes j with probability proportional to
``s_j exp(t U_ij)``, U the mean of its log lifts weighted by h; the exponent t is fitted to rows whose lifts were
learned from others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaincinv, gammaln, logsumexp

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CREDITS = (0.0, 1.0, 4.0, 16.0)
_STRENGTHS = (-3.0, 9.0)
_STEPS = 30
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class PairLifts:
    """Lifts of pairs; all arrays have the shape (m, m), rows what was had and columns what is taken.

    Attributes
    ----------
    seen, expected : arrays
        What was taken by rows with the one thing, and what they had taken if having it told nothing.
    prior : array
        The lift of the pair's groups.
    strength : array
        Its weight: so many expected takers count as much as what was seen.
    """

    seen: FloatArray
    expected: FloatArray
    prior: FloatArray
    strength: FloatArray

    @property
    def lift(self) -> FloatArray:
        """Posterior means."""
        return self.prior * (self.seen + self.strength) / (self.prior * self.expected + self.strength)

    def ends(self, level: float) -> tuple[FloatArray, FloatArray]:
        """The interval of a level."""
        tail = 0.5 * (1.0 - level)
        shape, rate = self.seen + self.strength, self.expected + self.strength / self.prior
        return gammaincinv(shape, tail) / rate, gammaincinv(shape, 1.0 - tail) / rate


def pair_lifts(owned: FloatArray, taken: FloatArray, group: IntArray | None = None) -> PairLifts:
    """Learn lifts from rows.

    Parameters
    ----------
    owned : array, shape (n, m)
        Pieces that each row had.
    taken : array, shape (n, m)
        More than 0 where it took it later.
    group : array of int, shape (m,), optional
        Group of each thing, towards whose lifts those of its pairs are drawn; -1 is a group, too.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> owned = rng.random((4000, 3)) < 0.5
    >>> taken = rng.random((4000, 3)) < np.where(owned[:, [0]], [[0.2, 0.4, 0.2]], 0.2)
    >>> lifts = pair_lifts(owned, taken).lift
    >>> bool(lifts[0, 1] > 1.1 > lifts[1, 2])
    True
    """
    pieces = np.asarray(owned, dtype=np.float64)
    had = pieces / np.maximum(pieces.sum(axis=1, keepdims=True), 1.0)
    took = (np.asarray(taken) > 0).astype(np.float64)
    total = max(float(took.sum()), 1.0)
    seen = had.T @ took
    expected = np.outer(had.T @ took.sum(axis=1), took.sum(axis=0) / total)
    prior, known = np.ones(seen.shape), np.full(seen.shape, np.inf)
    if group is not None:
        names, place = np.unique(group, return_inverse=True)
        member = (place[:, None] == np.arange(names.size)).astype(np.float64)
        found = pair_lifts(had @ member, took @ member)
        prior, known = found.lift[np.ix_(place, place)], (found.seen + found.strength)[np.ix_(place, place)]
    same = np.eye(seen.shape[0], dtype=bool)
    again = (seen[same].sum() + 1.0) / ((prior * expected)[same].sum() + 1.0)
    prior = np.where(same, prior * again, prior)
    weighed = prior * expected
    strength = np.where(same, _strength(seen[same], weighed[same]), _strength(seen[~same], weighed[~same]))
    # A prior that was learned weighs no more than what it was learned from.
    return PairLifts(seen, expected, prior, np.minimum(strength, known))


def _strength(seen: FloatArray, expected: FloatArray) -> float:
    """The prior's weight by maximum likelihood of counts that are Poisson with a Gamma(c, c) lift.

    No larger than data can tell from none: N pairs of E expected each do not show a variance of lifts, 1 / c, that is
    smaller than its standard error, ``sqrt(2 / N) / E``.
    """
    known = expected > 0
    n, e = seen[known], expected[known]
    if not n.size:
        return 1.0

    def loss(log: float) -> float:
        c = np.exp(log)
        odds = gammaln(n + c) - gammaln(c) + c * np.log(c / (c + e)) + n * np.log(e / (c + e))
        return -float(odds.sum())

    most = max(float(e.mean()) * math.sqrt(0.5 * e.size), 1.0)
    return min(float(np.exp(minimize_scalar(loss, bounds=_STRENGTHS, method="bounded").x)), most)


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """How rows choose among things.

    Attributes
    ----------
    base : array, shape (m,)
        Share of each thing in all that was taken.
    log_lift : array, shape (m, m)
    exponent : float
        How strongly lifts count; 0 where they tell nothing.
    credit : float
        So many pieces of history count as one that tells nothing.
    """

    base: FloatArray
    log_lift: FloatArray
    exponent: float
    credit: float

    def pull(self, history: FloatArray) -> FloatArray:
        """Mean log lift towards each thing of rows with so many pieces of each, shape (n, m)."""
        return weighted_pull(history, self.log_lift, self.credit)

    def shares(self, history: FloatArray) -> FloatArray:
        """What each row takes: probabilities of things, shape (n, m)."""
        return _shares(self.base, self.exponent, self.pull(history))


def weighted_pull(history: FloatArray, log_lift: FloatArray, credit: float) -> FloatArray:
    """Log lifts of what rows had, weighted by how much of it they had, shape (n, m)."""
    total = history.sum(axis=1, keepdims=True) + credit
    return np.asarray((history / np.where(total > 0, total, 1.0)) @ log_lift, dtype=np.float64)


def base_shares(taken: FloatArray) -> FloatArray:
    """Share of each thing in what was taken, none of them nothing, shape (m,)."""
    counts = taken.sum(axis=0) + 0.5
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def cross_fitted(
    history: FloatArray, taken: FloatArray, fold: IntArray, group: IntArray | None = None
) -> tuple[Affinity, FloatArray, PairLifts]:
    """Learn how rows choose, and say it of each row by what the others tell.

    Parameters
    ----------
    history, taken : arrays, shape (n, m)
        Pieces that each row had, and took later.
    fold : array of int, shape (n,)
        Portion of each row.
    group : array of int, shape (m,), optional
        Groups of things, as in `pair_lifts`.

    Returns
    -------
    affinity : Affinity
        Learned from all rows.
    shares : array, shape (n, m)
        Of each row, by an affinity that has not seen it.
    lifts : PairLifts
        Of all rows.
    """
    folds = range(int(fold.max()) + 1)
    learned = [np.log(pair_lifts(history[fold != held], taken[fold != held], group).lift) for held in folds]
    bases = [base_shares(taken[fold != held]) for held in folds]
    best: tuple[float, float, float] | None = None
    for credit in _CREDITS:
        pull = np.empty(history.shape)
        for held in folds:
            pull[fold == held] = weighted_pull(history[fold == held], learned[held], credit)
        exponent, score = _exponent(base_shares(taken), pull, taken)
        if best is None or score > best[0]:
            best = (score, credit, exponent)
    assert best is not None
    _, credit, _ = best
    shares = np.empty(history.shape)
    pull = np.empty(history.shape)
    for held in folds:
        pull[fold == held] = weighted_pull(history[fold == held], learned[held], credit)
    for held in folds:
        others, ask = fold != held, fold == held
        exponent, _ = _exponent(bases[held], pull[others], taken[others])
        shares[ask] = _shares(bases[held], exponent, pull[ask])
    lifts = pair_lifts(history, taken, group)
    return Affinity(base_shares(taken), np.log(lifts.lift), best[2], credit), shares, lifts


def _shares(base: FloatArray, exponent: float, pull: FloatArray) -> FloatArray:
    score = np.log(base) + exponent * pull
    return np.asarray(np.exp(score - logsumexp(score, axis=1)[:, None]), dtype=np.float64)


def _exponent(base: FloatArray, pull: FloatArray, taken: FloatArray) -> tuple[float, float]:
    """The exponent of the largest likelihood, not below 0, and that likelihood; concave, by Newton's method."""
    some = taken.sum(axis=1) > 0
    pull, taken = pull[some], taken[some]
    if not pull.size:
        return 0.0, 0.0
    t, here = 0.0, -np.inf
    for _ in range(_STEPS):
        value = slope = bend = 0.0
        for start in range(0, pull.shape[0], _AT_ONCE):
            u, y = pull[start : start + _AT_ONCE], taken[start : start + _AT_ONCE]
            score = np.log(base) + t * u
            whole = logsumexp(score, axis=1)
            p = np.exp(score - whole[:, None])
            size = y.sum(axis=1)
            mean = (p * u).sum(axis=1)
            value += float((y * score).sum() - size @ whole)
            slope += float((y * u).sum() - size @ mean)
            bend += float(size @ ((p * u * u).sum(axis=1) - mean**2))
        here = value
        moved = max(t + (slope / bend if bend > 0 else 0.0), 0.0)
        if abs(moved - t) < 1e-8 * (1.0 + t):
            break
        t = moved
    return t, here
