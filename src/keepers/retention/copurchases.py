"""What customers buy after what: pairs of products, and how each customer chooses, tested on what they bought later."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import InputError
from keepers.evaluation.policy.gate import GateVerdict, policy_gate
from keepers.numerics.affinities import Affinity, PairLifts, cross_fitted
from keepers.retention.shelf import Shelf, customers_of

LEVEL = 0.9
_FOLDS = 5
_SAMPLE = 60_000
_STILL_SOLD = 3
_FEWEST_BOTH = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products, and how much more often who bought the first buys the second later than everybody does.

    Attributes
    ----------
    bought, next : str
    lift, low, high : float
        With its 90% interval; 1 where owning the first tells nothing.
    customers : int
        Who bought both, in this order, in the time looked at.
    """

    bought: str
    next: str
    lift: float
    low: float
    high: float
    customers: int


@dataclass(frozen=True, eq=False)
class Copurchases:
    """What goes with what, and whether choosing for each customer foretells more than best-sellers do.

    Attributes
    ----------
    affinity : Affinity
    lifts : PairLifts
    verdict : GateVerdict
    both : array, shape (m, m)
        Customers who had the one and bought the other later.
    money : array, shape (n,)
        What each customer of the sample brought in the time looked at.
    """

    affinity: Affinity
    lifts: PairLifts
    verdict: GateVerdict
    both: FloatArray
    money: FloatArray


def copurchases(shelf: Shelf, length: int, confidence: float) -> Copurchases:
    """Learn from what customers had by a day, and what they bought in the time after it.

    The choice for each customer is the item they do not have of which most money is expected, by what other customers
    tell. It must have foretold more money than showing everybody any one item did, where whoever has that item is shown
    the best-seller that they do not have.

    Raises
    ------
    InputError
        Fewer than 100 customers had bought by the day.
    """
    cut = shelf.last_day - dt.timedelta(days=length)
    before, after = shelf.bought(cut), shelf.bought(shelf.last_day, cut)
    rows, _ = customers_of(before, shelf.keys.size)
    if rows.size < 100:
        raise InputError(
            f"The next product is learned from customers who had bought {length} days before the last order: there are "
            f"{rows.size}; at least 100 are needed."
        )
    rng = np.random.default_rng(0)
    if rows.size > _SAMPLE:
        rows = np.sort(rng.choice(rows, _SAMPLE, replace=False))
    history, taken = before.table(rows, shelf.codes), after.table(rows, shelf.codes)
    brought = after.table(rows, shelf.codes, "worth")
    fold = rng.permutation(rows.size) % _FOLDS
    affinity, shares, lifts = cross_fitted(history, taken, fold, shelf.category_of)
    order = best_sellers(shelf, cut, length)
    free = (history[:, : len(shelf.items)] <= 0) & sold_of(shelf, order)
    worth = np.array([item.worth for item in shelf.items])
    personal = np.argmax(np.where(free, shares[:, : worth.size] * worth, -np.inf), axis=1)
    ranked = np.append(order, -1)[np.argmax(np.column_stack([free[:, order], np.ones(rows.size, bool)]), axis=1)]
    scores = np.where(free, brought[:, : worth.size], 0.0)
    # Whoever has the one thing that all would get is shown the best-seller they do not have: as any shop would.
    instead = np.where(ranked >= 0, scores[np.arange(rows.size), ranked], 0.0)
    constants = np.where(free, scores, instead[:, None])[:, order]
    place = np.empty(len(shelf.items), dtype=np.int64)
    place[order] = np.arange(order.size)
    some = free.any(axis=1)
    verdict = policy_gate(
        constants[some], place[personal[some]], [shelf.items[code].name for code in order], confidence=confidence
    )
    both = (history > 0).astype(np.float64).T @ (taken > 0).astype(np.float64)
    return Copurchases(affinity, lifts, verdict, both, brought.sum(axis=1))


def best_sellers(shelf: Shelf, day: dt.date, length: int) -> IntArray:
    """Items that were still sold up to a day, by what they brought in the time before it, the largest first."""
    lately = shelf.bought(day, day - dt.timedelta(days=length))
    lines = lately.totals(shelf.codes)[: len(shelf.items)]
    worth = lines * np.array([item.worth for item in shelf.items])
    sold = np.flatnonzero(lines >= _STILL_SOLD)
    if sold.size < 2:
        raise InputError(f"Fewer than two products were bought three times in the {length} days up to {day}.")
    return np.asarray(sold[np.argsort(-worth[sold], kind="stable")], dtype=np.int64)


def sold_of(shelf: Shelf, order: IntArray) -> NDArray[np.bool_]:
    """Whether each item is among those that are still sold."""
    there = np.zeros(len(shelf.items), dtype=bool)
    there[order] = True
    return there


def strongest_pairs(shelf: Shelf, learned: Copurchases, most: int = 10) -> tuple[Pair, ...]:
    """Pairs of different items whose lift is certainly above 1, and that ten customers show at least."""
    number = len(shelf.items)
    lift, (low, high) = learned.lifts.lift, learned.lifts.ends(LEVEL)
    score = np.where(learned.both >= _FEWEST_BOTH, low, 0.0)[:number, :number]
    np.fill_diagonal(score, 0.0)
    found = []
    for flat in np.argsort(-score, axis=None)[:most]:
        had, got = (int(place) for place in np.unravel_index(flat, score.shape))
        if score[had, got] > 1.0:
            found.append(
                Pair(
                    shelf.items[had].name, shelf.items[got].name, float(lift[had, got]), float(low[had, got]),
                    float(high[had, got]), int(learned.both[had, got]),
                )
            )  # fmt: skip
    return tuple(found)
