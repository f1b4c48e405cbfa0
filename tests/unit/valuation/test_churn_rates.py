"""Churn as services quote it, counted by hand, and never a division by it."""

from __future__ import annotations

import pytest

import keepers as kp
from keepers.summaries.subscriptions import SubscriptionSummary
from keepers.valuation.churn_rates import ChurnRates, churn_rates
from keepers.valuation.mrr_history import mrr_history


def summary(ended: dict[str, str | None]) -> SubscriptionSummary:
    """Four subscribers since January, of whom some leave; one of them pays less from May on."""
    rows = [(who, "basic", "2024-01-10", end, 10.0) for who, end in ended.items()]
    rows += [("z", "large", "2024-01-05", "2024-05-10", 40.0), ("z", "basic", "2024-05-10", None, 10.0)]
    columns = zip(*rows, strict=True)
    names = ("customer_key", "plan", "started_on", "ended_on", "amount")
    data = dict(zip(names, map(list, columns), strict=True))
    return kp.summarise_subscriptions(data, kp.ObservationWindow(calibration_end="2024-06-30"))


def test_rates_are_those_of_a_count_by_hand() -> None:
    found = summary({"a": None, "b": "2024-04-15", "c": "2024-06-20"})
    rates = churn_rates(found, mrr_history(found, 4))
    # Three whole months to the end of June: 4 + 3 + 3 subscribers could leave, 2 did; z pays 30 less in the second.
    assert rates.months == 3
    assert rates.subscribers_lost == 2
    assert rates.logo == pytest.approx(2 / 10)
    assert rates.revenue == pytest.approx((10 + 10) / (70 + 60 + 30))
    assert rates.lost == pytest.approx((10 + 30 + 10) / (70 + 60 + 30))


def test_no_churn_is_zero_and_no_infinite_value() -> None:
    found = summary({"a": None, "b": None})
    rates = churn_rates(found, mrr_history(found, 4))
    assert (rates.logo, rates.revenue, rates.subscribers_lost) == (0.0, 0.0, 0)
    assert churn_rates(found, mrr_history(found, 1)) == ChurnRates(0, None, None, None, 0)
