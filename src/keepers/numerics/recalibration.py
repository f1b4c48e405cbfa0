"""Monotone maps that make predictions right in the mean, in total and by group of like predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

FloatArray = NDArray[np.float64]

CREDIBLE = 25.0
"""Events in a group at which its own level and that of all count alike."""

FEWEST_EVENTS = 30
"""Events a group, on average."""

STRICT = 0.1
"""Part of the given order that is kept where groups have equal means, so that the map never ties whom it was given in
an order."""

_LEAST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """A map of predictions: linear in their logarithm between knots, proportional beyond.

    Attributes
    ----------
    knots : array, shape (k,)
        Logarithm of the mean prediction of each group, rising.
    factors : array, shape (k,)
        Logarithm of what predictions there are multiplied with.
    """

    knots: FloatArray
    factors: FloatArray

    def __call__(self, predicted: FloatArray) -> FloatArray:
        """Recalibrated predictions."""
        safe = np.maximum(predicted, _LEAST)
        return np.asarray(safe * np.exp(np.interp(np.log(safe), self.knots, self.factors)))

    def times(self, factor: float) -> Recalibration:
        """The same map, of which every answer is multiplied with a factor."""
        return Recalibration(self.knots, self.factors + np.log(factor))

    def slope(self, predicted: FloatArray) -> FloatArray:
        """Derivative of the map, shape (n,); at a knot, that of the piece above it."""
        at = np.log(np.maximum(predicted, _LEAST))
        rise = np.concatenate([[0.0], np.diff(self.factors) / np.maximum(np.diff(self.knots), _LEAST), [0.0]])
        piece = rise[np.searchsorted(self.knots, at, side="right")]
        return np.asarray(np.exp(np.interp(at, self.knots, self.factors)) * (1.0 + piece))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {"knots": self.knots.tolist(), "factors": self.factors.tolist()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recalibration:
        """What `to_dict` wrote."""
        return cls(np.array(data["knots"], dtype=float), np.array(data["factors"], dtype=float))


def recalibrate(predicted: FloatArray, outcome: FloatArray, groups: int = 10) -> Recalibration:
    """The map under which the mean of held-out outcomes equals the prediction, in total and by group.

    Groups of equal size by prediction have their mean outcome, pulled towards what the total says while few customers
    of the group bought anything; means are made to rise with the prediction (isotonic regression); and a last factor
    makes the total exact on the given rows.

    Parameters
    ----------
    predicted : array, shape (n,)
        Held-out predictions, positive.
    outcome : array, shape (n,)
        What happened.
    groups : int
        At most so many groups; fewer where few bought anything.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.gamma(2.0, 5.0, 4000)
    >>> low = 0.9 * truth**0.9
    >>> found = recalibrate(low, truth)
    >>> bool(abs(found(low).sum() / truth.sum() - 1) < 1e-9)
    True
    """
    total = float(outcome.sum())
    base = float(predicted.sum())
    if total <= 0 or base <= 0:
        return Recalibration(np.zeros(1), np.full(1, np.log(max(total, _LEAST) / max(base, _LEAST)) if base > 0 else 0))
    order = np.argsort(predicted, kind="stable")
    groups = int(np.clip(np.sum(outcome > 0) // FEWEST_EVENTS, 1, groups))
    parts = [part for part in np.array_split(order, groups) if part.size]
    size = np.array([part.size for part in parts], dtype=float)
    mean = np.array([max(float(predicted[part].mean()), _LEAST) for part in parts])
    events = np.array([float(np.sum(outcome[part] > 0)) for part in parts])
    actual = np.array([float(outcome[part].mean()) for part in parts])
    trust = events / (events + CREDIBLE)
    level = trust * actual + (1.0 - trust) * mean * total / base
    level = np.maximum(_rising(level, size), 1e-6 * total / predicted.size)
    knots, first = np.unique(np.log(mean), return_index=True)
    factors = np.log(level[first]) - knots
    factors = (1.0 - STRICT) * factors + STRICT * np.average(factors, weights=size[first])
    found = Recalibration(knots, factors)
    return Recalibration(knots, factors + np.log(total / float(found(predicted).sum())))


def _rising(level: FloatArray, weight: FloatArray) -> FloatArray:
    """The nearest levels that never fall, by weighted squares."""
    from scipy.optimize import isotonic_regression  # takes a quarter of a second to load, and most runs learn nothing

    return np.asarray(isotonic_regression(level, weights=weight).x)


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityMap:
    """A monotone map of probabilities, linear between knots of their log-odds.

    Attributes
    ----------
    knots, values : arrays, shape (k,)
        Log-odds before and after.
    """

    knots: FloatArray
    values: FloatArray

    def __call__(self, log_odds: FloatArray) -> FloatArray:
        """Recalibrated log-odds."""
        beyond_low, beyond_high = np.minimum(log_odds - self.knots[0], 0), np.maximum(log_odds - self.knots[-1], 0)
        return np.asarray(np.interp(log_odds, self.knots, self.values) + beyond_low + beyond_high)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {"knots": self.knots.tolist(), "values": self.values.tolist()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ProbabilityMap:
        """What `to_dict` wrote."""
        return cls(np.array(data["knots"], dtype=float), np.array(data["values"], dtype=float))


def recalibrate_probability(log_odds: FloatArray, happened: FloatArray, groups: int = 20) -> ProbabilityMap:
    """The monotone map under which probabilities of held-out events are as large as their shares, by group.

    Parameters
    ----------
    log_odds : array, shape (n,)
        Held-out predictions.
    happened : array, shape (n,)
        0 or 1.
    groups : int
        At most so many groups of equal size.
    """
    probability = expit(log_odds)
    order = np.argsort(log_odds, kind="stable")
    rare = min(happened.sum(), happened.size - happened.sum())
    groups = int(np.clip(rare // FEWEST_EVENTS, 1, groups))
    parts = [part for part in np.array_split(order, groups) if part.size]
    size = np.array([part.size for part in parts], dtype=float)
    expected = np.array([float(probability[part].mean()) for part in parts])
    events = np.array([float(happened[part].sum()) for part in parts])
    rarer = np.minimum(events, size - events)
    trust = rarer / (rarer + CREDIBLE)
    shift = float(happened.mean()) / max(float(probability.mean()), _LEAST)
    level = trust * events / size + (1.0 - trust) * np.clip(expected * shift, 1e-4, 1 - 1e-4)
    level = np.clip(_rising(level, size), 1e-4, 1 - 1e-4)
    knots, first = np.unique(logit(np.clip(expected, 1e-9, 1 - 1e-9)), return_index=True)
    found = ProbabilityMap(knots, logit(level[first]))
    # Groups are curved inside, so that the mean is still a little off: a few steps of Newton's method shift it.
    for _ in range(4):
        now = expit(found(log_odds))
        step = (float(happened.mean()) - float(now.mean())) / max(float((now * (1.0 - now)).mean()), 1e-6)
        found = ProbabilityMap(knots, found.values + np.clip(step, -1.0, 1.0))
    return found
