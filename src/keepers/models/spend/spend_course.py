"""What the calendar does to the orders that are ahead: effects of weeks, weighed by when purchases are expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon, TimeUnit
from keepers.models.spend.buying_rates import LEAVING

_STEP, _YEAR, _LATER = 28.0, 364.0, 91.0
"""Days within which purchases are taken as even: in the first year, and beyond."""


@dataclass(frozen=True, eq=False)
class SpendCourse:
    """Effects of time on spend from now on.

    Parameters
    ----------
    buying : fitted model
        Of buying, which says when orders are expected.
    cells : Cells
        Histories.
    horizon : Horizon
        The one that a forecast is for.
    effects : array, shape (paths, periods)
        By what orders are dearer in each period.
    z : array, shape (paths, periods, k)
        Covariates about their centre, whose effects these are.
    past : array, shape (k,)
        Their mean over the orders of the fit.
    path : array of int, shape (n,)
        Path of each cell.
    start : int
        Days from the beginning of the paths to the first day ahead.
    period_days : int
        Days of a period.
    carried : bool
        Whether the last period stands for what comes after it.
    """

    buying: Any
    cells: Cells
    horizon: Horizon
    effects: FloatArray
    z: FloatArray
    past: FloatArray
    path: IntArray
    start: int
    period_days: int
    carried: bool
    memory: dict[Any, FloatArray] = field(default_factory=dict, repr=False)

    def factor(self, horizon: Horizon, discount: DiscountRate | None = None) -> FloatArray:
        """By what the orders that are expected within a horizon are dearer on average, shape (n,).

        Parameters
        ----------
        horizon : Horizon
            How far ahead.
        discount : DiscountRate, optional
            By which later orders count less.
        """
        key = (horizon.days, 0.0 if discount is None else discount.per_day)
        if key not in self.memory:
            edges, effects = self._steps(horizon)
            purchases = self._purchases(edges)
            weight = purchases * np.exp(-key[1] * (edges[1:] + edges[:-1]) / 2.0)
            total = weight.sum(axis=1)
            even = np.diff(edges) / edges[-1]
            weight = np.where((total > 0)[:, None], weight / np.where(total > 0, total, 1.0)[:, None], even)
            self.memory[key] = np.asarray(np.einsum("nj,nj->n", weight, effects[self.path]))
        return self.memory[key]

    @property
    def of_new_customers(self) -> float:
        """The same of the orders of customers who come now."""
        edges, effects = self._steps(self.horizon)
        if not hasattr(self.buying, "expected_purchases_new_customer"):
            return float(np.average(effects.mean(axis=0), weights=np.diff(edges)))
        reached = [
            float(self.buying.expected_purchases_new_customer(Horizon(edge, TimeUnit.DAY))) for edge in edges[1:]
        ]
        weight = np.diff([0.0, *reached])
        return float(np.average(effects.mean(axis=0), weights=weight if weight.sum() > 0 else np.diff(edges)))

    def moved(self, delta: FloatArray, own: FloatArray) -> FloatArray:
        """By what expected order values are larger where effects are larger by `delta`, shape (draws, n).

        To first order, for customers whose orders lay in the weeks in which orders did.

        Parameters
        ----------
        delta : array, shape (draws, k)
        own : array, shape (n,)
            How much of what is expected rests on the customer's own orders, in which the effects are taken out.
        """
        ahead = self._ahead()
        return np.asarray(np.exp((delta @ ahead)[:, None] - (delta @ self.past)[:, None] * own))

    def log_variance(self, covariance: FloatArray, own: FloatArray) -> FloatArray:
        """What uncertain effects add to the variance of the logarithm of the expected order value, shape (n,)."""
        along = self._ahead()[None, :] - own[:, None] * self.past
        return np.asarray(np.einsum("nk,kl,nl->n", along, covariance, along))

    def _ahead(self) -> FloatArray:
        """The mean of the covariates over the days of the horizon."""
        return np.asarray(self.z[:, self._periods(self.horizon.days)].mean(axis=(0, 1)))

    def _steps(self, horizon: Horizon) -> tuple[FloatArray, FloatArray]:
        """Ends of steps in days, from zero, and the mean effect of each step on each path, shape (paths, steps)."""
        days = horizon.days
        near = np.arange(0.0, min(days, _YEAR) - 1e-9, _STEP)
        edges = np.concatenate([near, np.arange(_YEAR, days - 1e-9, _LATER), [days]])
        of_days = self.effects[:, self._periods(days)]
        reached = np.concatenate([np.zeros((len(of_days), 1)), np.cumsum(of_days, axis=1)], axis=1)
        whole = np.arange(reached.shape[1], dtype=np.float64)
        at = np.stack([np.interp(edges, whole, row) for row in reached])
        return edges, np.diff(at, axis=1) / np.diff(edges)

    def _periods(self, days: float) -> IntArray:
        """The period of each day ahead."""
        period = (self.start + np.arange(int(np.ceil(days)))) // self.period_days
        last = self.effects.shape[1] - 1
        if period[-1] > last and not self.carried:
            raise ConfigError(
                f"The calendar of spend ends {(period[-1] - last) * self.period_days:g} days before the answer does. "
                "Make it with a later `end` in `calendar_covariates`, for both fit and predictions."
            )
        return np.asarray(np.minimum(period, last))

    def _purchases(self, edges: FloatArray) -> FloatArray:
        """Expected purchases of each cell in each step, shape (n, steps)."""
        cells, place = self.cells, np.arange(self.cells.size)
        if self.buying.name in LEAVING and cells.pattern is None and cells.size:
            # When purchases come, if they come, depends on x and T alone: P(alive) is a factor of all of them.
            order = np.lexsort((-cells.t_x, cells.T, cells.x))
            pairs = np.column_stack([cells.x, cells.T])[order]
            new = np.concatenate(([True], (pairs[1:] != pairs[:-1]).any(axis=1)))
            place = np.empty(cells.size, dtype=np.int64)
            place[order] = np.cumsum(new) - 1
            cells = cells.take(order[new])
        reached = [np.zeros(cells.size)]
        reached += [
            np.asarray(self.buying.expected_purchases(cells, Horizon(edge, TimeUnit.DAY))) for edge in edges[1:]
        ]
        return np.maximum(np.diff(np.column_stack(reached), axis=1), 0.0)[place]
