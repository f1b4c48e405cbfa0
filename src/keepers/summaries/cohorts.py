"""Cohorts: what customers who came in the same month did at each age; what is not over yet stays blank."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted, template
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.money import MoneyBasis
from keepers.domain.time import TimeUnit
from keepers.summaries.purchases import PACKAGE
from keepers.summaries.summary import Summary

AGES_OF_VALUE = (0, 30, 60, 90, 180, 360, 720)
"""Ages in days at which the value of a cohort is usually stated."""

_MONTH = TimeUnit.MONTH.days


@dataclass(frozen=True, eq=False)
class PurchaseAges:
    """Purchases and money of all customers by the day of their first purchase and their age then.

    Parameters
    ----------
    days, customers : arrays, shape (d,)
        Days (since 1970-01-01) on which customers came, and how many.
    first_day, age : arrays, shape (n,)
        Day of the first purchase and age in days of what `purchases` and `money` count.
    purchases, money : arrays, shape (n,)
        Days with a purchase, first purchases included, and net money.
    until : int
        Last day seen, since 1970-01-01.
    basis : MoneyBasis or None
        What the money is; None without money.
    """

    days: IntArray
    customers: IntArray
    first_day: IntArray
    age: IntArray
    purchases: IntArray
    money: FloatArray
    until: int
    basis: MoneyBasis | None


_known: WeakKeyDictionary[Summary, dict[dt.date, PurchaseAges]] = WeakKeyDictionary()


def purchase_ages(summary: Summary, until: dt.date | None = None) -> PurchaseAges:
    """Purchases and money of a summary's customers by day of the first purchase and age; kept as long as the summary.

    Parameters
    ----------
    summary : Summary
        Made of orders.
    until : date, optional
        Last day to see; the end of the calibration without it.
    """
    last = until or summary.calibration_end
    kept = _known.setdefault(summary, {})
    if last not in kept:
        kept[last] = _purchase_ages(summary, last)
    return kept[last]


def _purchase_ages(summary: Summary, last: dt.date) -> PurchaseAges:
    names = {"summary": quoted(summary.name), "purchase_days": summary.purchase_days_sql(last)}
    rows = summary.engine.columns(template(PACKAGE, "purchase_ages").format(**names))
    came = summary.engine.columns(template(PACKAGE, "customers_by_first_day").format(**names))
    return PurchaseAges(
        days=_day_numbers(came["first_day"]),
        customers=came["customers"].astype(np.int64),
        first_day=_day_numbers(rows["first_day"]),
        age=rows["age_days"].astype(np.int64),
        purchases=rows["purchases"].astype(np.int64),
        money=rows["money"].astype(np.float64),
        until=_number(last),
        basis=summary.basis if summary.has_money else None,
    )


@dataclass(frozen=True, eq=False)
class Cohorts:
    """The triangle of acquisition months by age in months of 30.4375 days, counted from each customer's first day.

    Arrays of shape (cohorts, ages); NaN where the age is not over for every customer of the cohort.

    Parameters
    ----------
    starts : tuple of date
        First day of each month, all months between the first and the last.
    customers : array, shape (cohorts,)
        Customers who came in the month.
    active_share : array
        Share of the cohort that bought within that month of their age; 1 at age 0.
    purchases, money : arrays
        Purchases and net money within that month of age, first purchases included.
    basis : MoneyBasis or None
        What the money is; None without money.
    """

    starts: tuple[dt.date, ...]
    customers: IntArray
    active_share: FloatArray
    purchases: FloatArray
    money: FloatArray
    basis: MoneyBasis | None

    @property
    def cumulative_purchases(self) -> FloatArray:
        """Purchases a customer up to the end of each age."""
        return self._per_customer(self.purchases)

    @property
    def cumulative_money(self) -> FloatArray:
        """Net money a customer up to the end of each age."""
        return self._per_customer(self.money)

    def _per_customer(self, values: FloatArray) -> FloatArray:
        customers = np.where(self.customers > 0, self.customers, np.nan)[:, None]
        return np.asarray(np.cumsum(values, axis=1) / customers)


def cohorts(summary: Summary, ages: PurchaseAges | None = None) -> Cohorts:
    """The cohort triangle of a summary's customers, seen from the end of its calibration.

    Parameters
    ----------
    summary : Summary
        Made of orders.
    ages : PurchaseAges, optional
        What `purchase_ages(summary)` gave, to save making it again.
    """
    seen = purchase_ages(summary) if ages is None else ages
    names = {"summary": quoted(summary.name), "purchase_days": summary.purchase_days_sql(summary.calibration_end)}
    rows = summary.engine.columns(template(PACKAGE, "active_by_age").format(**names))
    cohort_of, starts = _months(seen.days)
    shape = (len(starts), max(1, int((seen.until - int(seen.days.min()) + 1) // _MONTH)))
    customers = _sums(cohort_of, seen.customers, shape[0])
    mature = _mature(seen, cohort_of, shape)

    def triangle(first_day: IntArray, age_months: IntArray, values: NDArray[np.generic]) -> FloatArray:
        cohort = cohort_of[np.searchsorted(seen.days, first_day)]
        inside = age_months < shape[1]
        cells = np.zeros(shape)
        np.add.at(cells, (cohort[inside], age_months[inside]), np.asarray(values, dtype=np.float64)[inside])
        return np.where(mature, cells, np.nan)

    in_months = (seen.age / _MONTH).astype(np.int64)
    active = triangle(_day_numbers(rows["first_day"]), rows["age_months"].astype(np.int64), rows["customers"])
    return Cohorts(
        starts=starts,
        customers=customers.astype(np.int64),
        active_share=active / np.where(customers > 0, customers, np.nan)[:, None],
        purchases=triangle(seen.first_day, in_months, seen.purchases),
        money=triangle(seen.first_day, in_months, seen.money),
        basis=seen.basis,
    )


@dataclass(frozen=True, eq=False)
class ValueByAge:
    """Cumulative net money a customer at stated ages in days; NaN where a cohort is not old enough.

    Parameters
    ----------
    starts, customers : tuple of date, array (cohorts,)
        Acquisition months and their customers.
    ages : tuple of int
        Ages in days.
    value : array, shape (cohorts, ages)
        Blank until every customer of the cohort has reached the age.
    overall, overall_customers : arrays, shape (ages,)
        The same over all customers who have reached the age, and how many they are.
    """

    starts: tuple[dt.date, ...]
    customers: IntArray
    ages: tuple[int, ...]
    value: FloatArray
    overall: FloatArray
    overall_customers: IntArray


def value_by_age(ages: PurchaseAges, at: tuple[int, ...] = AGES_OF_VALUE) -> ValueByAge:
    """N-day lifetime value: what customers brought up to an age, by acquisition month and over all who are that old."""
    cohort_of, starts = _months(ages.days)
    customers = _sums(cohort_of, ages.customers, len(starts))
    youngest = _youngest(ages, cohort_of, len(starts))
    position = np.searchsorted(ages.days, ages.first_day)
    value = np.full((len(starts), len(at)), np.nan)
    overall = np.full(len(at), np.nan)
    reached = np.zeros(len(at), dtype=np.int64)
    for column, age in enumerate(at):
        counted = np.where(ages.age <= age, ages.money, 0.0)
        totals = _sums(cohort_of[position], counted, len(starts))
        old = youngest >= age
        value[old, column] = totals[old] / customers[old]
        grown = ages.until - ages.days >= age
        reached[column] = int(ages.customers[grown].sum())
        if reached[column]:
            overall[column] = float(counted[grown[position]].sum()) / reached[column]
    if ages.basis is None:
        value[:], overall[:] = np.nan, np.nan
    return ValueByAge(starts, customers.astype(np.int64), at, value, overall, reached)


@dataclass(frozen=True, eq=False)
class RepeatPurchases:
    """Repeat purchases over calendar time, in periods counted from the first purchase of anybody.

    Parameters
    ----------
    ends : tuple of date
        Last day of each period.
    purchases : array, shape (periods,)
        Repeat purchases in it; NaN for a last period that is not over.
    """

    ends: tuple[dt.date, ...]
    purchases: FloatArray

    @property
    def cumulative(self) -> FloatArray:
        """Repeat purchases up to the end of each period."""
        return np.asarray(np.cumsum(self.purchases))


def repeat_purchases(ages: PurchaseAges, period_days: int = 7) -> RepeatPurchases:
    """Actual repeat purchases by period, to hold predictions against."""
    start = int(ages.days.min())
    periods = -(-(ages.until - start + 1) // period_days)
    repeat = ages.age > 0
    period = (ages.first_day[repeat] + ages.age[repeat] - start) // period_days
    counted = _sums(period, ages.purchases[repeat], periods)
    ends = start + period_days * np.arange(1, periods + 1) - 1
    counted[ends > ages.until] = np.nan
    return RepeatPurchases(tuple(_date(int(end)) for end in ends), counted)


def _months(days: IntArray) -> tuple[IntArray, tuple[dt.date, ...]]:
    """The cohort of each day, and the first days of all months from the first to the last."""
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first, last = int(month.min()), int(month.max())
    starts = np.arange(first, last + 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(month - first), tuple(start.item() for start in starts)


def _youngest(ages: PurchaseAges, cohort_of: IntArray, cohorts: int) -> IntArray:
    """Age in days of the youngest customer of each cohort; -1 for months without customers."""
    newest = np.full(cohorts, ages.until + 1, dtype=np.int64)
    present = np.unique(cohort_of)
    newest[present] = np.maximum.reduceat(ages.days, np.searchsorted(cohort_of, present))
    return np.asarray(ages.until - newest)


def _mature(ages: PurchaseAges, cohort_of: IntArray, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether the last day of each month of age has come for every customer of the cohort."""
    last_days = np.ceil(_MONTH * np.arange(1, shape[1] + 1)) - 1
    return np.asarray(_youngest(ages, cohort_of, shape[0])[:, None] >= last_days)


def _sums(index: IntArray, values: NDArray[np.generic], length: int) -> FloatArray:
    sums = np.bincount(index, weights=np.asarray(values, dtype=np.float64), minlength=length)
    return np.asarray(sums, dtype=np.float64)


def _day_numbers(column: NDArray[np.generic]) -> IntArray:
    return np.asarray(column.astype("datetime64[D]").astype(np.int64))


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _date(number: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=number)
