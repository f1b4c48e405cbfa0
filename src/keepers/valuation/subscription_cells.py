"""What a unit of price brings over a subscription's life, by distinct plan, state and age: exact expectations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.models.contractual.answering import Answering, answering
from keepers.models.contractual.contract import ContractModel
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods.contract_family import ContractLaw
from keepers.valuation.plan_states import PlanStates
from keepers.valuation.subscription_returns import PERIODS_ALIKE, EndlessReturns, Returns, period_nodes

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class SubscriptionCells:
    """Distinct situations of customers; arrays of shape (n,).

    Parameters
    ----------
    plan : array of int
        Place of the plan's state, see `PlanStates`.
    paused, ended : arrays of bool
    age : array
        In the model's periods: whole ones for discrete models.
    wait : array
        Periods until the next renewal.
    gone : array of int
        Whole periods since the contract ended; 0 while it runs.
    pattern, attributes : array of int, Attributes, optional
        What is known of the customers, where the model has covariates.
    """

    plan: np.ndarray
    paused: np.ndarray
    ended: np.ndarray
    age: FloatArray
    wait: FloatArray
    gone: np.ndarray
    pattern: np.ndarray | None = None
    attributes: Attributes | None = None

    def answering(
        self, model: ContractModel, states: PlanStates, reach: float = 0.0
    ) -> Iterator[tuple[int, Answering, np.ndarray]]:
        """The place of each state, with the laws that answer for its plan's customers, and the rows of each."""
        for place, plan in enumerate(states.held):
            own = np.flatnonzero(self.plan == place)
            if own.size:
                for fit, rows in answering(model.fit_of(plan), own, self.age, self.attributes, self.pattern, reach):
                    yield place, fit, rows


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

    A customer who left, or will leave, is expected to come back as often as others did, at the price that was paid
    last, as a new contract whose first period is paid on return. With `stays` it is what contracts that run would bring
    if none of them ended, and nothing of those that did.
    """
    if stays and horizon is None:
        raise ConfigError("What contracts that never end bring without end is infinite; name a horizon.")
    units = np.zeros(cells.age.size)
    comes_back = states.returns_seen and not stays
    known: dict[tuple[int, int], tuple[ContractLaw, Returns | EndlessReturns]] = {}
    for place, whole, own in cells.answering(model, states, horizon or 0.0):
        fit = whole
        if horizon is not None:
            fit = whole.reaching(float(cells.age[own].max()) + np.ceil(horizon) + 2.0, np.ceil(horizon) + 2.0)
        ended, held = cells.ended[own], cells.paused[own]
        for paused in (False, True):
            some = own[~ended & (held == paused)]
            if some.size:
                age, wait = cells.age[some], cells.wait[some]
                units[some] = _running(fit, fit.law, states, place, paused, age, wait, delta, horizon, stays)
        if not comes_back:
            continue
        # Without covariates plans may share a fit; with a path of time, all contracts that differ in their start alone
        # share what follows.
        shared = (id(fit.model), id(whole.anew))
        if shared not in known:
            known[shared] = whole.anew, _returns(fit, states, delta, horizon)
        follows = replace(known[shared][1], fit=fit)
        runs, left = own[~ended], own[ended]
        if runs.size:
            units[runs] += _following(follows, place, cells.age[runs], cells.wait[runs], horizon)
        if left.size:
            units[left] = _gone(follows, place, cells.gone[left], horizon)
    return units


def _running(
    fit: Answering,
    family: ContractLaw,
    states: PlanStates,
    place: int,
    paused: bool,
    age: FloatArray,
    wait: FloatArray,
    delta: float,
    horizon: float | None,
    stays: bool = False,
) -> FloatArray:
    """What contracts that run bring until they end."""
    theta = fit.theta
    whole = PERIODS_ALIKE if horizon is None else int(np.ceil(horizon)) + 1
    weight = states.price_ratios(whole)[place] * states.paying(whole)[int(paused)]
    finite = float(PERIODS_ALIKE) if horizon is None else horizon
    ages, index = np.unique(age, return_inverse=True)
    terms = _by_period(fit, family, ages, delta, finite, whole, stays)
    if family.DISCRETE:
        count = payments(finite, wait).astype(np.intp)
        kept, plain = np.cumsum(terms * weight, axis=1), np.cumsum(terms, axis=1)
        moved = np.exp(delta * (1.0 - wait))
        value, seen = moved * kept[index, count], moved * plain[index, count]
    else:
        value, seen = (terms @ weight)[index], terms.sum(axis=1)[index]
    if horizon is None:
        endless = outlook.discounted_tenure(family, theta, age, delta, None, wait)
        value = value + weight[-1] * np.maximum(endless - seen, 0.0)
    return np.asarray(value, dtype=np.float64)


def _by_period(
    fit: Answering, family: ContractLaw, ages: FloatArray, delta: float, finite: float, whole: int, stays: bool = False
) -> FloatArray:
    """What a price of one brings in each period, the present one first, if it is always paid; (ages, whole + 1)."""
    found = np.zeros((ages.size, whole + 1))
    if family.DISCRETE:
        # At wait 1 the j-th renewal is j periods away; another wait moves all of them alike.
        later, length = np.arange(1.0, whole + 1.0), np.ones(whole)
    else:
        edges = np.append(np.arange(0.0, np.ceil(finite)), finite)
        later, length = (part.ravel() for part in period_nodes(edges[:-1], edges[1:]))
    lasts = 0.0 if stays else family.log_retention(fit.theta, ages[:, None], ages[:, None] + later)
    terms = np.exp(lasts - delta * later + np.zeros((ages.size, 1))) * length
    if family.DISCRETE:
        found[:, 1:] = terms
    else:
        np.add.at(found.T, np.floor(later).astype(np.intp), terms.T)
    return found


def _returns(fit: Answering, states: PlanStates, delta: float, horizon: float | None) -> Returns | EndlessReturns:
    if horizon is not None:
        return Returns.within(fit, states, delta, horizon)
    finite = float(PERIODS_ALIKE)
    (terms,) = _by_period(fit, fit.anew, np.zeros(1), delta, finite, PERIODS_ALIKE)
    weight = states.price_ratios(PERIODS_ALIKE) * states.paying(PERIODS_ALIKE)[0]
    endless = outlook.discounted_tenure(fit.anew, fit.theta, np.zeros(1), delta, None, np.ones(1))[0]
    own = weight @ terms + weight[:, -1] * max(float(endless - terms.sum()), 0.0)
    if fit.discrete:
        # What is paid on the first day, which is nothing on a free plan.
        own += weight[:, 0]
    return EndlessReturns.of(fit, states, delta, own * states.reference)


def _following(
    returns: Returns | EndlessReturns, place: int, age: FloatArray, wait: FloatArray, horizon: float | None
) -> FloatArray:
    """What contracts that follow those that run bring."""
    discrete = returns.fit.discrete
    moved = np.exp(returns.delta * (1.0 - wait)) if discrete else 1.0
    if isinstance(returns, EndlessReturns):
        return np.asarray(moved * returns.after(place, age))
    assert horizon is not None
    if discrete:
        return np.asarray(moved * returns.after(place, age, payments(horizon, wait).astype(np.intp)))
    return returns.after(place, age, np.full(age.size, returns.horizon_place))


def _gone(returns: Returns | EndlessReturns, place: int, gone: np.ndarray, horizon: float | None) -> FloatArray:
    """What customers bring who left before now."""
    if isinstance(returns, EndlessReturns):
        return returns.gone(place, gone)
    assert horizon is not None
    whole = int(np.floor(horizon + _ROUNDING))
    return returns.gone(place, gone, whole if returns.fit.discrete else returns.horizon_place)
