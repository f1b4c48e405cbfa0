"""Summaries: merging by day, what was known at the cut, the holdout, units, margins and money."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history import PurchaseRows
from keepers.domain.errors import InputError
from keepers.domain.money import Margin, MoneyBasis
from keepers.domain.time import ObservationWindow, TimeUnit
from keepers.summaries.summary import Summary, summarise


def rows_of(summary: Summary, *columns: str) -> dict[str, tuple[Any, ...]]:
    rows = summary.engine.rows(f"SELECT customer_key, {', '.join(columns)} FROM {summary.name}")
    return {row[0]: row[1:] for row in rows}


def test_purchases_of_one_day_are_one() -> None:
    orders = PurchaseRows(
        [("a", "2024-01-01", 10), ("a", "2024-01-01", 5), ("a", "2024-01-08", 4), ("a", "2024-01-08", 6)]
    )
    found = rows_of(summarise(orders), "frequency", "recency_days", "monetary_value", "monetary_value_all", "orders")
    assert found == {"a": (1, 7, 10.0, 12.5, 4)}


@pytest.mark.parametrize(
    ("unit", "recency", "T"), [("day", 14, 28), ("week", 2, 4), ("month", 14 / 30.4375, 28 / 30.4375)]
)
def test_units_only_scale(unit: str, recency: float, T: float) -> None:
    orders = PurchaseRows([("a", "2024-01-01", 1), ("a", "2024-01-15", 1), ("b", "2024-01-29", 1)])
    summary = summarise(orders, ObservationWindow(unit=unit))
    assert rows_of(summary, "frequency", "recency", "T")["a"] == (1, pytest.approx(recency), pytest.approx(T))
    assert summary.unit is TimeUnit(unit)


def test_the_default_end_is_the_day_that_the_orders_end() -> None:
    orders = PurchaseRows([("a", "2024-01-01", 1), (None, "2024-01-31", 1)])
    summary = summarise(orders)
    assert summary.calibration_end == dt.date(2024, 1, 31)
    assert rows_of(summary, "T_days") == {"a": (30,)}
    assert not summary.has_holdout


def test_the_cut_is_included_and_the_holdout_is_after_it() -> None:
    orders = PurchaseRows(
        [
            ("a", "2024-01-01", 1),
            ("a", "2024-02-01", 2),
            ("a", "2024-02-02", 4),
            ("a", "2024-02-02", 4),
            ("a", "2024-03-01", 8),
            ("b", "2024-01-05", 16),
            ("late", "2024-02-15", 32),
        ]
    )
    summary = summarise(orders, ObservationWindow("2024-02-01", "2024-02-29"))
    found = rows_of(summary, "frequency", "holdout_frequency", "holdout_days", "CAST(holdout_revenue AS DOUBLE)")
    assert found == {"a": (1, 1, 28, 8.0), "b": (0, 0, 28, 0.0)}


def test_a_refund_after_the_cut_is_not_seen_by_the_calibration() -> None:
    orders = PurchaseRows(
        [("a", "2024-01-01", 10), ("a", "2024-01-10", 20), ("b", "2024-01-01", 10), ("b", "2024-01-20", 30)],
        refunds=[("a", "2024-01-10", "2024-02-10", 5), ("b", "2024-01-20", "2024-02-20", 30)],
    )
    early = rows_of(summarise(orders, ObservationWindow("2024-01-31")), "frequency", "monetary_value")
    assert early == {"a": (1, 20.0), "b": (1, 30.0)}
    late = rows_of(summarise(orders, ObservationWindow("2024-02-29")), "frequency", "monetary_value", "recency_days")
    assert late == {"a": (1, 15.0, 9), "b": (0, None, 0)}, "b's fully refunded order stops counting"


def test_a_refund_within_the_holdout_reduces_the_holdout_only() -> None:
    orders = PurchaseRows(
        [("a", "2024-01-01", 10), ("a", "2024-02-10", 20), ("a", "2024-02-12", 7)],
        refunds=[("a", "2024-02-10", "2024-02-20", 20)],
    )
    summary = summarise(orders, ObservationWindow("2024-01-31", "2024-02-28"))
    found = rows_of(summary, "frequency", "holdout_frequency", "CAST(holdout_revenue AS DOUBLE)")
    assert found == {"a": (0, 1, 7.0)}


def test_orders_that_nothing_changes_are_read_once_to_the_same_end() -> None:
    rng = np.random.default_rng(4)
    rows = [
        (
            f"c{rng.integers(30)}",
            str(dt.date(2024, 1, 1) + dt.timedelta(days=int(rng.integers(60)))),
            int(rng.integers(9)),
        )
        for _ in range(200)
    ]
    window = ObservationWindow("2024-01-31", "2024-02-29")
    once, twice = PurchaseRows(rows), PurchaseRows(rows, refunds=[("nobody", "2024-01-01", "2024-01-02", 1)])
    assert once.settled
    assert not twice.settled
    columns = ("frequency", "recency_days", "T_days", "monetary_value", "orders", "revenue", "holdout_frequency",
               "holdout_revenue", "holdout_money")  # fmt: skip
    assert rows_of(summarise(once, window), *columns) == rows_of(summarise(twice, window), *columns)


def test_a_free_order_is_a_purchase_but_a_day_below_zero_is_none() -> None:
    orders = PurchaseRows(
        [("a", "2024-01-01", 10), ("a", "2024-01-02", 0), ("a", "2024-01-03", -4), ("b", "2024-01-03", -4)]
    )
    found = rows_of(summarise(orders), "frequency", "recency_days", "monetary_value", "CAST(revenue AS DOUBLE)")
    assert found == {"a": (1, 1, 0.0, 6.0)}, "the return still counts in the revenue"


def test_without_amounts_everything_but_money_is_there() -> None:
    orders = PurchaseRows([("a", "2024-01-01", None), ("a", "2024-01-05", None)])
    summary = summarise(orders, ObservationWindow("2024-01-05", "2024-01-31"))
    assert not summary.has_money
    found = rows_of(summary, "frequency", "monetary_value", "monetary_value_all", "revenue", "holdout_revenue")
    assert found == {"a": (1, None, None, None, None)}
    with pytest.raises(InputError, match="no amounts"):
        summary.spend_cells()


def test_the_money_of_the_first_day_is_exact_for_huge_and_negative_contributions() -> None:
    orders = PurchaseRows(
        [
            ("a", "2024-01-01", 12_345_678_912_345.1234, -55.5),
            ("a", "2024-01-02", 1, 0.25),
            ("a", "2024-01-09", 2, 0.75),
        ]
    )
    plain = rows_of(summarise(orders), "monetary_value", "monetary_value_all")
    assert plain == {"a": (1.5, pytest.approx((12_345_678_912_345.1234 + 3) / 3, rel=1e-15))}
    own = summarise(orders, margin=Margin(per_order=True))
    assert rows_of(own, "monetary_value", "monetary_value_all") == {"a": (0.5, pytest.approx(-54.5 / 3))}
    assert own.basis is MoneyBasis.CONTRIBUTION


def test_a_first_day_of_unknown_amount_counts_as_nothing() -> None:
    orders = PurchaseRows([("a", "2024-01-01", None), ("a", "2024-01-02", 4), ("a", "2024-01-03", 6)])
    assert rows_of(summarise(orders), "monetary_value", "monetary_value_all") == {"a": (5.0, pytest.approx(10 / 3))}


def test_a_rate_is_remembered_and_leaves_the_money_as_revenue() -> None:
    orders = PurchaseRows([("a", "2024-01-01", 10), ("a", "2024-01-02", 20)])
    summary = summarise(orders, margin=0.35)
    assert summary.margin == Margin(rate=0.35)
    assert summary.basis is MoneyBasis.NET_REVENUE
    assert rows_of(summary, "monetary_value") == {"a": (20.0,)}


def test_orders_without_costs_get_the_average_margin_and_a_remark() -> None:
    orders = PurchaseRows([("a", "2024-01-01", 10, 4), ("a", "2024-01-02", 20, None)])
    summary = summarise(orders, margin=Margin(per_order=True))
    assert rows_of(summary, "monetary_value") == {"a": (8.0,)}
    assert summary.remarks == (
        "1 of 2 orders do not carry their cost; they count with the average margin of the others, 40.0%.",
    )
    with pytest.raises(InputError, match="no order carries its cost"):
        summarise(PurchaseRows([("a", "2024-01-01", 10)]), margin=Margin(per_order=True))


def test_nobody_up_to_the_cut_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="Nobody who can be named bought anything up to 2023-12-31"):
        summarise(PurchaseRows([("a", "2024-01-01", 10)]), ObservationWindow("2023-12-31"))
    with pytest.raises(InputError, match="Nobody"):
        summarise(PurchaseRows([(None, "2024-01-01", 10)]))


def test_the_sql_of_days_is_known_as_of_another_day() -> None:
    orders = PurchaseRows([("a", "2024-01-01", 10), ("a", "2024-03-01", 10)])
    summary = summarise(orders, ObservationWindow("2024-01-31", "2024-03-31"))
    assert len(summary.engine.rows(summary.purchase_days_sql())) == 1
    assert len(summary.engine.rows(summary.purchase_days_sql(dt.date(2024, 3, 31)))) == 2


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.integers(0, 60),
            st.decimals(min_value=0, max_value=9999, places=2),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 60),
)
def test_against_a_summary_by_hand(rows: list[tuple[str, int, Any]], cut: int) -> None:
    start = dt.date(2024, 1, 1)
    orders = PurchaseRows([(who, (start + dt.timedelta(days=day)).isoformat(), paid) for who, day, paid in rows])
    expected: dict[str, tuple[Any, ...]] = {}
    for who in {row[0] for row in rows}:
        days = sorted({day for name, day, _ in rows if name == who and day <= cut})
        if days:
            spent = [float(sum(paid for name, day, paid in rows if name == who and day == one)) for one in days]
            later = {day for name, day, _ in rows if name == who and day > cut}
            mean = pytest.approx(np.mean(spent[1:])) if len(days) > 1 else None
            expected[who] = (len(days) - 1, days[-1] - days[0], cut - days[0], mean, len(later))
    window = ObservationWindow(start + dt.timedelta(days=cut), start + dt.timedelta(days=61))
    if not expected:
        with pytest.raises(InputError):
            summarise(orders, window)
        return
    summary = summarise(orders, window)
    assert rows_of(summary, "frequency", "recency_days", "T_days", "monetary_value", "holdout_frequency") == expected
    assert summary.cells().customers == len(expected)
