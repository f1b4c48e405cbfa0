"""Referrals from tables agree with the house's own engagement value, and nobody is counted twice."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.data.engine import Engine
from keepers.valuation.engagement_value import Referral, engagement_equity
from keepers.valuation.referral_value import referral_value

WORTH = {"anna": 80.0, "ben": 100.0, "cora": 50.0, "dora": 5.0}


def tables(engine: Engine, referrals: list[tuple[str, str | None, str, float | None]]) -> tuple[str, str]:
    """Referrals of (day, who was brought, by whom, cost), and values."""
    day, who, by, cost = zip(*referrals, strict=True)
    made = engine.from_columns(
        "made",
        {
            "occurred_at": np.array(day, "M8[us]"),
            "customer_key": list(who),
            "referrer_key": list(by),
            "incentive_cost": np.array([np.nan if one is None else one for one in cost]),
        },
    )
    values = {"customer_key": list(WORTH), "clv_lifetime": list(WORTH.values()), "clv_historic": [1.0, 20.0, 30.0, 4.0]}
    return made, engine.from_columns("worth", values)


def test_it_is_the_engagement_equity_of_the_house() -> None:
    engine = Engine()
    rows = [
        ("2024-01-01", "ben", "anna", 5.0),
        ("2024-02-01", "cora", "anna", None),
        ("2024-03-01", "anna", "dora", 2.0),
    ]
    found = referral_value(engine, *tables(engine, rows))
    assert found is not None
    house = engagement_equity(
        WORTH,
        {
            "anna": [Referral(100.0, person="ben"), Referral(50.0, person="cora")],
            "dora": [Referral(80.0, person="anna")],
        },
    )
    assert found.total == pytest.approx(house.total) == sum(WORTH.values())
    assert found.sum_of_engagement_values == pytest.approx(house.sum_of_engagement_values)
    assert found.counted_twice == pytest.approx(house.counted_twice)
    assert (found.referrers, found.brought, found.incentives) == (2, 3, 7.0)
    anna, dora = found.top
    assert (anna.customer_key, anna.own, anna.brought, anna.referred, anna.so_far) == ("anna", 80.0, 2, 150.0, 45.0)
    assert anna.engagement == 230.0
    assert (dora.engagement, dora.so_far) == (85.0, -1.0)


def test_a_person_is_brought_once_by_the_first_who_is_named() -> None:
    engine = Engine()
    rows = [("2024-02-01", "ben", "cora", 1.0), ("2024-01-01", "ben", "anna", 1.0), ("2024-01-01", "anna", "anna", 9.0),
            ("2024-01-01", None, "anna", 9.0), ("2024-01-01", "nobody", "anna", 9.0)]  # fmt: skip
    found = referral_value(engine, *tables(engine, rows))
    assert found is not None
    assert [(one.customer_key, one.brought) for one in found.top] == [("anna", 1)]
    assert found.incentives == 2.0


def test_nobody_brought_anybody() -> None:
    engine = Engine()
    assert referral_value(engine, *tables(engine, [("2024-01-01", "nobody", "anna", 1.0)])) is None
