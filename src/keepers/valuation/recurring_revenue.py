"""Monthly recurring revenue, its movements from one month to the next, and the ratios that are built on them.

As subscription services define them: monthly recurring revenue counts active and past-due subscriptions, brought to a
month, without trials, tax and metered use. Of a customer it can only be new, come back, grow, shrink or leave, so the
five movements add up to the difference of the two months exactly.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.valuation.formula_conditions import check_not_negative, check_positive

COUNTED = frozenset({"active", "past_due"})
"""States of a subscription that bring recurring revenue."""

_MONTHS = {TimeUnit.DAY: 12 / 365, TimeUnit.WEEK: 12 / 52, TimeUnit.MONTH: 1.0, TimeUnit.YEAR: 12.0}


def monthly_amount(
    amount: float, interval: TimeUnit | str, intervals: float = 1, quantity: float = 1, state: str = "active"
) -> float:
    """What a subscription brings a month: its price brought to a month, and nothing unless it is active or past due.

    Parameters
    ----------
    amount : float
        Price of one unit for one billing period, after recurring discounts, without tax and metered use.
    interval : TimeUnit or str
        "day", "week", "month" or "year".
    intervals : float
        How many of them are one billing period: 3 with "month" is quarterly.
    quantity : float
        Seats or units.
    state : str
        "active", "past_due", or another (trialing, paused, canceled, ...), which brings nothing.

    Raises
    ------
    ConfigError
        If a billing period has no length.

    Examples
    --------
    >>> monthly_amount(120.0, "year"), monthly_amount(30.0, "month", 3), monthly_amount(10.0, "month", state="trialing")
    (10.0, 10.0, 0.0)
    >>> round(monthly_amount(7.0, "week"), 2)
    30.33
    """
    check_positive("intervals", intervals, "the number of intervals in a billing period")
    check_not_negative("quantity", quantity, "a number of units")
    if state not in COUNTED:
        return 0.0
    return amount * quantity / (_MONTHS[TimeUnit.parse(interval)] * intervals)


@dataclass(frozen=True, slots=True)
class Movements:
    """How monthly recurring revenue came from its value at the start to that at the end; money a month.

    Parameters
    ----------
    start, end : float
        Of all customers.
    new : float
        Of customers who never had any before.
    reactivation : float
        Of customers who had some earlier, and none at the start.
    expansion, contraction : float
        More or less of customers who have some at both ends; contraction is counted as a positive number.
    churned : float
        Of customers who have none any more, as a positive number.
    """

    start: float
    new: float
    reactivation: float
    expansion: float
    contraction: float
    churned: float

    @property
    def growth(self) -> float:
        """New, reactivated and expanded less churned and contracted."""
        return self.new + self.reactivation + self.expansion - self.churned - self.contraction

    @property
    def end(self) -> float:
        """At the end."""
        return self.start + self.growth


def movements(
    start: Mapping[Hashable, float], end: Mapping[Hashable, float], earlier: Iterable[Hashable] = ()
) -> Movements:
    """Movements of monthly recurring revenue between two days, customer by customer.

    Parameters
    ----------
    start, end : mapping of customer to money a month
        Customers without any may be left out.
    earlier : iterable of customers
        Who had some at any time before the start; whoever comes from among them is reactivated, not new.

    Raises
    ------
    ConfigError
        If an amount is negative or not a number.

    Examples
    --------
    >>> found = movements({"a": 50, "b": 20, "c": 10}, {"a": 60, "b": 15, "d": 30, "e": 5}, earlier=["e"])
    >>> found.new, found.reactivation, found.expansion, found.contraction, found.churned
    (30.0, 5.0, 10.0, 5.0, 10.0)
    >>> found.end
    110.0
    """
    for name, amounts in (("start", start), ("end", end)):
        for customer, amount in amounts.items():
            if not (math.isfinite(amount) and amount >= 0):
                raise ConfigError(
                    f"`{name}` of customer {customer!r} is {amount!r}; money a month is zero or more. Credits are no "
                    "recurring revenue: leave them out."
                )
    known = set(earlier)
    sums = dict.fromkeys(("new", "reactivation", "expansion", "contraction", "churned"), 0.0)
    for customer in {**start, **end}:
        before, after = start.get(customer, 0), end.get(customer, 0)
        if before == 0 and after > 0:
            sums["reactivation" if customer in known else "new"] += after
        elif after == 0:
            sums["churned"] += before
        else:
            sums["expansion" if after > before else "contraction"] += abs(after - before)
    return Movements(start=sum(start.values()), **sums)


def quick_ratio(found: Movements) -> float:
    """Revenue gained by revenue lost: (new + reactivation + expansion) / (churned + contraction).

    Infinite where nothing is lost. Above 4 is the usual mark of a young business that grows well; it is no law.

    >>> quick_ratio(Movements(start=100, new=30, reactivation=5, expansion=5, contraction=4, churned=6))
    4.0
    """
    gained, lost = found.new + found.reactivation + found.expansion, found.churned + found.contraction
    if lost == 0:
        return math.inf if gained > 0 else math.nan
    return gained / lost


def net_revenue_retention(found: Movements, reactivation: bool = False) -> float:
    """What customers of the start bring at the end, by what they brought: (start + expansion - lost) / start.

    Customers who were won since do not count. Nor do, by default, those who came back, because they were no customers
    at the start; services that count them among net churn need `reactivation=True`.

    >>> found = Movements(start=100, new=30, reactivation=5, expansion=12, contraction=4, churned=6)
    >>> net_revenue_retention(found), net_revenue_retention(found, reactivation=True)
    (1.02, 1.07)
    """
    check_positive("start", found.start, "monthly recurring revenue at the start")
    back = found.reactivation if reactivation else 0.0
    return (found.start + found.expansion + back - found.contraction - found.churned) / found.start


def gross_revenue_retention(found: Movements) -> float:
    """The part of the start's revenue that was not lost, whatever was gained: (start - contraction - churned) / start.

    >>> gross_revenue_retention(Movements(start=100, new=30, reactivation=5, expansion=12, contraction=4, churned=6))
    0.9
    """
    check_positive("start", found.start, "monthly recurring revenue at the start")
    return (found.start - found.contraction - found.churned) / found.start
