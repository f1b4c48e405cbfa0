"""What all subscribers together are worth and how many of them will leave, with intervals."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.time import Horizon
from keepers.models.contractual.contract import ContractModel
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.valuation.equity import Interval, interval_of_total
from keepers.valuation.plan_states import PlanStates
from keepers.valuation.subscription_cells import expected_units
from keepers.valuation.subscription_value import PricedCells, SubscriptionValues

_DRAWS = 64
_SEED = 20100615


@dataclass(frozen=True, slots=True)
class SubscriptionEquity:
    """Sums over all subscribers, those who left included.

    Parameters
    ----------
    total, lifetime : Interval
        What they are expected to bring within the horizon and within the stated lifetime.
    certain : float
        What those who still subscribe would bring within the horizon if none of them ever left.
    """

    total: Interval
    lifetime: Interval
    certain: float


@dataclass(frozen=True, slots=True)
class Departures:
    """How many of the contracts that run will end within a time, and what they pay a month.

    Parameters
    ----------
    within : Horizon
    contracts : Interval
    mrr : Interval or None
        None without prices.
    """

    within: Horizon
    contracts: Interval
    mrr: Interval | None


def subscription_equity(
    values: SubscriptionValues, model_error: float = 0.0, draws: int = _DRAWS, seed: int = _SEED
) -> SubscriptionEquity:
    """Sum the values of all subscribers; the interval is that of what they will really bring together.

    It holds what the parameters' uncertainty moves (all subscribers alike), what chance leaves of each of them, and, if
    given, how far the model's totals were off in a backtest.

    Parameters
    ----------
    values : SubscriptionValues
        With money.
    model_error : float
        Relative error of totals on unseen days, as a root mean square.
    draws : int
        Of the parameters.
    seed : int
        Of the draws.

    Raises
    ------
    InputError
        Without prices.

    Examples
    --------
    >>> import keepers as kp
    >>> contracts = {
    ...     "customer_key": list("abcdef"), "plan": ["small", "large"] * 3, "amount": [10.0, 25.0] * 3,
    ...     "started_on": ["2024-01-15", "2024-02-01", "2024-02-10", "2024-03-05", "2024-03-20", "2024-05-01"],
    ...     "ended_on": [None, None, "2024-06-10", None, "2024-05-20", None],
    ... }
    >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
    >>> values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    >>> found = subscription_equity(values)
    >>> round(found.total.value) == round(sum(values.to_numpy()["clv_predicted_12m"]))
    True
    >>> found.total.low < found.total.value < found.total.high, found.total.value < found.certain
    (True, True)
    """
    facts, priced = values.facts, values.facts.cells
    if priced is None or not values.has_money:
        raise InputError("The subscriptions carry no prices, so that there is no money to be summed.")
    unit = facts.summary.unit
    lengths = (facts.horizon.in_unit(unit), facts.lifetime.in_unit(unit))
    names = (values.value_column, "clv_lifetime")
    sums = np.empty((draws + 1, 2))
    for row, (model, states) in enumerate(_drawn(facts.model, facts.states, draws, seed)):
        for place, length in enumerate(lengths):
            sums[row, place] = priced.worth @ expected_units(model, states, priced.cells, facts.delta, length)
    sums *= facts.scale
    certain = expected_units(facts.model, facts.states, priced.cells, facts.delta, lengths[0], stays=True)
    found = [
        interval_of_total(
            sums[:, place],
            float(sums[0, place]),
            float(priced.worth_squares @ priced.deviations[name] ** 2) * facts.scale**2,
            model_error,
        )
        for place, name in enumerate(names)
    ]
    return SubscriptionEquity(found[0], found[1], float(priced.worth @ certain) * facts.scale)


def departures(
    values: SubscriptionValues, within: Horizon, model_error: float = 0.0, draws: int = _DRAWS, seed: int = _SEED
) -> Departures:
    """How many of the contracts that run are expected to end within a time.

    Parameters
    ----------
    values : SubscriptionValues
        With or without money.
    within : Horizon
        From now on.
    model_error : float
        Relative error of totals on unseen days.
    draws, seed
        As for `subscription_equity`.
    """
    facts, priced = values.facts, values.facts.cells
    assert priced is not None
    length = within.in_unit(facts.summary.unit)
    chances = np.array(
        [_ending(model, facts.states, priced, length) for model, _ in _drawn(facts.model, facts.states, draws, seed)]
    )
    exact = chances[0]

    def total(weight: FloatArray, squares: FloatArray) -> Interval:
        chance = float(squares @ (exact * (1.0 - exact)))
        return interval_of_total(chances @ weight, float(exact @ weight), chance, model_error)

    money = total(priced.price, priced.squares) if values.has_money else None
    return Departures(within, total(priced.customers, priced.customers), money)


def _ending(model: ContractModel, states: PlanStates, priced: PricedCells, length: float) -> FloatArray:
    """Chance of each situation to end within a time; 0 where it has ended already."""
    cells = priced.cells
    found = np.zeros(cells.age.size)
    for _, fit, rows in cells.answering(model, states, length):
        some = rows[~cells.ended[rows]]
        if some.size:
            found[some] = 1.0 - outlook.survival(fit.law, fit.theta, cells.age[some], length)
    return found


def _drawn(
    model: ContractModel, states: PlanStates, draws: int, seed: int
) -> Iterator[tuple[ContractModel, PlanStates]]:
    """The estimates, and then draws of the model's parameters and of changes of plan, pauses and returns."""
    rng = np.random.default_rng(seed)
    common = model.posterior_.draws(draws, rng)
    plans = {name: fit.posterior_.draws(draws, rng) for name, fit in model.plans_.items() if fit.outcome_.usable}
    moves, onward, pause, resume, back = states.drawn(draws, rng)
    yield model, states
    for draw in range(draws):
        one = _at(model, common[draw])
        one.plans_ = {name: _at(model.plans_[name], rows[draw]) for name, rows in plans.items()}
        yield (
            one,
            replace(
                states,
                moves=moves[draw],
                onward=None if onward is None else onward[draw],
                pause=(pause[draw], 1.0 - pause[draw]),
                resume=(resume[draw], 1.0 - resume[draw]),
                back=np.column_stack([back[0, draw], 1.0 - back[0, draw]]),
                lately=np.column_stack([back[1, draw], 1.0 - back[1, draw]]),
            ),
        )


def _at(model: ContractModel, parameters: FloatArray) -> ContractModel:
    """The same model at other parameters."""
    moved = copy.copy(model)
    moved.parameters_ = dict(zip(model.parameter_names, parameters.tolist(), strict=True))
    return moved
