"""What living customers do next whose rates of buying and leaving are known up to a distribution over nodes.

Given a rate of buying and one of leaving everything is elementary: purchases are Poisson, the remaining lifetime is
exponential. A family that can spread each history's rates over weighted nodes gets the answer to every question as a
weighted mean of such elementary answers. Nodes come in parts, so that memory does not grow with the customers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray

_SMALL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class RateNodes:
    """Some rows with the nodes of their rates; the arrays can be broadcast to shape (k, a, b).

    Parameters
    ----------
    rows : array, shape (k,)
        Which rows these are.
    rate, leaving : arrays
        Rates of buying and of leaving.
    weight : array, shape (k, a, b)
        Sums to one over the nodes of each row.
    """

    rows: NDArray[np.intp]
    rate: FloatArray
    leaving: FloatArray
    weight: FloatArray


Answer = Callable[[FloatArray, FloatArray], FloatArray]
"""An elementary answer from rates of buying and of leaving."""


class LivingMixture:
    """Living customers, one row each, with their rates spread over nodes.

    Parameters
    ----------
    parts : callable
        Gives the nodes of all rows, part by part, each time it is called.
    size : int
        Number of rows.
    """

    def __init__(self, parts: Callable[[], Iterator[RateNodes]], size: int) -> None:
        self._parts, self._size = parts, size

    def mean(self, answer: Answer) -> FloatArray:
        """The mean of one answer, shape (n,)."""
        return self.means([answer])[:, 0]

    def means(self, answers: Sequence[Answer]) -> FloatArray:
        """The means of several answers, whose nodes are made once, shape (n, m)."""
        result = np.empty((self._size, len(answers)))
        for part in self._parts():
            for place, answer in enumerate(answers):
                value = np.broadcast_to(answer(part.rate, part.leaving), part.weight.shape)
                result[part.rows, place] = np.einsum("kab,kab->k", part.weight, value)
        return result

    def distribution(self, t: float, max_purchases: int) -> FloatArray:
        """Probabilities of 0 .. max_purchases purchases in (0, t], shape (n, max_purchases + 1)."""
        result = np.empty((self._size, max_purchases + 1))
        for part in self._parts():
            for k, chances in enumerate(purchase_chances(part.rate, part.leaving, t, max_purchases)):
                result[part.rows, k] = np.einsum("kab,kab->k", part.weight, chances)
        return result

    def median_wait(self) -> FloatArray:
        """Median time to the next purchase of those who stay, shape (n,)."""
        result = np.empty(self._size)
        for part in self._parts():
            rate = np.broadcast_to(part.rate, part.weight.shape)[:, :, 0]
            result[part.rows] = _time_of(0.5, rate, part.weight.sum(axis=2))
        return result

    def time_left(self, share: FloatArray, index: NDArray[np.intp]) -> FloatArray:
        """The time after which so large a share of customers like row `index` is left, shape of share; in (0, 1)."""
        result = np.empty(share.shape)
        order = np.argsort(index, kind="stable")
        first = np.searchsorted(index[order], np.arange(self._size + 1))
        for part in self._parts():
            leaving = np.broadcast_to(part.leaving, part.weight.shape).reshape(part.rows.size, -1)
            weight = part.weight.reshape(part.rows.size, -1)
            for start in range(int(np.max(first[part.rows + 1] - first[part.rows], initial=0))):
                # The start-th customer of each row of the part that has so many.
                has = np.flatnonzero(first[part.rows] + start < first[part.rows + 1])
                asked = order[first[part.rows[has]] + start]
                result[asked] = _time_of(share[asked], leaving[has], weight[has])
        return result


def stay(leaving: FloatArray, t: float) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (0, t]."""
    return np.asarray(-np.expm1(-leaving * t) / leaving)


def stay_squared(leaving: FloatArray, t: float) -> FloatArray:
    """Expected square of the part of the remaining lifetime that falls into (0, t]."""
    y = leaving * t
    small = np.minimum(y, _SMALL)
    # 2 (1 - (1 + y) exp(-y)) / y^2 as a series where the difference would cancel.
    series = 1 - small * (2 / 3 - small * (1 / 4 - small * (1 / 15 - small * (1 / 72 - small / 420))))
    large = np.maximum(y, _SMALL)
    closed = 2.0 * (-np.expm1(-large) - large * np.exp(-large)) / large**2
    return np.asarray(t**2 * np.where(y < _SMALL, series, closed))


