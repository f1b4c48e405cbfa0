"""Customer equity: what all customers are worth together, with an interval, and how it is spread over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from keepers.data.engine import quoted, template
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.time import Horizon
from keepers.valuation.cell_sums import CellSums, cell_sums
from keepers.valuation.intervals import central
from keepers.valuation.parameter_draws import MOST_DRAWS, Draws, draw_parameters
from keepers.valuation.spend_forecast import GammaForecast, SignedForecast
from keepers.valuation.values import Values

_PACKAGE = "keepers.valuation.sql"
_SEED = 19980630
_NOISE = ndtri((np.arange(41) + 0.5) / 41)
_SAFE_SHAPE = 2.2


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the interval that holds the truth with probability `level`."""

    value: float
    low: float
    high: float
    level: float = 0.80


@dataclass(frozen=True, slots=True)
class GroupEquity:
    """What the customers of one group are worth together."""

    label: Any
    customers: int
    value: Interval


@dataclass(frozen=True, slots=True)
class Equity:
    """What all customers are worth together.

    Intervals are of what will really happen: the parameters are uncertain, and every customer's orders and their size
    are random. They hold where the model does; `model_error` widens them by what a backtest has found.

    Parameters
    ----------
    expected_orders, still_customers : Interval
        Orders within the horizon, and how many are customers now.
    total, lifetime : Interval or None
        Sum of the predicted value within the horizon and within the lifetime; None without money.
    also : Interval or None
        The same within the second horizon; None without one.
    mean, median : float or None
        Of the predicted value of a customer.
    top_share : float or None
        Share of the total that the most valuable tenth of the customers hold.
    concentration : tuple of (float, float)
        Share of customers, most valuable first, and share of value, from (0, 0) to (1, 1).
    historic : float or None
        What the same customers have brought so far.
    customers : int
        How many they are.
    """

    customers: int
    expected_orders: Interval
    still_customers: Interval
    total: Interval | None = None
    lifetime: Interval | None = None
    also: Interval | None = None
    mean: float | None = None
    median: float | None = None
    top_share: float | None = None
    concentration: tuple[tuple[float, float], ...] = ()
    historic: float | None = None


def equity(values: Values, model_error: float = 0.0, draws: int = MOST_DRAWS, seed: int = _SEED) -> Equity:
    """Sum values over customers, with intervals.

    Parameters
    ----------
    values : Values
        Preferably `stored`.
    model_error : float
        Standard deviation of the relative error of totals that a backtest has found, 0.1 for ten per cent.
    draws : int
        Draws of the parameters.
    seed : int
        Of the draws.

    Raises
    ------
    ConfigError
        If columns that are summed were left out of the values.
    """
    if values.has_money:
        values.needs(values.value_column, "clv_percentile", "clv_historic")
    sums, drawn = (
        cell_sums(values),
        draw_parameters(values.facts.buying, values.facts.spending, np.random.default_rng(seed), draws),
    )
    facts = values.facts
    found, weight = facts.cells.predictions, facts.cells.cells.weight
    orders = interval_of_total(
        drawn.orders(sums.cells, facts.horizon) @ sums.cells.weight,
        float(weight @ found.expected_purchases),
        float(weight @ np.maximum(found.variance - found.expected_purchases_se**2, 0)),
        model_error,
    )
    alive = interval_of_total(
        drawn.alive(sums.cells) @ sums.cells.weight,
        float(weight @ found.p_alive),
        float(weight @ (found.p_alive * (1 - found.p_alive))),
        0.0,
    )
    counts = (values.facts.summary.customers, orders, alive)
    if not values.has_money:
        return Equity(*counts)
    total = _money(values, sums, drawn, facts.horizon, model_error)[0]
    lifetime = _money(values, sums, drawn, facts.lifetime, model_error)[0]
    also = None if facts.also is None else _money(values, sums, drawn, facts.also.horizon, model_error)[0]
    curve, mean, median, historic = _concentration(values)
    share = share_of_top(curve) if curve else None
    return Equity(*counts, total, lifetime, also, mean, median, share, curve, historic)


def equity_by(
    values: Values,
    group: str,
    join: str = "",
    model_error: float = 0.0,
    draws: int = MOST_DRAWS,
    seed: int = _SEED,
) -> tuple[GroupEquity, ...]:
    """Sum predicted values by group, with intervals.

    Parameters
    ----------
    values : Values
        With money.
    group : str
        SQL of the group from columns of `summary`, such as ``date_trunc('month', summary.first_day)``.
    join : str
        SQL of a join that brings further columns, such as
        ``LEFT JOIN first_orders_1 AS first_order ON first_order.customer_key = summary.customer_key``.
    model_error, draws, seed
        As for `equity`.

    Returns
    -------
    tuple of GroupEquity
        In order of value, the largest first.

    Raises
    ------
    InputError
        Without money.
    """
    if not values.has_money:
        raise InputError("Values have no money to be summed, because the orders carry no amounts.")
    sums = cell_sums(values, group, join)
    drawn = draw_parameters(values.facts.buying, values.facts.spending, np.random.default_rng(seed), draws)
    totals = _money(values, sums, drawn, values.facts.horizon, model_error)
    customers = sums.by_group(sums.customers)
    found = [
        GroupEquity(label, round(customers[place]), total)
        for place, (label, total) in enumerate(zip(sums.groups, totals, strict=True))
    ]
    return tuple(sorted(found, key=lambda one: -one.value.value))


