"""Subscribers of plans that cost nothing are worth what those bring who move to a paid plan, as often and as soon."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.numerics.beta_waiting import waiting
from keepers.retention.plan_rows import PlanMoments
from keepers.simulate import Contracts, Plan, StorePlan, simulate_store
from keepers.summaries.free_plans import free_steps
from keepers.summaries.plan_history import plan_history
from keepers.valuation import subscription_draws
from keepers.valuation.plan_states import MOST_ON_FREE, STAGE_ENDS, PlanStates
from keepers.valuation.subscription_cells import SubscriptionCells, expected_units
from keepers.valuation.subscription_draws import drawn_units
from keepers.valuation.subscription_equity import departures, subscription_equity

CUT = kp.ObservationWindow(calibration_end="2024-12-31")
PRICES = np.array([0.0, 19.0, 29.0])
LAW = Contracts(
    (Plan("free", 0.0, 4.0), Plan("small", 19.0), Plan("large", 29.0)), share=0.95, a=0.8, b=16.0, trial_days=0,
    upgrade=0.02, downgrade=0.005, conversion=(0.4, 4.0),
)  # fmt: skip


def held(*rows: tuple[str, str, float | None, str, str | None]) -> dict[str, list[Any]]:
    names = ("customer_key", "plan", "amount", "started_on", "ended_on")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def test_steps_are_counted_by_the_time_on_the_plan() -> None:
    summary = kp.summarise_subscriptions(
        held(
            ("stays", "free", 0.0, "2024-08-31", None),
            ("leaves", "free", 0.0, "2024-08-15", "2024-10-15"),
            ("moves", "free", 0.0, "2024-06-10", "2024-08-10"),
            ("moves", "pro", 20.0, "2024-08-10", None),
            ("soon", "free", 0.0, "2024-06-10", "2024-06-20"),
            ("soon", "pro", 20.0, "2024-06-20", "2024-09-20"),
            ("soon", "free", 0.0, "2024-09-20", None),
            ("keeps both", "free", 0.0, "2024-10-01", None),
            ("keeps both", "pro", 20.0, "2024-12-01", None),
        ),
        CUT,
    )
    found = free_steps(summary, {"free": 0.0, "pro": 20.0}, 1)
    assert found is not None
    # Of those who stay four months, left at the second renewal, moved at the second and the first, are back for three,
    # and moved at the second while the free contract ran on.
    np.testing.assert_array_equal(found.stayed[0], [5, 2, 2, 1, 0])
    np.testing.assert_array_equal(found.moved[0, :, 1], [1, 2, 0, 0, 0])
    assert free_steps(summary, {"a": 5.0, "b": None}, 1) is None


def test_steps_from_before_contracts_were_observed_are_not_counted() -> None:
    """Who had moved by then is not in the data, and those who are still there would speak for all."""
    summary = kp.summarise_subscriptions(
        held(
            ("there before", "free", 0.0, "2024-03-15", None),
            ("moves", "free", 0.0, "2024-08-01", "2024-11-01"),
            ("moves", "pro", 20.0, "2024-11-01", None),
            ("moved before", "free", 0.0, "2024-07-20", "2024-09-20"),
            ("moved before", "pro", 20.0, "2024-09-20", None),
        ),
        CUT,
        observed_from="2024-10-01",
    )
    found = free_steps(summary, {"free": 0.0, "pro": 20.0}, 1)
    assert found is not None
    # Steps that began on 1 October, and on 15 October, November and December, of which the last is not over.
    assert [(int(n), found.stayed[0, n]) for n in np.flatnonzero(found.stayed[0])] == [(7, 1.0), (8, 1.0)]
    assert found.moved[0, :, 1].tolist() == [0, 0, 1, *[0] * 7]


def test_waiting_that_is_alike_for_everybody_is_found_too() -> None:
    reached = 1e5 * 0.97 ** np.arange(36)
    a, b = waiting(0.03 * reached, 0.97 * reached)
    assert a / (a + b + np.array([0.0, 20.0])) == pytest.approx(0.03, rel=0.02)


def truth_of(law: Contracts, churn: FloatArray, own: FloatArray, plan: Any, months: int, delta: float) -> FloatArray:
    """What is paid at the coming renewals: that of a contract that has just been renewed, less what it pays now."""
    return law.worth(churn, plan, 0, months + 1, delta, own) - PRICES[plan]


def test_the_value_of_free_subscribers_is_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription_draws, "_BUDGET", 1)
    monkeypatch.setattr(subscription_draws, "_FEWEST", 2)
    store = simulate_store(40_000, seed=11, plan=StorePlan(contracts=LAW))
    summary = kp.summarise_subscriptions(store.tables["subscriptions"])
    values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    rows, hidden = values.to_numpy(), store.truth.contracts
    assert hidden is not None
    assert hidden.conversion is not None
    place = {key: row for row, key in enumerate(store.truth.customers.keys[hidden.customer])}
    free = (rows["plan"] == "free") & (rows["state"] != "ended")
    of = np.array([place[key] for key in rows["customer_key"][free]])
    true = truth_of(LAW, hidden.churn[of], hidden.conversion[of], np.zeros(of.size, dtype=int), 12, values.facts.delta)
    value, tenure = rows["clv_predicted_12m"][free], rows["tenure"][free]
    assert value.size > 5000
    assert value.sum() == pytest.approx(true.sum(), rel=0.05)
    early, late = tenure < 6, tenure >= 12
    for some in (early, late):
        assert value[some].mean() == pytest.approx(true[some].mean(), rel=0.09)
    assert value[early].mean() > 1.5 * value[late].mean()
    assert (rows["mrr"][free] == 0).all()
    assert "as often and as soon as others did" in values.remarks[-1]
    total = subscription_equity(values, draws=2).total
    assert total.value == pytest.approx(rows["clv_predicted_12m"].sum(), rel=1e-6)
    left = departures(values, kp.months(3), draws=2).mrr
    assert left is not None
    assert left.value < 0.2 * rows["mrr"].sum(), "who pays nothing takes nothing away"


def test_where_nobody_ever_moved_nothing_is_counted_and_that_is_said() -> None:
    rows = [(f"f{n}", "free", 0.0, f"2024-{1 + n % 9:02}-10", None) for n in range(30)]
    rows += [(f"p{n}", "pro", 20.0, f"2024-{1 + n % 9:02}-10", "2024-12-10" if n % 3 == 0 else None) for n in range(30)]
    summary = kp.summarise_subscriptions(held(*rows), CUT)
    values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    found = values.to_numpy()
    free = found["plan"] == "free"
    assert (found["clv_predicted_12m"][free] == 0).all()
    assert (found["clv_predicted_12m_high"][free] == 0).all()
    assert (found["clv_predicted_12m"][~free & (found["state"] != "ended")] > 0).all()
    assert "Nobody was seen to move from “free”" in values.remarks[-1]


@pytest.mark.parametrize("model", [kp.ShiftedBetaGeometric, kp.WeibullGamma])
def test_draws_agree_with_expectations_for_who_moves_leaves_and_comes_back(model: Any) -> None:
    horizon = 12.0
    rows = [(f"c{n}", "p", 1.0, f"2024-{1 + n % 12:02}-01", "2024-12-20" if n % 4 == 0 else None) for n in range(60)]
    fit = model().fit(kp.summarise_subscriptions(held(*rows), CUT))
    onward = np.zeros((1, len(STAGE_ENDS) + 1, 2))
    onward[0, :, 1] = 1e9 * np.array([0.3, 0.2, 0.1, 0.05, 0.02, 0.01])
    onward[0, :, 0] = 1e9 - onward[0, :, 1]
    states = PlanStates(
        ("free", "pro"), np.array([0.0, 20.0]), np.array([[1.0, 1.0], [0.05e9, 0.95e9]]), (1e-9, 1e9), (1.0, 1.0),
        np.array([[0.1e9, 0.9e9]] * 4), None, (0,), onward,
    )  # fmt: skip
    assert states.chain.sum(axis=1) == pytest.approx(1.0)
    assert states.state(np.array([0, 0, 0, 1]), np.array([0, 1, 99, 5])).tolist() == [0, 2, 1 + MOST_ON_FREE, 1]
    place = states.state(np.zeros(4, dtype=np.int64), np.array([0, 2, 8, 0]))
    place[3] = 1
    no, age = np.zeros(4, dtype=bool), np.array([0.0, 2.0, 8.0, 3.0])
    gone = np.zeros(4, dtype=np.int64)
    cells = SubscriptionCells(place, no, no, age, np.ones(4), gone)
    exact = expected_units(fit, states, cells, 0.008, horizon)
    endless = expected_units(fit, states, cells, 0.008, None)
    assert (endless > exact).all()
    assert exact[0] > exact[1] > exact[2] > 0
    rng, draws = np.random.default_rng(5), 10_000
    for row, (at, law, some) in enumerate(cells.answering(fit, states, horizon)):
        one = np.array([[at, 0.0, 0.0, age[some[0]], 0.0]])
        sums = drawn_units(law, states, at, one, draws, 0.008, [horizon], rng)[horizon][0]
        # Draws have doubt of the parameters too, which moves the mean by little.
        assert sums.mean() == pytest.approx(exact[some[0]], rel=0.05), row
    # Without end is what a very long time comes to.
    long = expected_units(fit, states, cells, 0.1, 180.0)
    assert long == pytest.approx(expected_units(fit, states, cells, 0.1, None), rel=1e-3)


def test_lots_lead_where_the_chain_does() -> None:
    rng, plans = np.random.default_rng(2), 4
    onward = rng.gamma(2.0, size=(2, len(STAGE_ENDS) + 1, plans))
    states = PlanStates(
        tuple("abcd"), np.array([0.0, 10.0, 0.0, 20.0]), rng.gamma(2.0, size=(plans, plans)), (1.0, 9.0), (1.0, 1.0),
        np.zeros((4, 2)), None, (0, 2), onward,
    )  # fmt: skip
    lots = states.lots(states.matrix[None], (onward / onward.sum(axis=-1, keepdims=True))[None])
    assert lots.table.shape == (1, plans + 2 * (len(STAGE_ENDS) + 1), plans), "not as many as states, times states"
    middles = (np.arange(4_000) + 0.5) / 4_000
    for state in range(states.size):
        found = lots.step(np.zeros(middles.size, dtype=np.int64), np.full(middles.size, state), middles)
        seen = np.bincount(found, minlength=states.size) / middles.size
        assert seen == pytest.approx(states.chain[state], abs=1e-3), state


def test_changes_of_plan_from_before_contracts_were_observed_are_not_counted() -> None:
    contracts = held(
        ("stayed", "small", 10.0, "2024-03-15", None),
        ("moves", "small", 10.0, "2024-08-01", "2024-11-15"),
        ("moves", "large", 20.0, "2024-11-15", None),
    )
    every, seen = (
        plan_history(kp.summarise_subscriptions(contracts, CUT, observed_from=day)) for day in (None, "2024-10-31")
    )
    place = {name: index for index, name in enumerate(seen.plans)}
    small, large = place["small"], place["large"]
    # From the ends of October and November, of which the first change is one.
    assert (seen.moves[small, small], seen.moves[small, large], seen.moves[large, large]) == (2.0, 1.0, 1.0)
    assert every.moves[small, small] == 2.0 + 7.0 + 2.0
    assert seen.moves.sum() == 4.0


def test_the_time_on_a_free_plan_is_not_that_of_the_contract() -> None:
    paying = [(f"p{n}", "pro", 20.0, f"2024-0{1 + n % 6}-01", "2024-11-20" if n % 5 == 0 else None) for n in range(40)]
    free = [(f"f{n}", "free", 0.0, f"2024-0{1 + n % 6}-01", f"2024-0{3 + n % 6}-01") for n in range(20)]
    after = [(f"f{n}", "pro", 20.0, f"2024-0{3 + n % 6}-01", None) for n in range(20)]
    summary = kp.summarise_subscriptions(
        held(
            *paying, *free, *after,
            ("late", "pro", 20.0, "2024-01-01", "2024-10-01"), ("late", "free", 0.0, "2024-10-01", None),
            ("long", "free", 0.0, "2024-01-01", "2024-07-01"), ("long", "free", 0.0, "2024-07-01", None),
        ),
        CUT,
    )  # fmt: skip
    values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    moments = PlanMoments(values, 3)
    past, now = moments.rows()
    of = {key: (age, on_plan) for key, age, on_plan in zip(now.keys, now.age, now.on_plan, strict=True)}
    assert (of["late"], of["long"]) == ((11.0, 2.0), (11.0, 11.0))
    rows = [row for row in range(past.size) if past.keys[row] == "late" and past.plan[row] == "free"]
    assert all(past.on_plan[row] <= past.age[row] - 9 for row in rows)
    told = dict(zip(values.to_numpy()["customer_key"], values.to_numpy()["clv_predicted_12m"], strict=True))
    expected = dict(zip(now.keys, moments.expected(now.plan, now.price, now.age, now.on_plan), strict=True))
    # Who came lately is likelier to move, and so in the values of the run.
    assert expected["late"] > 1.2 * expected["long"] > 0
    assert told["late"] > 1.2 * told["long"] > 0
