"""Everything that valuation says of a cell, computed when first asked for; customers get it by a join in the engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon
from keepers.models.buying import CellPredictions
from keepers.models.essentials import essentials
from keepers.valuation.intervals import SEGMENTS, OrdersAhead, ValueShape, central, rows_with_many, value_shape
from keepers.valuation.order_counts import count_quantile
from keepers.valuation.rhythm import Rhythm, rhythm
from keepers.valuation.signed_intervals import levels, orders_if_any
from keepers.valuation.spend_forecast import GammaForecast, SpendForecast

AHEAD, ALSO, FAR = "ahead", "also", "far"
"""What columns of the cell begin with that are of the horizon, of a second one, and of the lifetime."""

LEVEL = 80
"""The interval that `_low` and `_high` stand for, in per cent."""

_ESSENTIAL = ("probability_alive", "expected_orders", "clv_predicted_")
"""What the names of columns begin with that are made of the essentials, which share most of their work."""

_OF_BUYING = ("predictions", "rhythm", "orders", "_far_orders")
"""What is computed without the model of spend."""


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

    def discounted_expected_purchases(
        self, data: Any, horizon: Horizon | None = ..., discount: DiscountRate = ...
    ) -> Any:
        """The same, each discounted to now."""


@dataclass(frozen=True, eq=False)
class CellValues:
    """Predictions of cells and columns of money by the customer's scale; each computed when first asked for.

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
    interval_levels : mapping of float to float, optional
        The nominal level whose intervals hold each level (0.8, 0.95), where a backtest found the model's too narrow.
    """

    buying: Buying
    cells: Cells
    spend: SpendForecast | None
    horizon: Horizon
    discount: DiscountRate
    lifetime: Horizon
    margin: float
    interval_levels: Mapping[float, float] | None = None
    _alone: dict[str, FloatArray] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def predictions(self) -> CellPredictions:
        """What is expected within the horizon."""
        return self.buying.predict_cells(self.cells, self.horizon, self.discount, self.lifetime)

    def with_spend(self, spend: SpendForecast | None) -> CellValues:
        """The same customers with another model of spend; what was found of buying is kept."""
        other = replace(self, spend=spend)
        other._alone.update(self._alone)
        other.__dict__.update({name: self.__dict__[name] for name in _OF_BUYING if name in self.__dict__})
        return other

    @property
    def p_alive(self) -> FloatArray:
        """Probability of being a customer now."""
        return self._known("p_alive", lambda: self.buying.probability_alive(self.cells))

    @property
    def expected_purchases(self) -> FloatArray:
        """Expected orders within the horizon."""
        return self._known("expected_purchases", lambda: self.buying.expected_purchases(self.cells, self.horizon))

    @property
    def discounted_purchases(self) -> FloatArray:
        """The same, each discounted to now."""
        asked = self.buying.discounted_expected_purchases
        return self._known("discounted_purchases", lambda: asked(self.cells, self.horizon, self.discount))

    def _known(self, name: str, ask: Callable[[], FloatArray]) -> FloatArray:
        """One of the predictions, asked for alone where the others are not there: all take several times as long."""
        if "predictions" in self.__dict__:
            return np.asarray(getattr(self.predictions, name))
        if name not in self._alone:
            self._alone[name] = ask()
        return self._alone[name]

    def _ask_essentials(self) -> None:
        """Ask for the predictions together that are asked for alone otherwise, where the law shares their work."""
        if "predictions" in self.__dict__ or self._alone:
            return
        found = essentials(self.buying, self.cells, self.horizon, self.discount)
        if found is not None:
            self._alone["p_alive"] = found.probability_alive
            self._alone["expected_purchases"] = found.expected_purchases
            self._alone["discounted_purchases"] = found.discounted

    @cached_property
    def rhythm(self) -> Rhythm:
        """Each cell's own rhythm."""
        return rhythm(self.cells)

    @cached_property
    def orders(self) -> OrdersAhead:
        """Numbers of orders within the horizon."""
        return _orders(self.buying, self.cells, self.predictions, self.horizon)

    @property
    def next_order_days(self) -> FloatArray:
        """Median days until the next order of a customer who is still one; may be infinite."""
        unit = getattr(self.buying, "unit_", self.cells.unit)
        return np.asarray(self.predictions.next_purchase_age * unit.days)

    @cached_property
    def shape(self) -> ValueShape | None:
        """The distribution of the value within the horizon, before discount and margin; None without money."""
        return _shape(self.orders, self.spend) if isinstance(self.spend, GammaForecast) else None

    def columns(self, wanted: Mapping[str, Callable[[CellValues], FloatArray]]) -> dict[str, FloatArray]:
        """Numbers of the cells by name, several computed at a time: arrays let other threads run meanwhile."""
        if any(name.endswith(("_low", "_high")) for name in wanted):
            _ = self.orders, self.shape  # what several of them need is computed once, before they start
        elif sum(name.startswith(_ESSENTIAL) for name in wanted) > 1:
            self._ask_essentials()
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            return dict(zip(wanted, pool.map(lambda compute: compute(self), wanted.values()), strict=True))

    def orders_quantile(self, high: bool) -> FloatArray:
        """An end of the interval of the number of orders."""
        return count_quantile(self.orders, central(LEVEL / 100)[high])

    def money(self, discounted: FloatArray, horizon: Horizon | None = None) -> FloatArray:
        """What discounted orders bring, to be multiplied with the customer's scale; the margin is in it.

        The calendar of spend is that of the horizon, the one of "predicted" if it is left out.
        """
        return np.asarray(discounted * (self.margin * self._spend.factor(horizon or self.horizon, self.discount)))

    def value_quantile(self, level: float, high: bool) -> FloatArray:
        """An end of the interval of the value within the horizon, `level` in per cent."""
        assert self.shape is not None
        return self._quantile(self.shape, self.predictions, level, high, self.horizon)

    def lifetime_quantile(self, level: float, high: bool) -> FloatArray:
        """An end of the interval of the value within the lifetime, `level` in per cent."""
        shape, found = self._far
        return self._quantile(shape, found, level, high, self.lifetime)

    def signed_levels(self, prefix: str, level: float, high: bool) -> tuple[FloatArray, FloatArray]:
        """Where spend may be negative: normal quantiles of the total at an end, see `signed_intervals.levels`."""
        end = central((self.interval_levels or {}).get(level / 100, level / 100))[high]
        return levels(self._far_orders[0] if prefix == FAR else self.orders, end)

    def signed_columns(self, prefix: str) -> dict[str, FloatArray]:
        """Numbers of the cells that the intervals of customers' totals are made of, by name."""
        orders, found = self._far_orders if prefix == FAR else (self.orders, self.predictions)
        number, spread = orders_if_any(orders)
        return {
            f"{prefix}_number": number,
            f"{prefix}_spread": spread,
            f"{prefix}_unit": np.asarray(self.margin * _discounted(found)),
        }

    @property
    def lifetime_purchases(self) -> FloatArray:
        """Expected orders within the lifetime."""
        return self._far_orders[1].expected_purchases

    @cached_property
    def _far_orders(self) -> tuple[OrdersAhead, CellPredictions]:
        found = self.buying.predict_cells(self.cells, self.lifetime, self.discount, self.lifetime)
        return _orders(self.buying, self.cells, found, self.lifetime), found

    @cached_property
    def _far(self) -> tuple[ValueShape, CellPredictions]:
        orders, found = self._far_orders
        assert isinstance(self.spend, GammaForecast)
        return _shape(orders, self.spend), found

    @property
    def _spend(self) -> SpendForecast:
        assert self.spend is not None
        return self.spend

    def _quantile(
        self, shape: ValueShape, found: CellPredictions, level: float, high: bool, horizon: Horizon
    ) -> FloatArray:
        end = central((self.interval_levels or {}).get(level / 100, level / 100))[high]
        dearer = self._spend.calendar(horizon, self.discount)
        return np.asarray(self.margin * _discounted(found) * dearer * shape.quantile(end))


def level_suffix(level: int | float) -> str:
    """What follows `_low` and `_high` in the names of a level's columns: nothing for 80%.

    >>> level_suffix(80), level_suffix(95)
    ('', '_95')
    """
    return "" if level == LEVEL else f"_{level:g}"


def _shape(orders: OrdersAhead, spend: GammaForecast) -> ValueShape:
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