def drawn_totals(values: Values, sums: CellSums, drawn: Draws, orders: FloatArray) -> FloatArray:
    """Sums of value by draw and group, shape (n + 1, groups), from discounted orders by draw and coarse cell."""
    facts = values.facts
    assert facts.spending is not None
    assert facts.cells.spend is not None
    assert drawn.spends is not None
    spend = facts.cells.spend
    group, cell, customers, worth = sums.coarse(spend.mean_factor)
    rows = orders[:, cell] * spend.drawn(drawn.spends, sums.cells.take(cell), customers, worth)
    totals = [np.bincount(group, row, minlength=len(sums.groups)) for row in rows]
    return np.asarray(totals, dtype=np.float64) * facts.margin.factor


def _money(values: Values, sums: CellSums, drawn: Draws, horizon: Horizon, model_error: float) -> list[Interval]:
    """The total of each group within a horizon."""
    facts = values.facts
    found, spend = facts.cells.predictions, facts.cells.spend
    assert spend is not None
    if facts.also is not None and horizon == facts.also.horizon:
        found = facts.also.predictions
    elif horizon != facts.horizon:
        found = facts.buying.predict_cells(facts.cells.cells, horizon, facts.discount, facts.lifetime)
    factor = spend.factor(horizon, facts.discount)[sums.fine] * facts.margin.factor
    discounted = found.discounted_purchases[sums.fine]
    exact = sums.by_group(factor * discounted * sums.spend)
    noise = sums.by_group(chance_of_rows(values, sums, found, horizon))
    per_unit = facts.discount.continuous(drawn.buying.unit_)
    totals = drawn_totals(values, sums, drawn, drawn.discounted_orders(sums.cells, horizon, per_unit))
    return [
        interval_of_total(totals[:, place], float(exact[place]), float(noise[place]), model_error)
        for place in range(len(sums.groups))
    ]


def chance_of_rows(values: Values, sums: CellSums, found: Any, horizon: Horizon) -> FloatArray:
    """Variance of the sum of each row that is left when all parameters are known: of numbers of orders and their size.

    With M the mean spend of a customer, the second moment of the value is d^2 E[M^2] (E[N^2] + E[N] / p).
    """
    facts = values.facts
    spend = facts.cells.spend
    assert spend is not None
    mean = found.expected_purchases[sums.fine]
    own = np.maximum(found.variance - found.expected_purchases_se**2, 0.0)[sums.fine]
    discount = np.divide(found.discounted_purchases[sums.fine], mean, out=np.ones_like(mean), where=mean > 0)
    dearer = np.broadcast_to(spend.calendar(horizon, facts.discount), found.expected_purchases.shape)[sums.fine]
    scale = (facts.margin.factor * discount * dearer) ** 2
    if isinstance(spend, SignedForecast):
        squares = sums.spend_squared + sums.apart
        return np.asarray(scale * (mean * sums.within + own * squares + mean**2 * sums.apart))
    assert isinstance(spend, GammaForecast)
    shape = spend.shape[sums.fine]
    # Where the second moment of spend does not exist, or hardly does, that of a slightly lighter tail stands in.
    rest = np.maximum(shape, _SAFE_SHAPE) - 1.0
    first = (spend.order_shape / rest) ** 2
    second = first * rest / (rest - 1.0) * (own + mean**2 + mean / spend.order_shape)
    return np.asarray(scale * sums.spend_squared * np.maximum(second - first * mean**2, 0.0))


def interval_of_total(
    by_draw: FloatArray, exact: float, chance: float, model_error: float, level: float = 0.80
) -> Interval:
    """A sum with its interval: draws of the parameters in relation to the estimate, chance, and the model's error."""
    estimate = by_draw[0]
    relative = by_draw[1:] / estimate if by_draw.size > 1 and estimate != 0 else np.ones(1)
    deviation = np.sqrt(chance + (model_error * exact) ** 2)
    outcomes = exact * relative[:, None] + deviation * _NOISE
    low, high = np.quantile(outcomes, central(level))
    if exact >= 0:
        low, high = max(low, 0.0), max(high, 0.0)
    return Interval(exact, float(low), float(high), level)


def _concentration(values: Values) -> tuple[tuple[tuple[float, float], ...], float, float, float | None]:
    """The curve of shares, and mean, median and sum of the past."""
    names = {"values": quoted(values.name), "value": quoted(values.value_column)}
    mean, median, historic = values.engine.row(template(_PACKAGE, "spread").format(**names))
    rows = values.engine.rows(template(_PACKAGE, "concentration").format(**names))
    customers = np.cumsum([float(row[1]) for row in rows])
    value = np.cumsum([float(row[2]) for row in rows])
    if not rows or value[-1] <= 0:
        return (), float(mean), float(median), None if historic is None else float(historic)
    points = [(0.0, 0.0), *zip((customers / customers[-1]).tolist(), (value / value[-1]).tolist(), strict=True)]
    return tuple(points), float(mean), float(median), None if historic is None else float(historic)


def share_of_top(curve: Sequence[tuple[float, float]], customers: float = 0.1) -> float:
    """Share of the value that the most valuable share of the customers hold.

    >>> share_of_top([(0.0, 0.0), (0.1, 0.6), (1.0, 1.0)])
    0.6
    """
    return float(np.interp(customers, [point[0] for point in curve], [point[1] for point in curve]))
