"""Behaviour segments: everybody is in one, numbers hold for a month, and moves add up."""

from __future__ import annotations

import datetime as dt

import pytest

import keepers as kp
from keepers.data.engine import quoted
from keepers.domain.errors import ConfigError
from keepers.retention.segments import BEHAVIOURS, BehaviourRule, behaviour_rule, segment_moves
from keepers.retention.service import service_levels
from keepers.simulate import demo_store
from keepers.simulate.store import Store
from keepers.valuation.values import Values


@pytest.fixture(scope="module")
def store() -> Store:
    """A small store."""
    return demo_store(seed=4, customers=600)


@pytest.fixture(scope="module")
def values(store: Store) -> Values:
    """Its customers, valued."""
    summary = kp.summarise(store.orders)
    found: Values = kp.lifetime_value(kp.MBGNBD().fit(summary), kp.GammaGamma().fit(summary), summary, margin=0.4)
    return found.stored()


def _counts(values: Values, rule: BehaviourRule, share: str = "0.0") -> dict[str, int]:
    sql = f"SELECT {rule.sql(share)}, count(*) FROM {quoted(values.name)} GROUP BY 1"
    return {str(name): int(count) for name, count in values.engine.rows(sql)}


def test_everybody_is_in_one_segment_with_a_published_rule(values: Values) -> None:
    rule = behaviour_rule(values)
    counts = _counts(values, rule)
    assert sum(counts.values()) == len(values)
    assert set(counts) <= set(BEHAVIOURS) == set(rule.rules())
    assert list(rule.rules()) == list(BEHAVIOURS)
    lost = values.engine.row(f"SELECT count(*) FROM {quoted(values.name)} WHERE customer_state = 'lost'")[0]
    assert counts["Lost"] == lost
    assert "Bargain hunters" not in counts
    assert _counts(values, rule, "1.0")["Bargain hunters"] == sum(
        counts.get(name, 0) for name in ("Frequent regulars", "Big spenders", "Regulars", "Came back once")
    )


def test_numbers_hold_for_a_month(values: Values) -> None:
    day = values.facts.summary.calibration_end
    old = BehaviourRule(50.0, 20.0, day - dt.timedelta(days=29))
    assert behaviour_rule(values, old) == old
    new = behaviour_rule(values, BehaviourRule(50.0, 20.0, day - dt.timedelta(days=30)))
    assert new.frozen_on == day
    assert BehaviourRule.from_dict(new.to_dict()) == new


def test_moves_add_up_to_both_counts(values: Values) -> None:
    engine = values.engine
    before = "SELECT * FROM (VALUES ('a', 'X'), ('b', 'X'), ('c', 'Y')) AS t(customer_key, segment)"
    now = "SELECT * FROM (VALUES ('a', 'X', 1.0), ('b', 'Y', 2.0), ('d', 'Y', 4.0)) AS t(customer_key, segment, value)"
    moves = {
        (one.before, one.now): (one.customers, one.value)
        for one in segment_moves(engine, before, now, "segment", "value")
    }
    assert moves == {("", "Y"): (1, 4.0), ("X", "X"): (1, 1.0), ("X", "Y"): (1, 2.0), ("Y", ""): (1, None)}


def test_service_pays_where_it_saves_more_than_it_costs(store: Store, values: Values) -> None:
    warnings = kp.early_warnings(store, values)
    levels = service_levels(values, warnings, {"Platinum": 0.0, "Gold": 1e6})
    assert [one.tier for one in levels] == ["Platinum", "Gold", "Silver", "Bronze"]
    assert sum(one.customers for one in levels) == len(values)
    platinum, gold = levels[0], levels[1]
    assert platinum.gain == pytest.approx(0.1 * (platinum.expected_loss or 0))
    assert platinum.affordable == pytest.approx((platinum.gain or 0) / platinum.customers)
    assert gold.gain is not None
    assert gold.gain < 0
    assert levels[2].gain is None
    with pytest.raises(ConfigError, match="names 'Gould', which is no tier"):
        service_levels(values, warnings, {"Gould": 3.0})
