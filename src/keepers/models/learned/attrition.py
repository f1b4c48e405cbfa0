"""What a model of buying expects, as one more feature: it carries over from the ages that were learned to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from keepers.domain.cells import Cells, SpendCells
from keepers.domain.errors import FitError, InputError
from keepers.domain.money import Margin
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit, days
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.clocked import by_clock
from keepers.summaries.purchases import PurchaseSource
from keepers.summaries.summary import Summary, summarise

FloatArray = NDArray[np.float64]

EXPECTED, EXPECTED_MONEY = "model_log_odds", "model_money"
"""Names of the features: log-odds that a model of buying gives to any purchase in the time ahead, and the money that it
expects with Gamma-Gamma."""

LAWS: tuple[type[BuyingModel], ...] = (MBGNBD, ParetoNBD)

REVENUE = Margin()
"""The basis of money without a margin."""

_FARTHEST = 12.0

_NEEDED = ("frequency", "recency_days", "age_days")


class Attrition:
    """A model of buying, fitted to what was known on a day, asked for the time ahead: of two laws, and Gamma-Gamma.

    MBG/NBD lets customers leave after a purchase, Pareto/NBD at any time; what they say of a whole store a year ahead
    differs by a few per cent, and the likelier of the two is asked.

    Trees do not go beyond what they have seen: customers older than any they learned from are taken for the oldest
    ones. What this model says means the same at every age, and trees start from it: they learn what features tell
    beyond it.

    Parameters
    ----------
    model : MBGNBD or ParetoNBD
        Fitted.
    ahead : Horizon
        The time ahead.
    spend : GammaGamma, optional
        Fitted to all orders, the first included; None where money has no fit.
    margin : Margin
        The basis of the money that is expected.
    """

    def __init__(
        self, model: BuyingModel, ahead: Horizon, spend: GammaGamma | None = None, margin: Margin = REVENUE
    ) -> None:
        self.model, self.ahead, self.spend, self.margin = model, ahead, spend, margin

    @classmethod
    def known_on(
        cls,
        orders: PurchaseSource,
        day: dt.date,
        ahead: Horizon,
        margin: Margin = REVENUE,
        clock: StoreClock | None = None,
        laws: Sequence[type[BuyingModel]] = LAWS,
    ) -> Attrition | None:
        """Fit to the orders up to a day; of several laws the likelier one. None where none has a maximum.

        With a store's clock, what is expected of the time ahead goes by its months.
        """
        try:
            summary = by_clock(summarise(orders, ObservationWindow(end=day), margin), clock)
        except InputError:
            return None
        try:
            cells = summary.cells()
            fitted = [one for law in laws if (one := _fit(law, cells)) is not None]
            if not fitted:
                return None
            return cls(max(fitted, key=lambda one: one.log_likelihood_), ahead, _spend(summary), margin)
        finally:
            summary.engine.drop(summary.name)

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it adds."""
        return (EXPECTED,) if self.spend is None else (EXPECTED, EXPECTED_MONEY)

    def like(self, other: Attrition) -> Attrition:
        """The same, adding the features that another one adds."""
        spend = None if other.spend is None else self.spend or other.spend
        return Attrition(self.model, self.ahead, spend, self.margin)

    def added(self, X: FloatArray, names: Sequence[str]) -> FloatArray:
        """Customers' features with its own behind them; these are NaN for who never bought.

        Parameters
        ----------
        X : array, shape (n, p)
        names : sequence of str
            Of its columns.
        """
        found = np.full((len(X), len(self.names)), np.nan)
        place = {name: k for k, name in enumerate(names)}
        if set(_NEEDED) <= set(place):
            history = X[:, [place[name] for name in _NEEDED]]
            known = np.isfinite(history).all(axis=1) & (history[:, 0] >= 0)
            if known.any():
                odds, orders = self._answers(history[known])
                found[known, 0] = odds
                if self.spend is not None:
                    spent = place.get("contribution" if self.margin.per_order else "revenue")
                    brought = np.zeros(len(odds)) if spent is None else X[known, spent]
                    each = _of_a_day(self.spend, history[known, 0] + 1.0, brought)
                    found[known, 1] = self.margin.factor * orders * each
        return np.column_stack([X, found])

    def _answers(self, history: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log-odds of any purchase, and expected purchases, by frequency, recency and age in days."""
        distinct, row = np.unique(history, axis=0, return_inverse=True)
        week = TimeUnit.WEEK.days
        cells = Cells(
            distinct[:, 0], distinct[:, 1] / week, distinct[:, 2] / week, np.ones(len(distinct)), TimeUnit.WEEK
        )
        chance = 1.0 - np.asarray(self.model.purchase_distribution(cells, self.ahead, 0))[:, 0]
        odds = np.clip(logit(np.clip(chance, 1e-15, 1.0)), -_FARTHEST, _FARTHEST)
        # Orders are never fewer than the chance of one, which numbers far out in the tail do not always keep.
        orders = np.maximum(np.asarray(self.model.expected_purchases(cells, self.ahead)), expit(odds))
        return odds[row], orders[row]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        spend = None if self.spend is None else self.spend.to_dict(corrected=False)
        return {
            "model": self.model.to_dict(corrected=False),
            "days": self.ahead.days,
            "spend": spend,
            "margin": asdict(self.margin),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attrition:
        """What `to_dict` wrote."""
        law = next(one for one in LAWS if one.name == data["model"]["model"])
        # Models that were saved earlier know no money.
        model, spend = law.from_dict(data["model"]), data.get("spend")
        assert isinstance(model, law)
        kept = None if spend is None else GammaGamma.from_dict(spend)
        assert kept is None or isinstance(kept, GammaGamma)
        margin = Margin(**data["margin"]) if "margin" in data else REVENUE
        return cls(model, days(float(data["days"])), kept, margin)


def _fit(law: type[BuyingModel], cells: Cells) -> BuyingModel | None:
    try:
        model = law().fit(cells)
    except FitError:
        return None
    return model if model.outcome_.usable else None


def _spend(summary: Summary) -> GammaGamma | None:
    """What an order is worth by all orders of each customer; None where money is not known or has no fit."""
    try:
        spend = GammaGamma(include_first=True).fit(summary)
    except (InputError, FitError):
        return None
    return spend if spend.outcome_.usable and np.isfinite(spend.mean_spend_) else None


def _of_a_day(spend: GammaGamma, days_bought: FloatArray, brought: FloatArray) -> FloatArray:
    """Expected money of a day of purchase, by all that was brought; that of all where it was nothing."""
    known = np.isfinite(brought) & (brought > 0)
    found = np.full(brought.size, spend.mean_spend_)
    if known.any():
        cells = SpendCells(days_bought[known], brought[known] / days_bought[known], np.ones(int(known.sum())))
        found[known] = spend.expected_spend(cells)
    return found
