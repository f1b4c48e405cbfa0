"""Engagement value counts a referral by what would not be there without it, and equity counts nobody twice."""

from __future__ import annotations

import pytest

from keepers.domain.errors import ConfigError
from keepers.valuation.engagement_value import (
    Influence,
    Knowledge,
    Referral,
    engagement_equity,
    engagement_value,
    referral_value,
)


def test_who_would_have_joined_anyway_counts_the_saved_cost_alone() -> None:
    assert referral_value([Referral(1000.0, saved_acquisition=20.0, would_have_joined=1.0)]) == pytest.approx(20.0)
    half = referral_value([Referral(1000.0, saved_acquisition=20.0, incentive=5.0, would_have_joined=0.5)])
    assert half == pytest.approx(515.0)


def test_later_referrals_are_discounted() -> None:
    assert referral_value([Referral(121.0, years=2)], 0.10) == pytest.approx(100.0)


def test_the_four_parts_add_up() -> None:
    found = engagement_value(50.0, [Referral(100.0)], [Influence(80.0, 0.25)], [Knowledge(60.0, 20.0, 0.5)], 0.0)
    assert (found.clv, found.crv, found.civ, found.ckv, found.total) == (50.0, 100.0, 20.0, 20.0, 190.0)


def test_equity_is_the_sum_of_own_values_and_what_nobody_else_has_in_theirs() -> None:
    clv = {"a": 50.0, "b": 100.0, "c": 70.0}
    referrals = {"a": [Referral(100.0, 20.0, 5.0, person="b"), Referral(40.0, 20.0, 5.0, years=1)]}
    influences = {"b": [Influence(70.0, 0.5, person="c"), Influence(30.0, 0.5)]}
    found = engagement_equity(clv, referrals, influences, {"c": [Knowledge(10.0)]}, 0.0)
    assert found.total == pytest.approx(220.0 + 15.0 + 55.0 + 15.0 + 10.0)
    assert found.counted_twice == pytest.approx(100.0 + 35.0)
    single = sum(
        engagement_value(clv[who], referrals.get(who, ()), influences.get(who, ()), (), 0.0).total for who in clv
    )
    assert found.sum_of_engagement_values == pytest.approx(single + 10.0)


def test_impossible_referrals_are_refused() -> None:
    clv = {"a": 1.0, "b": 1.0, "c": 1.0}
    with pytest.raises(ConfigError, match="themselves"):
        engagement_equity(clv, {"a": [Referral(1.0, person="a")]})
    with pytest.raises(ConfigError, match="joins once"):
        engagement_equity(clv, {"a": [Referral(1.0, person="c")], "b": [Referral(1.0, person="c")]})
    with pytest.raises(ConfigError, match="no lifetime value"):
        engagement_equity(clv, {"x": [Referral(1.0)]})
    with pytest.raises(ConfigError, match="would_have_joined"):
        Referral(1.0, would_have_joined=1.2)
    with pytest.raises(ConfigError, match="discount"):
        referral_value([Referral(1.0)], -1.0)
