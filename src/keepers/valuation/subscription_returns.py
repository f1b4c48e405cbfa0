"""Customers who leave, come back and leave again: what contracts bring with all that follow them, exactly.

A renewal process. Let V(h) be what a contract that begins now brings within a time h together with the contracts that
follow it, and R(h) what a customer brings who left just now; f is the chance to end in the j-th period, b that to come
back in the k-th period after. Then

    V(h) = what the contract itself brings + sum over j of e^(-delta j) f_j M^(j-1) R(h - j)
    R(h) = sum over k of e^(-delta (k - lag)) b_k V(h - k + lag)

where M moves plans from one period to the next. Contracts that end at renewals begin again at the end of a period (lag
0), those that end at any moment amid one (lag 1/2): there V and R stand on a grid of half periods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.contractual.answering import Answering
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw
from keepers.numerics.quadrature import legendre
from keepers.valuation.plan_states import PlanStates

PERIODS_ALIKE = 60
"""Periods beyond which the mix of plans is taken as it is then."""
_PERIODS_AWAY = 240
"""Periods beyond which whoever left is as likely to come back as ever."""
_NODES = 4
_ROUNDING = 1e-9


def period_nodes(begin: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Times between some begins and ends, and weights that integrate over each; shape (n, nodes)."""
    node, weight = legendre(_NODES)
    width = (end - begin)[:, None]
    return begin[:, None] + width * node, width * weight


