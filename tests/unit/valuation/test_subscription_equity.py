"""Sums over subscribers: they are the sums of the rows, and their intervals hold what chance and parameters move."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import InputError
from keepers.valuation.subscription_equity import departures, subscription_equity
from keepers.valuation.subscription_value import SubscriptionValues
from subscribers import subscribers


def valued(count: int, by: str | None = None, model: type = kp.ShiftedBetaGeometric) -> SubscriptionValues:
    """Values of simulated subscribers."""
    summary = kp.summarise_subscriptions(subscribers(count, seed=2), kp.ObservationWindow(calibration_end="2025-06-30"))
    return kp.subscription_value(model().fit(summary, by=by), summary, margin=0.5)


@pytest.mark.parametrize("model", [kp.ShiftedBetaGeometric, kp.WeibullGamma])
@pytest.mark.parametrize("by", [None, "plan"])
def test_totals_are_sums_of_rows(model: type, by: str | None) -> None:
    values = valued(500, by, model)
    rows = values.to_numpy()
    found = subscription_equity(values)
    assert found.total.value == pytest.approx(np.sum(rows["clv_predicted_12m"]), rel=1e-9)
    assert found.lifetime.value == pytest.approx(np.sum(rows["clv_lifetime"]), rel=1e-9)
    runs = rows["state"] != "ended"
    assert found.certain == pytest.approx(np.sum(rows["clv_if_stays"][runs]), rel=1e-9)
    assert np.all(rows["money_at_risk"][~runs] == 0)
    assert np.all(rows["clv_if_stays"][~runs] == 0)
    assert rows["money_at_risk"][runs] == pytest.approx(
        (rows["clv_if_stays"] - rows["clv_predicted_12m"])[runs], abs=1e-9
    )
    assert np.all(rows["money_at_risk"] >= 0)


def test_who_certainly_stays_pays_every_renewal() -> None:
    """One plan, no pauses: twelve payments, each discounted from its day."""
    frame = {"customer_key": ["a"] + [f"x{n}" for n in range(60)], "amount": [10.0] * 61}
    frame["started_on"] = ["2024-01-30"] + ["2023-12-30"] * 60  # type: ignore[assignment]
    frame["ended_on"] = [None] + ["2024-03-30"] * 20 + [None] * 40  # type: ignore[assignment]
    summary = kp.summarise_subscriptions(frame, kp.ObservationWindow(calibration_end="2024-06-30"))
    values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    row = next(r for r in values.engine.rows(f"SELECT customer_key, clv_if_stays FROM {values.name}") if r[0] == "a")
    discounted = 10.0 * np.sum(1.1 ** (-np.arange(1, 13) / 12))
    paying = row[1] / discounted
    assert 0.95 < paying <= 1.0 + 1e-9


def test_few_subscribers_have_wide_intervals() -> None:
    few, many = (subscription_equity(valued(count)).total for count in (60, 3000))
    widths = [(one.high - one.low) / one.value for one in (few, many)]
    assert widths[0] > 3 * widths[1]


def test_an_error_of_the_model_widens() -> None:
    values = valued(2000)
    plain, wide = subscription_equity(values).total, subscription_equity(values, model_error=0.3).total
    assert wide.value == plain.value
    assert wide.high - wide.low > 3 * (plain.high - plain.low)


def test_departures_are_chances_added_up() -> None:
    values = valued(800)
    found = departures(values, kp.months(12))
    rows = values.to_numpy()
    runs = rows["state"] != "ended"
    assert found.contracts.value == pytest.approx(np.sum(rows["churn_probability"][runs]), rel=1e-9)
    assert found.mrr is not None
    assert found.mrr.value == pytest.approx(np.sum((rows["churn_probability"] * rows["mrr"])[runs]), rel=1e-9)
    assert found.contracts.low < found.contracts.value < found.contracts.high


def test_without_prices_there_is_no_sum() -> None:
    known = subscribers(60)
    del known["amount"]
    summary = kp.summarise_subscriptions(known)
    model = kp.ShiftedBetaGeometric().fit(summary)
    values = kp.subscription_value(model, summary, without_prices=True)
    assert "no prices" in values.meaning
    with pytest.raises(InputError, match="no prices"):
        subscription_equity(values)
    assert departures(values, kp.months(3)).mrr is None
