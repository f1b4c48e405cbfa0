"""Plans of budgets: better than today's in truth, within their limits, and answers to the questions around them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from advertised import curves, store, values
from keepers.acquisition.budget import BudgetLimits, plan_budget
from keepers.acquisition.budget_experiment import propose_spend_experiments
from keepers.acquisition.budget_questions import budget_for, next_money, what_if
from keepers.acquisition.budget_record import review, take, write_down
from keepers.acquisition.response import ChannelResponse, ResponseCurves
from keepers.domain import amounts
from keepers.domain.decision import Decision, DecisionOutcome, EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import annual_rate
from keepers.domain.time import months, weeks


def true_value(spends: dict[str, float]) -> float:
    """What a week of steady spends truly brings, net of itself."""
    total = 0.0
    for name, money in spends.items():
        truth = store().truth.channels[name]
        worth = truth.new_customer_value(months(12), annual_rate(0.10))
        total += 7 * truth.steady_arrivals(money / 7) * worth - money
    return total


def today() -> dict[str, float]:
    return {one.channel: one.today for one in curves().channels}


def test_the_plan_is_truly_better_and_keeps_its_limits() -> None:
    plan = plan_budget(curves())
    assert plan.recommended
    assert plan.probability > 0.9
    assert true_value(plan.spends()) > true_value(today())
    assert plan.planned <= plan.today * (1 + 1e-9)
    for one in plan.channels:
        assert 0.5 * one.today - 0.01 <= one.planned <= 1.5 * one.today + 0.01
        assert one.customers.low <= one.customers.value <= one.customers.high
    assert plan.gap < 1e-4 * 4 * plan.today
    inner = [one.marginal.value for one in plan.channels if not one.limit]
    assert max(inner, default=1.0) - min(inner, default=1.0) < 0.05
    assert plan.gain.value == pytest.approx(sum(one.gain.value for one in plan.channels), rel=1e-6)
    assert plan.evidence is EvidenceGrade.ADJUSTED
    assert plan.starts_on == store().last_day + dt.timedelta(days=1)


def test_without_a_likely_gain_nothing_is_changed() -> None:
    best = plan_budget(curves(), BudgetLimits(move=None)).spends()
    settled = replace(curves(), channels=tuple(replace(one, today=best[one.channel]) for one in curves().channels))
    plan = plan_budget(settled)
    assert not plan.recommended
    assert plan.spends() == pytest.approx(best)
    sure = plan_budget(curves(), confidence=1.01)
    assert not sure.recommended
    assert sure.spends() == pytest.approx(today())


def test_limits_hold() -> None:
    plan = plan_budget(curves(), BudgetLimits(total=500.0, spend_all=True, channels={"paid social": (100.0, 120.0)}))
    assert plan.planned == pytest.approx(500.0, rel=1e-6)
    found = {one.channel: one for one in plan.channels}
    assert 100.0 - 1e-6 <= found["paid social"].planned <= 120.0 + 1e-6
    wide = {one.channel: one for one in plan_budget(curves(), BudgetLimits(move=None)).channels}
    held = {one.channel: one for one in plan_budget(curves(), BudgetLimits(move=None, payback=months(3))).channels}
    for name, one in held.items():
        early = curves()[name].worth_within(months(3))
        assert one.planned <= wide[name].planned + 1.0
        assert early * one.customers.value >= 4 * one.planned * 0.999
    with pytest.raises(ConfigError, match="no channel with a response"):
        plan_budget(curves(), BudgetLimits(channels={"radio": (0, 9)}))
    with pytest.raises(ConfigError, match="longer than the horizon"):
        plan_budget(curves(), BudgetLimits(payback=months(24)))
    with pytest.raises(InputError, match="values"):
        plan_budget(replace(curves(), horizon=None))
    with pytest.raises(InputError, match="Nothing was spent"):
        plan_budget(replace(curves(), channels=tuple(replace(one, today=0.0) for one in curves().channels)))


def test_what_if_says_what_the_plan_says() -> None:
    plan = plan_budget(curves())
    same = what_if(curves(), {one.channel: one.planned for one in plan.channels})
    assert same.gain.value == pytest.approx(plan.gain.value, rel=1e-6)
    assert same.probability == plan.probability
    nothing = what_if(curves(), {})
    assert nothing.gain.value == pytest.approx(0.0, abs=1e-9)
    far = what_if(curves(), {"paid search": 5000.0})
    assert "paid search" in far.outside
    with pytest.raises(ConfigError, match="no channel radio"):
        what_if(curves(), {"radio": 10.0})


def test_more_money_goes_where_its_last_unit_brings_most() -> None:
    found = next_money(curves(), 200.0, BudgetLimits(move=None, spend_all=True))
    assert sum(found.channels.values()) == pytest.approx(200.0, rel=1e-3)
    plan = plan_budget(curves(), BudgetLimits(move=None, spend_all=True))
    margins = [one.marginal.value for one in plan.channels if one.planned > 1]
    # At the optimum all last units bring alike, and a little more money brings a little less.
    assert found.value.value / 200.0 == pytest.approx(np.mean(margins), rel=0.1)
    assert found.value.value / 200.0 < max(margins)


def test_a_goal_has_a_smallest_budget() -> None:
    now = what_if(curves(), {}).customers.value
    found = budget_for(curves(), customers=0.8 * now)
    assert found.total < sum(today().values())
    reached = what_if(curves(), {one.channel: one.planned for one in found.plan.channels})
    assert reached.customers.value == pytest.approx(0.8 * now, rel=0.02)
    assert 0.2 < found.probability < 0.8
    with pytest.raises(InputError, match="run into saturation"):
        budget_for(curves(), customers=1e5)
    with pytest.raises(ConfigError, match="Name one"):
        budget_for(curves())


def doubtful() -> ResponseCurves:
    """Two channels, nothing known of the second but that it may be twice as good or half as good as the first."""
    one = curves()["paid search"]
    rng = np.random.default_rng(1)

    def channel(name: str, spread: float) -> ChannelResponse:
        ceiling = np.full(one.curve.count, float(one.curve.ceiling.mean())) * np.exp(
            spread * rng.standard_normal(one.curve.count)
        )
        flat = {field: np.full(one.curve.count, float(getattr(one.curve, field).mean())) for field in
                ("half_life", "half_saturation", "shape", "organic", "season")}  # fmt: skip
        changed: ChannelResponse = replace(
            one, channel=name, curve=type(one.curve)(ceiling=ceiling, **flat), today=300.0,
            pressure=np.full(one.curve.count, 43.0), worth=np.full(one.curve.count, float(one.worth.mean())),
        )  # fmt: skip
        return changed

    found: ResponseCurves = replace(curves(), channels=(channel("known", 0.02), channel("doubtful", 0.7)))
    return found


def test_the_experiment_is_with_the_channel_nobody_knows() -> None:
    found = propose_spend_experiments(doubtful())
    assert found[0].channel == "doubtful"
    assert found[0].worth > 0
    assert found[0].net > 0
    certain = replace(doubtful(), channels=(doubtful().channels[0],))
    assert propose_spend_experiments(certain) == ()


class Book:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, Decision] = {}
        self.seen: list[DecisionOutcome] = []

    def record(self, decision: Decision) -> None:
        self.entries.setdefault(decision.decision_id, decision)

    def observe(self, outcome: DecisionOutcome) -> None:
        self.seen.append(outcome)

    def decisions(self) -> tuple[str, ...]:
        return tuple(reversed(self.entries))

    def decision(self, decision_id: str) -> Decision | None:
        return self.entries.get(decision_id)

    def outcomes(self, decision_id: str) -> tuple[DecisionOutcome, ...]:
        return tuple(one for one in self.seen if one.decision_id == decision_id)


def test_the_record_holds_plans_against_what_happened() -> None:
    now = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    summary = values().facts.summary
    book = Book()
    plan = plan_budget(curves(), period=weeks(4))
    # The same plan, made eight weeks earlier, lies behind.
    earlier = replace(plan, starts_on=store().last_day - dt.timedelta(days=55))
    write_down(book, earlier, (), now)
    assert len(book.entries) == len(curves().names)
    found = review(book, store(), summary, curves())
    rows = {row.channel: row for row in found}
    assert set(rows) == set(curves().names)
    first = earlier.starts_on
    for name, row in rows.items():
        assert (row.first_day, row.last_day) == (first, first + dt.timedelta(days=27))
        assert row.planned == pytest.approx(4 * plan.spends()[name], rel=1e-9)
        truth = store().truth.channels[name]
        assert row.done == pytest.approx(truth.daily_spend[400 - 56 : 400 - 28].sum(), abs=0.01)
        assert row.earned == pytest.approx(row.customers * curves()[name].worth.mean() - row.done, rel=1e-9)
    write_down(book, plan, found, now)
    assert len(book.seen) == len(rows)
    currency = next(iter(book.entries.values())).currency
    assert {one.note for one in book.seen} == {
        f"{amounts.money(row.done, currency, exact=True)} spent of "
        f"{amounts.money(row.planned, currency, exact=True)} planned"
        for row in rows.values()
    }
    assert len(book.entries) == 2 * len(rows)
    # Outcomes are written once, and a plan stands until its period is over.
    later = replace(plan, starts_on=plan.starts_on + dt.timedelta(days=7))
    write_down(book, later, review(book, store(), summary, curves()), now)
    assert len(book.seen) == len(rows)
    assert len(book.entries) == 2 * len(rows)


def test_what_somebody_has_decided_goes_before_what_a_run_proposed() -> None:
    now = dt.datetime(2026, 8, 10, tzinfo=dt.UTC)
    book = Book()
    plan = plan_budget(curves(), period=weeks(4))
    proposed = replace(plan, starts_on=store().last_day - dt.timedelta(days=55))
    write_down(book, proposed, (), now)
    taken = replace(proposed, starts_on=proposed.starts_on + dt.timedelta(days=2))
    names = take(book, taken, now + dt.timedelta(hours=3))
    assert len(names) == len(set(names)) == len(curves().names)
    found = review(book, store(), values().facts.summary, curves())
    assert {row.first_day for row in found} == {taken.starts_on}, "each channel once, as it was decided"
    write_down(book, plan, found, now)
    assert {one.decision_id for one in book.seen} == set(names)
