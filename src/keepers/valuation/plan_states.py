"""How the price of a running subscription moves: plans as a Markov chain, pauses, and customers who come back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.summaries.plan_history import PlanHistory

POOLED_STEPS = 20.0
"""Steps that the pooled behaviour of all plans weighs beside a plan's own."""
RETURN_ENDS = (1, 3, 12)
"""Periods since a customer left at which the chance to come back changes."""
_STAYS, _STAY_WEIGHT = 0.98, 50.0
_PAUSES, _PAUSE_WEIGHT = 0.004, 50.0
_RESUMES, _RESUME_WEIGHT = 1.0 / 3.0, 3.0
_RETURNS_ALIKE = 3.0
"""Returns that the chance of all times away weighs beside that of one: they differ by about exp(1 / sqrt(3))."""


@dataclass(frozen=True, eq=False)
class PlanStates:
    """What is known of changes of plan, pauses and returns: Dirichlet and beta posteriors.

    Rows of plans that were rarely seen lean on what subscribers of all plans did; pauses and resumptions on a weak
    belief of few pauses that last some three periods. Returns are zero where nobody was ever seen to come back.

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
    """

    plans: tuple[str, ...]
    prices: FloatArray
    moves: FloatArray
    pause: tuple[float, float]
    resume: tuple[float, float]
    back: FloatArray
    lately: FloatArray | None = None

    @classmethod
    def of(cls, history: PlanHistory) -> PlanStates:
        """The posteriors after the steps that were seen."""
        size = len(history.plans)
        stays, every = np.trace(history.moves), history.moves.sum()
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
            events = 1.0 / (1.0 / _RETURNS_ALIKE + 1.0 / came.sum())
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
        )

    @property
    def returns_seen(self) -> bool:
        """Whether anybody was seen to come back."""
        return bool(np.any(self.back[:, 0] > 0))

    @property
    def matrix(self) -> FloatArray:
        """Expected transitions between plans in a period, shape (plans, plans)."""
        return np.asarray(self.moves / self.moves.sum(axis=1, keepdims=True))

    @property
    def reference(self) -> FloatArray:
        """Prices to compare with: a plan without a price counts as the mean of all, so that its ratio is one."""
        known = self.prices > 0
        mean = float(self.prices[known].mean()) if known.any() else 1.0
        return np.where(known, self.prices, mean)

    def price_ratios(self, periods: int) -> FloatArray:
        """Expected price j periods from now by that of now, while the contract runs and pays; (plans, periods + 1)."""
        matrix, price = self.matrix, self.reference
        ratios = np.empty((len(self.plans), periods + 1))
        ahead = price.copy()
        for j in range(periods + 1):
            ratios[:, j] = ahead / price
            ahead = matrix @ ahead
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

    def drawn(self, draws: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Draws of the transitions (draws, plans, plans), of the chances to pause and to resume, of those to return.

        The last have the shape (2, draws, 4): of contracts that end later, and of customers who have none now.
        """
        gammas = rng.standard_gamma(np.broadcast_to(np.maximum(self.moves, 1e-9), (draws, *self.moves.shape)))
        matrices = gammas / gammas.sum(axis=2, keepdims=True)
        # Sums of gamma variates are one: who has no contract now draws the same chances, where nobody was in a gap.
        later = rng.standard_gamma(np.broadcast_to(self.back, (draws, *self.back.shape)))
        gaps = np.maximum(self.gone_now - self.back, 0.0)
        now = later + rng.standard_gamma(np.broadcast_to(gaps, later.shape))
        both = np.stack([later, now])
        back = both[..., 0] / np.maximum(both.sum(axis=-1), 1e-300)
        return matrices, rng.beta(*self.pause, draws), rng.beta(*self.resume, draws), back
