"""Naive rules by hand: groups of age, the distribution of the period before, and the fallback."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit, days, weeks
from keepers.evaluation.baselines import CohortMean, PreviousPeriod

HORIZON = days(100)
TODAY = Cells([0.0, 3.0], [0.0, 50.0], [10.0, 700.0], [1.0, 1.0], TimeUnit.DAY)


def before(*rows: tuple[float, float, float, float]) -> PreviousPeriod:
    """Rows of age, purchases, customers, money."""
    age, purchases, customers, money = (np.array(column) for column in zip(*rows, strict=True))
    return PreviousPeriod(age, purchases, customers, money, HORIZON)


def test_customers_do_what_others_of_their_age_did() -> None:
    rule = CohortMean().fit(TODAY, before((0, 2, 30, 600), (5, 0, 30, 0), (650, 1, 80, 400), (650, 0, 20, 0)))
    assert rule.borders_.tolist() == [25.0]
    assert rule.expected_purchases(TODAY, HORIZON) == pytest.approx([1.0, 0.8])
    assert rule.purchase_distribution(TODAY, HORIZON, 3) == pytest.approx(
        np.array([[0.5, 0, 0.5, 0], [0.2, 0.8, 0, 0]])
    )
    assert rule.purchase_distribution(TODAY, HORIZON, 1).shape == (2, 2)
    assert rule.money_ == pytest.approx([10.0, 4.0])
    assert rule.money_sql("age") == "CAST(CASE WHEN age < 25.0 THEN 10.0 ELSE 4.0 END AS DOUBLE)"


def test_groups_too_small_are_joined() -> None:
    rule = CohortMean().fit(TODAY, before((0, 2, 29, 600), (650, 1, 80, 400)))
    assert rule.borders_.size == 0
    assert rule.expected_purchases(TODAY, HORIZON) == pytest.approx([138 / 109] * 2)
    assert rule.money_sql("age") == f"CAST({1000 / 109!r} AS DOUBLE)"


def test_without_earlier_customers_the_mean_rate_stands_in() -> None:
    rule = CohortMean().fit(TODAY, before((0, 2, 5, 50)))
    assert rule.expected_purchases(TODAY, HORIZON) == pytest.approx([3 / 710 * 100] * 2)
    assert rule.purchase_distribution(TODAY, HORIZON, 40).sum(axis=1) == pytest.approx([1, 1])
    assert rule.money_sql("age") is None


def test_the_rule_knows_one_horizon_only() -> None:
    rule = CohortMean().fit(TODAY, before((0, 2, 50, 600)))
    with pytest.raises(ConfigError, match="cannot say what they do in 52 weeks"):
        rule.expected_purchases(TODAY, weeks(52))
