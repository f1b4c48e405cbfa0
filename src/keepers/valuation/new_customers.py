"""What a customer who has not been won yet will be worth: what may be paid for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.time import Horizon, days
from keepers.valuation.discounting import annuity
from keepers.valuation.equity import Interval
from keepers.valuation.intervals import central
from keepers.valuation.parameter_draws import MOST_DRAWS, Draws, draw_parameters
from keepers.valuation.values import Values

_SEED = 19590401


@dataclass(frozen=True, slots=True)
class NewCustomerValue:
    """The value of a customer who makes the first order now; money is in the basis of the values.

    Intervals are of the expected value, from the parameters' uncertainty: what one customer will really bring differs
    far more, as `keepers.lifetime_value` shows of each.

    Parameters
    ----------
    horizon : Horizon or None
        How far it looks; None is without end.
    first_order : float
        What the first order brings.
    repeat_orders : Interval
        Discounted expected orders after the first.
    repeat_value, total : Interval
        What they bring, and together with the first order.
    """

    horizon: Horizon | None
    first_order: float
    repeat_orders: Interval
    repeat_value: Interval
    total: Interval


def new_customer_value(
    values: Values, horizon: Horizon | None, draws: int = MOST_DRAWS, seed: int = _SEED
) -> NewCustomerValue:
    """Value a customer who is not there yet, as those of today were when they came.

    Parameters
    ----------
    values : Values
        With money.
    horizon : Horizon or None
        How far to look; None is without end.
    draws, seed : int
        Draws of the parameters.

    Raises
    ------
    InputError
        Without money.
    """
    facts = values.facts
    if not values.has_money or facts.cells.spend is None:
        raise InputError("The value of a new customer needs money, and the orders carry no amounts.")
    average = facts.cells.spend.population_mean
    drawn = draw_parameters(facts.buying, facts.spending, np.random.default_rng(seed), draws)
    orders = _orders(drawn, horizon, values)
    assert drawn.spends is not None
    spend = facts.cells.spend.drawn_new(drawn.spends)
    first = _first_order(values, average) * facts.margin.factor
    repeat = orders * spend * facts.margin.factor
    return NewCustomerValue(horizon, first, _interval(orders), _interval(repeat), _interval(first + repeat))


def _orders(drawn: Draws, horizon: Horizon | None, values: Values) -> FloatArray:
    buying: Any = drawn.buying
    unit = buying.unit_
    delta = values.facts.discount.continuous(unit)
    if drawn.thetas is None:
        # A rule without a model of new customers: its mean rate, evenly over time.
        length = None if horizon is None else horizon.in_unit(unit)
        per_unit = buying.expected_purchases_new_customer(Horizon(1.0, unit))
        return np.full(drawn.count, per_unit * annuity(delta, length))
    t = None if horizon is None else horizon.in_unit(unit)
    question = "discounted_expected_purchases_new"
    return np.array([float(buying.answer_new(question, theta, delta, t)) for theta in drawn.thetas])


def _first_order(values: Values, stand_in: float) -> float:
    """Mean money of first purchases: of all of a customer's less of the repeat ones."""
    summary = values.facts.summary
    found = values.engine.row(
        "SELECT avg(monetary_value_all * (frequency + 1) - coalesce(monetary_value, 0) * frequency) "
        f"FROM {quoted(summary.name)} WHERE monetary_value_all IS NOT NULL"
    )[0]
    return stand_in if found is None else float(found)


def _interval(by_draw: FloatArray) -> Interval:
    spread = by_draw[1:] if by_draw.size > 1 else by_draw
    low, high = np.quantile(spread, central(0.80)) if np.isfinite(spread).all() else (np.nan, np.inf)
    return Interval(float(by_draw[0]), float(low), float(high))


def new_customer_course(values: Values, ages: FloatArray) -> FloatArray:
    """What a customer has brought on average so many days after the first order, that one included and undiscounted.

    Parameters
    ----------
    values : Values
        With money; the result is in their basis.
    ages : array, shape (n,)
        Days from the first order on, zero or more.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    InputError
        Without money.
    """
    facts = values.facts
    if not values.has_money or facts.cells.spend is None:
        raise InputError("The value of a new customer needs money, and the orders carry no amounts.")
    buying: Any = facts.buying
    # Orders by age are smooth: a grid that is dense where they start, and straight lines between.
    grid = np.concatenate([[0.0], np.geomspace(1.0, max(float(np.max(ages, initial=0.0)), 2.0), 40)])
    orders = np.array([0.0, *(float(buying.expected_purchases_new_customer(days(t))) for t in grid[1:])])
    average = facts.cells.spend.population_mean
    return np.asarray((_first_order(values, average) + np.interp(ages, grid, orders) * average) * facts.margin.factor)
