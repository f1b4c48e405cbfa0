"""Answers for customers who buy in a clock that covariates drive, by a change of time that the family never sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_likelihood import ClockedRows
from keepers.numerics.likelihoods.family import BuyingFamily, Forecast
from keepers.numerics.patterns import answers

FloatArray = NDArray[np.float64]

_DISCOUNT_PERIODS = 4
"""Periods over which customers' leaving is taken as even while purchases are discounted; four weeks move it by 2e-5."""


class ClockedAnswers:
    """The family's questions for rows on paths, asked in the time of the clock.

    Parameters
    ----------
    family : BuyingFamily
        The law of buying.
    rows : ClockedRows
        Histories.
    values, length : array, float
        The paths.
    alpha : int
        Place of alpha, which a change of time moves, among the parameters.
    season : int
        Periods at the end of the paths whose mean speed goes on for ever: a year of them, or one.
    """

    def __init__(
        self, family: BuyingFamily, rows: ClockedRows, values: FloatArray, length: float, alpha: int, season: int
    ) -> None:
        self.family, self.rows, self._values, self.length = family, rows, values, length
        self._alpha, self._season = alpha, season

    def ask(self, question: str, theta: FloatArray, *further: Any) -> Any:
        """The answer to a question of the family for each row."""
        own = getattr(self, f"_{question}", None)
        if own is not None:
            return own(self._at(theta), *further)
        state = self._at(theta)
        t = float(further[0]) if further else 0.0
        return self._within(question, state, t, *further)

    def _at(self, theta: FloatArray) -> State:
        rows, d, j = self.rows, self.rows.design.shape[1], self.rows.design.shape[2]
        clock = Clock(self._values, self.length, theta[d + j :])
        born = clock.at(rows.path, rows.start)
        last = clock.at(rows.path, rows.start + rows.t_x) - born
        now = clock.at(rows.path, rows.start + rows.T)
        own = theta[:d] * np.exp(rows.offset + rows.design @ theta[d : d + j])
        return State(theta, clock, own, last, now - born, now)

    def _ahead(self, state: State, t: float) -> FloatArray:
        """How much the clock of each row will gain within t."""
        rows = self.rows
        return np.asarray(state.clock.at(rows.path, rows.start + rows.T + t) - state.now)

    def _within(self, question: str, state: State, t: float, *further: Any) -> Any:
        # In units of each row's own mean speed ahead the horizon is t for all, and only alpha differs.
        speed = self._ahead(state, t) / t if t > 0 else np.ones(self.rows.size)
        own = state.own.copy()
        own[:, self._alpha] /= speed
        table, pattern = np.unique(own, axis=0, return_inverse=True)
        columns = (self.rows.x, state.last / speed, state.age / speed)
        exact = question.startswith("sample")
        return answers(getattr(self.family, question), table, pattern.ravel(), columns, *further, exact=exact)

    def _expected_purchases_gradient(self, state: State, t: float) -> FloatArray:
        """By central differences: two evaluations a parameter, which is all that an interval needs."""
        theta, d = state.theta, self.rows.design.shape[1]
        gradient = np.empty((self.rows.size, theta.size))
        for place in range(theta.size):
            sides = []
            for sign in (1.0, -1.0):
                moved = theta.copy()
                moved[place] = moved[place] * np.exp(sign * 1e-4) if place < d else moved[place] + sign * 1e-4
                sides.append(self._within("expected_purchases", self._at(moved), t, t))
            gradient[:, place] = (sides[0] - sides[1]) / 2e-4
        return gradient

    def _discounted_expected_purchases(self, state: State, delta: float, t: float | None = None) -> FloatArray:
        """Purchases of four weeks after four weeks, each discounted by the clock's own mean within them."""
        reach = self._known_ahead() if t is None else t
        step = _DISCOUNT_PERIODS * self.length
        ends = np.minimum(step * np.arange(1, int(np.ceil(reach / step - 1e-9)) + 1), reach)
        total, before, begin = np.zeros(self.rows.size), np.zeros(self.rows.size), 0.0
        for end in ends.tolist():
            so_far = self._within("expected_purchases", state, end, end)
            total += (so_far - before) * self._discount(state, delta, begin, end)
            before, begin = so_far, end
        if t is None:
            total += self._tail(state, delta, begin)
        return total

    def _known_ahead(self) -> float:
        """How far beyond now every row's path is known."""
        end = self.length * self._values.shape[1]
        return max(0.0, float(end) - float((self.rows.start + self.rows.T).max(initial=0.0)))

    def _discount(self, state: State, delta: float, begin: float, end: float) -> FloatArray:
        """Mean of exp(-delta u) over the clock's time between two moments."""
        if delta == 0.0:
            return np.ones(self.rows.size)
        edges = np.linspace(begin, end, _DISCOUNT_PERIODS + 1)
        gained = np.diff(np.stack([self._ahead(state, float(edge)) for edge in edges]), axis=0)
        middle = np.exp(-delta * 0.5 * (edges[1:] + edges[:-1]))
        return np.asarray(middle @ gained / gained.sum(axis=0))

    def _tail(self, state: State, delta: float, begin: float) -> FloatArray:
        """Without end beyond the known paths the clock goes at the mean speed of its last year."""
        speed = self._last_speed(state)
        own = state.own.copy()
        own[:, self._alpha] /= speed
        table, pattern = np.unique(own, axis=0, return_inverse=True)
        # In the time of that speed the moment `begin` is `shown`.
        shown = self._ahead(state, begin) / speed if begin else np.zeros(self.rows.size)
        columns = (self.rows.x, state.last / speed, state.age / speed)
        endless = answers(self.family.discounted_expected_purchases, table, pattern.ravel(), columns, delta, None)
        common = float(np.average(shown))
        until = answers(
            self.family.discounted_expected_purchases, table, pattern.ravel(), columns, delta, max(common, 1e-9)
        )
        return np.asarray(np.exp(-delta * (begin - common)) * (endless - until))

    def _last_speed(self, state: State) -> FloatArray:
        last = min(state.clock.periods, self._season)
        return np.asarray(state.clock.speed[:, -last:].mean(axis=1)[self.rows.path])

    def _expected_lifetime(self, state: State) -> FloatArray:
        """With the clock going on at the mean speed that is known of the future."""
        speed = self._last_speed(state)
        own = state.own.copy()
        own[:, self._alpha] /= speed
        table, pattern = np.unique(own, axis=0, return_inverse=True)
        columns = (self.rows.x, state.last / speed, state.age / speed)
        return np.asarray(answers(self.family.expected_lifetime, table, pattern.ravel(), columns))

    def _truncated_lifetime(self, state: State, cap: float) -> FloatArray:
        """Simpson's rule over steps of about four weeks."""
        steps = 2 * max(1, int(np.ceil(cap / (2 * _DISCOUNT_PERIODS * self.length))))
        edges = np.linspace(0.0, cap, steps + 1)
        share = np.ones(steps + 1)
        share[1:-1:2], share[2:-1:2] = 4.0, 2.0
        alive = [self._within("probability_alive", state, float(edge), float(edge)) for edge in edges]
        return np.asarray(share @ np.stack(alive) * (cap / steps / 3.0))

    def _median_lifetime(self, state: State) -> FloatArray:
        return self._real_time(state, "median_lifetime")

    def _median_waiting_time(self, state: State) -> FloatArray:
        return self._real_time(state, "median_waiting_time")

    def _real_time(self, state: State, question: str) -> FloatArray:
        """A length in the clock's time as one of real time."""
        table, pattern = np.unique(state.own, axis=0, return_inverse=True)
        columns = (self.rows.x, state.last, state.age)
        shown = answers(getattr(self.family, question), table, pattern.ravel(), columns)
        finite = np.isfinite(shown)
        until = state.clock.time_of(self.rows.path, state.now + np.where(finite, shown, 0.0))
        passed = np.maximum(until - (self.rows.start + self.rows.T), 0.0)
        return np.where(finite, np.where(shown > 0, passed, 0.0), np.inf)

    def _forecast(self, state: State, t: float, delta: float, cap: float) -> Forecast:
        p_zero, mean, variance = self._within("purchase_moments", state, t, t)
        return Forecast(
            probability_alive=self._within("probability_alive", state, 0.0, 0.0),
            probability_alive_end=self._within("probability_alive", state, t, t),
            expected_purchases=mean,
            expected_gradient=self._expected_purchases_gradient(state, t),
            p_zero=p_zero,
            variance=variance,
            discounted=self._discounted_expected_purchases(state, delta, t),
            discounted_lifetime=self._discounted_expected_purchases(state, delta, cap),
            discounted_infinite=self._discounted_expected_purchases(state, delta, None),
            next_purchase=self._median_waiting_time(state),
        )


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Clocks at some parameters: each row's own parameters, A(t_x) and A(T) since its start, and A now."""

    theta: FloatArray
    clock: Clock
    own: FloatArray
    last: FloatArray
    age: FloatArray
    now: FloatArray
