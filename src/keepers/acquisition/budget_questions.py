"""What if, how much for a goal, where does the next money go: questions about a budget beside the best plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from keepers.acquisition.budget import (
    PERIOD,
    RISK_WEIGHT,
    BudgetLimits,
    BudgetPlan,
    Figure,
    figure,
    plan_budget,
    spend_limits,
)
from keepers.acquisition.planning import planning
from keepers.acquisition.response import ResponseCurves
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import Horizon
from keepers.numerics.spend_plan import best_spends

_MOST_TOTAL = 8.0
"""Largest total that is looked at, in totals of today."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What spends are expected to bring in a period.

    Attributes
    ----------
    spends : dict of str to float
        Money a week.
    customers, value : Figure
        New customers that the money brings, and what they are worth.
    gain : Figure
        Value less spend over today's plan.
    probability : float
        That it is better than today's plan.
    outside : tuple of str
        Channels whose spend was never seen; there the curve is more belief than data.
    """

    spends: dict[str, float]
    customers: Figure
    value: Figure
    gain: Figure
    probability: float
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextMoney:
    """Where more money would go.

    Attributes
    ----------
    amount : float
        How much more in the period.
    channels : dict of str to float
        How much of it goes where.
    value : Figure
        Value that it brings, not net of itself.
    probability : float
        That it brings more than it costs.
    """

    amount: float
    channels: dict[str, float]
    value: Figure
    probability: float


@dataclass(frozen=True, slots=True)
class GoalPlan:
    """The smallest budget that is expected to reach a goal.

    Attributes
    ----------
    total : float
        Money a week.
    plan : BudgetPlan
        How it is divided.
    probability : float
        That the goal is reached with it.
    """

    total: float
    plan: BudgetPlan
    probability: float


def what_if(curves: ResponseCurves, spends: Mapping[str, float], *, period: Horizon = PERIOD) -> WhatIf:
    """What would come of other spends; channels that are not named keep today's.

    Parameters
    ----------
    curves : ResponseCurves
        With money.
    spends : mapping of str to float
        Money a week.
    period : Horizon
        How long.
    """
    unknown = set(spends) - set(curves.names)
    if unknown:
        raise ConfigError(f"There is no channel {', '.join(sorted(unknown))}. There is: {', '.join(curves.names)}.")
    if any(not money >= 0 for money in spends.values()):
        raise ConfigError("Money a week must be zero or more.")
    asked = planning(curves, period)
    chosen = {one.channel: float(spends.get(one.channel, one.today)) for one in curves.channels}
    spend = np.array(list(chosen.values())) / 7.0
    arrivals, _ = asked.responses.arrivals(spend)
    gain = asked.value(spend) - asked.value(asked.today)
    outside = tuple(one.channel for one in curves.channels if not one.seen[0] <= chosen[one.channel] <= one.seen[1])
    return WhatIf(
        chosen, figure(arrivals.sum(axis=0)), figure((asked.worth * arrivals).sum(axis=0)), figure(gain),
        float((gain > 0).mean()), outside,
    )  # fmt: skip


def next_money(
    curves: ResponseCurves,
    amount: float = 1000.0,
    limits: BudgetLimits | None = None,
    *,
    period: Horizon = PERIOD,
    risk_weight: float = RISK_WEIGHT,
) -> NextMoney:
    """Where the next money goes, on top of the best plan of today's total.

    Parameters
    ----------
    curves : ResponseCurves
        With money.
    amount : float
        More money in the whole period.
    limits : BudgetLimits, optional
        What the plan may do; the amount comes on top of its total. A channel may take all of it.
    """
    if not amount > 0:
        raise ConfigError(f"The amount is {amount!r}; it must be positive.")
    asked = planning(curves, period)
    before, _ = spend_limits(asked, limits or BudgetLimits())
    first = best_spends(asked.problem(before, risk_weight)).spend
    more = amount / asked.days
    after = replace(
        before, low=first, high=first + more, total=float(first.sum()) + more, least_total=float(first.sum()) + more,
        cash=None,
    )  # fmt: skip
    found = best_spends(asked.problem(after, risk_weight), start=first).spend
    value = ((asked.responses.arrivals(found)[0] - asked.responses.arrivals(first)[0]) * asked.worth).sum(axis=0)
    goes = {
        name: asked.days * float(extra)
        for name, extra in zip(curves.names, found - first, strict=True)
        if extra > 1e-3 * more
    }
    return NextMoney(amount, goes, figure(value), float((value > amount).mean()))


def budget_for(
    curves: ResponseCurves,
    *,
    customers: float | None = None,
    value: float | None = None,
    limits: BudgetLimits | None = None,
    period: Horizon = PERIOD,
    risk_weight: float = RISK_WEIGHT,
) -> GoalPlan:
    """The smallest total with which a goal of the period is expected to be reached.

    Parameters
    ----------
    curves : ResponseCurves
        With money.
    customers, value : float
        The goal, one of both: new customers that money brings in the period, or their value.
    limits : BudgetLimits, optional
        Bounds of channels; the total is looked for, and moves are free unless a limit says otherwise.

    Raises
    ------
    InputError
        The goal is not reached with eight times today's total; says what that would bring.
    """
    if (customers is None) == (value is None):
        raise ConfigError("A goal is a number of new customers or a value. Name one of them.")
    goal = float(customers if customers is not None else value or 0.0)
    if not goal > 0:
        raise ConfigError(f"The goal is {goal!r}; it must be positive.")
    asked = planning(curves, period)
    free = replace(limits or BudgetLimits(move=None), spend_all=True)

    def reached(total: float) -> np.ndarray:
        bounds, _ = spend_limits(asked, replace(free, total=7.0 * total))
        spend = best_spends(asked.problem(bounds, risk_weight)).spend
        arrivals, _ = asked.responses.arrivals(spend)
        return np.asarray((arrivals if customers is not None else arrivals * asked.worth).sum(axis=0))

    low, high = 0.0, float(asked.today.sum())
    while reached(high).mean() < goal:
        low, high = high, 2.0 * high
        if high > _MOST_TOTAL * asked.today.sum():
            most = reached(low).mean()
            raise InputError(
                f"Even {7 * low:,.0f} a week is expected to bring {most:,.0f} in {period}, less than {goal:,.0f}. "
                "Channels run into saturation there: lower the goal, or look for other channels."
            )
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if reached(middle).mean() >= goal else (middle, high)
    probability = float((reached(high) >= goal).mean())
    plan = plan_budget(curves, replace(free, total=7.0 * high), period=period, risk_weight=risk_weight)
    return GoalPlan(7.0 * high, plan, probability)
