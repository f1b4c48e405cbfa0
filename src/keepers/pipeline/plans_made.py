"""Plans that somebody decided to propose, held against what came of them, and written into the ledger once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from keepers.pipeline.memory import Memory
from keepers.reports import next_plans as report
from keepers.reports.figures import Estimate
from keepers.retention.held_out import LEVEL
from keepers.retention.plan_record import PlanGrade, grade_plan, plans_decided
from keepers.storage.state import Books
from keepers.valuation.subscription_value import SubscriptionValues

_MOST = 24
"""Decisions that are graded anew in a run, the newest ones."""


def plans_made(
    values: SubscriptionValues, memory: Memory | None, now: dt.datetime, time_zone: str | None = None
) -> tuple[PlanGrade, ...]:
    """Say what came of plans that were proposed, the newest first; nothing outside a project or without prices."""
    if memory is None or not values.has_money or not values.engine.is_embedded:
        return ()
    with memory.state.reading() as books:
        decided = list(plans_decided(books.ledger))[:_MOST]
    graded = tuple(grade_plan(values, one, plan, time_zone) for one, plan in decided)

    def written(books: Books) -> None:
        for grade in graded:
            outcome = grade.outcome(now)
            if outcome is not None and not books.ledger.outcomes(outcome.decision_id):
                books.ledger.observe(outcome)

    if graded:
        memory.do(written)
    return graded


def plans_made_told(graded: Iterable[PlanGrade]) -> list[dict[str, Any]]:
    """The part `subscriptions.plans_made` of summary.json."""
    return [
        {
            "plan": one.plan, "from": one.first_day.isoformat(), "until": one.last_day.isoformat(),
            "subscribers": one.treated, "held_out": one.held_out,
            "took": one.took if one.is_over else None,
            "took_held_out": one.took_held_out if one.is_over else None,
            "expected": {
                "gain": one.decision.expected_gain, "low": one.decision.expected_gain_low,
                "high": one.decision.expected_gain_high,
            },
            "earned": None
            if one.gain is None
            else {"gain": one.gain, "low": one.low, "high": one.high, "level": LEVEL},
            "remark": one.remark,
        }
        for one in graded
    ]  # fmt: skip


def plans_made_content(graded: Iterable[PlanGrade]) -> tuple[report.PlanMade, ...]:
    """The same for the report."""
    return tuple(
        report.PlanMade(
            one.plan, one.first_day, one.last_day, one.treated, one.held_out, one.decision.expected_gain,
            None if one.gain is None else Estimate(one.gain, one.low, one.high, LEVEL), one.remark,
        )
        for one in graded
    )  # fmt: skip
