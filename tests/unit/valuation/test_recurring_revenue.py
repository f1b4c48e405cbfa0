"""Movements of recurring revenue add up, and ratios say what services define."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keepers.domain.errors import ConfigError
from keepers.valuation.recurring_revenue import (
    Movements,
    gross_revenue_retention,
    monthly_amount,
    movements,
    net_revenue_retention,
    quick_ratio,
)


def test_movements_add_up_to_the_difference_of_the_months() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        start = {int(one): float(rng.integers(0, 4)) * 10 for one in rng.integers(0, 30, 20)}
        end = {int(one): float(rng.integers(0, 4)) * 10 for one in rng.integers(0, 30, 20)}
        found = movements(start, end, earlier=range(10))
        assert found.end == pytest.approx(sum(end.values()))
        assert min(found.new, found.reactivation, found.expansion, found.contraction, found.churned) >= 0


def test_who_had_none_and_has_none_moves_nothing() -> None:
    assert movements({"a": 0.0}, {"b": 0.0}) == Movements(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_amounts_that_are_no_revenue_are_refused(amount: float) -> None:
    with pytest.raises(ConfigError, match="customer 'a'"):
        movements({"a": amount}, {})


def test_quick_ratio_without_losses() -> None:
    assert quick_ratio(Movements(10, 5, 0, 0, 0, 0)) == math.inf
    assert math.isnan(quick_ratio(Movements(10, 0, 0, 0, 0, 0)))


def test_retention_needs_a_start_and_gross_never_counts_gains() -> None:
    grown = Movements(100, 0, 0, 50, 10, 0)
    assert net_revenue_retention(grown) == pytest.approx(1.4)
    assert gross_revenue_retention(grown) == pytest.approx(0.9)
    with pytest.raises(ConfigError, match="start"):
        net_revenue_retention(Movements(0, 1, 0, 0, 0, 0))


def test_a_months_amount_counts_active_and_past_due_alone() -> None:
    for state, counted in (("active", 25.0), ("past_due", 25.0), ("trialing", 0.0), ("canceled", 0.0), ("paused", 0.0)):
        assert monthly_amount(25.0, "month", state=state) == counted
    assert monthly_amount(1200.0, "year", quantity=2) == pytest.approx(200.0)
    with pytest.raises(ConfigError, match="intervals"):
        monthly_amount(25.0, "month", 0)
