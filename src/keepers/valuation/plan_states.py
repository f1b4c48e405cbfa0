"""How the price of a running subscription moves: plans as a Markov chain, pauses, and customers who come back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.beta_waiting import waiting
from keepers.summaries.free_plans import FreeSteps
from keepers.summaries.plan_history import PlanHistory

POOLED_STEPS = 20.0
"""Steps that the pooled behaviour of all plans weighs beside a plan's own."""
RETURN_ENDS = (1, 3, 12)
"""Periods since a customer left at which the chance to come back changes."""
_STAYS, _STAY_WEIGHT = 0.98, 50.0
_PAUSES, _PAUSE_WEIGHT = 0.004, 50.0
_RESUMES, _RESUME_WEIGHT = 1.0 / 3.0, 3.0
_ALIKE = 3.0
"""Returns that the chance of all times away weighs beside that of one, or moves from a free plan that those which a law
expects weigh beside those that were seen: they differ by about exp(1 / sqrt(3))."""
STAGE_ENDS = (1, 3, 6, 12, 24)
"""Periods on a free plan at which the chance to move changes: most who ever move do so early."""
MOST_ON_FREE = STAGE_ENDS[-1]
"""Periods on a free plan that are told apart; from then on the chance to move stays."""


@dataclass(frozen=True, eq=False)
class PlanStates:
    """What is known of changes of plan, pauses and returns: Dirichlet and beta posteriors.

    Rows of plans that were rarely seen lean on what subscribers of all plans did; pauses and resumptions on a weak
    belief of few pauses that last some three periods. Returns are zero where nobody was ever seen to come back.

    Who is on a plan that costs nothing moves to a paid one mostly soon or never, so that a free plan is as many states
    as periods on it are told apart: after those of the plans, of which the free plan's own is the first period, stand
    for each free plan those of one period on it, two, and so on up to 24 and more.

    Parameters
    ----------
    plans : tuple of str
    prices : array, shape (plans,)
        Mean price a month.
    moves : array, shape (plans, plans)
        Dirichlet parameters of each row.
    pause, resume : (float, float)
        Beta parameters of the chances to pause and to resume in a period.
    back : array, shape (4, 2)
        Beta parameters of the chance to come back in a period: of who left less than 1, 3, 12, and more periods ago.
        Zeros in the first column where nobody came back.
    lately : array, shape (4, 2), optional
        The same of customers of whom it is not known yet whether they left for good or are in a gap that will turn out
        to be a pause: those who have no contract now. Endings that a model expects are none of such gaps.
    free : tuple of int
        Places of plans that cost nothing, beside others that do not.
    onward : array, shape (free, 6, plans), optional
        Dirichlet parameters of a step from each of them, by the stage of the time on it; its own column is to stay.
    """

    plans: tuple[str, ...]
    prices: FloatArray
    moves: FloatArray
    pause: tuple[float, float]
    resume: tuple[float, float]
    back: FloatArray
    lately: FloatArray | None = None
    free: tuple[int, ...] = ()
    onward: FloatArray | None = None

    @classmethod
    def of(cls, history: PlanHistory) -> PlanStates:
        """The posteriors after the steps that were seen."""
        size = len(history.plans)
        free = () if history.free is None else tuple(int(place) for place in history.free.free)
        paid = history.moves[~np.isin(np.arange(size), free)]
        stays, every = np.trace(history.moves) - history.moves[free, free].sum(), paid.sum()
        pooled_stay = (stays + _STAYS * _STAY_WEIGHT) / (every + _STAY_WEIGHT)
        aims = (history.moves - np.diag(np.diag(history.moves))).sum(axis=0) + 0.5
        prior = np.zeros((size, size))
        for row in range(size):
            others = np.where(np.arange(size) == row, 0.0, aims)
            if others.sum() > 0:
                prior[row] = (1.0 - pooled_stay) * others / others.sum()
            prior[row, row] = 1.0 - prior[row].sum()
        into, active = history.paused
        out, pausing = history.resumed
        starts = np.digitize(np.arange(history.away.size), RETURN_ENDS)
        away, came, lapsed, renewed = (
            np.bincount(starts, weights=steps, minlength=len(RETURN_ENDS) + 1)
            for steps in (history.away, history.returned, history.lapsed, history.renewed)
        )
        back = np.column_stack([came, away - came])
        lately = None
        if came.any():
            # All times away weigh the less, the less they know themselves.
            events = 1.0 / (1.0 / _ALIKE + 1.0 / came.sum())
            back += [events, events * (away.sum() / came.sum() - 1.0)]
            lately = back + np.column_stack([renewed, lapsed - renewed])
        return cls(
            history.plans,
            history.prices,
            history.moves + POOLED_STEPS * prior,
            (into + _PAUSES * _PAUSE_WEIGHT, active - into + (1 - _PAUSES) * _PAUSE_WEIGHT),
            (out + _RESUMES * _RESUME_WEIGHT, pausing - out + (1 - _RESUMES) * _RESUME_WEIGHT),
            back,
            lately,
            free,
            None if history.free is None else _onward(history.free),
        )

    @property
    def size(self) -> int:
        """Number of states."""
        return len(self.plans) + MOST_ON_FREE * len(self.free)

    @property
    def held(self) -> tuple[str, ...]:
        """The plan of each state."""
        return tuple(self.plans[place] for place in self.entry)

    @cached_property
    def entry(self) -> IntArray:
        """The state of who begins anew on the plan of each state."""
        later = [np.full(MOST_ON_FREE, place) for place in self.free]
        return np.concatenate([np.arange(len(self.plans)), *later]).astype(np.int64)

    def state(self, plan: IntArray, on_it: IntArray) -> IntArray:
        """States of who has been on plans, by their places, for so many whole periods; which matter of free ones."""
        found = np.array(plan, dtype=np.int64)
        for number, place in enumerate(self.free):
            later = (found == place) & (on_it > 0)
            found[later] = len(self.plans) + MOST_ON_FREE * number + np.minimum(on_it[later], MOST_ON_FREE) - 1
        return found

    @property
    def returns_seen(self) -> bool:
        """Whether anybody was seen to come back."""
        return bool(np.any(self.back[:, 0] > 0))

    @property
    def upgrades_seen(self) -> bool:
        """Whether anybody was seen to move from a free plan to another one."""
        if self.onward is None:
            return False
        return any(np.delete(self.onward[number], place, axis=1).any() for number, place in enumerate(self.free))

    @cached_property
    def matrix(self) -> FloatArray:
        """Expected transitions between plans in a period, however long on them; shape (plans, plans)."""
        return np.asarray(self.moves / self.moves.sum(axis=1, keepdims=True))

    @cached_property
    def chain(self) -> FloatArray:
        """Expected transitions between states in a period, shape (size, size)."""
        if self.onward is None:
            return self.matrix
        plans, onward = len(self.plans), self.onward / self.onward.sum(axis=-1, keepdims=True)
        chain = np.zeros((self.size, self.size))
        chain[:plans, :plans] = self.matrix
        for number, place in enumerate(self.free):
            on_it = np.arange(MOST_ON_FREE + 1)
            states = self.state(np.full(on_it.size, place), on_it)
            steps = onward[number, _stage_of(on_it), :]
            chain[states, :] = 0.0
            chain[states, :plans] = steps
            chain[states, place] = 0.0
            chain[states, np.append(states[1:], states[-1])] = steps[:, place]
        return chain

    @cached_property
    def reference(self) -> FloatArray:
        """By state the price to compare with: of a plan without one the mean of all, so that its ratio is one."""
        known = self.prices > 0
        mean = float(self.prices[known].mean()) if known.any() else 1.0
        return np.asarray(np.where(known, self.prices, mean)[self.entry])

    @property
    def free_price(self) -> float:
        """The price that what free plans bring is counted in; nothing where there are none."""
        return float(self.reference[self.free[0]]) if self.free else 0.0

    @property
    def worth(self) -> FloatArray:
        """By state the price that is paid on it: that to compare with, and nothing on a free plan."""
        return np.where(np.isin(self.entry, self.free), 0.0, self.reference)

    def price_ratios(self, periods: int) -> FloatArray:
        """Expected price j periods from now by that to compare with, while the contract runs; (size, periods + 1)."""
        known = self._ratios.get(periods)
        if known is None:
            known = self._ratios[periods] = self._priced(periods)
        return known

    @cached_property
    def _ratios(self) -> dict[int, FloatArray]:
        """Those that were asked for: by every state in turn."""
        return {}

    def _priced(self, periods: int) -> FloatArray:
        chain, price = self.chain, self.reference
        ratios = np.empty((self.size, periods + 1))
        ahead = self.worth
        for j in range(periods + 1):
            ratios[:, j] = ahead / price
            ahead = chain @ ahead
        return ratios

    def paying(self, periods: int) -> FloatArray:
        """Chance that a running contract pays j periods from now: paying now, and paused now; (2, periods + 1)."""
        pause, resume = self.pause[0] / sum(self.pause), self.resume[0] / sum(self.resume)
        chances = np.empty((2, periods + 1))
        now = np.array([1.0, 0.0])
        for j in range(periods + 1):
            chances[:, j] = now
            now = now * (1.0 - pause) + (1.0 - now) * resume
        return chances

    @property
    def gone_now(self) -> FloatArray:
        """Beta parameters of the chance to come back of customers who have no contract now."""
        return self.back if self.lately is None else self.lately

    def returning(self, gone: int, periods: int, now: bool = False) -> FloatArray:
        """Chance that who left `gone` periods ago comes back in the k-th period from now, k = 1..periods.

        With `now` of customers who have no contract now, else of those whose contract ends later as a model expects.
        """
        back = self.gone_now if now else self.back
        hazard = (back[:, 0] / np.maximum(back.sum(axis=1), 1e-300))[
            np.digitize(gone + np.arange(periods), RETURN_ENDS)
        ]
        stayed = np.concatenate([[1.0], np.cumprod(1.0 - hazard)[:-1]])
        return np.asarray(stayed * hazard)

    def drawn(
        self, draws: int, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None, FloatArray, FloatArray, FloatArray]:
        """Draws of the transitions between plans (draws, plans, plans), of those from free plans by stage (draws, free,
        6, plans) or None, of the chances to pause and to resume, and of those to return.

        The last have the shape (2, draws, 4): of contracts that end later, and of customers who have none now.
        """
        moves = _dirichlet(self.moves, draws, rng)
        # Sums of gamma variates are one: who has no contract now draws the same chances, where nobody was in a gap.
        later = rng.standard_gamma(np.broadcast_to(self.back, (draws, *self.back.shape)))
        gaps = np.maximum(self.gone_now - self.back, 0.0)
        now = later + rng.standard_gamma(np.broadcast_to(gaps, later.shape))
        both = np.stack([later, now])
        back = both[..., 0] / np.maximum(both.sum(axis=-1), 1e-300)
        pause, resume = rng.beta(*self.pause, draws), rng.beta(*self.resume, draws)
        return moves, None if self.onward is None else _dirichlet(self.onward, draws, rng), pause, resume, back

    def lots(self, moves: FloatArray, onward: FloatArray | None) -> PlanLots:
        """Tables of where a lot between 0 and 1 leads, from drawn transitions."""
        plans = len(self.plans)
        row, staying = np.arange(self.size), np.full(self.size, plans - 1)
        if onward is None:
            return PlanLots(np.cumsum(moves, axis=2), row, staying)
        later = np.array(onward)
        for number, place in enumerate(self.free):
            # To stay stands behind all plans, since it leads to another state each time.
            later[:, number, :, place] = 0.0
            on_it = np.arange(MOST_ON_FREE + 1)
            states = self.state(np.full(on_it.size, place), on_it)
            row[states] = plans + (len(STAGE_ENDS) + 1) * number + _stage_of(on_it)
            staying[states] = np.append(states[1:], states[-1])
        table = np.concatenate([moves, later.reshape(len(moves), -1, plans)], axis=1)
        return PlanLots(np.cumsum(table, axis=2), row, staying)


