"""Values of subscriptions against what simulated subscribers really go on to pay."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.simulate import Contracts, Plan, StorePlan, simulate_store

pytestmark = pytest.mark.statistical

LAW = Contracts((Plan("Taster", 19.0, 1.4), Plan("Classic", 29.0, 1.2), Plan("Household", 46.0, 0.5)), share=0.9)
PRICES = np.array([plan.price for plan in LAW.plans])


def paid(months: FloatArray, age: FloatArray, wait: FloatArray, plan: FloatArray, delta: float, periods: int, rng):
    """What subscribers who leave after so many months pay at their next renewals, plans changing by the law."""
    total, plan = np.zeros(months.size), plan.copy()
    for j in range(1, periods + 1):
        lot = rng.random(months.size)
        plan = np.clip(plan + (lot < LAW.upgrade) - (lot > 1 - LAW.downgrade), 0, PRICES.size - 1)
        total += np.where(months - 1 - age >= j, PRICES[plan] * np.exp(-delta * (wait + j - 1)), 0.0)
    return total


def test_totals_and_intervals_of_a_store() -> None:
    """Totals over four stores within a few percent, and 80% intervals that hold at least as much."""
    rng = np.random.default_rng(5)
    sums, inside, below, count = np.zeros((2, 2)), np.zeros(2), np.zeros(2), 0
    for seed in range(4):
        store = simulate_store(2500, seed=seed, plan=StorePlan(contracts=LAW))
        truth = store.truth.contracts
        row = {key: place for place, key in enumerate(store.truth.customers.keys[truth.customer])}
        window = kp.ObservationWindow(calibration_end=store.last_day)
        summary = kp.summarise_subscriptions(store.tables["subscriptions"], window)
        model = kp.ShiftedBetaGeometric().fit(summary)
        values = kp.subscription_value(model, summary, kp.months(12))
        found, ages = values.to_numpy(), summary.to_numpy()
        place = {key: i for i, key in enumerate(ages["customer_key"])}
        runs = np.isin(found["state"], ["active", "past_due"])
        who = found["customer_key"][runs]
        months = np.array([truth.months[row[key]] for key in who])
        at = np.array([place[key] for key in who])
        assert np.all(months > ages["periods"][at])
        plan = np.array([[p.name for p in LAW.plans].index(name) for name in found["plan"][runs]])
        delta = values.facts.discount.continuous(summary.unit)
        for i, (name, periods) in enumerate((("clv_predicted_12m", 12), ("clv_lifetime", 60))):
            actual = paid(months, ages["periods"][at], ages["next_renewal"][at], plan, delta, periods, rng)
            expected, low, high = (found[f"{name}{end}"][runs] for end in ("", "_low", "_high"))
            sums[i] += expected.sum(), actual.sum()
            assert expected.sum() == pytest.approx(actual.sum(), rel=0.08 if i == 0 else 0.12)
            inside[i] += np.sum((low <= actual + 1e-6) & (actual <= high + 1e-6))
            below[i] += np.sum(actual < low - 1e-6)
        count += who.size
    assert sums[0, 0] == pytest.approx(sums[0, 1], rel=0.03)
    assert sums[1, 0] == pytest.approx(sums[1, 1], rel=0.06)
    assert np.all(inside / count > 0.78), inside / count
    assert np.all(np.abs(below / count - 0.10) < 0.03), below / count


def test_flows_of_contracts_that_end_at_any_moment() -> None:
    """The same of a continuous model: ends by the day, money as time flows."""
    rng = np.random.default_rng(9)
    n, cut = 2500, np.datetime64("2025-06-30")
    start = cut - rng.integers(1, 900, n)
    rate = rng.gamma(0.9, 1 / 14.0, n)
    tenure = rng.exponential(1 / rate) * 30.4375
    end = start + (np.minimum(tenure, 5e4).astype(int) + 1)
    contracts = {
        "customer_key": np.array([f"c{k}" for k in range(n)]), "started_on": start.astype(str),
        "ended_on": [str(day) if day <= cut else None for day in end], "amount": np.full(n, 20.0),
    }  # fmt: skip
    summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end=str(cut)))
    model = kp.ExponentialGamma().fit(summary)
    values = kp.subscription_value(model, summary, kp.months(12))
    found = values.to_numpy()
    order = {key: i for i, key in enumerate(contracts["customer_key"])}
    index = np.array([order[key] for key in found["customer_key"]])
    runs = found["state"] == "active"
    left = np.minimum((end[index] - cut).astype(float)[runs] / 30.4375, 12.0)
    delta = values.facts.discount.continuous(summary.unit)
    actual = 20.0 * -np.expm1(-delta * left) / delta
    expected = found["clv_predicted_12m"][runs]
    assert expected.sum() == pytest.approx(actual.sum(), rel=0.04)
    low, high = found["clv_predicted_12m_low"][runs], found["clv_predicted_12m_high"][runs]
    # The first and the last moment are atoms of the distribution; draws stand within a thousandth of them.
    held = (low <= actual * 1.005) & (actual <= high * 1.005)
    assert held.mean() > 0.78
    assert np.mean(actual < low * 0.995) == pytest.approx(0.10, abs=0.03)
