"""Scores that a project kept are held against what the same customers did, before and after their horizon is over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

import keepers as kp
from keepers.data.engine import Engine
from keepers.data.table import Table
from keepers.evaluation.published_snapshots import chosen_to_grade, grade_snapshot

DAY = dt.date(2025, 1, 31)


def orders(last: str) -> kp.Orders:
    """Anna buys on, Ben does not, Cora is new after the promise."""
    rows = [("anna", "2025-01-01", 10), ("anna", "2025-02-10", 20), ("anna", "2025-02-10", 5),
            ("anna", "2025-03-05", 30), ("ben", "2025-01-05", 10), ("cora", "2025-02-20", 99),
            ("dora", "2025-01-31", 7)]  # fmt: skip
    kept = [row for row in rows if row[1] <= last] + [("dora", last, 8)]
    who, on, amount = zip(*kept, strict=True)
    return kp.Orders.from_frame(
        {"who": list(who), "on": list(on), "amount": np.array(amount, dtype=float)},
        customer="who",
        date="on",
        amount="amount",
    )


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """What was said on the day."""
    engine = Engine()
    said = {
        "customer_key": ["anna", "ben", "dora", "nobody"],
        "expected_orders": [4.0, 2.0, 2.0, 9.0],
        "expected_orders_30": [1.0, 0.5, 0.5, 3.0],
        "expected_orders_90": [4.0, 2.0, 2.0, 9.0],
        "value": [100.0, 40.0, 10.0, 1.0],
        "value_low": [50.0, 5.0, 0.0, 0.0],
        "value_high": [150.0, 90.0, 40.0, 2.0],
        "churn_probability": [0.1, 0.7, 0.4, 0.5],
    }
    return Table(engine, engine.from_columns("said", said)).write_parquet(tmp_path / "said.parquet")


def test_a_whole_horizon(snapshot: Path) -> None:
    grade = grade_snapshot(orders("2025-05-01"), snapshot, DAY, 90.0, churn_days=28.0)
    assert grade is not None
    assert grade.whole
    assert (grade.customers, grade.until) == (3, dt.date(2025, 5, 1))
    assert grade.orders_said == pytest.approx(8.0)
    assert grade.orders_got == 3, "two orders of a day are one; who is new was not promised"
    assert (grade.said, grade.got) == (pytest.approx(150.0), pytest.approx(63.0))
    assert grade.coverage == pytest.approx(2 / 3), "Anna's 55 and Dora's 8 lie inside, Ben's nothing does not"
    assert grade.left_said == pytest.approx(0.4)
    assert grade.left_got == pytest.approx(2 / 3), "of three, Anna alone bought within 28 days"
    assert not grade.groups, "three customers make no fifths"
    half = grade_snapshot(orders("2025-05-01"), snapshot, DAY, 90.0, kp.Margin(0.5))
    assert half is not None
    assert half.got == pytest.approx(31.5)


def test_before_the_horizon_is_over_it_is_brought_to_the_days_that_passed(snapshot: Path) -> None:
    month = grade_snapshot(orders("2025-03-02"), snapshot, DAY, 90.0, churn_days=60.0)
    assert month is not None
    assert not month.whole
    assert month.orders_said == pytest.approx(2.0), "30 days passed"
    assert month.said == pytest.approx(0.25 * 150.0)
    assert month.coverage is None
    assert month.left_said is None
    two = grade_snapshot(orders("2025-04-01"), snapshot, DAY, 90.0)
    assert two is not None
    assert two.orders_said == pytest.approx(2.0 + 6.0 * 0.5), "half way between 30 and 90 days"
    assert grade_snapshot(orders("2025-02-13"), snapshot, DAY, 90.0) is None, "two weeks must pass"


def test_which_promises_are_shown() -> None:
    today = dt.date(2026, 1, 1)
    days = [today - dt.timedelta(days=back) for back in (1, 20, 31, 33, 100, 400)]
    assert chosen_to_grade(days, today) == [days[2], days[4], days[5]]
    assert chosen_to_grade(days[:2], today) == [days[1]]
    assert chosen_to_grade(days[:1], today) == []
    assert chosen_to_grade([], today) == []


def test_fifths_of_customers_by_what_was_said(tmp_path: Path) -> None:
    engine = Engine()
    keys = [f"c{number:02d}" for number in range(25)]
    said = {"customer_key": keys, "expected_orders": np.arange(25.0)}
    snapshot = Table(engine, engine.from_columns("said", said)).write_parquet(tmp_path / "said.parquet")
    first = [(key, "2025-01-10", 5.0) for key in keys]
    later = [(key, f"2025-03-{day:02d}", 5.0) for place, key in enumerate(keys) for day in range(1, place // 5 + 1)]
    who, on, amount = zip(*first, *later, ("c00", "2025-05-01", 1.0), strict=True)
    bought = kp.Orders.from_frame({"who": list(who), "on": list(on), "paid": np.array(amount)},
                                  customer="who", date="on", amount="paid")  # fmt: skip
    grade = grade_snapshot(bought, snapshot, DAY, 60.0)
    assert grade is not None
    assert [round(group.customers) for group in grade.groups] == [5] * 5
    np.testing.assert_allclose([group.predicted for group in grade.groups], [2, 7, 12, 17, 22])
    np.testing.assert_allclose([group.actual for group in grade.groups], [0, 1, 2, 3, 4])
    assert (grade.said, grade.metrics) == (None, None), "no money was said"
    assert "300 orders for 25 customers over 60 days; you got 50" in grade.sentence
