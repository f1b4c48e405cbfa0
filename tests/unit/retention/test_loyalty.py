"""Loyalty tiers: who is in them, what they cost, and at which uplift they just pay."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.pipeline.loyalty import loyalty_told
from keepers.pipeline.loyalty_rules import loyalty_rules
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import project_of
from keepers.pipeline.run import run
from keepers.retention.effects import offer_effects
from keepers.retention.loyalty import LoyaltyRule, loyalty_tiers
from keepers.summaries.summary import summarise
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values
from shop import shop_orders
from trials_at_hand import drawn_trial

PAGE = (Path(__file__).parents[3] / "docs" / "retention.md").read_text(encoding="utf-8")
ORDERS = shop_orders(600, 500, 4)
RULES = (LoyaltyRule("Silver", 50.0, 0.05), LoyaltyRule("Gold", 200.0, 0.1, 3.0))


def valued(margin: Margin) -> Values:
    summary = summarise(ORDERS, margin=margin)
    found: Values = lifetime_value(BGNBD().fit(summary), GammaGamma().fit(summary), summary)
    return found


VALUES = valued(Margin(rate=0.4))


def test_members_are_those_who_spent_it_in_a_year_and_the_best_tier_counts() -> None:
    found = loyalty_tiers(ORDERS, VALUES, RULES)
    spent = np.array(
        [
            float(row[0])
            for row in ORDERS.engine.rows(
                f"SELECT sum(amount) FROM {ORDERS.name} WHERE day > DATE '{ORDERS.last_day}' - 365 "
                "GROUP BY customer_key"
            )
            if row[0] is not None
        ]
    )
    assert [tier.rule.name for tier in found.tiers] == ["Gold", "Silver"]
    assert found.tiers[0].customers == (spent >= 200).sum() > 0
    assert found.tiers[1].customers == ((spent >= 50) & (spent < 200)).sum()
    assert found.tiers[0].near == ((spent >= 160) & (spent < 200)).sum()
    for tier in found.tiers:
        assert tier.revenue == pytest.approx(tier.contribution / 0.4)


def test_at_the_uplift_at_which_it_just_pays_it_gains_nothing() -> None:
    first = loyalty_tiers(ORDERS, VALUES, RULES)
    for number, tier in enumerate(first.tiers):
        assert tier.break_even is not None
        assert tier.break_even > 0
        again = loyalty_tiers(ORDERS, VALUES, RULES, uplift=tier.break_even).tiers[number]
        assert again.gain == pytest.approx(0.0, abs=1e-9 * tier.contribution)
        assert tier.cost == pytest.approx(tier.rule.discount * tier.revenue + tier.rule.cost_each * tier.customers)
        assert (first.uplift > tier.break_even) == (tier.gain > 0)


def test_a_discount_beyond_the_margin_never_pays() -> None:
    (tier,) = loyalty_tiers(ORDERS, VALUES, [LoyaltyRule("Mad", 10.0, 0.5)], uplift=9.0).tiers
    assert tier.break_even is None
    assert tier.gain < 0


def test_suggested_tiers_are_round_and_hold_the_shares_they_should() -> None:
    found = loyalty_tiers(ORDERS, VALUES)
    assert found.suggested
    starts = [tier.rule.spent_from for tier in found.tiers]
    assert starts == sorted(starts, reverse=True)
    assert all(
        f"{start:.6g}".rstrip("0").rstrip(".").replace(".", "").lstrip("0")
        in {"1", "15", "2", "25", "3", "4", "5", "6", "8"}
        for start in starts
    )
    counts = np.cumsum([tier.customers for tier in found.tiers])
    assert counts[-1] > 3 * counts[0]
    for tier in found.tiers:
        assert tier.affordable == pytest.approx(0.1 * tier.contribution / tier.customers)


def test_an_experiment_with_a_tier_shows_what_it_earns() -> None:
    effects = offer_effects(drawn_trial(effect=2.0)[0], learner="splines")
    rules = [LoyaltyRule("A", 50.0), LoyaltyRule("Gold", 200.0)]
    gold, tried = loyalty_tiers(ORDERS, VALUES, rules, experiments=[effects]).tiers
    assert gold.evidence is EvidenceGrade.PREDICTIVE
    assert tried.evidence is EvidenceGrade.EXPERIMENTAL
    mean = effects.mean_effects()[0]
    assert tried.measured is not None
    assert tried.measured.gain == pytest.approx(mean.gain * tried.customers)
    assert tried.measured.low == pytest.approx(mean.low * tried.customers)


def test_a_project_with_tiers_is_told_what_they_cost_or_what_is_missing(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    told = ORDERS.engine.rows(f"SELECT customer_key, day, amount FROM {ORDERS.name} ORDER BY ALL")
    orders.write_text("customer,date,amount\n" + "".join(f"{k},{d},{a}\n" for k, d, a in told), encoding="utf-8")
    (tmp_path / "keepers.toml").write_text('[loyalty]\nGold = { from = 200, discount = "10%", cost = 3 }\n')
    project = project_of(tmp_path)
    assert project is not None
    lean = RunOptions(into=tmp_path / "one", model="bg-nbd", backtest=False, project=project, margin=Margin(0.4))
    done = run([str(orders)], lean)
    (tier,) = done.summary["loyalty"]["tiers"]
    assert not done.summary["loyalty"]["suggested"]
    assert (tier["tier"], tier["from"], tier["discount"], tier["cost_each"]) == ("Gold", 200.0, 0.1, 3.0)
    page = (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
    assert 'id="loyalty"' in page
    assert "Pays from" in page
    plain = run([str(orders)], replace(lean, into=tmp_path / "two", margin=Margin()))
    assert plain.summary["loyalty"] is None
    assert "has loyalty tiers" in (tmp_path / "two" / "report.html").read_text(encoding="utf-8")


def test_every_key_of_the_summary_stands_on_the_page() -> None:
    effects = offer_effects(drawn_trial(effect=2.0)[0], learner="splines")
    told = loyalty_told(loyalty_tiers(ORDERS, VALUES, [LoyaltyRule("A", 50.0)], experiments=[effects]))
    assert told is not None
    part = PAGE.split("Keys of `summary.json`, all `null`")[1].split("##")[0]
    said = set(re.findall(r"\w+", part))
    assert set(told) | set(told["tiers"][0]) | set(told["tiers"][0]["measured"]) <= said


def test_what_makes_no_sense_is_named() -> None:
    with pytest.raises(InputError, match="margin"):
        loyalty_tiers(ORDERS, valued(Margin()))
    with pytest.raises(ConfigError, match="thresholds of their own"):
        loyalty_tiers(ORDERS, VALUES, [LoyaltyRule("a", 5.0), LoyaltyRule("b", 5.0)])
    with pytest.raises(ConfigError, match="share below 1"):
        LoyaltyRule("a", 5.0, discount=5)
    with pytest.raises(ConfigError, match="from which amount"):
        loyalty_rules({"Gold": {"discount": "5%"}})
    with pytest.raises(ConfigError, match="'lots' where a number belongs"):
        loyalty_rules({"Gold": {"from": "lots"}})
