"""What a model of buying expects, as one more feature: it carries over from the ages that were learned to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from keepers.domain.cells import Cells
from keepers.domain.errors import FitError, InputError
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit, days
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.summaries.clocked import by_clock
from keepers.summaries.purchases import PurchaseSource
from keepers.summaries.summary import summarise

FloatArray = NDArray[np.float64]

EXPECTED = "model_log_odds"
"""Name of the feature: log-odds that MBG/NBD gives to any purchase in the time ahead."""

_FARTHEST = 12.0

_NEEDED = ("frequency", "recency_days", "age_days")


class Attrition:
    """MBG/NBD, fitted to what was known on a day, asked for the chance of a purchase in a time ahead.

    Trees do not go beyond what they have seen: customers older than any they learned from are taken for the oldest
    ones. What this model says means the same at every age, and trees start from it: they learn what features tell
    beyond it.

    Parameters
    ----------
    model : MBGNBD
        Fitted.
    ahead : Horizon
        The time ahead.
    """

    def __init__(self, model: MBGNBD, ahead: Horizon) -> None:
        self.model, self.ahead = model, ahead

    @classmethod
    def known_on(
        cls, orders: PurchaseSource, day: dt.date, ahead: Horizon, clock: StoreClock | None = None
    ) -> Attrition | None:
        """Fit to the orders up to a day; None where that has no maximum."""
        try:
            summary = by_clock(summarise(orders, ObservationWindow(end=day)), clock)
        except InputError:
            return None
        try:
            model = MBGNBD().fit(summary)
        except FitError:
            return None
        finally:
            summary.engine.drop(summary.name)
        return cls(model, ahead) if model.outcome_.usable else None

    @staticmethod
    def serves(names: Sequence[str]) -> bool:
        """Whether features hold what the model needs of a customer."""
        return set(_NEEDED) <= set(names)

    def column(self, X: FloatArray, names: Sequence[str]) -> FloatArray:
        """Log-odds of any purchase, shape (n,), by customers' features; NaN for who never bought."""
        found = np.full(len(X), np.nan)
        if not self.serves(names):
            return found
        history = X[:, [list(names).index(name) for name in _NEEDED]]
        known = np.isfinite(history).all(axis=1) & (history[:, 0] >= 0)
        distinct, row = np.unique(history[known], axis=0, return_inverse=True)
        if len(distinct):
            week = TimeUnit.WEEK.days
            cells = Cells(
                distinct[:, 0], distinct[:, 1] / week, distinct[:, 2] / week, np.ones(len(distinct)), TimeUnit.WEEK
            )
            chance = 1.0 - np.asarray(self.model.purchase_distribution(cells, self.ahead, 0))[:, 0]
            found[known] = np.clip(logit(np.clip(chance, 1e-15, 1.0)), -_FARTHEST, _FARTHEST)[row]
        return found

    def added(self, X: FloatArray, names: Sequence[str]) -> FloatArray:
        """Features with this one behind them."""
        return np.column_stack([X, self.column(X, names)])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {"model": self.model.to_dict(corrected=False), "days": self.ahead.days}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attrition:
        """What `to_dict` wrote."""
        model = MBGNBD.from_dict(data["model"])
        assert isinstance(model, MBGNBD)
        return cls(model, days(float(data["days"])))