@dataclass(frozen=True, slots=True, eq=False)
class PlanLots:
    """Transitions between states as tables for lots: as many columns as plans, however many states these are.

    Parameters
    ----------
    table : array, shape (draws, rows, plans)
        Chances to be on the plans up to each a period later; what is missing to one is to stay on a free plan.
    row : array of int, shape (states,)
        Of the table.
    staying : array of int, shape (states,)
        The state that a lot beyond all plans leads to.
    """

    table: FloatArray
    row: IntArray
    staying: IntArray

    def step(self, which: IntArray, state: IntArray, lot: FloatArray) -> IntArray:
        """States a period later by draws, states and lots of one shape."""
        plan = (lot[..., None] > self.table[which, self.row[state]]).sum(axis=-1)
        return np.where(plan < self.table.shape[2], plan, self.staying[state])


def _onward(steps: FreeSteps) -> FloatArray:
    """Dirichlet parameters of steps from free plans by stage: what was seen, beside what a law of waiting expects."""
    size = len(STAGE_ENDS) + 1
    found = np.zeros((len(steps.free), size, steps.moved.shape[2]))
    for number, place in enumerate(steps.free):
        moved, stayed = steps.moved[number], steps.stayed[number]
        stage, events = _stage_of(np.arange(stayed.size)), moved.sum()
        np.add.at(found[number], stage, moved)
        np.add.at(found[number, :, place], stage, stayed)
        if not events:
            # Nobody was seen to move, and so nobody is expected to.
            found[number, :, place] += 1.0
            continue
        alike = 1.0 / (1.0 / _ALIKE + 1.0 / events)
        a, b = waiting(moved.sum(axis=1), stayed)
        begins = np.array([0, *STAGE_ENDS])
        chance = a / (a + b + 0.5 * (begins + np.append(begins[1:], 2 * MOST_ON_FREE) - 1))
        found[number] += alike * moved.sum(axis=0) / events
        found[number, :, place] += alike * (1.0 - chance) / chance
    return found


def _stage_of(periods: IntArray) -> IntArray:
    """The stage of whole periods on a free plan."""
    return np.asarray(np.digitize(periods, STAGE_ENDS), dtype=np.int64)


def _dirichlet(parameters: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    gammas = rng.standard_gamma(np.broadcast_to(np.maximum(parameters, 1e-9), (draws, *parameters.shape)))
    gammas /= gammas.sum(axis=-1, keepdims=True)
    return np.asarray(gammas)
