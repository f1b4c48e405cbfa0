"""What changes of plan bring, against simulated subscribers whose truth is known; and nothing where nothing is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.data.engine import Engine
from keepers.data.table import Table, register_frame
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.retention.next_plans import NextPlans, PlanMove
from keepers.retention.plan_ladder import UPGRADE
from keepers.retention.plan_rows import PlanMoments
from keepers.simulate import Contracts, Plan, StorePlan, simulate_store
from keepers.valuation import subscription_draws

pytestmark = pytest.mark.statistical

PLANS = (Plan("Taster", 19.0, 1.4), Plan("Classic", 29.0, 1.2), Plan("Household", 46.0, 0.5))


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of values are not asked for here."""
    monkeypatch.setattr(subscription_draws, "_BUDGET", 1)
    monkeypatch.setattr(subscription_draws, "_FEWEST", 2)


BEGUN, OFFERED = np.datetime64("2024-01"), 12


def found_and_true(law: Contracts, seed: int) -> tuple[PlanMove, FloatArray]:
    """What was learned of upgrades in a simulated store, and the true effect with everybody who was learned from."""
    store = simulate_store(5000, seed=seed, plan=StorePlan(contracts=law))
    summary = kp.summarise_subscriptions(store.tables["subscriptions"])
    values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    found = kp.next_plans(values)
    (move,) = (one for one in found.moves if one.kind == UPGRADE)
    truth = store.truth.contracts
    row = {key: place for place, key in enumerate(store.truth.customers.keys[truth.customer])}
    churn = truth.churn[[row[key] for key in move.effects.trial.keys]]
    past, _ = PlanMoments(values, found.ahead).rows()
    here = past.take(np.flatnonzero((past.plan != "Household") & np.isin(past.move, ["stay", UPGRADE])))
    assert np.array_equal(here.keys, move.effects.trial.keys)
    names = [plan.name for plan in law.plans]
    plan = np.array([names.index(name) for name in here.plan])
    delta = values.facts.delta
    return move, law.worth(churn, plan, 1, 12, delta) - law.worth(churn, plan, 0, 12, delta)


@pytest.mark.parametrize(("after", "seed"), [(0.3, 4), (3.0, 5)])
def test_the_gain_of_an_upgrade_is_recovered(after: float, seed: int) -> None:
    """Where the larger plan keeps subscribers, and where it drives them away."""
    move, true = found_and_true(Contracts(PLANS, share=0.9, upgrade=0.03, downgrade=0.015, after_upgrade=after), seed)
    (mean,) = move.effects.mean_effects()
    assert abs(mean.gain - true.mean()) < 3 * mean.standard_error
    assert mean.standard_error < 14
    assert move.evidence is EvidenceGrade.ADJUSTED
    if after < 1:
        assert true.mean() > 150
        assert move.choice.verdict.constant_is_proven


def offered(seed: int, size: int = 1200, takes: float = 0.0) -> NextPlans:
    """Subscribers of two plans of whom half, drawn by lot, were offered the larger one."""
    rng = np.random.default_rng(seed)
    churn, plan = rng.beta(0.9, 9.0, size), (rng.random(size) < 0.4).astype(int)
    start, lot = rng.integers(0, OFFERED, size), rng.random(size) < 0.5
    accepts = lot & (plan == 0) & (rng.random(size) < takes)
    ends = start + np.minimum(rng.geometric(churn), 900)
    names, prices, last = np.array(["Small", "Large"]), np.array([10.0, 25.0]), OFFERED + 9

    def day(month: Any) -> Any:
        return str((BEGUN + np.timedelta64(int(month), "M")).astype("datetime64[D]"))

    rows, treated = [], []
    for who in range(size):
        end = day(ends[who]) if ends[who] <= last else None
        moved = accepts[who] and ends[who] > OFFERED
        rows.append(
            (f"c{who:05}", names[plan[who]], prices[plan[who]], day(start[who]), day(OFFERED) if moved else end)
        )
        if moved:
            rows.append((f"c{who:05}", "Large", 25.0, day(OFFERED), end))
        if ends[who] > OFFERED:
            treated.append((f"c{who:05}", day(OFFERED), "large" if lot[who] else "control", 0.5))
    engine = Engine()
    keys = ("customer_key", "plan", "amount", "started_on", "ended_on")
    contracts = register_frame(
        engine, dict(zip(keys, map(list, zip(*rows, strict=True)), strict=True)), "subscriptions"
    )
    listed = dict(
        zip(("customer_key", "day", "offer", "propensity"), map(list, zip(*treated, strict=True)), strict=True)
    )
    raw = register_frame(engine, listed, "raw_offers")
    engine.create("offers", f"SELECT * REPLACE (CAST(day AS DATE) AS day), 0.0 AS cost FROM {raw.name}")
    offers = Table(engine, "offers")
    summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end=day(last)))
    values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    source = SimpleNamespace(engine=engine, tables={"subscriptions": contracts, "treatments": offers})
    return kp.next_plans(values, source)  # type: ignore[arg-type]


def test_an_experiment_with_plans_is_believed_first() -> None:
    found = offered(2, 4000, takes=0.4)
    move = found.moves[0]
    assert move.evidence is EvidenceGrade.EXPERIMENTAL
    (mean,) = move.effects.mean_effects()
    # Four in ten of the three in five on the small plan pay 15 more, for some nine months of the year.
    assert mean.gain == pytest.approx(0.24 * 15 * 9, abs=3 * mean.standard_error)
    small = found.plan == "Small"
    assert (found.target[small & found.proposed] == "Large").all()
    assert (found.move[small & found.proposed] == UPGRADE).all()
    assert not found.proposed[~small].any()
    assert set(found.evidence[found.proposed]) == {"experimental"}
    assert 0.02 < found.held_out[small].mean() < 0.2


def test_on_pure_noise_nothing_is_proposed() -> None:
    shipped = sum(bool(offered(seed, 600).proposed.any()) for seed in range(6))
    # The gate and the best single plan are each wrong in one of twenty; two of six would be one in thirty.
    assert shipped <= 1, shipped
