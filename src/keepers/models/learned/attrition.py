"""What a model of buying expects, as one more feature: it carries over from the ages that were learned to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from keepers.domain.cells import Cells
from keepers.domain.errors import FitError, InputError
from keepers.domain.money import Margin
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit, days
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.in_step import likelihood_with_money, spend_in_step
from keepers.models.spend.known_fits import known_fit
from keepers.models.spend.orders_ahead import OrdersAhead
from keepers.summaries.clocked import by_clock
from keepers.summaries.purchases import PurchaseSource
from keepers.summaries.summary import Summary, summarise

FloatArray = NDArray[np.float64]

EXPECTED, EXPECTED_MONEY = "model_log_odds", "model_money"
"""Names of the features: log-odds that a model of buying gives to any purchase in the time ahead, and the money that it
expects with a model of spend."""

LAWS: tuple[type[BuyingModel], ...] = (MBGNBD, ParetoNBD)

REVENUE = Margin()
"""The basis of money without a margin."""

_FARTHEST = 12.0

OfOrders = CorrelatedSpend | GammaGamma

_KINDS: dict[str, type[OfOrders]] = {one.name: one for one in (CorrelatedSpend, GammaGamma)}

_NEEDED = ("frequency", "recency_days", "age_days")


class Attrition:
    """Models of buying and of spend, fitted to what was known on a day, asked for the time ahead.

    MBG/NBD lets customers leave after a purchase, Pareto/NBD at any time; what they say of a whole store a year ahead
    differs by a few per cent, and the one that makes orders and money together likelier is asked. Spend goes with the
    rate of buying and with the risk to leave as far as the orders show it: where large orders come from customers who
    buy often and stay, the product of expected orders and expected spend is too low.

    Trees do not go beyond what they have seen: customers older than any they learned from are taken for the oldest
    ones. What this model says means the same at every age, and trees start from it: they learn what features tell
    beyond it.

    Parameters
    ----------
    model : MBGNBD or ParetoNBD
        Fitted.
    ahead : Horizon
        The time ahead.
    spend : CorrelatedSpend or GammaGamma, optional
        Fitted to all orders, the first included; the latter where the former has no fit, None where money has none.
    margin : Margin
        The basis of the money that is expected.
    """

    def __init__(
        self, model: BuyingModel, ahead: Horizon, spend: OfOrders | None = None, margin: Margin = REVENUE
    ) -> None:
        self.model, self.ahead, self.spend, self.margin = model, ahead, spend, margin
        self._worth = None if spend is None else OrdersAhead(spend, model, ahead)

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
            known = [cls(one, ahead, _spend(summary, one), margin) for one in fitted]
            # Likelihoods of orders alone and of orders with money say nothing about each other.
            return max(known, key=lambda one: (one.spend is not None, one.likelihood(summary)))
        finally:
            summary.engine.drop(summary.name)

    def likelihood(self, summary: Summary) -> float:
        """Its logarithm, of orders and money of all customers; a part that spend was fitted to stands for all."""
        if self.spend is None:
            return self.model.log_likelihood_
        return likelihood_with_money(self.model, self.spend, summary)

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
                cells, row = self._cells(history[known])
                odds, orders = self._answers(cells)
                found[known, 0] = odds[row]
                if self._worth is not None:
                    spent = place.get("contribution" if self.margin.per_order else "revenue")
                    brought = np.zeros(row.size) if spent is None else X[known, spent]
                    each = self._worth(cells, row, brought)
                    found[known, 1] = self.margin.factor * orders[row] * each
        return np.column_stack([X, found])

    def _cells(self, history: FloatArray) -> tuple[Cells, NDArray[np.intp]]:
        """Distinct histories by frequency, recency and age in days, seen when the model was, and each customer's."""
        distinct, row = np.unique(history, axis=0, return_inverse=True)
        week = TimeUnit.WEEK.days
        seen, one = self.model.calendar_, np.ones(len(distinct))
        cells = Cells(distinct[:, 0], distinct[:, 1] / week, distinct[:, 2] / week, one, TimeUnit.WEEK, calendar=seen)
        return cells, row.ravel()

    def _answers(self, cells: Cells) -> tuple[FloatArray, FloatArray]:
        """Log-odds of any purchase, and expected purchases, of each history."""
        chance = 1.0 - np.asarray(self.model.purchase_distribution(cells, self.ahead, 0))[:, 0]
        odds = np.clip(logit(np.clip(chance, 1e-15, 1.0)), -_FARTHEST, _FARTHEST)
        # Orders are never fewer than the chance of one, which numbers far out in the tail do not always keep.
        orders = np.maximum(np.asarray(self.model.expected_purchases(cells, self.ahead)), expit(odds))
        return odds, orders

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
        kept = None if spend is None else _KINDS[spend["model"]].from_dict(spend)
        assert kept is None or isinstance(kept, (CorrelatedSpend, GammaGamma))
        margin = Margin(**data["margin"]) if "margin" in data else REVENUE
        return cls(model, days(float(data["days"])), kept, margin)


def _fit(law: type[BuyingModel], cells: Cells) -> BuyingModel | None:
    try:
        model = law().fit(cells)
    except FitError:
        return None
    return model if model.outcome_.usable else None


def _spend(summary: Summary, buying: BuyingModel) -> OfOrders | None:
    """What an order is worth by all orders of each customer; None where money is not known or has no fit."""
    asked: tuple[Callable[[], OfOrders], ...] = (
        lambda: known_fit(spend_in_step(), summary, buying),
        lambda: known_fit(GammaGamma(include_first=True), summary),
    )
    for fit in asked:
        try:
            spend = fit()
        except (InputError, FitError):
            continue
        if spend.outcome_.usable and np.isfinite(spend.mean_spend_):
            return spend
    return None
