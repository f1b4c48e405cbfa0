"""Everything that valuation says of a cell, computed once a cell; customers get it by a join in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon
from keepers.models.buying import CellPredictions
from keepers.valuation.intervals import SEGMENTS, OrdersAhead, ValueShape, central, rows_with_many, value_shape
from keepers.valuation.rhythm import Rhythm, rhythm
from keepers.valuation.spend_forecast import SpendForecast

LEVEL = 80
"""The interval that `_low` and `_high` stand for, in per cent."""


class Buying(Protocol):
    """A fitted model of buying."""

    @property
    def name(self) -> str:
        """Its name in the catalogue."""

    def predict_cells(
        self, cells: Cells, horizon: Horizon = ..., discount: DiscountRate = ..., lifetime_cap: Horizon = ...
    ) -> CellPredictions:
        """Everything that valuation needs of each cell."""

    def probability_alive(self, data: Any, at: Horizon | None = None) -> Any:
        """Probability of being alive, now or later."""

    def expected_purchases(self, data: Any, horizon: Horizon) -> Any:
        """Expected purchases within the horizon."""


@dataclass(frozen=True, eq=False)
class CellValues:
    """Predictions of cells and the columns of money in units of (gamma + x m).

    Parameters
    ----------
    cells : Cells
        The histories.
    predictions : CellPredictions
        For the horizon.
    rhythm : Rhythm
        Each cell's own rhythm.
    orders : OrdersAhead
        Numbers of orders within the horizon.
    next_order_days : array, shape (n,)
        Median days until the next order of a customer who is still one; may be infinite.
    spend : SpendForecast or None
        None without money.
    money : dict of arrays
        Columns of money by name, to be multiplied with a customer's (gamma + x m); margin and discount are in them.
    shape : ValueShape or None
        The distribution of the value within the horizon, before discount and margin.
    """

    cells: Cells
    predictions: CellPredictions
    rhythm: Rhythm
    orders: OrdersAhead
    next_order_days: FloatArray
    spend: SpendForecast | None
    money: dict[str, FloatArray]
    shape: ValueShape | None


def level_suffix(level: int | float) -> str:
    """What follows `_low` and `_high` in the names of a level's columns: nothing for 80%.

    >>> level_suffix(80), level_suffix(95)
    ('', '_95')
    """
    return "" if level == LEVEL else f"_{level:g}"


def cell_values(
    buying: Buying,
    cells: Cells,
    spend: SpendForecast | None,
    horizon: Horizon,
    discount: DiscountRate,
    lifetime: Horizon,
    margin: float,
    levels: tuple[float, ...],
    lifetime_interval: bool = False,
    interval_levels: Mapping[float, float] | None = None,
) -> CellValues:
    """Predict each cell and give its value a distribution.

    Parameters
    ----------
    buying : fitted model
        Of buying.
    cells : Cells
        The histories.
    spend : SpendForecast or None
        Of the same cells; None without money.
    horizon, discount, lifetime : Horizon, DiscountRate, Horizon
        What "predicted" and "lifetime" cover, and what later money is worth.
    margin : float
        Factor from order value to contribution.
    levels : tuple of float
        Levels of intervals in per cent, 80 among them.
    lifetime_interval : bool
        Whether the value of the lifetime gets its intervals too.
    interval_levels : mapping of float to float, optional
        The nominal level whose intervals hold each level (0.8, 0.95), where a backtest found the model's too narrow.
    """
    unit = getattr(buying, "unit_", cells.unit)
    found = buying.predict_cells(cells, horizon, discount, lifetime)
    orders = _orders(buying, cells, found, horizon)
    money: dict[str, FloatArray] = {}
    shape = None
    if spend is not None:
        factor = margin * spend.mean_factor
        money["expected_order_value"] = spend.mean_factor
        money["clv_predicted"] = found.discounted_purchases * factor
        money["clv_lifetime"] = found.discounted_purchases_lifetime * factor
        money["clv_infinite"] = found.discounted_purchases_infinite * factor
        shape = _shape(orders, spend)
        shapes = {"clv_predicted": (shape, found)}
        if lifetime_interval:
            far = buying.predict_cells(cells, lifetime, discount, lifetime)
            shapes["clv_lifetime"] = (_shape(_orders(buying, cells, far, lifetime), spend), far)
        for name, (of_value, predicted) in shapes.items():
            for level in levels:
                ends = central((interval_levels or {}).get(level / 100, level / 100))
                low, high = (margin * _discounted(predicted) * of_value.quantile(end) for end in ends)
                money[f"{name}_low{level_suffix(level)}"] = low
                money[f"{name}_high{level_suffix(level)}"] = high
    return CellValues(cells, found, rhythm(cells), orders, found.next_purchase_age * unit.days, spend, money, shape)


def _shape(orders: OrdersAhead, spend: SpendForecast) -> ValueShape:
    return value_shape(orders, spend.order_shape, spend.shape, spend.log_variance)


def _orders(buying: Buying, cells: Cells, found: CellPredictions, horizon: Horizon) -> OrdersAhead:
    """Numbers of orders within the horizon; where they are many, with the times at which customers leave."""
    many = rows_with_many(found.p_zero, found.expected_purchases)
    alive = np.empty((many.size, SEGMENTS + 1))
    if many.size:
        part = cells.take(many)
        alive[:, 0], alive[:, -1] = found.p_alive[many], found.p_alive_end[many]
        for step in range(1, SEGMENTS):
            at = Horizon(horizon.length * step / SEGMENTS, horizon.unit)
            alive[:, step] = buying.probability_alive(part, at=at)
    return OrdersAhead(found.p_zero, found.expected_purchases, found.variance, many, alive)


def _discounted(found: CellPredictions) -> FloatArray:
    """The mean discount factor of a cell's purchases."""
    expected = found.expected_purchases
    return np.divide(found.discounted_purchases, expected, out=np.ones_like(expected), where=expected > 0)