@dataclass(frozen=True, eq=False)
class Returns:
    """What follows contracts of one fit within lengths of time up to a horizon.

    Parameters
    ----------
    fit : Answering
        Of the duration of contracts; those that follow are as if they began now.
    states : PlanStates
        With returns.
    delta : float
        Continuous discount rate a period.
    steps : int
        Places of the grid in a period: one for discrete families, two for continuous ones.
    begun, left : arrays, shape (places, plans)
        V and R by the plan held, in the money of `PlanStates.reference`. Of discrete families place n is n periods, of
        others the last place is the horizon.
    """

    fit: Answering
    states: PlanStates
    delta: float
    steps: int
    begun: FloatArray
    left: FloatArray

    @classmethod
    def within(cls, fit: Answering, states: PlanStates, delta: float, horizon: float) -> Returns:
        """All lengths up to a horizon, one after the other."""
        steps = 1 if fit.discrete else 2
        own = _own_renewals(fit, states, delta, horizon) if steps == 1 else _own_flow(fit, states, delta, horizon)
        ends = _endings(fit.theta, fit.anew, np.zeros(1), delta, len(own) // steps + 1)[0]
        back = states.returning(0, len(own)) * _discounts(len(own), delta, steps)
        begun, left = own.copy(), np.zeros_like(own)
        turned, entry = states.chain.T, states.entry
        # R of the places 1, 2, ... periods back, moved by the plans that were gone through by then; a stack a step.
        met = [np.empty((0, own.shape[1])) for _ in range(steps)]
        for place in range(len(own)):
            if place >= steps:
                stack = np.concatenate([left[place - steps][None], met[place % steps] @ turned])
                met[place % steps] = stack
                begun[place] += ends[: len(stack)] @ stack
            # Whoever comes back to a plan is new on it.
            begun[place] = begun[place, entry]
            since = begun[_earlier(place, steps)]
            left[place] = back[: len(since)] @ since
        return cls(fit, states, delta, steps, begun, left)

    @property
    def horizon_place(self) -> int:
        """The place of the horizon."""
        return len(self.begun) - 1

    def after(self, plan: int, age: FloatArray, places: np.ndarray) -> FloatArray:
        """What follows contracts that run, by the plan's price.

        Parameters
        ----------
        plan : int
        age : array, shape (n,)
        places : array of int, shape (n,)
            Places of the lengths of time that count; the first renewal is a period away.

        Returns
        -------
        array, shape (n,)
        """
        ages, index = np.unique(age, return_inverse=True)
        longest = int(np.max(places)) // self.steps
        ends, moved = (
            _endings(self.fit.theta, self.fit.law, ages, self.delta, longest),
            _moved(self.states, plan, longest),
        )
        found = np.zeros(age.size)
        for place in np.unique(places):
            some = places == place
            count = int(place) // self.steps
            later = int(place) - self.steps * np.arange(1, count + 1)
            met = np.sum(moved[:count] * self.left[later], axis=1)
            found[some] = (ends[:, :count] @ met)[index[some]]
        return np.asarray(found / self.states.reference[plan])

    def gone(self, plan: int, since: np.ndarray, place: int) -> FloatArray:
        """What customers bring who left some whole periods ago, by the plan's price, within a place's length."""
        worth = self.begun[_earlier(place, self.steps), plan]
        worth = worth * _discounts(len(worth), self.delta, self.steps)
        found = {one: self.states.returning(int(one), len(worth), now=True) @ worth for one in np.unique(since)}
        return np.asarray(np.array([found[one] for one in since]) / self.states.reference[plan])


@dataclass(frozen=True, eq=False)
class EndlessReturns:
    """The same without end; infinite where later money counts in full.

    Parameters
    ----------
    fit, states, delta
        As for `Returns`.
    begun : array, shape (states,)
        V by the state held.
    """

    fit: Answering
    states: PlanStates
    delta: float
    begun: FloatArray

    @classmethod
    def of(cls, fit: Answering, states: PlanStates, delta: float, own: FloatArray) -> EndlessReturns:
        """From what new contracts bring themselves, in the money of `PlanStates.reference`, by plan."""
        if delta <= 0:
            return cls(fit, states, delta, np.full(own.shape, np.inf))
        ends = _endings(fit.theta, fit.anew, np.zeros(1), delta, PERIODS_ALIKE)[0]
        rest = max(float(_all_endings(fit.theta, fit.anew, np.zeros(1), delta)[0]) - float(ends.sum()), 0.0)
        # Whoever comes back to a plan is new on it: the states to begin in are those of the plans.
        plans, weights = len(states.plans), np.append(ends, rest)
        power, total = np.eye(plans, len(own)), np.zeros((plans, len(own)))
        for chance in weights:
            total += chance * power
            power = power @ states.chain
        ended = np.zeros((plans, plans))
        np.add.at(ended.T, states.entry, total.T)
        begun = np.linalg.solve(np.eye(plans) - _comeback(fit, states, delta, 0) * ended, own[:plans])
        return cls(fit, states, delta, np.asarray(begun[states.entry], dtype=np.float64))

    def after(self, plan: int, age: FloatArray) -> FloatArray:
        """What follows contracts that run, by the plan's price, shape of `age`; the first renewal is a period away."""
        if self.delta <= 0:
            return np.full(age.shape, np.inf)
        ages, index = np.unique(age, return_inverse=True)
        ends = _endings(self.fit.theta, self.fit.law, ages, self.delta, PERIODS_ALIKE)
        rest = np.maximum(_all_endings(self.fit.theta, self.fit.law, ages, self.delta) - ends.sum(axis=1), 0.0)
        again = _comeback(self.fit, self.states, self.delta, 0)
        met = again * (_moved(self.states, plan, PERIODS_ALIKE) @ self.begun) / self.states.reference[plan]
        return np.asarray((ends @ met[:-1] + rest * met[-1])[index])

    def gone(self, plan: int, since: np.ndarray) -> FloatArray:
        """What customers bring who left some whole periods ago, by the plan's price."""
        worth = self.begun[plan] / self.states.reference[plan]
        found = {
            one: _comeback(self.fit, self.states, self.delta, int(one), now=True) * worth for one in np.unique(since)
        }
        return np.array([found[one] for one in since])


def _earlier(place: int, steps: int) -> np.ndarray:
    """Places of what is left of a length when a customer comes back in the first period, the second, and so on."""
    return np.arange(place - 1, -1, -steps)


def _discounts(periods: int, delta: float, steps: int) -> FloatArray:
    """Of coming back in the first period, the second, and so on."""
    return np.exp(-delta * (np.arange(1.0, periods + 1.0) - 0.5 * (steps - 1)))


def _endings(theta: Columns, law: ContractLaw, age: FloatArray, delta: float, periods: int) -> FloatArray:
    """Discounted chances to end in each of the coming periods, shape (ages, periods)."""
    later = np.arange(periods + 1.0)
    lasts = np.exp(law.log_retention(theta, age[:, None], age[:, None] + later))
    return np.asarray((lasts[:, :-1] - lasts[:, 1:]) * np.exp(-delta * later[1:]))


def _all_endings(theta: Columns, law: ContractLaw, age: FloatArray, delta: float) -> FloatArray:
    """Discounted chance to end at any time, counted at the ends of periods, shape of `age`."""
    if law.DISCRETE:
        runs = outlook.discounted_tenure(law, theta, age, delta, None, np.ones(age.shape))
    else:
        later = np.arange(PERIODS_ALIKE + 1.0)
        terms = np.exp(law.log_retention(theta, age[:, None], age[:, None] + later) - delta * later)
        endless = outlook.discounted_tenure(law, theta, age + PERIODS_ALIKE, delta, None)
        # The sum of what follows is its integral less half its first term, and a twelfth of its slope.
        runs = terms[:, 1:].sum(axis=1) + terms[:, -1] * np.maximum(endless - 0.5, 0.0)
    return np.asarray(np.exp(-delta) + np.expm1(-delta) * runs)


def _moved(states: PlanStates, plan: int, periods: int) -> FloatArray:
    """Chances of each state after 0, 1, ... periods from one, shape (periods + 1, states)."""
    rows, chain = np.empty((periods + 1, states.size)), states.chain
    rows[0] = np.eye(states.size)[plan]
    for j in range(periods):
        rows[j + 1] = rows[j] @ chain
    return rows


def _comeback(fit: Answering, states: PlanStates, delta: float, since: int, now: bool = False) -> float:
    """Discounted chance to come back at any time; from some time on a geometric series."""
    steps = 1 if fit.discrete else 2
    chance = states.returning(since, _PERIODS_AWAY, now)
    hazard = float(states.back[-1, 0] / states.back[-1].sum())
    kept = float(np.exp(-delta))
    rest = (1.0 - chance.sum()) * np.exp(-delta * _PERIODS_AWAY) * hazard / (1.0 - (1.0 - hazard) * kept)
    return float(chance @ _discounts(_PERIODS_AWAY, delta, steps) + rest * np.exp(-delta * (1 - 0.5 * (steps - 1))))


def _own_renewals(fit: Answering, states: PlanStates, delta: float, horizon: float) -> FloatArray:
    """What new contracts bring themselves, paid now and at each renewal within 0, 1, ... periods; a period beyond."""
    longest = int(np.floor(horizon + _ROUNDING)) + 1
    later = np.arange(longest + 1.0)
    lasts = np.exp(fit.anew.log_retention(fit.theta, 0.0, later) - delta * later)
    return np.cumsum((lasts * states.paying(longest)[0])[:, None] * _prices(states, longest), axis=0)


def _own_flow(fit: Answering, states: PlanStates, delta: float, horizon: float) -> FloatArray:
    """The same of money that flows, within the lengths that are whole half periods shorter than the horizon."""
    count = int(np.floor(2.0 * horizon + _ROUNDING))
    lengths = np.maximum(horizon - 0.5 * np.arange(count, -1, -1), 0.0)
    edges = np.unique(np.concatenate([[0.0], lengths, np.arange(np.ceil(horizon))]))
    begin, end = edges[:-1], edges[1:]
    later, weight = period_nodes(begin, end)
    lasts = np.exp(fit.anew.log_retention(fit.theta, 0.0, later) - delta * later)
    period = np.floor(begin).astype(np.intp)
    longest = int(np.ceil(horizon))
    flow = (np.sum(lasts * weight, axis=1) * states.paying(longest)[0, period])[:, None]
    done = np.cumsum(flow * _prices(states, longest)[period], axis=0)
    done = np.concatenate([np.zeros((1, done.shape[1])), done])
    return np.asarray(done[np.searchsorted(edges, lengths)])


def _prices(states: PlanStates, periods: int) -> FloatArray:
    """Expected prices after 0, 1, ... periods, shape (periods + 1, states)."""
    return np.asarray((states.price_ratios(periods) * states.reference[:, None]).T)
