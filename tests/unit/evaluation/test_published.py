"""We said, you got: published scores against orders, by day, with what is not due yet left waiting."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import InputError


def test_scores_are_graded_by_day_against_plain_sums() -> None:
    rng = np.random.default_rng(0)
    who = np.array([f"c{k:03d}" for k in range(60)])
    n = 900
    start = np.datetime64("2024-01-01")
    buyers, days = rng.choice(who, n), start + rng.integers(0, 300, n)
    amounts = rng.integers(1, 5000, n) / 100
    said = rng.gamma(2.0, 60.0, 120)
    scores = {
        "customer_key": np.concatenate([who, who]),
        "as_of": np.repeat(start + np.array([99, 280]), 60),
        "clv_predicted_12m": said,
        "clv_predicted_12m_low": said * 0.5,
        "clv_predicted_12m_high": said * 2.0,
        "horizon_days": np.full(120, 100),
    }
    report = kp.grade_published(scores, {"customer_key": buyers, "day": days, "amount": amounts})
    (grade,) = report.grades
    first, last = start + np.array([99, 199])
    inside = (days > first) & (days <= last)
    brought = np.array([amounts[inside & (buyers == one)].sum() for one in who])
    assert grade.got == pytest.approx(brought.sum())
    assert grade.said == pytest.approx(said[:60].sum())
    assert grade.metrics.mae == pytest.approx(np.abs(said[:60] - brought).mean())
    assert grade.coverage == pytest.approx(np.mean((brought >= said[:60] * 0.5) & (brought <= said[:60] * 2.0)))
    assert len(grade.groups) == 10
    assert report.pending == ((dt.date(2024, 10, 7), 100),)
    assert "1 more wait" in report.sentence
    assert "you got" in grade.sentence
    assert report.to_dict()["grades"][0]["scored_on"] == "2024-04-09"


def test_orders_of_the_house_are_taken_as_they_stand() -> None:
    frame = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-02-15", "2024-04-20"], "paid": [10.0, 20.0, 5.0]}
    orders = kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")
    scores = {"customer_key": ["a", "b", "nobody"], "scored_at": ["2024-01-31"] * 3, "value": [18.0, 1.0, 1.0]}
    report = kp.grade_published(scores, orders, horizon_days=60, factor=0.5)
    assert (report.grades[0].got, report.grades[0].customers) == (10.0, 3)
    waiting = kp.grade_published(scores, orders, horizon_days=600)
    assert not waiting.grades
    assert "2025-09-22" in waiting.sentence


def test_missing_columns_are_named() -> None:
    orders = {"customer_key": ["a"], "day": ["2024-01-01"], "amount": [1.0]}
    with pytest.raises(InputError, match="prediction"):
        kp.grade_published({"customer_key": ["a"], "as_of": ["2024-01-01"]}, orders)
    with pytest.raises(InputError, match="horizon_days"):
        kp.grade_published({"customer_key": ["a"], "as_of": ["2024-01-01"], "value": [1.0]}, orders)
