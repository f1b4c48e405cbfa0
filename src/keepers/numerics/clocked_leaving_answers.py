"""Answers for customers of Pareto/NBD who buy in a clock that covariates drive and leave in real time.

Given that a customer is alive at T, the rate is Gamma(r + x, alpha + A(T)) and that of leaving Gamma(s, beta + T).
Every answer is an integral over the time of leaving ahead, in pieces within which the clock is linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_answers import ClockedAnswers, State
from keepers.numerics.clocked_leaving import integrand
from keepers.numerics.clocked_pieces import Pieces, alike
from keepers.numerics.likelihoods import pareto_nbd_lifetime as lifetime

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class LeavingAnswers(ClockedAnswers):
    """The questions that `ClockedAnswers` asks, answered with leaving in real time."""

    def _within(self, question: str, state: State, t: float, *further: Any) -> Any:
        return getattr(self, f"_of_{question}")(state, t, *further[1:])

    def _of_probability_alive(self, state: State, t: float) -> FloatArray:
        s, B = state.own[:, 2], state.own[:, 3] + self.rows.T
        return self._alive(state) * (B / (B + t)) ** s

    def _of_expected_purchases(self, state: State, t: float) -> FloatArray:
        return self._alive(state) * self._rate(state) * self._sum_ahead(state, t, lambda ahead: ahead.gained)

    def _of_purchase_moments(self, state: State, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        alive, rate = self._alive(state), self._rate(state)
        count = state.own[:, 0] + self.rows.x
        mean = alive * rate * self._sum_ahead(state, t, lambda ahead: ahead.gained)
        pairs = 2.0 * self._sum_ahead(state, t, lambda ahead: ahead.gained * ahead.clock)
        variance = alive * rate * rate * (1.0 + 1.0 / count) * pairs + mean * (1.0 - mean)
        return self._of_purchase_distribution(state, t, 0)[:, 0], mean, np.maximum(variance, 0.0)

    def _of_purchase_distribution(self, state: State, t: float, max_purchases: int) -> FloatArray:
        """Negative binomial given the moment of leaving, averaged over it."""
        count, scale = state.own[:, 0] + self.rows.x, state.own[:, 1] + state.age
        gained = self._ahead(state, t)
        end = self._stay(state, t)
        alive = self._alive(state)
        result = np.zeros((self.rows.size, max_purchases + 1))
        whole = (scale / (scale + gained)) ** count
        for n in range(max_purchases + 1):
            if n:
                whole = whole * (count + n - 1) / n * gained / (scale + gained)
            result[:, n] = end * whole
        for chosen, ahead in self._pieces_ahead(state, t):
            own_count, own_scale = count[chosen, None, None], scale[chosen, None, None]
            share = gone = own_scale / (own_scale + ahead.clock)
            share = ahead.leaving * share**own_count
            for n in range(max_purchases + 1):
                if n:
                    share = share * (own_count + n - 1) / n * (1.0 - gone)
                result[chosen, n] += share.sum(axis=(1, 2))
        result *= alive[:, None]
        result[:, 0] += 1.0 - alive
        return result

    def _of_sample_future(self, state: State, t: float, rng: np.random.Generator) -> FloatArray:
        rows, B = self.rows, state.own[:, 3] + self.rows.T
        alive = rng.random(rows.size) < self._alive(state)
        rate = rng.standard_gamma(state.own[:, 0] + rows.x) / (state.own[:, 1] + state.age)
        with np.errstate(over="ignore"):
            stays = np.minimum(B * np.expm1(rng.standard_exponential(rows.size) / state.own[:, 2]), t)
        gained = state.clock.at(rows.path, rows.start + rows.T + stays) - state.now
        return np.where(alive, rng.poisson(rate * gained), 0).astype(np.float64)

    def _discounted_expected_purchases(self, state: State, delta: float, t: float | None = None) -> FloatArray:
        """Each purchase discounted at its own moment; beyond known paths the clock goes at its mean speed."""
        reach = self._known_ahead() if t is None else t
        total = self._sum_ahead(state, reach, lambda ahead: ahead.gained * np.exp(-delta * ahead.since))
        if t is None:
            stay, speed = self._stay(state, reach), self._last_speed(state)
            beyond = np.empty(self.rows.size)
            B = state.own[:, 3] + self.rows.T + reach
            for s in np.unique(state.own[:, 2]).tolist():
                some = state.own[:, 2] == s
                beyond[some] = lifetime.discounted_within(s, B[some], delta, None)
            total = total + np.exp(-delta * reach) * stay * speed * beyond
        return self._alive(state) * self._rate(state) * total

    def _expected_lifetime(self, state: State) -> FloatArray:
        s, B = state.own[:, 2], state.own[:, 3] + self.rows.T
        finite = s > 1.0
        return np.where(finite, self._alive(state) * B / np.where(finite, s - 1.0, 1.0), np.inf)

    def _truncated_lifetime(self, state: State, cap: float) -> FloatArray:
        """Leaving knows no clock: the integral of staying has a closed form."""
        s, B = state.own[:, 2], state.own[:, 3] + self.rows.T
        stays = np.empty(self.rows.size)
        for one in np.unique(s).tolist():
            stays[s == one] = lifetime.mean_within(one, B[s == one], cap)
        return self._alive(state) * stays

    def _median_lifetime(self, state: State) -> FloatArray:
        B = state.own[:, 3] + self.rows.T
        with np.errstate(over="ignore"):
            return np.asarray(B * np.expm1(np.log(np.maximum(2.0 * self._alive(state), 1.0)) / state.own[:, 2]))

    def _alive(self, state: State) -> FloatArray:
        rows, alive = self.rows, np.empty(self.rows.size)
        for chosen in alike(self.length, rows.start + rows.t_x, rows.start + rows.T):
            alive[chosen] = integrand(state.clock, rows.take(chosen), state.own[chosen])[-1]
        return alive

    def _rate(self, state: State) -> FloatArray:
        return np.asarray((state.own[:, 0] + self.rows.x) / (state.own[:, 1] + state.age))

    def _stay(self, state: State, t: float) -> FloatArray:
        B = state.own[:, 3] + self.rows.T
        return np.asarray((B / (B + t)) ** state.own[:, 2])

    def _sum_ahead(self, state: State, t: float, what: Any) -> FloatArray:
        total = np.zeros(self.rows.size)
        for chosen, ahead in self._pieces_ahead(state, t):
            total[chosen] = what(ahead).sum(axis=(1, 2))
        return total

    def _pieces_ahead(self, state: State, t: float) -> Any:
        rows = self.rows
        begin = rows.start + rows.T
        if t <= 0:
            return
        for chosen in alike(self.length, begin, begin + t):
            yield chosen, _Ahead.of(state.clock, rows.path[chosen], begin[chosen], t, state, chosen, rows.x[chosen],
                                    rows.T[chosen])  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """Nodes of the time ahead, arrays of shape (n, m, q).

    Attributes
    ----------
    since, clock : arrays
        Time since T, and how much the clock has gained by then.
    gained, leaving : arrays
        Weights of the nodes: of the clock's time while the customer stays, and of leaving.
    """

    since: FloatArray
    clock: FloatArray
    gained: FloatArray
    leaving: FloatArray

    @classmethod
    def of(
        cls, clock: Clock, path: IntArray, begin: FloatArray, t: float, state: State, chosen: IntArray,
        x: FloatArray, T: FloatArray,
    ) -> _Ahead:  # fmt: skip
        """The nodes of some rows whose time ahead begins at `begin`."""
        own = state.own[chosen]
        pieces = Pieces.of(clock, path, begin, begin + t)
        before = pieces.begin - begin[:, None]
        shown = pieces.shown - state.now[chosen, None]
        B, s = (own[:, 3] + T)[:, None], own[:, 2, None]
        scale = (own[:, 1] + state.age[chosen])[:, None]
        slope = (s + 1.0) / (B + before) + (own[:, 0] + x)[:, None] * pieces.speed / (scale + shown)
        inner, weight = pieces.nodes(slope)
        since = before[..., None] + inner
        until = np.exp(-s[..., None] * np.log1p(since / B[..., None]))
        speed = pieces.speed[..., None]
        leaving = weight * until * s[..., None] / (B[..., None] + since)
        return cls(since, shown[..., None] + speed * inner, weight * until * speed, leaving)
