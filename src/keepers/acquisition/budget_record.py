"""The record of budgets: what was planned, what was done and what it earned, as entries of the ledger of decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.budget import BudgetPlan
from keepers.acquisition.origins import origins
from keepers.acquisition.response import ResponseCurves
from keepers.acquisition.weekly import spend_sql
from keepers.data.engine import Engine, literal, quoted
from keepers.domain.amounts import money
from keepers.domain.decision import Action, Audience, Decision, DecisionOutcome
from keepers.domain.ports import DecisionLedger
from keepers.summaries.feature_sources import tables_of
from keepers.summaries.purchases import day_literal
from keepers.summaries.summary import Summary

KEY = "budget"
"""Key of the action of every entry about a budget."""


@dataclass(frozen=True, slots=True)
class PlannedAndDone:
    """One channel in one period that lies behind.

    Attributes
    ----------
    channel : str
        Which.
    first_day, last_day : date
        The period.
    planned, done : float
        Money of the period, as planned and as spent.
    expected : float
        Value of its new customers less spend, as it was expected.
    customers : int
        New customers of the channel who came in it.
    earned : float
        What these are worth, less what was spent.
    """

    channel: str
    first_day: dt.date
    last_day: dt.date
    planned: float
    done: float
    expected: float
    customers: int
    earned: float


def plan_decisions(plan: BudgetPlan, decided_at: dt.datetime, mark: str = "") -> tuple[Decision, ...]:
    """A plan as entries of the ledger, one a channel: the money as the action's cost, and what the channel should earn.

    What is expected is the value of all new customers of the channel less its spend, so that it can be held against
    what happened. Where no change is recommended the entries say today's spends. A `mark` tells the entries of a plan
    that somebody has taken from those of a run for the same days.
    """
    days = round(plan.period.days)
    last = plan.starts_on + dt.timedelta(days=days - 1)
    entries = []
    for one in plan.channels:
        weekly = one.planned if plan.recommended else one.today
        net = one.net if plan.recommended else one.net_today
        entries.append(
            Decision(
                _id(plan.starts_on, one.channel) + mark,
                decided_at,
                Action(KEY, f"Spend {weekly:,.2f} a week on {one.channel}", weekly * days / 7.0),
                Audience(f"{one.channel}: {plan.starts_on.isoformat()} to {last.isoformat()}", ()),
                net.value,
                net.low,
                net.high,
                plan.currency,
                plan.evidence,
                (f"{one.today:,.2f} a week before", plan.value_meaning),
            )
        )
    return tuple(entries)


def review(
    record: DecisionLedger,
    source: Any,
    summary: Summary,
    curves: ResponseCurves,
    rates: Mapping[str, float] | None = None,
) -> tuple[PlannedAndDone, ...]:
    """Hold earlier plans against what was spent and who came.

    Parameters
    ----------
    record : Record
        Where plans were written.
    source : Dataset or Store
        The newest data, with canonical names of channels.
    summary : Summary
        Of its customers.
    curves : ResponseCurves
        With money, of these data.
    rates : mapping of str to float, optional
        Currency to its price in that of the orders.

    Returns
    -------
    tuple of PlannedAndDone
        Periods that are over, the newest first.
    """
    engine, _ = tables_of(source)
    past = [one for one in _entries(record) if one[2] <= curves.last_day]
    if not past:
        return ()
    came = origins(source, summary).table.name
    try:
        paid = spend_sql(source, summary.currency, rates)
        rows = [_row(engine, paid, came, curves, *one) for one in past]
    finally:
        engine.drop(came)
    return tuple(sorted(rows, key=lambda row: (-row.first_day.toordinal(), -row.planned)))


def write_down(record: DecisionLedger, plan: BudgetPlan, reviewed: Sequence[PlannedAndDone], now: dt.datetime) -> None:
    """Write what came of earlier plans, each once, and the plan, unless an earlier one stands for its first day."""
    written = {(first, channel): decision for decision, first, _, channel in _entries(record)}
    for row in reviewed:
        decision = written[row.first_day, row.channel]
        name = decision.decision_id
        if not record.outcomes(name):
            done, planned = (money(one, decision.currency or None, exact=True) for one in (row.done, row.planned))
            note = f"{done} spent of {planned} planned"
            record.observe(DecisionOutcome(name, now, row.last_day, row.earned, row.customers, 0, note=note))
    if not any(first <= plan.starts_on <= last for _, first, last, _ in _entries(record)):
        for decision in plan_decisions(plan, now):
            record.record(decision)


def take(record: DecisionLedger, plan: BudgetPlan, now: dt.datetime) -> tuple[str, ...]:
    """Write a plan that somebody has decided for; it goes before what was proposed for the same days.

    Returns
    -------
    tuple of str
        Ids of the entries.
    """
    entries = plan_decisions(plan, now, f":{now.strftime('%Y%m%dT%H%M%S')}")
    for decision in entries:
        record.record(decision)
    return tuple(one.decision_id for one in entries)


def _id(starts_on: dt.date, channel: str) -> str:
    return f"{KEY}:{starts_on.isoformat()}:{channel}"


def _entries(record: DecisionLedger) -> Iterable[tuple[Decision, dt.date, dt.date, str]]:
    """Decisions about budgets with their first and last day and their channel; of two for the same days the later."""
    taken: dict[str, list[tuple[dt.date, dt.date]]] = {}
    for name in record.decisions():
        if not name.startswith(f"{KEY}:"):
            continue
        decision = record.decision(name)
        assert decision is not None
        channel, _, span = decision.audience.rule.rpartition(": ")
        first, last = (dt.date.fromisoformat(text) for text in span.split(" to "))
        if any(first <= end and start <= last for start, end in taken.get(channel, ())):
            continue
        taken.setdefault(channel, []).append((first, last))
        yield decision, first, last, channel


def _row(
    engine: Engine,
    paid: str,
    came: str,
    curves: ResponseCurves,
    decision: Decision,
    first: dt.date,
    last: dt.date,
    channel: str,
) -> PlannedAndDone:
    between = f"channel = {literal(channel)} AND {{}} BETWEEN {day_literal(first)} AND {day_literal(last)}"
    spent = f"SELECT coalesce(sum(amount), 0) FROM ({paid}) AS paid WHERE {between.format('day')}"
    done = float(engine.row(spent)[0])
    joined = f"SELECT count(*) FROM {quoted(came)} AS origin WHERE {between.format('first_day')}"
    customers = int(engine.row(joined)[0])
    known = {one.channel: float(one.worth.mean()) for one in curves.channels}
    worth = known.get(channel, float(np.mean(list(known.values()))))
    return PlannedAndDone(
        channel, first, last, decision.action.cost, done, decision.expected_gain, customers, customers * worth - done
    )
