"""What a lead is worth once it has become a customer: how many times the usual customer, by what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.leads.design import LeadDesign
from keepers.acquisition.leads.table import LeadTable, lead_orders
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.money import UNSPECIFIED_CURRENCY, DiscountRate, Margin, MoneyBasis
from keepers.domain.time import Horizon
from keepers.numerics.conversion import Outcome
from keepers.numerics.money_ratio import MoneyRatioFit, fit_money_ratio
from keepers.summaries.purchases import money_of
from keepers.valuation.new_customers import new_customer_course, new_customer_value
from keepers.valuation.values import Values


@dataclass(frozen=True, eq=False)
class LeadMoney:
    """Money of leads that were won, and what is usual.

    Attributes
    ----------
    money : array, shape (n,)
        What the customer of each won lead brought since it was won; NaN for leads of which nothing is known.
    usual : array, shape (n,)
        What an average customer of the store brings in the same time.
    whole : float
        What an average customer brings within the horizon, discounted.
    horizon : Horizon or None
        None where money is the size of a deal.
    discount : DiscountRate or None
    basis : MoneyBasis
    margin : Margin
    currency : str
    of_deals : bool
        Whether there are no orders, so that money is the size of the deals that were won.
    """

    money: FloatArray
    usual: FloatArray
    whole: float
    horizon: Horizon | None
    discount: DiscountRate | None
    basis: MoneyBasis
    margin: Margin
    currency: str
    of_deals: bool = False


@dataclass(frozen=True, eq=False)
class LeadValue:
    """A fitted value given conversion.

    Attributes
    ----------
    design : LeadDesign
    fit : MoneyRatioFit
        Times the usual.
    money : LeadMoney
    customers : int
        Won leads whose money is known.
    """

    design: LeadDesign
    fit: MoneyRatioFit
    money: LeadMoney
    customers: int

    def value(self, codes: IntArray, point: FloatArray | None = None) -> FloatArray:
        """Expected value of a lead that becomes a customer, shape (n,)."""
        return np.asarray(self.money.whole * self.fit.ratio(self.design.matrix(codes), point))


def lead_money(table: LeadTable, orders: Any, values: Values) -> LeadMoney:
    """Money of the customers that leads became, from their orders.

    Parameters
    ----------
    table : LeadTable
    orders : Orders
    values : Values
        With money, of all customers of the store: they say how much comes at which age.
    """
    facts = values.facts
    money, _ = money_of(orders, facts.margin, table.until)
    found = lead_orders(table, orders, money, table.until) * facts.margin.factor
    since = (np.datetime64(table.until, "D") - table.won_day).astype("timedelta64[D]").astype(np.float64)
    usual = np.full(table.size, np.nan)
    known = np.isfinite(found)
    usual[known] = new_customer_course(values, np.maximum(since[known], 0.0))
    whole = new_customer_value(values, facts.lifetime, draws=1).total.value
    return LeadMoney(found, usual, whole, facts.lifetime, facts.discount, values.basis, facts.margin, values.currency)


def deal_money(table: LeadTable, margin: Margin, currency: str = UNSPECIFIED_CURRENCY) -> LeadMoney | None:
    """Money of deals where there are no orders: the amounts of those that were won; None where they carry none."""
    amount = table.columns.get("amount")
    if amount is None or amount.dtype.kind != "f":
        return None
    won = table.won & np.isfinite(amount) & (amount > 0)
    if not won.any():
        return None
    money = np.where(won, amount * margin.factor, np.nan)
    usual = np.where(won, float(np.nanmean(money)), np.nan)
    basis = MoneyBasis.CONTRIBUTION if margin.rate is not None else MoneyBasis.REVENUE
    return LeadMoney(money, usual, float(np.nanmean(money)), None, None, basis, margin, currency, of_deals=True)


def fit_lead_value(table: LeadTable, design: LeadDesign, money: LeadMoney) -> LeadValue:
    """Learn how much more or less than usual customers bring, by what was known of them as leads.

    All of a customer's money since the lead was won counts against what is usual in the same time, so that young and
    old customers speak of one ratio; what little is known of a kind of lead is drawn to all leads, and these to all
    customers.
    """
    known = np.flatnonzero(np.isfinite(money.money) & (money.usual > 0) & (table.outcome != Outcome.OPEN))
    matrix = design.matrix(design.codes(table)[known])
    usual = money.usual[known]
    fit = fit_money_ratio(matrix, capped(money.money[known], usual), usual, design.groups)
    return LeadValue(design, fit, money, int(known.size))


_CAP, _RARE = 5.0, 0.01
"""Times the usual beyond which, and share of customers with which, money is shared by all."""


def capped(money: FloatArray, usual: FloatArray) -> FloatArray:
    """Money with that of the few largest shared by all in proportion, so that one customer does not price its kind.

    The total stays. What is shared lies beyond five times the usual and beyond all but one in a hundred.

    >>> capped(np.array([1.0, 1.0, 1.0, 17.0]), np.ones(4)).tolist()
    [2.5, 2.5, 2.5, 12.5]
    """
    most = np.maximum(money, 0.0)
    if not most.size or not most.any():
        return most
    ratio = most / usual
    cap = max(float(np.quantile(ratio, 1.0 - _RARE, method="lower")), _CAP)
    kept = np.minimum(most, cap * usual)
    return np.asarray(kept * (max(float(money.sum()), 0.0) / float(kept.sum())))
