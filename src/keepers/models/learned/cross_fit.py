"""Learning out of fold: every customer is predicted by trees that never saw them, and the rounds are chosen so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.models.learned.boosting import Boosted, FloatArray, Machine, Target, boost

IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """A target learned once on everybody and once without each fold.

    Attributes
    ----------
    whole : Boosted
        Learned on everybody, with the number of rounds that held-out customers asked for.
    parts : list of Boosted
        Learned without each fold.
    scores : array, shape (n, k)
        Held-out scores of everybody.
    """

    whole: Boosted
    parts: list[Boosted]
    scores: FloatArray


def folds_of(n: int, folds: int, seed: int, outcome: FloatArray, groups: NDArray[np.generic] | None) -> IntArray:
    """Fold of each row: alike in what customers brought, all rows of one customer in one fold.

    Parameters
    ----------
    n, folds, seed : int
        Rows, folds, and where chance starts.
    outcome : array, shape (n,)
        What rows brought; each fold has low and high ones in proportion.
    groups : array, shape (n,), optional
        Customer of each row, where customers stand on several.
    """
    rng = np.random.default_rng(seed)
    if groups is not None:
        distinct, row = np.unique(groups, return_inverse=True)
        brought = np.bincount(row, outcome, distinct.size).astype(np.float64)
        return folds_of(distinct.size, folds, seed, brought, None)[row]
    order = np.lexsort((rng.random(n), outcome))
    found = np.empty(n, dtype=np.intp)
    # Neighbours in what they brought are dealt out in turn, each deal in an order of its own.
    deals = -(-n // folds)
    dealt = np.argsort(rng.random((deals, folds)), axis=1).ravel()[:n]
    found[order] = dealt
    return found


def cross_fit(
    X: FloatArray,
    outcome: FloatArray,
    target: Target,
    machine: Machine,
    fold: IntArray,
    categories: list[int],
    among: NDArray[np.bool_] | None = None,
) -> CrossFit:
    """Learn a target out of fold and on everybody.

    Parameters
    ----------
    X, outcome : arrays, shapes (n, p) and (n,)
        Who to learn from.
    fold : array of int, shape (n,)
        Fold of each row.
    among : array of bool, shape (n,), optional
        Rows that say something of the target, such as those who bought; scores are given of all.
    """
    said = np.ones(len(X), dtype=bool) if among is None else among
    count = int(fold.max()) + 1
    parts, curves = [], []
    for k in range(count):
        seen, unseen = said & (fold != k), said & (fold == k)
        if not unseen.any() or not seen.any():
            parts.append(Boosted(None, target.start, 0, target.offsets))
            continue
        part, curve = boost(X[seen], outcome[seen], target, machine, categories, (X[unseen], outcome[unseen]))
        parts.append(part)
        curves.append((curve, int(unseen.sum())))
    rounds = _rounds(curves)
    scores = target.starts(X)
    kept = []
    for k, part in enumerate(parts):
        cut = Boosted(part.booster, target.start, min(rounds, part.rounds), target.offsets)
        mine = fold == k
        if mine.any():
            scores[mine] = cut.scores(X[mine], machine.threads)
        kept.append(cut)
    whole, _ = boost(X[said], outcome[said], target, machine, categories, rounds=rounds)
    return CrossFit(whole, kept, scores)


def _rounds(curves: list[tuple[FloatArray, int]]) -> int:
    """The number of rounds with the smallest mean held-out loss; none where they do not lower it."""
    if not curves:
        return 0
    # A fold that stopped early stays where it stopped.
    length = max(curve.size for curve, _ in curves)
    padded = np.array([np.pad(curve, (0, length - curve.size), mode="edge") for curve, _ in curves])
    mean = np.average(padded, axis=0, weights=[size for _, size in curves])
    return int(np.argmin(mean))
