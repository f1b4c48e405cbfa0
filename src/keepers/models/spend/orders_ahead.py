"""What the orders ahead of customers are worth each, from numbers of customers rather than tables of the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray, SpendCells
from keepers.domain.time import Horizon
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.tilt import joint_tilt_columns, tilted

_WIDTH = 0.03
_LEAST = 0.1


class OrdersAhead:
    """Expected money by expected purchases within a horizon, as `keepers.lifetime_value` makes it of the same models.

    Where spend goes with buying, histories that differ by no more than 3% in times and in the chance of being alive
    share what own spend changes, which moves a value by a thousandth at most. It is found once for all calls.

    Parameters
    ----------
    spend : GammaGamma or CorrelatedSpend
        Fitted to all orders, the first included, without covariates; the latter with the model of buying.
    buying : fitted model
        Of buying.
    horizon : Horizon
        How far ahead.
    """

    def __init__(self, spend: GammaGamma | CorrelatedSpend, buying: Any, horizon: Horizon) -> None:
        self.spend, self.buying, self.horizon = spend, buying, horizon
        self._kinds: FloatArray = np.empty((0, 4))
        self._columns: dict[str, FloatArray] = {}

    def __call__(self, cells: Cells, row: IntArray, brought: FloatArray) -> FloatArray:
        """Of each customer, shape (n,).

        Parameters
        ----------
        cells : Cells
            Distinct histories.
        row : array of int, shape (n,)
            History of each customer.
        brought : array, shape (n,)
            Money of all orders so far; who brought nothing, or nobody knows what, is one of unknown spend.
        """
        known = np.isfinite(brought) & (brought > 0)
        orders = cells.x[row] + 1.0
        if isinstance(self.spend, GammaGamma):
            found = np.full(brought.size, self.spend.mean_spend_)
            if known.any():
                each = SpendCells(orders[known], brought[known] / orders[known], np.ones(int(known.sum())))
                found[known] = self.spend.expected_spend(each)
            return found
        place = self._places(self.spend, cells)[row]
        own = {name: column[place] for name, column in self._columns.items()}
        p, q = (self.spend.parameters_[name] for name in ("p", "q"))
        of_known = p / (p * orders + q - 1.0) * tilted(own, np.where(known, brought, 1.0))
        return np.asarray(np.where(known, of_known, p / (q - 1.0) * own["spend_gamma"]))

    def _places(self, spend: CorrelatedSpend, cells: Cells) -> IntArray:
        """Where what is known of each history's kind stands; kinds not met before are added."""
        days = cells.unit.days
        alive = np.asarray(self.buying.probability_alive(cells))
        kinds = np.column_stack(
            [cells.x, *(np.log1p(time * days) / _WIDTH for time in (cells.t_x, cells.T)), alive / _WIDTH]
        )
        kinds = np.vstack([self._kinds, np.rint(kinds)])
        met = len(self._kinds)
        _, first, same = np.unique(kinds, axis=0, return_index=True, return_inverse=True)
        fresh = first >= met
        if fresh.any():
            new = kinds[first[fresh]]
            t_x, T = (np.expm1(new[:, column] * _WIDTH) / days for column in (1, 2))
            some = replace(cells, x=new[:, 0], t_x=t_x, T=T, weight=np.ones(len(new)))
            there = np.clip(new[:, 3], _LEAST, 1.0 / _WIDTH) * _WIDTH
            columns, _ = joint_tilt_columns(spend._theta(), some, spend.rates_, there, self.horizon, True)
            before = self._columns or {name: np.empty(0) for name in columns}
            self._columns = {name: np.concatenate([before[name], column]) for name, column in columns.items()}
            self._kinds = np.vstack([self._kinds, new])
        place = np.where(fresh, met + np.cumsum(fresh) - 1, first)
        return np.asarray(place[same.ravel()[met:]])
