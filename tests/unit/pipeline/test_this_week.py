"""What a run proposes: each with its money, what it is, and how it is known; nothing where nothing speaks for it."""

from __future__ import annotations

from typing import Any

from keepers.domain.decision import EvidenceGrade
from keepers.pipeline.this_week import proposals
from keepers.reports.formatting import Conversion, shown_in

CURVES = [{"channel": "mail", "evidence": "experimental"}]


def plan(**other: Any) -> dict[str, Any]:
    """A plan that moves money from one channel to another."""
    channels = [
        {"channel": "mail", "today_a_week": 100.0, "planned_a_week": 50.0},
        {"channel": "fair", "today_a_week": 50.0, "planned_a_week": 100.0},
    ]
    gain = {"value": 40.0, "low": 10.0, "high": 70.0}
    return {
        "recommended": True, "currency": "unspecified", "channels": channels, "gain": gain, "days": 28,
        "probability": 0.896, "evidence": "adjusted", **other,
    }  # fmt: skip


def budget(told: dict[str, Any] | None, experiments: Any = ()) -> dict[str, Any]:
    return {"acquisition": {"budget": {"curves": CURVES, "plan": told, "experiments": list(experiments)}}}


def test_a_budget_is_proposed_where_a_change_is_recommended() -> None:
    (one,) = proposals(budget(plan()))
    assert (one.money, one.low, one.high, one.currency, one.holds_days) == (40.0, 10.0, 70.0, "", 28)
    assert "mail 50.00 instead of 100" in one.why
    assert "89% probability" in one.why, "a chance is never rounded up"
    assert one.evidence is EvidenceGrade.ADJUSTED
    assert proposals(budget(plan(recommended=False))) == ()
    assert proposals(budget(None)) == ()
    assert proposals({}) == ()


def test_experiments_say_what_knowing_is_worth_less_what_it_costs() -> None:
    test = {"channel": "mail", "today_a_week": 100.0, "spend_a_week": 0.0, "days": 28, "worth": 90.0, "cost": 20.0}
    (one,) = proposals(budget(plan(recommended=False), [test]))
    assert (one.kind, one.money, one.low, one.high) == ("experiment", 70.0, -20.0, None)
    assert one.evidence is EvidenceGrade.EXPERIMENTAL
    driver = {"key": "gift", "label": "a gift in the first order"}
    told = {
        "predictive": [driver], "adjusted": [driver],
        "proposals": [
            {"driver": "gift", "possible": True, "could_earn": 500.0, "sentence": "900 customers in each of 2 groups"},
            {"driver": "rain", "possible": False, "could_earn": 900.0, "sentence": "too few"},
        ],
    }  # fmt: skip
    (found,) = proposals({"drivers": told, "money": {"currency": "EUR"}})
    assert found.title == "Test whether it pays: a gift in the first order"
    assert (found.money, found.low, found.currency, found.evidence) == (500.0, 0.0, "EUR", EvidenceGrade.ADJUSTED)
    assert found.why == "900 customers in each of 2 groups."
    assert one.key != found.key
    told["proposals"][0] |= {
        "test": "put one into half of them", "customers_a_group": 450, "days": 60, "finds": 3.5, "without": 1_200,
    }  # fmt: skip
    with shown_in(Conversion("EUR", "USD", 2.0)):
        (converted,) = proposals({"drivers": told, "money": {"currency": "EUR"}})
    assert converted.why.startswith("Put one into half of them. 450 customers in each of two groups for 60 days")
    assert "a gain of $7.00 a customer" in converted.why
    assert "could bring $1,000 more" in converted.why


def test_an_offer_says_what_it_earned_in_the_experiment() -> None:
    told = {
        "experiment": "spring", "evidence": "experimental", "chosen": {"gift": 80}, "held_out": 20,
        "personalised": True, "gain_a_customer": {"mean": 3.0, "low": 1.0, "high": 5.0}, "verdict": "3.00 EUR",
    }  # fmt: skip
    (one,) = proposals({"offers": [told], "money": {"currency": "EUR"}}, offered={"spring": 200})
    assert "In the experiment this earned €3.00 a customer (€1.00 to €5.00)." in one.why
    assert "chosen for each customer" in one.why
    assert "EUR" not in one.why
    (one,) = proposals({"offers": [{**told, "personalised": False}], "money": {"currency": "EUR"}})
    assert "Everybody gets the same" in one.why


def test_a_channel_is_named_unless_the_plan_spends_less_on_it_already() -> None:
    row = {
        "label": "mail", "new_customers": 40, "cac_loaded": 50.0, "max_cac": 20.0, "max_cac_low": 15.0,
        "max_cac_high": 25.0, "payback_months": None, "payback_probability": 0.1,
    }  # fmt: skip
    channels = {
        "costs_from": "2026-01-01", "costs_to": "2026-02-25", "currency": "EUR", "targets": {"payback_months": 12.0},
        "rows": [row],
    }  # fmt: skip
    (one,) = proposals({"acquisition": {"channels": channels}})
    assert (one.money, one.low, one.high) == (600.0, 500.0, 700.0), "of 20 customers in 28 days, 30 each"
    assert "is not back within the lifetime" in one.why
    both = budget(plan())
    both["acquisition"]["channels"] = channels
    assert [found.kind for found in proposals(both)] == ["budget"]
    for change in ({"payback_probability": 0.6}, {"max_cac": None}, {"cac_loaded": 19.0}, {"new_customers": 0}):
        assert proposals({"acquisition": {"channels": {**channels, "rows": [{**row, **change}]}}}) == ()
