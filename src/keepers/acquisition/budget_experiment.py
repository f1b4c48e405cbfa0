"""The small experiment that would teach most: what it is worth to know more before the next plans are made.

Of every experiment that could be made with one channel's money, outcomes are drawn under what is believed now; what
each plan would then be expected to bring is learned by a regression on the outcome (Strong, Oakley, Brennan, Breeze
2015, Medical Decision Making 35). The best plan after the outcome, less the best plan now, is what knowing is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keepers.acquisition.budget import PERIOD, RISK_WEIGHT, BudgetLimits, spend_limits
from keepers.acquisition.planning import Planning, planning
from keepers.acquisition.response import ChannelResponse, ResponseCurves
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.time import Horizon, TimeUnit, weeks
from keepers.numerics.spend_plan import SpendLimits, SpendProblem, best_spends

LENGTH = weeks(4)
"""How long an experiment lasts."""
LEVELS = (0.0, 0.5, 1.5, 2.0)
"""Spends of an experiment, in spends of today."""
_MOST_CHANNELS = 6
_PIECES = 3
_DEGREE = 3
_WORTHWHILE = 0.01
"""Worth less cost, as a share of a month's money, below which no experiment is proposed."""
_SEED = 20261203


@dataclass(frozen=True, slots=True)
class ProposedExperiment:
    """An experiment with one channel's money.

    Attributes
    ----------
    channel : str
        Which.
    today, spend : float
        Money a week without and with it.
    length : Horizon
        How long.
    worth : float
        What knowing its outcome is worth over a year of plans.
    cost : float
        What the other spend is expected to lose against the plan meanwhile.
    expected : (float, float)
        New customers a week without and with it, as is believed now.
    """

    channel: str
    today: float
    spend: float
    length: Horizon
    worth: float
    cost: float
    expected: tuple[float, float]

    @property
    def net(self) -> float:
        """Worth less cost."""
        return self.worth - self.cost


def propose_spend_experiments(
    curves: ResponseCurves,
    limits: BudgetLimits | None = None,
    *,
    period: Horizon = PERIOD,
    risk_weight: float = RISK_WEIGHT,
    seed: int = _SEED,
) -> tuple[ProposedExperiment, ...]:
    """The best experiment of each channel of which knowing more would pay, the best channel first.

    Parameters
    ----------
    curves : ResponseCurves
        With money.
    limits : BudgetLimits, optional
        What plans may do.
    period : Horizon
        How long a plan lasts; the worth of knowing counts for all plans of a year.
    risk_weight : float
        As for the plan.
    seed : int
        Of the outcomes.

    Returns
    -------
    tuple of ProposedExperiment
        Empty where none is worth its cost.
    """
    asked = planning(curves, period)
    bounds, _ = spend_limits(asked, limits or BudgetLimits())
    problem = asked.problem(bounds, risk_weight)
    best = best_spends(problem).spend
    looked = _uncertain(asked)[:_MOST_CHANNELS]
    plans = _plans(asked, problem, best, looked)
    # Value of every plan under every draw; nothing else is needed to say what an outcome would change.
    value = np.stack([asked.value(plan) for plan in plans])
    rng = np.random.default_rng(seed)
    a_year = TimeUnit.YEAR.days / asked.days
    during = planning(curves, LENGTH)
    now = during.value(best)
    found = []
    for row in looked:
        one = curves.channels[row]
        options = []
        for level in LEVELS:
            spend = level * float(asked.today[row])
            if abs(spend - best[row]) < 0.1 * max(float(asked.today[row]), 1e-9):
                continue
            trial = best.copy()
            trial[row] = spend
            gained = _worth_of_knowing(value, _outcomes(one, during, trial, row, rng))
            # A spend beyond the limits may even gain; that is no reason for an experiment.
            cost = max(float((now - during.value(trial)).mean()), 0.0)
            usual, other = one.customers_a_week([7 * asked.today[row], 7 * spend]).mean(axis=0)
            options.append(
                ProposedExperiment(
                    one.channel, 7 * float(asked.today[row]), 7 * spend, LENGTH, a_year * gained, cost,
                    (float(usual), float(other)),
                )
            )  # fmt: skip
        if options:
            found.append(max(options, key=lambda option: option.net))
    least = _WORTHWHILE * during.days * float(asked.today.sum())
    return tuple(sorted((one for one in found if one.net > least), key=lambda one: -one.net))


def _uncertain(asked: Planning) -> list[int]:
    """Channels by how uncertain the value of their last unit of money is, times the money."""
    spread = []
    for row, one in enumerate(asked.curves.channels):
        marginal = one.marginal_customers([7 * asked.today[row]])[:, 0] * asked.worth[row]
        spread.append(float(marginal.std() * max(asked.today[row], 1e-9)))
    return [int(row) for row in np.argsort(spread)[::-1]]


def _plans(asked: Planning, problem: SpendProblem, best: FloatArray, looked: Sequence[int]) -> list[FloatArray]:
    """Plans among which one would choose: today's, the best, and the best if a channel's response is low or high."""
    plans = [asked.today, best]
    for row in looked:
        marginal = asked.curves.channels[row].marginal_customers([7 * max(float(best[row]), 1e-6)])[:, 0]
        order = np.argsort(marginal * asked.worth[row])
        pieces = np.array_split(order, _PIECES)
        plans += [_best_of(asked, problem.limits, piece, problem.risk_weight) for piece in (pieces[0], pieces[-1])]
    return plans


def _best_of(asked: Planning, limits: SpendLimits, rows: IntArray, risk_weight: float) -> FloatArray:
    some = _Some(asked, rows)
    problem = asked.problem(limits, risk_weight)
    return best_spends(
        SpendProblem(some, asked.worth[:, rows], asked.today, asked.days, limits, risk_weight, problem.early)
    ).spend


class _Some:
    """Responses under some of the draws."""

    def __init__(self, asked: Planning, rows: IntArray) -> None:
        self._all, self._rows = asked.responses, rows

    def arrivals(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        value, slope = self._all.arrivals(spend)
        return value[:, self._rows], slope[:, self._rows]


def _outcomes(
    one: ChannelResponse, during: Planning, trial: FloatArray, row: int, rng: np.random.Generator
) -> FloatArray:
    """New customers counted in the channel during the experiment, one outcome a draw."""
    brought = during.responses.arrivals(trial)[0][row]
    organic = one.curve.organic * during.days * one.demand**one.curve.season
    mean = np.maximum(brought + organic, 1e-9)
    # Weeks vary each by itself, so that their sum varies less in relation to its mean.
    size = (during.days / 7.0) / np.maximum(one.dispersion, 1e-9)
    return np.asarray(rng.poisson(mean * rng.gamma(size) / size), dtype=np.float64)


def _worth_of_knowing(value: FloatArray, outcome: FloatArray) -> float:
    """Expected value of the best plan after the outcome, less that of the best plan now."""
    level = np.log1p(outcome)
    spread = float(level.std())
    if spread <= 0:
        return 0.0
    basis = np.vander((level - level.mean()) / spread, _DEGREE + 1)
    # Only differences between plans matter; taken against the first, they are far less noisy than values.
    apart = value - value[0]
    root, _ = np.linalg.qr(basis)
    expected = (apart @ root) @ root.T
    return max(float(expected.max(axis=0).mean() - expected.mean(axis=1).max()), 0.0)
