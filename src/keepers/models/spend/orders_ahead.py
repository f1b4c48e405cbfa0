"""What the orders ahead of customers are worth each, from numbers of customers rather than tables of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray, SpendCells
from keepers.domain.time import Horizon
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.tilt import joint_tilt_columns, tilted


def order_values(
    spend: GammaGamma | CorrelatedSpend,
    buying: Any,
    cells: Cells,
    horizon: Horizon,
    row: IntArray,
    brought: FloatArray,
) -> FloatArray:
    """Expected money by expected purchases within the horizon, of each customer, shape (n,).

    The same as `keepers.lifetime_value` makes of these models.

    Parameters
    ----------
    spend : GammaGamma or CorrelatedSpend
        Fitted to all orders, the first included, without covariates; the latter with the model of buying.
    buying : fitted model
        Of buying.
    cells : Cells
        Distinct histories, m of them.
    horizon : Horizon
        How far ahead.
    row : array of int, shape (n,)
        History of each customer.
    brought : array, shape (n,)
        Money of all orders so far; who brought nothing, or nobody knows what, is taken for a customer of unknown spend.
    """
    known = np.isfinite(brought) & (brought > 0)
    orders = cells.x[row] + 1.0
    if isinstance(spend, GammaGamma):
        found = np.full(brought.size, spend.mean_spend_)
        if known.any():
            each = SpendCells(orders[known], brought[known] / orders[known], np.ones(int(known.sum())))
            found[known] = spend.expected_spend(each)
        return found
    alive = np.asarray(buying.probability_alive(cells))
    columns, _ = joint_tilt_columns(spend._theta(), cells, spend.rates_, alive, horizon, True)
    p, q = (spend.parameters_[name] for name in ("p", "q"))
    own = {name: column[row] for name, column in columns.items()}
    of_known = p / (p * orders + q - 1.0) * tilted(own, np.where(known, brought, 1.0))
    return np.asarray(np.where(known, of_known, p / (q - 1.0) * own["spend_gamma"]))
