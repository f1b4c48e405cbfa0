"""Cohorts: the triangle, blanks where an age is not over, value by age, and repeat purchases over time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.time import ObservationWindow
from keepers.summaries.cohorts import cohorts, purchase_ages, repeat_purchases, value_by_age
from keepers.summaries.summary import Summary, summarise

NAN = np.nan
ROWS = [
    ("a", "2024-01-01", 10.0),
    ("a", "2024-01-20", 5.0),  # age 19 days, month 0
    ("a", "2024-02-20", 7.0),  # age 50 days, month 1
    ("b", "2024-01-31", 20.0),
    ("b", "2024-03-30", 1.0),  # age 59 days, month 1
    ("c", "2024-03-05", 30.0),
]


@pytest.fixture
def summary() -> Summary:
    return summarise(PurchaseRows(ROWS), ObservationWindow("2024-03-31"))


def test_the_triangle_counts_ages_from_each_customers_first_day(summary: Summary) -> None:
    found = cohorts(summary)
    assert found.starts == (dt.date(2024, 1, 1), dt.date(2024, 2, 1), dt.date(2024, 3, 1))
    np.testing.assert_array_equal(found.customers, [2, 0, 1])
    # On 31 March b is 60 days old: month 1, days 31 to 60, is just over; c is 26 days old: month 0 is not.
    np.testing.assert_array_equal(found.purchases, [[3, 2], [NAN, NAN], [NAN, NAN]])
    np.testing.assert_array_equal(found.money, [[35, 8], [NAN, NAN], [NAN, NAN]])
    np.testing.assert_array_equal(found.active_share, [[1, 1], [NAN, NAN], [NAN, NAN]])
    np.testing.assert_array_equal(found.cumulative_money[0], [17.5, 21.5])
    np.testing.assert_array_equal(found.cumulative_purchases[0], [1.5, 2.5])


def test_a_day_less_leaves_the_last_month_blank() -> None:
    found = cohorts(summarise(PurchaseRows(ROWS), ObservationWindow("2024-03-30")))
    assert np.isnan(found.purchases[0, 1])
    assert found.purchases[0, 0] == 3


def test_value_by_age_is_blank_until_the_whole_cohort_is_old_enough(summary: Summary) -> None:
    found = value_by_age(purchase_ages(summary), at=(0, 19, 30, 60, 61))
    np.testing.assert_allclose(found.value[0], [15, 17.5, 17.5, 21.5, NAN])
    assert np.isnan(found.value[1]).all()
    np.testing.assert_allclose(found.value[2], [30, 30, NAN, NAN, NAN])
    np.testing.assert_array_equal(found.overall_customers, [3, 3, 2, 2, 1])
    np.testing.assert_allclose(found.overall, [20, 65 / 3, 17.5, 21.5, 22])


def test_without_money_values_are_blank_and_counts_are_not() -> None:
    summary = summarise(PurchaseRows([(who, day, None) for who, day, _ in ROWS]))
    ages = purchase_ages(summary)
    assert ages.basis is None
    assert np.isnan(value_by_age(ages).overall).all()
    assert cohorts(summary).purchases[0, 0] == 3


def test_repeat_purchases_by_week_match_the_summary(summary: Summary) -> None:
    found = repeat_purchases(purchase_ages(summary))
    assert found.purchases[:13].sum() == summary.cells().repeat_purchases == 3
    assert found.ends[0] == dt.date(2024, 1, 7)
    assert found.purchases[2] == 1  # 20 January
    assert found.ends[-1] == dt.date(2024, 3, 31)
    unfinished = repeat_purchases(purchase_ages(summary), period_days=30)
    assert np.isnan(unfinished.purchases[-1])


def test_customers_of_the_calibration_are_followed_beyond_it() -> None:
    summary = summarise(PurchaseRows(ROWS), ObservationWindow("2024-02-01", "2024-03-31"))
    found = repeat_purchases(purchase_ages(summary, until=dt.date(2024, 3, 31)))
    assert found.cumulative[-1] == 3, "c came after the cut"


def test_who_asks_again_takes_no_rows_from_the_engine(summary: Summary) -> None:
    first = purchase_ages(summary)
    before = summary.engine.rows_fetched
    assert purchase_ages(summary) is first
    assert summary.engine.rows_fetched == before
    assert purchase_ages(summary, summary.calibration_end - dt.timedelta(days=1)) is not first
