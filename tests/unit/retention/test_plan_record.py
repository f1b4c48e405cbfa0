"""What proposed plans have earned: those who were chosen against those left alone by lot, once in the ledger."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.decision import Action, Audience, Decision, EvidenceGrade
from keepers.pipeline.memory import Memory
from keepers.pipeline.options import RunOptions
from keepers.pipeline.plans_made import plans_made, plans_made_content, plans_made_told
from keepers.pipeline.project import Project
from keepers.retention.plan_record import grade_plan, plans_decided
from keepers.valuation import subscription_draws
from keepers.valuation.subscription_value import SubscriptionValues

BEGUN, DECIDED = np.datetime64("2024-01"), 12
TAKES, SMALL, LARGE = 0.4, 10.0, 25.0
NOW = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def day(month: int) -> str:
    return str((BEGUN + np.timedelta64(month, "M")).astype("datetime64[D]"))


def decision(chosen: list[str], alone: list[str], month: int = DECIDED) -> Decision:
    at = dt.datetime.fromisoformat(day(month)).replace(hour=9, tzinfo=dt.UTC)
    return Decision(
        f"plan-upgrade:{at:%Y%m%dT%H%M%S}:1", at, Action("plan Large", "Offer the plan Large"),
        Audience("subscribers to whom the plan “Large” is proposed", tuple(chosen), tuple(alone)), 900.0, 100.0, 1700.0,
        "EUR", EvidenceGrade.ADJUSTED, ("because",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def known() -> tuple[SubscriptionValues, list[str], list[str]]:
    """Subscribers of a small plan; of those chosen four in ten take the large one on the day, of the others nobody."""
    rng = np.random.default_rng(3)
    size, until = 1500, DECIDED + 6
    start, ends = rng.integers(0, DECIDED, size), rng.geometric(rng.beta(1.0, 14.0, size))
    ends = start + np.minimum(ends, 500)
    chosen = rng.random(size) < 0.7
    takes = chosen & (rng.random(size) < TAKES) & (ends > DECIDED)
    rows: list[tuple[Any, ...]] = []
    for who in range(size):
        end = day(int(ends[who])) if ends[who] <= until else None
        first = day(DECIDED) if takes[who] else end
        rows.append((f"c{who:05}", "Small", SMALL, day(int(start[who])), first))
        if takes[who]:
            rows.append((f"c{who:05}", "Large", LARGE, day(DECIDED), end))
    names = ("customer_key", "plan", "amount", "started_on", "ended_on")
    frame = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription_draws, "_BUDGET", 1)
        patch.setattr(subscription_draws, "_FEWEST", 2)
        summary = kp.summarise_subscriptions(frame, kp.ObservationWindow(calibration_end=day(until)))
        values = kp.subscription_value(kp.ShiftedBetaGeometric().fit(summary), summary)
    keys = np.array([f"c{who:05}" for who in range(size)])
    return values, keys[chosen].tolist(), keys[~chosen].tolist()


def test_what_a_plan_earned_is_what_was_planted(known: tuple[SubscriptionValues, list[str], list[str]]) -> None:
    values, chosen, alone = known
    grade = grade_plan(values, decision(chosen, alone), "Large")
    assert grade.gain is not None
    assert grade.low is not None
    assert grade.high is not None
    assert 0.55 < grade.treated / len(chosen) < 0.75, "the others had left before"
    # Four in ten pay 15 more for about nine of twelve months.
    assert grade.gain / grade.treated == pytest.approx(TAKES * (LARGE - SMALL) * 9.5, rel=0.2)
    assert grade.low < TAKES * (LARGE - SMALL) * 9.5 * grade.treated < grade.high
    assert grade.took == pytest.approx(TAKES * grade.treated, rel=0.12)
    assert grade.took_held_out == 0
    assert "of 0" not in grade.remark
    assert f"{grade.took:,} of {grade.treated:,} took it" in grade.remark
    assert (grade.first_day, grade.last_day) == (dt.date(2025, 1, 1), dt.date(2025, 3, 31))


def test_without_a_work_nothing_is_found_and_too_few_are_said(
    known: tuple[SubscriptionValues, list[str], list[str]],
) -> None:
    values, _, alone = known
    rng, inside = np.random.default_rng(1), 0
    for _ in range(10):
        drawn = rng.permutation(alone).tolist()
        grade = grade_plan(values, decision(drawn[::2], drawn[1::2]), "Large")
        assert grade.low is not None
        assert grade.high is not None
        inside += grade.low < 0 < grade.high
    assert inside >= 5, "8 of 10 are expected"
    few = grade_plan(values, decision(alone[5:], alone[:5]), "Large")
    assert few.gain is None
    assert few.outcome(NOW) is None
    assert few.remark.startswith("Too few were left alone")
    waiting = grade_plan(values, decision(alone[::2], alone[1::2], DECIDED + 4), "Large")
    assert waiting.gain is None
    assert waiting.remark == "Payments and changes count until 2025-07-31."


def test_the_ledger_has_it_once(known: tuple[SubscriptionValues, list[str], list[str]], tmp_path: Path) -> None:
    values, chosen, alone = known
    project = Project(tmp_path)
    with project.open_state() as state, state.writing() as books:
        books.ledger.record(decision(chosen, alone))
    for _ in range(2):
        with Memory(project) as memory:
            (made,) = plans_made(values, memory, NOW)
    with project.open_state() as state, state.reading() as books:
        ((one, plan),) = plans_decided(books.ledger)
        (outcome,) = books.ledger.outcomes(one.decision_id)
    assert plan == "Large"
    assert outcome.gain == made.gain
    (told,) = plans_made_told([made])
    assert told["earned"]["gain"] == made.gain
    assert told["expected"] == {"gain": 900.0, "low": 100.0, "high": 1700.0}
    (row,) = plans_made_content([made])
    assert row.earned is not None
    assert row.earned.value == made.gain
    assert plans_made(values, None, NOW) == ()


def test_a_run_says_it_where_no_next_plan_can_be_said(
    known: tuple[SubscriptionValues, list[str], list[str]], tmp_path: Path
) -> None:
    values, chosen, alone = known
    spells = values.facts.summary.facts.spells
    values.engine.execute(
        "COPY (SELECT customer_key AS customer, plan, mrr AS amount, 'month' AS interval, paid_from AS started_on, "
        f"ended_on FROM {spells}) TO '{tmp_path / 'contracts.csv'}' (HEADER)"
    )
    project = Project(tmp_path, name="Tea")
    # Two entries, one of which is not over yet.
    with project.open_state() as state, state.writing() as books:
        for month in (DECIDED, DECIDED + 4):
            books.ledger.record(decision(chosen, alone, month))
    options = RunOptions(
        into=tmp_path / "result", project=project, model="shifted-beta-geometric", backtest=False, csv=False,
        horizon=kp.months(12),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription_draws, "_BUDGET", 1)
        patch.setattr(subscription_draws, "_FEWEST", 2)
        patch.setattr("keepers.pipeline.subscriptions.find_next_plans", lambda *_: None)
        said = kp.run([str(tmp_path / "contracts.csv")], options, now=lambda: NOW).summary["subscriptions"]
    assert said["next_plans"] is None
    waiting, over = said["plans_made"]
    assert waiting["earned"] is None
    assert over["earned"]["low"] > 0
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "We proposed, it earned" in page
    assert over["remark"] in page
    assert "Payments and changes count until 2025-07-31." in page
