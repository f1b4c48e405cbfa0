"""What a unit of price brings over a subscription's life, by distinct plan, state and age: exact expectations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.models.contractual.contract import ContractModel
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.quadrature import legendre
from keepers.valuation.plan_states import PlanStates

_NODES = 4
_ROUNDING = 1e-9
_PERIODS_ALIKE = 60
"""Periods beyond which the mix of plans is taken as it is then."""
_PERIODS_AWAY = 240
"""Periods beyond which whoever left is as likely to come back as ever."""


@dataclass(frozen=True, eq=False)
class SubscriptionCells:
    """Distinct situations of customers; arrays of shape (n,).

    Parameters
    ----------
    plan : array of int
        Place of the plan.
    paused, ended : arrays of bool
    age : array
        In the model's periods: whole ones for discrete models.
    wait : array
        Periods until the next renewal.
    gone : array of int
        Whole periods since the contract ended; 0 while it runs.
    """

    plan: np.ndarray
    paused: np.ndarray
    ended: np.ndarray
    age: FloatArray
    wait: FloatArray
    gone: np.ndarray


def payments(horizon: float, wait: FloatArray) -> FloatArray:
    """Renewals within a horizon, the first of which comes after `wait` periods."""
    return np.where(horizon >= wait - _ROUNDING, np.floor(horizon - wait + _ROUNDING) + 1.0, 0.0)


def expected_units(
    model: ContractModel,
    states: PlanStates,
    cells: SubscriptionCells,
    delta: float,
    horizon: float | None,
    stays: bool = False,
) -> FloatArray:
    """Expected discounted periods of each cell, each weighted with its price by that of now; None is without end.

    A customer who left is expected to come back as often as others did, at the price that was paid last, as a new
    contract whose first period is paid on return. With `stays` it is what contracts that run would bring if none of
    them ended, and nothing of those that did.
    """
    units = np.zeros(cells.age.size)
    for place, plan in enumerate(states.plans):
        fit = model.fit_of(plan)
        own = cells.plan == place
        for paused in (False, True):
            some = np.flatnonzero(own & ~cells.ended & (cells.paused == paused))
            if some.size:
                age, wait = cells.age[some], cells.wait[some]
                units[some] = _running(fit, states, place, paused, age, wait, delta, horizon, stays)
        left = np.flatnonzero(own & cells.ended)
        if left.size and states.returns_seen and not stays:
            units[left] = _returning(fit, states, place, cells.gone[left], delta, horizon)
    return units


def _running(
    fit: ContractModel,
    states: PlanStates,
    place: int,
    paused: bool,
    age: FloatArray,
    wait: FloatArray,
    delta: float,
    horizon: float | None,
    stays: bool = False,
) -> FloatArray:
    if stays and horizon is None:
        raise ConfigError("What contracts that never end bring without end is infinite; name a horizon.")
    theta, family = fit._theta().tolist(), fit.family
    whole = _PERIODS_ALIKE if horizon is None else int(np.ceil(horizon)) + 1
    weight = states.price_ratios(whole)[place] * states.paying(whole)[int(paused)]
    finite = float(_PERIODS_ALIKE) if horizon is None else horizon
    if family.DISCRETE:
        ages, index = np.unique(age, return_inverse=True)
        steps = np.arange(1.0, whole + 1.0)
        # At wait 1 the j-th renewal is j periods away; another wait moves all of them alike.
        lasts = 0.0 if stays else family.log_retention(theta, ages[:, None], ages[:, None] + steps)
        terms = np.exp(lasts - delta * steps + np.zeros((ages.size, 1)))
        count = payments(finite, wait).astype(np.intp)
        kept = np.concatenate([np.zeros((ages.size, 1)), np.cumsum(terms * weight[1:], axis=1)], axis=1)
        plain = np.concatenate([np.zeros((ages.size, 1)), np.cumsum(terms, axis=1)], axis=1)
        moved = np.exp(delta * (1.0 - wait))
        value, seen = moved * kept[index, count], moved * plain[index, count]
    else:
        later, length = _nodes(finite)
        ages, index = np.unique(age, return_inverse=True)
        lasts = 0.0 if stays else family.log_retention(theta, ages[:, None], ages[:, None] + later)
        terms = np.exp(lasts - delta * later + np.zeros((ages.size, 1))) * length
        value, seen = (terms @ weight[np.floor(later).astype(np.intp)])[index], terms.sum(axis=1)[index]
    if horizon is None:
        endless = outlook.discounted_tenure(family, theta, age, delta, None, wait)
        value = value + weight[-1] * np.maximum(endless - seen, 0.0)
    return np.asarray(value, dtype=np.float64)


def _nodes(horizon: float) -> tuple[FloatArray, FloatArray]:
    """Times within the horizon and weights that integrate over it, a few in each period."""
    node, weight = legendre(_NODES)
    edges = np.append(np.arange(0.0, np.ceil(horizon)), horizon)
    width = np.diff(edges)
    return (edges[:-1, None] + width[:, None] * node).ravel(), (width[:, None] * weight).ravel()


def _returning(
    fit: ContractModel, states: PlanStates, place: int, gone: np.ndarray, delta: float, horizon: float | None
) -> FloatArray:
    if horizon is None:
        periods = _PERIODS_AWAY
        later = _running(fit, states, place, False, np.zeros(1), np.ones(1), delta, None)[0]
        rest = float(later) + float(fit.family.DISCRETE)
        values = np.full(periods, rest)
    else:
        periods = int(np.floor(horizon + _ROUNDING))
        values = _new_contracts(fit, states, place, delta, horizon - np.arange(1.0, periods + 1.0))
    if not periods:
        return np.zeros(gone.size)
    factor = np.exp(-delta * np.arange(1, periods + 1)) * values
    units = {}
    for since in np.unique(gone):
        chance = states.returning(int(since), periods)
        units[since] = float(chance @ factor)
        if horizon is None:
            # From then on the chance of coming back stays as it is, and the rest is a geometric series.
            hazard = states.back[2, 0] / states.back[2].sum()
            still = 1.0 - chance.sum()
            kept = np.exp(-delta)
            units[since] += still * np.exp(-delta * periods) * rest * hazard * kept / (1 - (1 - hazard) * kept)
    return np.array([units[since] for since in gone])


def _new_contracts(fit: ContractModel, states: PlanStates, place: int, delta: float, lengths: FloatArray) -> FloatArray:
    """What contracts bring that begin now, within each of some lengths of time; all weights are those of a horizon."""
    theta, family = fit._theta().tolist(), fit.family
    full = np.floor(lengths + _ROUNDING).astype(np.intp)
    whole = int(np.max(full, initial=0)) + 1
    weight = states.price_ratios(whole)[place] * states.paying(whole)[0]
    if family.DISCRETE:
        steps = np.arange(whole + 1.0)
        return np.asarray(np.cumsum(np.exp(family.log_retention(theta, 0.0, steps) - delta * steps) * weight)[full])
    node, share = legendre(_NODES)

    def flow(begin: FloatArray, width: FloatArray) -> FloatArray:
        later = begin[:, None] + width[:, None] * node
        return np.asarray(np.exp(family.log_retention(theta, 0.0, later) - delta * later) @ share * width)

    begin = np.arange(float(whole))
    done = np.append(0.0, np.cumsum(flow(begin, np.ones(whole)) * weight[:-1]))
    return np.asarray(done[full] + flow(full.astype(np.float64), np.maximum(lengths - full, 0.0)) * weight[full])
