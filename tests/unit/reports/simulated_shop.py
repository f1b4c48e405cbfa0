"""A small shop simulated with known customers, for a report that looks real."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

FIRST_DAY = dt.date(2023, 7, 1)
MONTHS = 24
DAYS = 731
CUSTOMERS = 3_200
YEAR = 365.25
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """Customers and orders of the simulated shop; days count from FIRST_DAY."""

    first: Array
    rate: Array
    churn: Array
    spend: Array
    customer: NDArray[np.int64]
    day: Array
    amount: Array

    def until(self, end: float) -> tuple[Array, Array, Array]:
        """Orders a customer, day of the last order and revenue, as known at `end`."""
        seen = self.day <= end
        orders = np.bincount(self.customer[seen], minlength=CUSTOMERS).astype(float)
        last = np.full(CUSTOMERS, -1.0)
        np.maximum.at(last, self.customer[seen], self.day[seen])
        revenue = np.bincount(self.customer[seen], self.amount[seen], CUSTOMERS)
        return orders, last, revenue

    def alive(self, end: float) -> Array:
        """Exact probability of being alive at `end`, with the customer's own rates known."""
        orders, last, _ = self.until(end)
        total = self.rate + self.churn
        gap = np.clip(end - last, 0, None)
        return np.where(orders > 0, 1 / (1 + self.churn / total * np.expm1(np.minimum(total * gap, 50))), 0)

    def expected(self, end: float, horizon: float) -> Array:
        """Expected orders in (end, end + horizon]."""
        return self.alive(end) * self.rate / self.churn * -np.expm1(-self.churn * horizon)


@cache
def shop() -> Shop:
    """Two years of a small bakery supplier."""
    rng = np.random.default_rng(20250701)
    first = np.sort(rng.triangular(0, DAYS, DAYS * 1.05, CUSTOMERS).clip(0, DAYS - 1)).round()
    first[0] = 0
    rate = rng.gamma(0.75, 1 / 52.0, CUSTOMERS).clip(1e-5)
    churn = rng.gamma(0.9, 1 / 300.0, CUSTOMERS).clip(1e-5)
    spend = 3.2 * rng.gamma(4.2, 1 / rng.gamma(4.0, 1 / 12.0, CUSTOMERS)) + 6
    life = rng.exponential(1 / churn)
    customer, day = [np.arange(CUSTOMERS)], [first]
    clock = first.copy()
    while np.any(clock <= DAYS):
        clock = clock + np.ceil(rng.exponential(1 / rate))
        ok = (clock <= DAYS) & (clock <= first + life)
        customer.append(np.flatnonzero(ok))
        day.append(clock[ok])
        clock = np.where(ok, clock, DAYS + 1e9)
    who, when = np.concatenate(customer), np.concatenate(day)
    amount = (spend[who] * rng.gamma(6, 1 / 6, who.size)).round(2)
    return Shop(first, rate, churn, spend, who, when, amount)


def date_of(day: float) -> dt.date:
    """Calendar day of a day's number."""
    return FIRST_DAY + dt.timedelta(days=int(day))


def month_start(index: int) -> dt.date:
    """First day of a month's number."""
    total = FIRST_DAY.year * 12 + FIRST_DAY.month - 1 + index
    return dt.date(total // 12, total % 12 + 1, 1)


def month_of(days: Array) -> NDArray[np.int64]:
    """Month's number of each day."""
    edges = np.array([(month_start(i) - FIRST_DAY).days for i in range(1, MONTHS + 1)])
    return np.searchsorted(edges, days, side="right").clip(0, MONTHS - 1)