def purchases(t: float) -> Answer:
    """Expected purchases in (0, t]."""
    return lambda rate, leaving: rate * stay(leaving, t)


def squared_purchases(t: float) -> Answer:
    """Expected square of the purchases in (0, t]."""
    return lambda rate, leaving: rate * stay(leaving, t) + rate**2 * stay_squared(leaving, t)


def no_purchase(t: float) -> Answer:
    """Probability of no purchase in (0, t]."""

    def chance(rate: FloatArray, leaving: FloatArray) -> FloatArray:
        both = rate + leaving
        first = np.exp(-both * t)
        return np.asarray(first + leaving / both * (1.0 - first))

    return chance


def survival(t: float) -> Answer:
    """Probability of staying longer than t."""
    return lambda _, leaving: np.exp(-leaving * t)


def lifetime(cap: float | None) -> Answer:
    """Expected remaining lifetime, or the part of it within a cap."""
    return lambda _, leaving: 1.0 / leaving if cap is None else stay(leaving, cap)


def discounted(delta: float, t: float | None) -> Answer:
    """Expected purchases in (0, t], or without end, each discounted at the rate delta."""

    def value(rate: FloatArray, leaving: FloatArray) -> FloatArray:
        fall = leaving + delta
        return np.asarray(rate / fall if t is None else rate * -np.expm1(-fall * t) / fall)

    return value


def purchase_chances(rate: FloatArray, leaving: FloatArray, t: float, max_purchases: int) -> Iterator[FloatArray]:
    """P(X(t) = k) for k = 0, 1, ..., given the rates, by the number of purchases if nobody left.

    The customer stays to t with k purchases, or leaves before t as event k + 1 of a Poisson process of both kinds.
    """
    both = rate + leaving
    length = both * t
    log_length, log_rate = np.log(length), np.log(rate * t)
    buys = rate / both
    stays, left = np.exp(-leaving * t), leaving / both
    # Chance of more than k events: counted down from one, with an absolute error of a rounding.
    more = np.ones(np.shape(length))
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, max_purchases + 1.0)))])
    for k, factorial in enumerate(factorials):
        more = more - np.exp(k * log_length - length - factorial)
        if k:
            left = left * buys
        in_time = stays * np.exp(k * log_rate - rate * t - factorial)
        yield np.asarray(in_time + left * np.maximum(more, 0.0))


def leaving_moment(rate: FloatArray, leaving: FloatArray, silence: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw how long after the last purchase somebody left who left during the silence, given the rates."""
    both = rate + leaving
    gone = -np.expm1(-both * silence)
    return np.asarray(np.minimum(-np.log1p(-rng.random(np.shape(both)) * gone) / both, silence))


def _time_of(share: FloatArray | float, leaving: FloatArray, weight: FloatArray) -> FloatArray:
    """The time at which a mixture of exponential survivals, shape (n, k), falls to a share.

    Newton's method for log(-log S) as a function of log t, which is nearly a line of slope one or less.
    """
    target = np.log(-np.log(np.broadcast_to(share, leaving.shape[:1])))
    mean = np.einsum("nk,nk->n", weight, leaving)
    place = target - np.log(mean)
    for _ in range(60):
        length = np.exp(np.minimum(place, 690.0))
        lost = np.expm1(-leaving * length[:, None])
        gone = -np.einsum("nk,nk->n", weight, lost)
        falls = np.einsum("nk,nk,nk->n", weight, lost + 1.0, leaving) * length
        height = -np.log1p(-np.minimum(gone, 1 - 1e-16))
        step = (target - np.log(height)) * height * (1.0 - gone) / np.maximum(falls, 1e-300)
        step = np.clip(step, -3.0, 3.0)
        place = place + step
        if np.all(np.abs(step) < 1e-12):
            break
    return np.asarray(np.exp(np.minimum(place, 690.0)))
