"""RFM groups: the published lists, cuts and ties, and that a rule stays fixed for a month."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from history import PurchaseRows
from keepers.domain.errors import ConfigError
from keepers.domain.time import ObservationWindow
from keepers.summaries.rfm_groups import GROUPS, RfmRule, rfm_rule
from keepers.summaries.summary import Summary, summarise


def store(money: bool = True) -> Summary:
    """Twelve customers; customer k bought on k days, the last k * 20 days before the end, k euros a day."""
    end = dt.date(2024, 12, 31)
    rows = [
        (f"c{k:02}", (end - dt.timedelta(days=20 * (13 - k) + 2 * i)).isoformat(), k if money else None)
        for k in range(1, 13)
        for i in range(k)
    ]
    return summarise(PurchaseRows([*rows, ("last", end.isoformat(), 1 if money else None)]))


def groups(summary: Summary, rule: RfmRule) -> dict[str, tuple[int, int, int, str]]:
    rows = summary.engine.rows(
        f"SELECT *, {rule.group_sql()} FROM (SELECT customer_key, {rule.scores_sql('s')} FROM {summary.name} s)"
    )
    return {row[0]: row[1:] for row in rows}


def test_every_code_of_the_thirds_has_exactly_one_group() -> None:
    rule = RfmRule("thirds", (180, 365), (1, 3), (10, 20), False, dt.date(2024, 1, 1))
    engine = store().engine
    names = [
        engine.row(f"SELECT {rule.group_sql()} FROM (SELECT {r} AS r_score, {f} AS f_score, {m} AS m_score)")[0]
        for r, f, m in itertools.product((1, 2, 3), repeat=3)
    ]
    counts = {name: names.count(name) for name in GROUPS["thirds"]}
    assert counts == {"Champions": 3, "Loyal": 5, "Recent": 5, "Needs attention": 5, "At risk": 5, "Inactive": 4}


@pytest.mark.parametrize(
    ("scores", "name"),
    [
        ((5, 4, 4), "Champions"), ((5, 2, 2), "Active"), ((5, 1, 2), "New"), ((4, 5, 3), "Loyal"),
        ((4, 3, 4), "Active"), ((4, 1, 1), "Promising"), ((3, 4, 4), "Loyal"), ((3, 2, 3), "Needs attention"),
        ((3, 1, 1), "Almost lost"), ((2, 3, 3), "At risk"), ((2, 2, 3), "Almost lost"), ((1, 5, 4), "Previously loyal"),
        ((1, 4, 4), "At risk"), ((1, 2, 3), "Dormant"),
    ],
)  # fmt: skip
def test_quintile_groups(scores: tuple[int, int, int], name: str) -> None:
    rule = RfmRule("quintiles", (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4), False, dt.date(2024, 1, 1))
    r, f, m = scores
    sql = f"SELECT {rule.group_sql()} FROM (SELECT {r} AS r_score, {f} AS f_score, {m} AS m_score)"
    assert store().engine.row(sql) == (name,)


def test_scores_rise_with_recency_frequency_and_money() -> None:
    summary = store()
    rule = rfm_rule(summary)
    assert not rule.by_order_count
    found = groups(summary, rule)
    assert found["c12"] == (5, 5, 5, "Champions")
    assert found["c01"][:3] == (1, 1, 1)
    assert found["last"][3] == "New"
    ranks = [found[f"c{k:02}"][:3] for k in range(1, 13)]
    assert ranks == sorted(ranks)


def test_thirds_use_180_and_365_days() -> None:
    rule = rfm_rule(store(), grid="thirds")
    assert rule.recency == (180, 365)
    assert len(rule.frequency) == 2


def test_ties_of_one_time_buyers_give_way_to_order_counts() -> None:
    rows = [(f"once{i}", "2024-01-01", 5) for i in range(8)] + [("twice", f"2024-01-0{i}", 5) for i in (1, 3)]
    rule = rfm_rule(summarise(PurchaseRows(rows)))
    assert rule.by_order_count
    assert rule.frequency == (1, 2, 3, 5)
    assert "fixed numbers of purchases (1, 2, 3, 5)" in rule.sentence


def test_without_money_frequency_stands_in() -> None:
    summary = store(money=False)
    rule = rfm_rule(summary)
    assert rule.money == ()
    found = groups(summary, rule)
    assert all(f == m for _, f, m, _ in found.values())


def test_a_rule_holds_for_a_month_and_survives_a_file() -> None:
    summary = store()
    early = replace(rfm_rule(summary), recency=(1.0, 2.0, 3.0, 4.0), frozen_on=dt.date(2024, 12, 10))
    assert rfm_rule(summary, previous=early) == early
    assert rfm_rule(summary, previous=replace(early, frozen_on=dt.date(2024, 11, 30))) != early
    assert rfm_rule(summary, grid="thirds", previous=early).grid == "thirds"
    assert RfmRule.from_dict(early.to_dict()) == early
    with pytest.raises(ConfigError, match="quintiles, thirds"):
        rfm_rule(summary, grid="deciles")  # type: ignore[arg-type]


def test_every_group_has_its_rule_in_words() -> None:
    rules = rfm_rule(store()).rules()
    assert tuple(rules) == GROUPS["quintiles"]
    assert rules["Promising"] == "R 4, mean of F and M below 2"
    assert rules["At risk"] == "R 2, mean of F and M at least 3; R 1, mean of F and M at least 3 and below 4.5"
    assert ordered_at(summarise(PurchaseRows([("a", "2024-01-01", 1)]), ObservationWindow("2024-01-01"))) == 1


def ordered_at(summary: Summary) -> int:
    """The number of groups of a single customer."""
    return len(groups(summary, rfm_rule(summary)))
