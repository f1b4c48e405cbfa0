"""Cohorts continued: what the model expects of the ages that are not over yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.time import Horizon, TimeUnit
from keepers.summaries.cohorts import Cohorts, PurchaseAges
from keepers.valuation.cell_sums import cell_sums
from keepers.valuation.values import Values

_MONTH = TimeUnit.MONTH.days


@dataclass(frozen=True, eq=False)
class CohortForecast:
    """Cumulative purchases and money a customer where an age is not over; arrays of shape (cohorts, ages).

    NaN where the triangle has observed the cell, and in months without customers. Money is in the basis of the
    summary, before a margin of one rate; None without money.
    """

    purchases: FloatArray
    money: FloatArray | None


def cohort_forecast(values: Values, cohorts: Cohorts, ages: PurchaseAges, months: int | None = None) -> CohortForecast:
    """Continue the triangle by the model, up to an age.

    A cell holds what the cohort's customers have done up to the age, or up to now for those who are younger, and what
    the model expects of these for the rest.

    Parameters
    ----------
    values : Values
        Of the same summary.
    cohorts : Cohorts
        The triangle.
    ages : PurchaseAges
        What it was made of.
    months : int, optional
        Ages to fill; as many as the triangle has if left out.
    """
    count = months or cohorts.purchases.shape[1]
    facts = values.facts
    sums = cell_sums(values)
    exact = facts.cells.cells
    days = exact.unit.days
    age = exact.T * days
    cohort = _cohort_of(ages.until - np.rint(age).astype(np.int64), cohorts)
    # Cells on a grid of a few days predict as well and are a tenth as many.
    found = facts.cells.spend
    worth = sums.spend if found is None else sums.spend * found.mean_factor[sums.fine]
    cells, customers, spend, group = _coarse(exact, cohort, sums.customers, worth, sums.fine)
    ends = np.ceil(_MONTH * np.arange(1, count + 1))
    steps = np.arange(0, int(np.ceil(ends[-1] / _MONTH)) + 1)
    expected = _expected(values, cells, steps)
    left = np.maximum(ends - cells.T[:, None] * days, 0.0) / _MONTH
    future = _interpolated(expected, left)
    shape = (len(cohorts.starts), count)
    seen_purchases, seen_money = _seen(ages, cohorts, ends)
    size = np.where(cohorts.customers > 0, cohorts.customers, np.nan)[:, None]
    blank = np.ones(shape, dtype=bool)
    width = min(count, cohorts.purchases.shape[1])
    blank[:, :width] = np.isnan(cohorts.purchases[:, :width])
    more = np.zeros(shape)
    np.add.at(more, group, customers[:, None] * future)
    purchases = np.where(blank, (seen_purchases + more) / size, np.nan)
    if not values.has_money:
        return CohortForecast(purchases, None)
    money = np.zeros(shape)
    np.add.at(money, group, spend[:, None] * future)
    return CohortForecast(purchases, np.where(blank, (seen_money + money) / size, np.nan))


def _cohort_of(first_day: IntArray, cohorts: Cohorts) -> IntArray:
    month = first_day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    start = np.datetime64(cohorts.starts[0], "M").astype(np.int64)
    return np.asarray(np.clip(month - start, 0, len(cohorts.starts) - 1))


def _coarse(
    cells: Cells, cohort: IntArray, customers: FloatArray, spend: FloatArray, fine: IntArray
) -> tuple[Cells, FloatArray, FloatArray, IntArray]:
    """Cells of equal cohort and x, recency by the week and age by three days; with customers, spend and cohort."""
    days = cells.unit.days
    recency = np.where(cells.x > 0, np.floor(cells.t_x * days / 7) * 7 + 3, 0.0)
    age = np.floor(cells.T * days / 3) * 3 + 1
    recency = np.minimum(recency, age)
    pattern = np.zeros(cells.size) if cells.pattern is None else cells.pattern
    keys = np.column_stack([cohort, cells.x, recency, age, pattern])
    distinct, place = np.unique(keys[fine], axis=0, return_inverse=True)
    place = place.ravel()
    weight = np.asarray(np.bincount(place, customers), dtype=np.float64)
    coarse = Cells(
        distinct[:, 1], distinct[:, 2] / days, distinct[:, 3] / days, weight, cells.unit,
        pattern=None if cells.pattern is None else distinct[:, 4].astype(np.int64), attributes=cells.attributes,
        calendar=cells.calendar,
    )  # fmt: skip
    return coarse, weight, np.asarray(np.bincount(place, spend), dtype=np.float64), distinct[:, 0].astype(np.int64)


def _expected(values: Values, cells: Cells, steps: IntArray) -> FloatArray:
    """Expected purchases of each cell up to so many months from now, shape (cells, steps)."""
    buying = values.facts.buying
    found = np.zeros((cells.size, steps.size))
    for place, months in enumerate(steps):
        if months:
            found[:, place] = buying.expected_purchases(cells, Horizon(float(months), TimeUnit.MONTH))
    return found


def _interpolated(expected: FloatArray, months: FloatArray) -> FloatArray:
    """Expected purchases at any number of months ahead, between whole ones along a line."""
    low = np.minimum(months.astype(np.int64), expected.shape[1] - 2)
    rest = months - low
    rows = np.arange(len(expected))[:, None]
    return np.asarray(expected[rows, low] * (1 - rest) + expected[rows, low + 1] * rest)


def _seen(ages: PurchaseAges, cohorts: Cohorts, ends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Purchases and money of each cohort so far, up to each age, shape (cohorts, ages)."""
    cohort = _cohort_of(ages.first_day, cohorts)
    place = np.minimum(np.searchsorted(ends, ages.age, side="right"), ends.size)
    shape = (len(cohorts.starts), ends.size + 1)
    purchases, money = np.zeros(shape), np.zeros(shape)
    np.add.at(purchases, (cohort, place), ages.purchases.astype(np.float64))
    np.add.at(money, (cohort, place), ages.money)
    return np.cumsum(purchases, axis=1)[:, :-1], np.cumsum(money, axis=1)[:, :-1]
