"""The profit curve: what offers earn as more customers get them, best first, with intervals and a line of chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.retention.effects import OfferEffects


@dataclass(frozen=True, eq=False)
class ProfitCurve:
    """What offers earned in the trial, by the share of customers treated.

    Attributes
    ----------
    share : array, shape (m,)
        Share of customers treated, from 0 to 1, those first with whom most was expected.
    profit, low, high : array, shape (m,)
        Net gain for all customers of the trial, on customers whom models had not seen, with the interval of `level`.
    at_random : array, shape (m,)
        The same if as many were chosen by lot and given the best single offer.
    outlay : array, shape (m,)
        What it took.
    level : float
    best : int
        Where the profit is largest.
    """

    share: FloatArray
    profit: FloatArray
    low: FloatArray
    high: FloatArray
    at_random: FloatArray
    outlay: FloatArray
    level: float

    @property
    def best(self) -> int:
        """Position of the largest profit."""
        return int(np.argmax(self.profit))


def profit_curve(effects: OfferEffects, points: int = 21, level: float = 0.9) -> ProfitCurve:
    """Treat more and more customers, each with the best offer for them, and count what that earned.

    The order comes from models that have not seen the customer, the count from doubly robust scores, so that the curve
    is not flattered by what it was learned from; its intervals are pointwise.

    Parameters
    ----------
    effects : OfferEffects
    points : int
        How many shares, evenly spaced from none to all.
    level : float
        Of the intervals.
    """
    if points < 2 or not 0.0 < level < 1.0:
        raise InputError(f"`points` is {points} and `level` is {level!r}; give 2 points or more and a level below 1.")
    size = effects.trial.size
    rows = np.arange(size)
    arm = 1 + np.argmax(effects.gain[:, 1:], axis=1)
    order = np.argsort(-effects.gain[rows, arm], kind="stable")
    gained = (effects.scores[rows, arm] - effects.scores[:, 0])[order]
    share = np.linspace(0.0, 1.0, points)
    taken = np.round(share * size).astype(np.int64)
    sums, squares = np.append(0.0, np.cumsum(gained))[taken], np.append(0.0, np.cumsum(gained**2))[taken]
    reach = float(ndtri(0.5 + level / 2.0))
    # Who is treated is fixed by the order: the sum over them has the variance of a column that is 0 for the others.
    error = np.sqrt(np.maximum(squares - sums**2 / size, 0.0))
    best = float((effects.scores[:, 1:] - effects.scores[:, :1]).mean(axis=0).max())
    outlay = np.append(0.0, np.cumsum(effects.outlay[rows, arm][order]))[taken]
    return ProfitCurve(share, sums, sums - reach * error, sums + reach * error, best * share * size, outlay, level)
