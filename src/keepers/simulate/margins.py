"""What an order of each customer is truly worth on average: revenue, net of what comes back, and contribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.money import MoneyBasis


@dataclass(frozen=True, eq=False)
class OrderWorth:
    """Expected worth of one order of each customer.

    Attributes
    ----------
    mean_spend : array, shape (n,)
        Revenue of an order after the customer's own coupons, before refunds.
    margin_rate : array, shape (n,)
        Share of the list price that is left after cost; NaN where costs are not known.
    coupon_use : array, shape (n,)
        Probability of the standing coupon.
    coupon_rate : float
        What it takes off.
    counted : float
        Share of orders that are neither cancelled nor sent back whole; of the others nothing is left, and no cost.
    kept : float
        Share of the revenue of a counted order that is not given back.
    """

    mean_spend: FloatArray
    margin_rate: FloatArray
    coupon_use: FloatArray
    coupon_rate: float
    counted: float
    kept: float

    def contribution(self, rows: IntArray | slice = slice(None), discount: float | None = None) -> FloatArray:
        """Contribution of a placed order: revenue less the cost of what was sold, both shrinking with refunds.

        With the customer's own coupons, or under an offer with this discount on every order. Revenue under the
        customer's own coupons is what the spend model draws, so the goods in it are worth more at list price; an
        offer's discount comes off that revenue.
        """
        spend, margin, use = self.mean_spend[rows], self.margin_rate[rows], self.coupon_use[rows]
        if discount is None:
            left = 1.0 - (1.0 - margin) * (1.0 - use + use / (1.0 - self.coupon_rate))
        else:
            left = margin - discount
        return self.counted * self.kept * spend * left

    def of(self, basis: MoneyBasis) -> FloatArray:
        """Worth of an order in a money basis."""
        if basis is MoneyBasis.REVENUE:
            return self.mean_spend
        if basis is MoneyBasis.NET_REVENUE:
            return self.mean_spend * self.counted * self.kept
        return np.asarray(self.contribution())
