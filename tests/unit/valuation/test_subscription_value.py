"""Value of subscriptions: columns, states, few observations, what is refused."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.summaries.plan_history import PlanHistory
from keepers.valuation.plan_states import PlanStates

CUT = kp.ObservationWindow(calibration_end="2024-07-31")


def contracts(ends: bool = True) -> dict[str, list]:
    """Forty customers on two plans; one paused, one past due, one who came back."""
    rows = []
    for k in range(40):
        ended = f"2024-0{3 + k % 4}-10" if ends and k % 3 == 0 else None
        rows.append((f"c{k:02}", f"2024-0{1 + k % 2}-10", ended, "sl"[k % 2], [10.0, 30.0][k % 2], None))
    rows[1] = (*rows[1][:5], "paused")
    rows[4] = (*rows[4][:5], "past_due")
    if ends:
        rows.append(("c00", "2024-06-10", None, "s", 10.0, None))
    names = ("customer_key", "started_on", "ended_on", "plan", "amount", "status")
    return dict(zip(names, (list(column) for column in zip(*rows, strict=True)), strict=True))


def values(model=None, data=None, **options):
    """Values of the contracts, by customer."""
    summary = kp.summarise_subscriptions(data or contracts(), CUT)
    fit = (model or kp.ShiftedBetaGeometric()).fit(summary, by="plan")
    made = kp.subscription_value(fit, summary, kp.months(12), **options)
    columns = made.columns
    return made, {row[0]: dict(zip(columns, row, strict=True)) for row in made.engine.rows(made.sql)}


@pytest.mark.parametrize("model", [kp.ShiftedBetaGeometric, kp.WeibullGamma])
def test_one_row_a_customer_with_the_fields_of_the_market(model) -> None:
    made, found = values(model(), margin=0.8, scored_at=dt.datetime(2024, 8, 1, tzinfo=dt.UTC))
    assert len(found) == 40
    assert made.value_column == "clv_predicted_12m"
    assert "at 80%" in made.meaning
    for row in found.values():
        assert row["clv_predicted_12m_low"] <= row["clv_predicted_12m_high"]
        assert row["clv_predicted_12m"] <= row["clv_lifetime"] <= row["clv_infinite"] < 1e6
        assert 0 <= row["churn_probability"] <= 1
        assert row["churn_horizon_days"] == 365
        assert row["clv_basis"] == "contribution margin"
        assert row["clv_model_version"] == model.name
        assert 0 <= row["clv_percentile"] <= 100
        if row["state"] == "ended":
            assert row["churn_probability"] == 1
            assert row["renewal_probability"] == 0
    # Six months of 10, at 80%.
    steady = found["c02"]
    assert steady["clv_historic"] == pytest.approx(0.8 * steady["revenue"])
    assert found["c01"]["state"] == "paused"
    running = found["c05"]["clv_predicted_12m"]
    assert found["c01"]["clv_predicted_12m"] < running
    assert found["c01"]["clv_predicted_12m"] > 0


def test_who_left_is_worth_what_coming_back_may_bring() -> None:
    made, found = values()
    assert made.facts.states.returns_seen
    assert found["c00"]["state"] == "active"
    gone = [row for row in found.values() if row["state"] == "ended"]
    assert all(0 < row["clv_predicted_12m"] < 60 for row in gone)
    assert all(row["clv_predicted_12m_low"] == 0 for row in gone)
    data = {name: column[:40] for name, column in contracts().items()}
    made, found = values(data=data)
    assert not made.facts.states.returns_seen
    assert any("come back" in remark for remark in made.remarks)
    assert all(row["clv_infinite"] == 0 for row in found.values() if row["state"] == "ended")


def test_no_churn_is_no_infinite_value() -> None:
    made, found = values(data=contracts(ends=False))
    assert any("No contract has ended yet" in remark for remark in made.remarks)
    for row in found.values():
        assert np.isfinite(row["clv_infinite"])
        # Less than a perpetuity of the price at 10% a year, upgrades aside.
        assert row["clv_infinite"] < 1.6 * row["mrr"] * 12 / 0.0953


def test_the_margin_and_the_discount_scale() -> None:
    _, whole = values()
    _, half = values(margin=0.5)
    _, dear = values(discount=kp.annual_rate(0.5))
    for key, row in whole.items():
        for name in ("clv_predicted_12m", "clv_predicted_12m_high", "clv_lifetime", "clv_infinite"):
            assert half[key][name] == pytest.approx(row[name] / 2, rel=1e-12)
            assert dear[key][name] <= row[name]


@pytest.mark.parametrize("model", [kp.ShiftedBetaGeometric, kp.WeibullGamma])
def test_without_a_discount_returns_without_end_are_infinite_and_said(model) -> None:
    made, found = values(model(), discount=kp.annual_rate(0.0))
    assert any("infinite" in remark for remark in made.remarks)
    assert all(np.isinf(row["clv_infinite"]) for row in found.values())
    assert all(np.isfinite(row["clv_lifetime"]) for row in found.values())
    assert not any("infinite" in remark for remark in values(model())[0].remarks)


def test_plans_that_were_rarely_seen_lean_on_all() -> None:
    moves = np.array([[900.0, 100.0, 0.0], [10.0, 990.0, 0.0], [0.0, 0.0, 2.0]])
    none = np.zeros(1)
    states = PlanStates.of(
        PlanHistory(
            ("a", "b", "rare"), moves, np.array([10.0, 20.0, 0.0]), (0.0, 2002.0), (0.0, 0.0), none, none, none, none
        )
    )
    matrix = states.matrix
    assert matrix.sum(axis=1) == pytest.approx(1.0)
    assert matrix[0, 1] == pytest.approx(0.1, abs=0.005)
    assert 0.85 < matrix[2, 2] < 0.99
    assert matrix[2, 1] > matrix[2, 0] > 0
    assert states.paying(12)[0, 12] > 0.99
    assert 0 < states.paying(12)[1, 1] < 0.5
    assert states.returning(0, 12).sum() == 0
    ratios = states.price_ratios(24)
    assert ratios[:, 0] == pytest.approx(1.0)
    assert ratios[0, 24] > 1.5
    drawn, _, pause, resume, back = states.drawn(200, np.random.default_rng(1))
    assert drawn.sum(axis=2) == pytest.approx(1.0)
    assert drawn[:, 0, 1].std() < drawn[:, 2, 1].std() * 3
    assert np.all((pause >= 0) & (pause < 0.05))
    assert np.all((resume > 0) & (resume < 1))
    assert not back.any()


def test_what_is_refused() -> None:
    summary = kp.summarise_subscriptions(contracts(), CUT)
    model = kp.ShiftedBetaGeometric().fit(summary)
    with pytest.raises(NotFittedError):
        kp.subscription_value(kp.ShiftedBetaGeometric(), summary)
    with pytest.raises(ConfigError, match="no model of contracts"):
        kp.subscription_value(kp.BGNBD(), summary)
    with pytest.raises(InputError, match="no summary of subscriptions"):
        kp.subscription_value(model, contracts())
    with pytest.raises(ConfigError, match="no orders to carry a margin"):
        kp.subscription_value(model, summary, margin=kp.Margin(per_order=True))
    with pytest.raises(ConfigError, match="do not convert"):
        kp.subscription_value(model, kp.summarise_subscriptions(contracts(), CUT, period="week"))
    data = {name: column for name, column in contracts().items() if name != "amount"}
    priceless = kp.summarise_subscriptions(data, CUT)
    with pytest.raises(InputError, match="No price"):
        kp.subscription_value(model, priceless)
