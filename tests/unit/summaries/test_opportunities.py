"""Summaries of opportunities: a purchase in a period counts once, and periods that are not over do not count."""

from __future__ import annotations

import pytest

import keepers as kp
from keepers.domain.errors import InputError

FRAME = {
    "who": ["a", "a", "a", "a", "b", "c", "c"],
    "on": ["2024-01-05", "2024-01-25", "2024-03-01", "2024-03-31", "2024-02-08", "2024-04-02", "2024-04-10"],
    "paid": [10.0, 20.0, 5.0, 7.0, 8.0, 1.0, 2.0],
}


def rows(end: str, period: str, what: str = "customer_key, frequency, recency, T") -> list[tuple[object, ...]]:
    """The summary's rows in the order of customers."""
    orders = kp.Orders.from_frame(FRAME, customer="who", date="on", amount="paid")
    summary = kp.summarise_opportunities(orders, kp.ObservationWindow(end=end), period)
    assert summary.unit.value == period
    return summary.engine.rows(f"SELECT {what} FROM {summary.name} ORDER BY customer_key")


def test_months_are_those_of_the_calendar() -> None:
    assert rows("2024-04-30", "month") == [("a", 1, 2.0, 3.0), ("b", 0, 0.0, 2.0), ("c", 0, 0.0, 0.0)]


def test_a_month_that_is_not_over_is_left_out_and_said() -> None:
    assert rows("2024-04-29", "month") == [("a", 1, 2.0, 2.0), ("b", 0, 0.0, 1.0)]
    orders = kp.Orders.from_frame(FRAME, customer="who", date="on", amount="paid")
    summary = kp.summarise_opportunities(orders, kp.ObservationWindow(end="2024-04-29"))
    assert summary.remarks == (
        "The month of 2024-04-29 is not over; purchases after 2024-03-31, the end of the last whole one, are not "
        "counted.",
    )
    assert summary.calibration_end.isoformat() == "2024-03-31"


def test_money_is_that_of_the_period() -> None:
    found = rows("2024-04-30", "month", "monetary_value, monetary_value_all, CAST(orders AS INT), CAST(revenue AS INT)")
    assert found == [(12.0, 21.0, 4, 42), (None, 8.0, 1, 8), (None, 3.0, 2, 3)]


def test_weeks_end_with_the_calibration() -> None:
    assert rows("2024-04-10", "week") == [("a", 3, 12.0, 13.0), ("b", 0, 0.0, 8.0), ("c", 1, 1.0, 1.0)]


def test_days_are_what_a_summary_counts() -> None:
    orders = kp.Orders.from_frame(FRAME, customer="who", date="on", amount="paid")
    plain = kp.summarise(orders, kp.ObservationWindow(end="2024-04-12", unit="day"))
    what = "customer_key, frequency, recency, T, monetary_value"
    wanted = plain.engine.rows(f"SELECT {what} FROM {plain.name} ORDER BY customer_key")
    assert rows("2024-04-12", "day", what) == wanted


def test_cells_are_whole_opportunities() -> None:
    orders = kp.Orders.from_frame(FRAME, customer="who", date="on", amount="paid")
    cells = kp.summarise_opportunities(orders, kp.ObservationWindow(end="2024-04-30"), "month").cells()
    assert cells.T.round().tolist() == [0.0, 2.0, 3.0]
    assert abs(cells.T - cells.T.round()).max() < 0.02


def test_no_whole_period_is_said() -> None:
    orders = kp.Orders.from_frame(FRAME, customer="who", date="on", amount="paid")
    with pytest.raises(InputError, match="the end of the last whole year"):
        kp.summarise_opportunities(orders, kp.ObservationWindow(end="2024-04-30"), "year")
