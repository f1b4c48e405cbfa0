"""What a subscription will really bring, drawn: parameters, tenure, changes of plan, pauses and returns at random."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.contractual.contract import ContractModel
from keepers.valuation.plan_states import PlanStates
from keepers.valuation.subscription_cells import SubscriptionCells, payments

_BUDGET = 6_000_000
_FEWEST, _MOST = 200, 1000
_FINENESS = 4.0
"""Continuous ages are rounded to a quarter of a period for intervals."""


def interval_units(
    model: ContractModel,
    states: PlanStates,
    cells: SubscriptionCells,
    delta: float,
    horizons: tuple[float, ...],
    ends: tuple[float, float],
    seed: int,
) -> list[tuple[FloatArray, FloatArray]]:
    """Quantiles of the discounted, price-weighted periods of each cell, for each horizon; see `spread_units`."""
    return [(low, high) for low, high, _ in spread_units(model, states, cells, delta, horizons, ends, seed)]


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
    key = np.column_stack(
        [cells.plan, cells.paused, cells.ended, np.where(cells.ended, 0.0, age), np.where(cells.ended, cells.gone, 0)]
    ).astype(np.float64)
    distinct, index = np.unique(key, axis=0, return_inverse=True)
    index = index.ravel()
    longest = int(np.ceil(max(horizons))) + 1
    draws = int(np.clip(_BUDGET / max(len(distinct) * longest, 1), _FEWEST, _MOST))
    counts = [_counts(horizon, cells, discrete) for horizon in horizons]
    wanted = sorted({float(count) for column in counts for count in column})
    quantiles = {count: np.zeros((len(distinct), 3)) for count in wanted}
    for place, plan in enumerate(states.plans):
        some = np.flatnonzero(distinct[:, 0] == place)
        if not some.size:
            continue
        sums = drawn_units(model.fit_of(plan), states, place, distinct[some], draws, delta, wanted, rng)
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
    fit: ContractModel,
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
    fit : fitted model
        That of the plan.
    place : int
        The plan.
    rows : array, shape (rows, 5)
        Plan, whether paused, whether ended, age, whole periods since the end.
    draws : int
    delta : float
        Continuous discount rate a period.
    counts : list of float
        Renewals that count, or lengths of time for a continuous family.
    rng : Generator
    """
    longest = int(np.ceil(max(counts)))
    family = fit.family
    theta = [np.ascontiguousarray(column)[None, :] for column in fit.posterior_.draws(draws, rng).T]
    shape = (len(rows), draws)
    paused, ended = rows[:, 1, None] > 0, rows[:, 2, None] > 0
    age = np.broadcast_to(np.where(ended, 0.0, rows[:, 3, None]), shape)
    rate = family.rates([np.broadcast_to(value, shape) for value in theta], age, rng)
    left = family.residual(theta, age, rate, rng.standard_exponential(shape)) - age
    left = np.maximum(np.ceil(left), 1.0) if family.DISCRETE else left
    matrices, pause, resume, back = states.drawn(draws, rng)
    steps = np.cumsum(matrices, axis=2)
    begins = _returns(rows[:, 4], np.broadcast_to(ended, shape), back, longest, rng)
    price, plan = states.reference, np.full(shape, place)
    pays = np.broadcast_to(~paused, shape).copy()
    which = np.broadcast_to(np.arange(draws), shape)
    total = np.zeros(shape)
    found = {0.0: total} if 0.0 in counts else {}
    for j in range(longest):
        # Of a discrete family the j-th renewal from now, or a return and its renewals; else the j-th period's flow.
        at = j + 1 if family.DISCRETE else j
        since = at - begins
        moves = since > 0
        lot = rng.random(shape)
        chosen = np.minimum((lot[:, :, None] > steps[which, plan]).sum(axis=2), len(states.plans) - 1)
        plan = np.where(moves, chosen, plan)
        lot = rng.random(shape)
        pays = np.where(moves, np.where(pays, lot >= pause, lot < resume), pays)
        worth = pays * price[plan] / price[place]
        if family.DISCRETE:
            runs = (since >= 0) & (since < left)
            total = total + runs * worth * np.exp(-delta * at)
            if at in counts:
                found[float(at)] = total
            continue
        length = np.clip(begins + left - at, 0.0, 1.0) * (since >= 0)
        for count in counts:
            if at < count <= at + 1:
                found[count] = total + _flow(np.minimum(length, count - at), at, delta) * worth
        total = total + _flow(length, at, delta) * worth
    return found


def _flow(length: FloatArray, at: float, delta: float) -> FloatArray:
    """A flow of one over part of a period, discounted from its middle."""
    return np.asarray(length * np.exp(-delta * (at + 0.5 * length)))


def _returns(
    gone: FloatArray, ended: np.ndarray, back: FloatArray, longest: int, rng: np.random.Generator
) -> FloatArray:
    """The period in which each comes back who left: 0 for those who run, infinite for who stays away."""
    begins = np.where(ended, np.inf, 0.0)
    for k in range(1, longest + 1):
        stage = np.digitize(gone + k - 1, (3, 12))
        comes = rng.random(ended.shape) < back[:, stage].T
        begins = np.where(np.isinf(begins) & comes, float(k), begins)
    return begins
