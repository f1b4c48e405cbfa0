"""Which plan comes next to which, where one of them is free, has no price that is known, or no name."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.data.table import Table
from keepers.retention.plan_ladder import ADD_ON, DOWNGRADE, NAMELESS, UPGRADE, Ladder
from keepers.retention.plan_rows import PlanMoments
from keepers.simulate import Contracts, Plan, StorePlan, simulate_store
from keepers.valuation import subscription_draws

LADDER = Ladder(("free", "small", "large"), np.array([0.0, 20.0, 30.0]), np.full((3, 3), 1 / 3), "small")
EACH = np.array(["free", "small", "large"], dtype=object)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of values are not asked for here."""
    monkeypatch.setattr(subscription_draws, "_BUDGET", 1)
    monkeypatch.setattr(subscription_draws, "_FEWEST", 2)


def moments_of(plans: tuple[Plan, ...], changed: str = "plan AS plan") -> PlanMoments:
    """Moments of simulated subscribers, some columns changed."""
    store = simulate_store(200, seed=1, plan=StorePlan(contracts=Contracts(plans, share=0.9, upgrade=0.08)))
    table = store.tables["subscriptions"]
    made = table.engine.create("changed", f"SELECT * REPLACE ({changed}) FROM {table.name}")
    summary = kp.summarise_subscriptions(Table(table.engine, made))
    return PlanMoments(kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary), 3)


def test_a_free_plan_is_the_lowest_rung_in_a_store() -> None:
    """Its price is none, not the mean of the others, which would make the cheapest paid plan a step down."""
    moments = moments_of((Plan("free", 0.0), Plan("large", 29.0), Plan("small", 19.0)))
    ladder = Ladder.of(moments, moments.rows()[0])
    np.testing.assert_allclose(ladder.price, [0.0, 29.0, 19.0])
    plan = np.array(["small", "free"], dtype=object)
    assert ladder.aims(DOWNGRADE, plan).tolist() == ["free", ""]
    assert ladder.aims(UPGRADE, plan)[0] == "large"
    down = ladder.chances(plan, 3)[1]
    assert down[0] > 1e-5
    assert down[1] == pytest.approx(0.0, abs=1e-12)


def test_who_pays_a_price_that_nobody_knows_is_left_out() -> None:
    """Their plan stayed empty, which ended the search for everybody; what they paid would count as nothing."""
    unknown = "right(customer_key, 1) IN ('1', '2', '3')"
    priced = f"CASE WHEN {unknown} THEN NULL ELSE amount END AS amount"
    past, now = moments_of((Plan("large", 29.0), Plan("small", 19.0)), priced).rows()
    for rows in (past, now):
        assert rows.size > 20
        assert set(rows.plan) == {"small", "large"}
        assert not {key[-1] for key in rows.keys} & {"1", "2", "3"}
        assert (rows.price > 0).all()


def test_a_plan_without_a_name_is_not_proposed() -> None:
    ladder = Ladder(("small", NAMELESS, "large"), np.array([20.0, 25.0, 30.0]), np.full((3, 3), 1 / 3), "")
    assert ladder.aims(UPGRADE, np.array(["small", NAMELESS])).tolist() == ["large", "large"]
    assert ladder.aims(DOWNGRADE, np.array(["large", NAMELESS])).tolist() == ["small", "small"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [(UPGRADE, [20.0, 5.0, 0.0]), (DOWNGRADE, [0.0, -10.0, -33.0]), (ADD_ON, [20.0, 0.0, 22.0])],
)
def test_what_is_added_goes_by_what_each_pays_now(kind: str, more: list[float]) -> None:
    """Half of the price on the small plan, a tenth more on the large one; the plain price from a free plan."""
    np.testing.assert_allclose(LADDER.added(kind, EACH, np.array([0.0, 10.0, 33.0])), more)
