"""Answers for customers who buy in a clock and leave by a risk that covariates drive.

Given that a customer is alive at T, the rate is Gamma(r + x, alpha + A(T)) and the level of the risk of leaving
Gamma(s, beta + R(T)), A being the clock of buying and R the risk (`leaving_risk`). Every answer is an integral over the
time of leaving ahead, in pieces within which the covariates are constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_answers import ClockedAnswers, State
from keepers.numerics.clocked_draws import LeavingParameters
from keepers.numerics.clocked_leaving import Leaving
from keepers.numerics.clocked_likelihood import ClockedRows
from keepers.numerics.clocked_pieces import Pieces, alike
from keepers.numerics.leaving_risk import Risk
from keepers.numerics.likelihoods import gamma_gompertz, pareto_nbd_lifetime
from keepers.numerics.likelihoods.family import BuyingFamily

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class LeavingAnswers(ClockedAnswers):
    """The questions that `ClockedAnswers` asks, answered with leaving at any moment.

    Parameters
    ----------
    family : BuyingFamily
        `pareto_nbd` or `ggompertz_nbd`.
    rows, values, length, season
        See `ClockedAnswers`.
    leaving : array, shape (p, m, c)
        Paths of the covariates of leaving, which may be none (c = 0).
    """

    def __init__(
        self,
        family: BuyingFamily,
        rows: ClockedRows,
        values: FloatArray,
        length: float,
        season: int,
        leaving: FloatArray,
    ) -> None:
        super().__init__(family, rows, values, length, 1, season)
        self._leaving, self._places = leaving, LeavingParameters.of(family)

    def _at(self, theta: FloatArray) -> LeavingState:
        rows, (d, j), k = self.rows, self.rows.design.shape[1:], self._values.shape[2]
        plain = super()._at(theta[: d + j + k])
        risk = Risk(self._leaving, self.length, theta[d + j + k :], self._places.growth(theta))
        risked = risk.at(rows.path, rows.start, rows.T)
        level = plain.own[:, self._places.beta] + risked
        return LeavingState(
            theta, plain.clock, plain.own, plain.last, plain.age, plain.now, risk, plain.own[:, self._places.s], level
        )

    def _within(self, question: str, state: State, t: float, *further: object) -> object:
        return getattr(self, f"_of_{question}")(state, t, *further[1:])

    def _of_probability_alive(self, state: LeavingState, t: float) -> FloatArray:
        return self._alive(state) * self._stay(state, t)

    def _of_expected_purchases(self, state: LeavingState, t: float) -> FloatArray:
        return self._alive(state) * self._rate(state) * self._sum_ahead(state, t, lambda ahead: ahead.gained)

    def _of_purchase_moments(self, state: LeavingState, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        alive, rate = self._alive(state), self._rate(state)
        count = state.own[:, 0] + self.rows.x
        mean = alive * rate * self._sum_ahead(state, t, lambda ahead: ahead.gained)
        pairs = 2.0 * self._sum_ahead(state, t, lambda ahead: ahead.gained * ahead.clock)
        variance = alive * rate * rate * (1.0 + 1.0 / count) * pairs + mean * (1.0 - mean)
        return self._of_purchase_distribution(state, t, 0)[:, 0], mean, np.maximum(variance, 0.0)

    def _of_purchase_distribution(self, state: LeavingState, t: float, max_purchases: int) -> FloatArray:
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

    def _of_sample_future(self, state: LeavingState, t: float, rng: np.random.Generator) -> FloatArray:
        rows = self.rows
        alive = rng.random(rows.size) < self._alive(state)
        rate = rng.standard_gamma(state.own[:, 0] + rows.x) / (state.own[:, 1] + state.age)
        with np.errstate(over="ignore"):
            stays = np.minimum(self._time_of(state, np.expm1(rng.standard_exponential(rows.size) / state.s)), t)
        gained = state.clock.at(rows.path, rows.start + rows.T + stays) - state.now
        return np.where(alive, rng.poisson(rate * gained), 0).astype(np.float64)

    def _discounted_expected_purchases(self, state: State, delta: float, t: float | None = None) -> FloatArray:
        """Each purchase discounted at its own moment; beyond known paths clock and risk go on at a mean pace."""
        assert isinstance(state, LeavingState)
        reach = self._known_ahead() if t is None else t
        total = self._sum_ahead(state, reach, lambda ahead: ahead.gained * np.exp(-delta * ahead.since))
        if t is None:
            total = total + np.exp(-delta * reach) * self._last_speed(state) * self._beyond(state, reach, delta)
        return self._alive(state) * self._rate(state) * total

    def _expected_lifetime(self, state: State) -> FloatArray:
        assert isinstance(state, LeavingState)
        reach = self._known_ahead()
        known = self._sum_ahead(state, reach, lambda ahead: ahead.staying)
        return self._alive(state) * (known + self._beyond(state, reach, 0.0))

    def _truncated_lifetime(self, state: State, cap: float) -> FloatArray:
        assert isinstance(state, LeavingState)
        return self._alive(state) * self._sum_ahead(state, cap, lambda ahead: ahead.staying)

    def _median_lifetime(self, state: State) -> FloatArray:
        assert isinstance(state, LeavingState)
        with np.errstate(over="ignore"):
            return self._time_of(state, np.expm1(np.log(np.maximum(2.0 * self._alive(state), 1.0)) / state.s))

    def _time_of(self, state: LeavingState, growth: FloatArray) -> FloatArray:
        """How long from T it takes until beta + R has grown by so many times itself."""
        rows, result = self.rows, np.zeros(self.rows.size)
        with np.errstate(over="ignore"):
            wanted = state.level * growth
        asked = np.flatnonzero((wanted > 0) & np.isfinite(wanted))
        path, start, T = rows.path[asked], rows.start[asked], rows.T[asked]
        result[asked] = state.risk.age_of(path, start, state.risk.at(path, start, T) + wanted[asked]) - T
        return np.where(np.isfinite(wanted), np.maximum(result, 0.0), np.inf)

    def _alive(self, state: LeavingState) -> FloatArray:
        rows, alive = self.rows, np.empty(self.rows.size)
        for chosen in alike(self.length, rows.start + rows.t_x, rows.start + rows.T):
            some = Leaving.of(state.clock, state.risk, rows.take(chosen), state.own[chosen], self._places)
            alive[chosen] = some.staying
        return alive

    def _rate(self, state: LeavingState) -> FloatArray:
        return np.asarray((state.own[:, 0] + self.rows.x) / (state.own[:, 1] + state.age))

    def _stay(self, state: LeavingState, t: float) -> FloatArray:
        """Probability that those alive at T stay for t more."""
        rows = self.rows
        more = state.risk.at(rows.path, rows.start, rows.T + t) - state.risk.at(rows.path, rows.start, rows.T)
        return np.exp(-state.s * np.log1p(more / state.level))

    def _beyond(self, state: LeavingState, reach: float, delta: float) -> FloatArray:
        """The integral of staying, discounted from `reach` on, over the time beyond it, at the mean pace of risk."""
        rows, risk = self.rows, state.risk
        last = min(risk.periods, self._season)
        pace = risk.speed[:, -last:].mean(axis=1)[rows.path]
        level = state.level + risk.at(rows.path, rows.start, rows.T + reach) - risk.at(rows.path, rows.start, rows.T)
        scale = level / pace
        if risk.growth is not None:
            scale = scale * np.exp(-risk.growth * (rows.T + reach))
        result = np.empty(rows.size)
        for s in np.unique(state.s).tolist():
            some = state.s == s
            if risk.growth is None:
                result[some] = pareto_nbd_lifetime.discounted_within(s, scale[some], delta, None)
            else:
                result[some] = gamma_gompertz.discounted_within(risk.growth, s, scale[some], delta, None)
        return np.asarray(self._stay(state, reach) * result)

    def _sum_ahead(self, state: LeavingState, t: float, what: Callable[[_Ahead], FloatArray]) -> FloatArray:
        total = np.zeros(self.rows.size)
        for chosen, ahead in self._pieces_ahead(state, t):
            total[chosen] = what(ahead).sum(axis=(1, 2))
        return total

    def _pieces_ahead(self, state: LeavingState, t: float) -> Iterator[tuple[IntArray, _Ahead]]:
        begin = self.rows.start + self.rows.T
        if t <= 0:
            return
        for chosen in alike(self.length, begin, begin + t):
            yield chosen, _Ahead.of(state, self.rows, chosen, t)


@dataclass(frozen=True, slots=True, eq=False)
class LeavingState(State):
    """Clocks and risks at some parameters.

    Attributes
    ----------
    risk : Risk
        Of leaving.
    s, level : arrays, shape (n,)
        Shape and scale of the levels of those alive at T; the scale is beta + R(T).
    """

    risk: Risk
    s: FloatArray
    level: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """Nodes of the time ahead, arrays of shape (n, m, q).

    Attributes
    ----------
    since, clock : arrays
        Time since T, and how much the clock has gained by then.
    staying, gained, leaving : arrays
        Weights of the nodes: of time and of the clock's time while the customer stays, and of leaving.
    """

    since: FloatArray
    clock: FloatArray
    staying: FloatArray
    gained: FloatArray
    leaving: FloatArray

    @classmethod
    def of(cls, state: LeavingState, rows: ClockedRows, chosen: IntArray, t: float) -> _Ahead:
        """The nodes of some rows over the time t from T on."""
        clock: Clock = state.clock
        risk, path = state.risk, rows.path[chosen]
        begin, T = (rows.start + rows.T)[chosen], rows.T[chosen, None]
        pieces = Pieces.of(clock, path, begin, begin + t)
        before = pieces.begin - begin[:, None]
        whose = np.broadcast_to(path[:, None], before.shape)
        came = np.broadcast_to(rows.start[chosen, None], before.shape)
        shown = pieces.shown - state.now[chosen, None]
        pace = risk.pace(whose, pieces.middle)[0]
        level, s = state.level[chosen, None], state.s[chosen, None]
        risked = risk.at(whose, came, T + before) - risk.at(path, rows.start[chosen], rows.T[chosen])[:, None]
        scale = (state.own[:, 1] + state.age)[chosen, None]
        fall = (s + 1.0) * pace * np.exp(risk.log_base(T + before)) / (level + risked)
        fall = fall + (state.own[:, 0] + rows.x)[chosen, None] * pieces.speed / (scale + shown)
        inner, weight = pieces.nodes(fall, risk.growth or 0.0)
        age = (T + before)[..., None]
        more = risked[..., None] + pace[..., None] * risk.within(age, inner)[0]
        staying = weight * np.exp(-s[..., None] * np.log1p(more / level[..., None]))
        base = pace[..., None] * np.exp(risk.log_base(age + inner))
        leaving = staying * s[..., None] * base / (level[..., None] + more)
        speed = pieces.speed[..., None]
        return cls(before[..., None] + inner, shown[..., None] + speed * inner, staying, staying * speed, leaving)
