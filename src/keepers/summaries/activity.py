"""What customers did in the last year, or as long as the data allow, against the time before: retention as it was."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import template
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit, days
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.summary import Summary

SHORTEST_PERIOD = 14
"""Days below which a period says nothing about who stays."""


@dataclass(frozen=True, eq=False)
class Activity:
    """The last period of the data, by what customers had done before it.

    Arrays of shape (states,): state 0 are customers who are new in the period; state j >= 1 those whose last purchase
    before it lay in the j-th period before it.

    Parameters
    ----------
    period : Horizon
        Its length: a year, or half of the history if that is shorter.
    until : date
        Its last day.
    customers, buyers : arrays
        Customers in each state at its beginning, and those of them who bought in it.
    purchases, orders, money : arrays
        Days with a purchase, orders and money in it.
    money_before : array
        Money in the period before it.
    age_days : array
        Ages of the buyers at its end, summed.
    basis : MoneyBasis or None
        What the money is; None without money.
    """

    period: Horizon
    until: dt.date
    customers: FloatArray
    buyers: FloatArray
    purchases: FloatArray
    orders: FloatArray
    money: FloatArray
    money_before: FloatArray
    age_days: FloatArray
    basis: MoneyBasis | None

    @property
    def years(self) -> float:
        """Length of the period in years."""
        return self.period.in_unit(TimeUnit.YEAR)

    @property
    def retention(self) -> float | None:
        """Share of the buyers of one period who bought again in the next; None where there were none."""
        if self.customers.size < 2 or self.customers[1] == 0:
            return None
        return float(self.buyers[1] / self.customers[1])

    @property
    def repurchase(self) -> FloatArray:
        """Share of the customers in each state from 1 on who bought in the period; 0 where nobody was in it."""
        return np.divide(
            self.buyers[1:], self.customers[1:], out=np.zeros(self.buyers.size - 1), where=self.customers[1:] > 0
        )


def activity(summary: Summary) -> Activity:
    """The last period of a summary's calibration.

    Raises
    ------
    InputError
        If the summary was not made of orders, or these span less than four weeks.
    """
    until = summary.calibration_end
    longest = int(summary.engine.row(f"SELECT max(T_days) FROM {summary.name}")[0])
    length = min(round(TimeUnit.YEAR.days), (longest + 1) // 2)
    if length < SHORTEST_PERIOD:
        raise InputError(
            f"The orders span {longest + 1} days, too short to see who stays: {2 * SHORTEST_PERIOD} are needed."
        )
    start = until - dt.timedelta(days=length)
    rows = summary.engine.columns(
        template(PACKAGE, "activity").format(
            purchase_days=summary.purchase_days_sql(until),
            start=day_literal(start),
            start_before=day_literal(start - dt.timedelta(days=length)),
            until=day_literal(until),
            period_days=length,
        )
    )
    states = np.arange(int(rows["state"].max()) + 1)
    place = rows["state"].astype(np.int64)

    def by_state(name: str) -> FloatArray:
        column = np.zeros(states.size)
        column[place] = rows[name].astype(np.float64)
        return column

    return Activity(
        period=days(length),
        until=until,
        customers=by_state("customers"),
        buyers=by_state("buyers"),
        purchases=by_state("purchases"),
        orders=by_state("orders"),
        money=by_state("money"),
        money_before=by_state("money_before"),
        age_days=by_state("age_days"),
        basis=summary.basis if summary.has_money else None,
    )
