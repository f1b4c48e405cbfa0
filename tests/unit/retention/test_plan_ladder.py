"""Which plan comes next to which, where one of them is free."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.retention.plan_ladder import ADD_ON, DOWNGRADE, UPGRADE, Ladder
from keepers.retention.plan_rows import PlanMoments
from keepers.simulate import Contracts, Plan, StorePlan, simulate_store
from keepers.valuation import subscription_draws

LADDER = Ladder(("free", "small", "large"), np.array([0.0, 20.0, 30.0]), np.full((3, 3), 1 / 3), "small")
EACH = np.array(["free", "small", "large"], dtype=object)


def test_a_free_plan_is_the_lowest_rung_in_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its price is none, not the mean of the others, which would make the cheapest paid plan a step down."""
    monkeypatch.setattr(subscription_draws, "_BUDGET", 1)
    monkeypatch.setattr(subscription_draws, "_FEWEST", 2)
    plans = (Plan("free", 0.0), Plan("large", 29.0), Plan("small", 19.0))
    store = simulate_store(200, seed=1, plan=StorePlan(contracts=Contracts(plans, share=0.9, upgrade=0.08)))
    summary = kp.summarise_subscriptions(store.tables["subscriptions"])
    moments = PlanMoments(kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary), 3)
    ladder = Ladder.of(moments, moments.rows()[0])
    np.testing.assert_allclose(ladder.price, [0.0, 29.0, 19.0])
    plan = np.array(["small", "free"], dtype=object)
    assert ladder.aims(DOWNGRADE, plan).tolist() == ["free", ""]
    assert ladder.aims(UPGRADE, plan)[0] == "large"
    down = ladder.chances(plan, 3)[1]
    assert down[0] > 1e-5
    assert down[1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "more"),
    [(UPGRADE, [20.0, 5.0, 0.0]), (DOWNGRADE, [0.0, -10.0, -33.0]), (ADD_ON, [20.0, 0.0, 22.0])],
)
def test_what_is_added_goes_by_what_each_pays_now(kind: str, more: list[float]) -> None:
    """Half of the price on the small plan, a tenth more on the large one; the plain price from a free plan."""
    np.testing.assert_allclose(LADDER.added(kind, EACH, np.array([0.0, 10.0, 33.0])), more)
