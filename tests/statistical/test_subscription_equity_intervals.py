"""Do intervals of what all subscribers bring hold what they really pay, over many simulated books of contracts?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.summaries.plan_history import plan_history
from keepers.valuation import subscription_draws
from keepers.valuation.plan_states import PlanStates
from keepers.valuation.subscription_equity import departures, subscription_equity

pytestmark = pytest.mark.statistical

BOOKS, CUSTOMERS, SPAN, AHEAD = 9, 150, 26, 60
PRICES, NAMES = np.array([10.0, 30.0]), np.array(["small", "large"])
UP, DOWN, BACK = 0.02, 0.01, 0.04


def day(month: Any, of_month: Any) -> Any:
    """A day of a month that is so many after June 2025."""
    return (np.datetime64("2025-06") + month).astype("datetime64[D]") + of_month


def book(rng: np.random.Generator, customers: int = CUSTOMERS) -> tuple[dict[str, Any], FloatArray, FloatArray]:
    """Contracts up to the end of June 2025; what is paid in each of the 60 months after, and how many end in each.

    Churn is beta over customers, plans change at renewals, and some of those who left come back, before and after.
    """
    start, dom = rng.integers(1 - SPAN, 1, customers), rng.integers(0, 28, customers)
    plan, churn = (rng.random(customers) < 0.4).astype(np.int64), rng.beta(0.9, 6.0, customers)
    opened, runs, away = start.copy(), np.zeros(customers, dtype=bool), np.zeros(customers, dtype=bool)
    rows: list[tuple[Any, ...]] = []

    def close(who: np.ndarray, month: int | None) -> None:
        ends = [None] * who.size if month is None else day(np.full(who.size, month), dom[who]).astype(str).tolist()
        begins = day(opened[who], dom[who]).astype(str).tolist()
        rows.extend(zip(who.tolist(), plan[who].tolist(), begins, ends, strict=True))

    paid, ended = np.zeros(AHEAD + 1), np.zeros(AHEAD + 1)
    first = runs
    for month in range(1 - SPAN, AHEAD + 1):
        if month == 1:
            close(np.flatnonzero(runs), None)
            first = runs.copy()
        leaves = runs & (rng.random(customers) < churn)
        stays = runs & ~leaves
        comes = away & (rng.random(customers) < BACK)
        lot = rng.random(customers)
        other = np.clip(plan + (lot < UP) - (lot > 1 - DOWN), 0, 1)
        moves = stays & (other != plan)
        if month <= 0:
            close(np.flatnonzero(leaves | moves), month)
            opened[moves | comes] = month
        else:
            ended[month] = np.sum(leaves & first)
            first &= ~leaves
        plan[moves] = other[moves]
        churn[comes] = rng.beta(0.9, 6.0, int(comes.sum()))
        runs = stays | comes | (start == month)
        away = (away & ~comes) | leaves
        if month > 0:
            paid[month] = PRICES[plan[runs]].sum()
    who, plans, begins, ends = zip(*rows, strict=True)
    frame = {
        "customer_key": [f"c{one}" for one in who], "plan": NAMES[list(plans)], "amount": PRICES[list(plans)],
        "started_on": list(begins), "ended_on": list(ends),
    }  # fmt: skip
    return frame, paid, ended


def test_totals_fall_inside_their_interval_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # What chance leaves of a cell is known well enough from fewer draws than a cell's own interval needs.
    monkeypatch.setattr(subscription_draws, "_BUDGET", 10_000)
    monkeypatch.setattr(subscription_draws, "_FEWEST", 80)
    rng = np.random.default_rng(21)
    inside, sizes = [], []
    for _ in range(BOOKS):
        frame, paid, ended = book(rng)
        summary = kp.summarise_subscriptions(frame, kp.ObservationWindow(calibration_end="2025-06-30"))
        values = kp.subscription_value(
            kp.ShiftedBetaGeometric().fit(summary),
            summary,
            kp.months(12),
            kp.annual_rate(0.0),
            lifetime=kp.months(AHEAD),
        )
        found, soon = subscription_equity(values, draws=32), departures(values, kp.months(3), draws=32)
        pairs = (
            (found.total, paid[1:13].sum()), (found.lifetime, paid[1:].sum()), (soon.contracts, ended[1:4].sum()),
        )  # fmt: skip
        inside.append([one.low <= actual <= one.high for one, actual in pairs])
        # 80% of a normal outcome lie within 1.28 standard deviations.
        sizes.append([(actual - one.value) / ((one.high - one.low) / 2.563) for one, actual in pairs])
    held, spread = np.mean(inside, axis=0), np.sqrt(np.mean(np.square(sizes), axis=0))
    # Two standard errors of a share of 80% over 9 books are 25 points, of a standard deviation 45 per cent.
    assert np.all(np.abs(held - 0.8) < 0.26), (held, spread, np.mean(sizes, axis=0))
    assert np.all((spread > 0.55) & (spread < 1.45)), (held, spread, np.mean(sizes, axis=0))


def test_who_has_no_contract_now_comes_back_as_often_as_others_did() -> None:
    """A gap that turns out to be shorter than the grace is no ending, but nobody knows that while it lasts."""
    rng = np.random.default_rng(3)
    frame, _, _ = book(rng, 12_000)
    summary = kp.summarise_subscriptions(frame, kp.ObservationWindow(calibration_end="2025-06-30"))
    history = plan_history(summary)
    assert history.renewed.sum() > 100, "of those who come back after one month, five in twelve do so within the grace"
    states = PlanStates.of(history)
    now, later = (posterior[:, 0] / posterior.sum(axis=1) for posterior in (states.gone_now, states.back))
    error = np.sqrt(BACK * (1 - BACK) / states.gone_now.sum(axis=1))
    assert np.all(np.abs(now - BACK) < 4 * error), (now, error)
    assert 0.5 * BACK < later[0] < 0.8 * BACK
    assert np.array_equal(now[2:], later[2:])
