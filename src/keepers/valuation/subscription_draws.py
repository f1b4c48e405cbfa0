"""What a subscription will really bring, drawn: parameters, tenure, changes of plan, pauses and returns at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.contractual.answering import Answering
from keepers.models.contractual.contract import ContractModel
from keepers.numerics.likelihoods.contract_family import ContractLaw
from keepers.valuation.plan_states import RETURN_ENDS, PlanStates
from keepers.valuation.subscription_cells import SubscriptionCells, payments

_BUDGET = 6_000_000
_FEWEST, _MOST = 200, 1000
_FINENESS = 4.0
"""Continuous ages are rounded to a quarter of a period for intervals."""


def spread_units(
    model: ContractModel,
    states: PlanStates,
    cells: SubscriptionCells,
    delta: float,
    horizons: tuple[float, ...],
    ends: tuple[float, float],
    seed: int,
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """Quantiles and standard deviations of the discounted, price-weighted periods of each cell, for each horizon.

    Cells that differ in nothing but the wait for the next renewal share their draws, as the wait moves all payments
    alike.

    Parameters
    ----------
    ends : (float, float)
        Probabilities of the quantiles.
    seed : int
        Of the draws; the same data give the same intervals.

    Returns
    -------
    list of (low, high, deviation), arrays of shape (n,)
    """
    rng = np.random.default_rng(seed)
    discrete = model.family.DISCRETE
    age = cells.age if discrete else np.round(cells.age * _FINENESS) / _FINENESS
    pattern = np.zeros(age.size) if cells.pattern is None else cells.pattern
    key = np.column_stack(
        [
            cells.plan, cells.paused, cells.ended, np.where(cells.ended, 0.0, age),
            np.where(cells.ended, cells.gone, 0), pattern,
        ]
    ).astype(np.float64)  # fmt: skip
    distinct, index = np.unique(key, axis=0, return_inverse=True)
    index = index.ravel()
    longest = int(np.ceil(max(horizons))) + 1
    draws = int(np.clip(_BUDGET / max(len(distinct) * longest, 1), _FEWEST, _MOST))
    counts = [_counts(horizon, cells, discrete) for horizon in horizons]
    wanted = sorted({float(count) for column in counts for count in column})
    quantiles = {count: np.zeros((len(distinct), 3)) for count in wanted}
    alike = replace(
        cells, plan=distinct[:, 0].astype(np.intp), age=distinct[:, 3],
        pattern=None if cells.pattern is None else distinct[:, 5].astype(np.int64),
    )  # fmt: skip
    for place, fit, some in alike.answering(model, states, max(horizons)):
        sums = drawn_units(fit, states, place, distinct[some], draws, delta, wanted, rng)
        for count in wanted:
            quantiles[count][some, :2] = np.quantile(sums[count], ends, axis=1).T
            quantiles[count][some, 2] = sums[count].std(axis=1)
    results = []
    moved = np.where(cells.ended | (not discrete), 1.0, np.exp(delta * (1.0 - cells.wait)))
    for column in counts:
        found = np.array([quantiles[float(count)][row] for count, row in zip(column, index, strict=True)])
        results.append((moved * found[:, 0], moved * found[:, 1], moved * found[:, 2]))
    return results


def _counts(horizon: float, cells: SubscriptionCells, discrete: bool) -> FloatArray:
    """Periods of the horizon that count for each cell."""
    if not discrete:
        return np.full(cells.age.size, horizon)
    return np.where(cells.ended, np.floor(horizon + 1e-9), payments(horizon, cells.wait))


def drawn_units(
    fit: Answering,
    states: PlanStates,
    place: int,
    rows: FloatArray,
    draws: int,
    delta: float,
    counts: list[float],
    rng: np.random.Generator,
) -> dict[float, FloatArray]:
    """Draws of the discounted, price-weighted periods up to each count of periods, shape (rows, draws).

    Parameters
    ----------
    fit : Answering
        That of the plan, and of the pattern where there are covariates.
    place : int
        The plan.
    rows : array, shape (rows, 5) or more
        Plan, whether paused, whether ended, age, whole periods since the end.
    draws : int
    delta : float
        Continuous discount rate a period.
    counts : list of float
        Renewals that count, or lengths of time for a continuous family.
    rng : Generator
    """
    longest = int(np.ceil(max(counts)))
    fit = fit.reaching(float(rows[:, 3].max(initial=0.0)) + longest + 1.0, longest + 1.0)
    family = fit.law
    theta = [np.ascontiguousarray(column)[None, :] for column in fit.posterior.draws(draws, rng).T]
    shape = (len(rows), draws)
    paused, ended = rows[:, 1, None] > 0, rows[:, 2, None] > 0
    age = np.broadcast_to(np.where(ended, 0.0, rows[:, 3, None]), shape)
    left = _drawn_tenure(fit.law, [np.broadcast_to(value, shape) for value in theta], age, rng)
    changes, onward, pause, resume, back = states.drawn(draws, rng)
    lots = states.lots(changes, onward)
    price, entry, plan = states.worth / states.reference[place], states.entry, np.full(shape, place)
    which = np.broadcast_to(np.arange(draws), shape)
    pays, runs = np.broadcast_to(~paused, shape).copy(), np.broadcast_to(~ended, shape).copy()
    gone, now = np.where(ended, rows[:, 4, None], 0.0) + np.zeros(shape), np.broadcast_to(ended, shape).copy()
    # Of a discrete family the last renewal or return was `since` periods ago, of others the period under way is the
    # next one after so many; who comes back amid a period is half a period late from then on.
    since = np.full(shape, 0 if family.DISCRETE else -1)
    late = np.zeros(shape)
    totals = {count: np.zeros(shape) for count in counts}

    def come_back() -> None:
        stage = np.digitize(gone, RETURN_ENDS)
        comes = ~runs & (rng.random(shape) < back[now.astype(np.intp), which, stage])
        now[comes] = False
        gone[~runs] += 1
        of = which[comes]
        left[comes] = _drawn_tenure(fit.anew, [value[0, of] for value in theta], np.zeros(of.size), rng)
        plan[comes] = entry[plan[comes]]
        runs[comes] = pays[comes] = True
        since[comes] = gone[comes] = 0
        late[comes] += 0.5

    for j in range(longest):
        since += 1
        # A contract that ends at a renewal can be followed from the next one on; one that ended amid the last period
        # from this one on.
        if family.DISCRETE and states.returns_seen:
            come_back()
        runs &= since < left
        if not family.DISCRETE and states.returns_seen:
            come_back()
        moves = runs & (since > 0)
        plan = np.where(moves, lots.step(which, plan, rng.random(shape)), plan)
        lot = rng.random(shape)
        pays = np.where(moves, np.where(pays, lot >= pause, lot < resume), pays)
        worth = runs * pays * price[plan]
        if family.DISCRETE:
            paid = worth * np.exp(-delta * (j + 1))
            for count in counts:
                if j < count:
                    totals[count] += paid
            continue
        at = j + late
        length = np.clip(left - since, 0.0, 1.0)
        for count in counts:
            totals[count] += _flow(np.clip(count - at, 0.0, length), at, delta) * worth
    return totals


def _drawn_tenure(law: ContractLaw, theta: list[FloatArray], age: FloatArray, rng: np.random.Generator) -> FloatArray:
    """How long contracts of these ages still last, parameters in the shape of `age`."""
    rate = law.rates(theta, age, rng)
    left = law.residual(theta, age, rate, rng.standard_exponential(age.shape)) - age
    return np.maximum(np.ceil(left), 1.0) if law.DISCRETE else np.array(left)


def _flow(length: FloatArray, at: FloatArray, delta: float) -> FloatArray:
    """A flow of one over part of a period, discounted from its middle."""
    return np.asarray(length * np.exp(-delta * (at + 0.5 * length)))
