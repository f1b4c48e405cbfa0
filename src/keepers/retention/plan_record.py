"""The record of proposed plans: who was chosen and who was left alone, and what those who were chosen brought more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import literal, quoted
from keepers.domain.decision import Decision, DecisionOutcome
from keepers.domain.money import MoneyBasis
from keepers.domain.ports import DecisionLedger
from keepers.domain.time import Horizon
from keepers.retention.held_out import advantage
from keepers.retention.next_plans import SOON
from keepers.retention.offer_record import FEWEST, IN_QUOTES, day_in
from keepers.retention.plan_rows import PlanMoments
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.purchases import day_literal
from keepers.valuation.subscription_value import SubscriptionValues

_KEY = "plan-"


@dataclass(frozen=True, slots=True)
class PlanGrade:
    """What came of one plan that was proposed.

    Attributes
    ----------
    decision : Decision
        The entry of the ledger.
    plan : str
    first_day, last_day : date
        Days in which payments and changes are counted; what is expected after them, up to the horizon, is added.
    horizon : Horizon
        Within which money counts, as in what was expected.
    treated, held_out : int
        Who subscribed on the first day, of those chosen and those left alone.
    took, took_held_out : int
        Of them, who took the plan in these days.
    gain, low, high : float or None
        What all who were chosen bring more than they would have without the offer, with its 80% interval; None while
        the days are not over, or where too few were left alone.
    basis : MoneyBasis
    is_over : bool
    """

    decision: Decision
    plan: str
    first_day: dt.date
    last_day: dt.date
    horizon: Horizon
    treated: int
    held_out: int
    basis: MoneyBasis
    took: int = 0
    took_held_out: int = 0
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    is_over: bool = False

    @property
    def remark(self) -> str:
        """What a reader should know, in a sentence."""
        if not self.is_over:
            return f"Payments and changes count until {self.last_day.isoformat()}."
        if min(self.treated, self.held_out) < FEWEST:
            return f"Too few were left alone to say what it earned; at least {FEWEST} are needed on either side."
        if self.gain is None:
            return "All of them pay the same, so that nothing is said of what it earned."
        return (
            f"{self.took:,} of {self.treated:,} took it, and {self.took_held_out:,} of {self.held_out:,} who were left "
            "alone did by themselves."
        )

    def outcome(self, observed_at: dt.datetime) -> DecisionOutcome | None:
        """An entry of the ledger; None where nothing can be said yet."""
        if self.gain is None:
            return None
        return DecisionOutcome(
            self.decision.decision_id, observed_at, self.last_day, self.gain, self.treated, self.held_out, self.low,
            self.high, self.remark,
        )  # fmt: skip


def plans_decided(ledger: DecisionLedger) -> Iterator[tuple[Decision, str]]:
    """Plans that somebody decided to propose, by their names, the newest first."""
    for name in ledger.decisions():
        if not name.startswith(_KEY):
            continue
        one = ledger.decision(name)
        assert one is not None
        plan = IN_QUOTES.search(one.audience.rule)
        if plan is not None and one.audience.customer_keys:
            yield one, plan[1]


def grade_plan(values: SubscriptionValues, decision: Decision, plan: str, time_zone: str | None = None) -> PlanGrade:
    """Say what proposing a plan has earned: who was chosen against who was left alone, by lot.

    All who were chosen and subscribed on the day of the decision count, whether they took the plan or not. Money is
    what they paid in a quarter from that day on (a year, where contracts renew once a year) and what the state that
    they reached is expected to bring after it, up to the horizon; what their contracts were expected to bring before
    takes chance out of the comparison.

    Parameters
    ----------
    values : SubscriptionValues
        Of the newest data, with prices.
    decision : Decision
        Of the ledger, with those who were chosen and those who were left alone.
    plan : str
        What was proposed.
    time_zone : str, optional
        The business's, in which the first day is the one of the decision; UTC without it.
    """
    facts, engine = values.facts, values.engine
    moments = PlanMoments(values, SOON[facts.summary.unit])
    first = day_in(decision.decided_at, time_zone)
    over = moments.shifted(day_literal(first), str(moments.ahead))
    (last,) = engine.row(f"SELECT {over} - 1")
    made = PlanGrade(
        decision, plan, first, last, facts.horizon, len(decision.audience.customer_keys),
        len(decision.audience.held_out_keys), facts.margin.basis,
    )  # fmt: skip
    if last > facts.summary.facts.cut:
        return made
    table = _moments(moments, decision, first, over)
    rows = moments.known_at(table)
    taken = engine.rows(
        f"SELECT moment.arm, count(DISTINCT moment.customer_key) FROM {quoted(table)} AS moment INNER JOIN "
        f"{moments.contracts} AS contract ON contract.customer_key = moment.customer_key AND contract.paid_from >= "
        f"moment.day AND contract.paid_from <= moment.over AND contract.plan = {literal(plan)} GROUP BY moment.arm"
    )
    engine.drop(table)
    out, took = rows.arm == "left alone", dict(taken)
    sizes = int((~out).sum()), int(out.sum())
    gain = low = high = None
    if min(sizes) >= FEWEST:
        found = advantage(
            rows.outcome, moments.expected(rows.plan, rows.price, rows.age, rows.on_plan), np.asarray(out, dtype=bool)
        )
        if found is not None:
            gain, low, high = (sizes[0] * one for one in found)
    return PlanGrade(
        decision, plan, first, last, facts.horizon, *sizes, facts.margin.basis, int(took.get("chosen", 0)),
        int(took.get("left alone", 0)), gain, low, high, is_over=True,
    )  # fmt: skip


def _moments(moments: PlanMoments, decision: Decision, first: dt.date, over: str) -> str:
    """A table of the decision's day for everybody of it who subscribed then."""
    engine, unit, day = moments.values.engine, moments.facts.summary.unit, day_literal(first)
    keys = np.array([*decision.audience.customer_keys, *decision.audience.held_out_keys], dtype=object)
    arms = np.where(np.arange(keys.size) < len(decision.audience.customer_keys), "chosen", "left alone").astype(object)
    chosen = engine.from_columns(engine.new_name("decided"), {"customer_key": keys, "arm": arms})
    try:
        return engine.create(
            engine.new_name("moments"),
            f"SELECT extent.customer_key, extent.spell, extent.start, {whole_periods('extent.start', day, unit)} AS n, "
            f"{day} AS day, CASE WHEN {day} > extent.start THEN {day} - 1 ELSE {day} END AS before, {day} AS after, "
            f"{over} AS over, chosen.arm, NULL AS chance "
            "FROM (SELECT customer_key, spell, min(paid_from) AS start, max(until) AS until "
            f"FROM {moments.contracts} AS told GROUP BY ALL) AS extent INNER JOIN {quoted(chosen)} AS chosen "
            f"ON chosen.customer_key = extent.customer_key AND {day} >= extent.start AND {day} < extent.until",
        )
    finally:
        engine.drop(chosen)
