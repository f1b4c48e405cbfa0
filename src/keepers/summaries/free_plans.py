"""How long subscribers stay on plans that cost nothing before they move to another one, counted in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import literal, quoted, template
from keepers.domain.cells import FloatArray, IntArray
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.subscriptions import SubscriptionSummary


@dataclass(frozen=True, eq=False)
class FreeSteps:
    """Steps from one period to the next of subscribers on free plans whose contracts ran on.

    Parameters
    ----------
    free : array of int, shape (f,)
        Places of the free plans among all.
    stayed : array, shape (f, periods)
        Steps without a move, by whole periods on the plan when they began.
    moved : array, shape (f, periods, plans)
        Steps to another plan.
    """

    free: IntArray
    stayed: FloatArray
    moved: FloatArray


def free_plans(prices: Mapping[str, float | None]) -> tuple[str, ...]:
    """The plans that cost nothing, of mean prices by plan; none where nothing else has a price."""
    if not any(price for price in prices.values()):
        return ()
    return tuple(plan for plan, price in prices.items() if price == 0)


def free_steps(summary: SubscriptionSummary, prices: Mapping[str, float | None], every: int) -> FreeSteps | None:
    """Count the steps behind a summary, of one customer in `every`; None where no plan is free."""
    free, plans = free_plans(prices), list(prices)
    if not free:
        return None
    facts = summary.facts
    cut, unit = day_literal(facts.cut), facts.period
    last = f"CASE WHEN stretch.until <= {cut} THEN stretch.until - 1 ELSE {cut} END"
    till_move, till_last = (
        whole_periods("stretch.started_on", f"({day})", unit) for day in ("stretch.moved_on - 1", last)
    )
    unseen = "0"
    if facts.observed_from is not None:
        # Of steps that began before, those that ended contracts are not known.
        before = f"({day_literal(facts.observed_from)} - 1)"
        whole = whole_periods("stretch.started_on", before, unit)
        unseen = f"CASE WHEN stretch.started_on <= {before} THEN {whole} + 1 ELSE 0 END"
    rows = summary.engine.rows(
        f"SELECT plan, target, CASE WHEN moved_on IS NULL THEN {till_last} ELSE {till_move} END AS steps, "
        f"{unseen} AS unseen, count(*) FROM ({stretches_sql(summary, free, every)}) AS stretch GROUP BY 1, 2, 3, 4 "
        "ORDER BY 1, 2, 3, 4"
    )
    longest = max((int(row[2]) for row in rows), default=0) + 1
    stayed, moved = np.zeros((len(free), longest)), np.zeros((len(free), longest, len(plans)))
    for plan, target, steps, entry, seen in rows:
        place, count = free.index(str(plan)), max(int(steps), 0)
        stayed[place, int(entry) : count] += seen
        if target is not None and count >= entry:
            moved[place, count, plans.index(str(target))] += seen
    return FreeSteps(np.array([plans.index(plan) for plan in free], dtype=np.int64), stayed, moved)


def stretches_sql(summary: SubscriptionSummary, free: tuple[str, ...], every: int = 1) -> str:
    """SQL of the stretches: customer_key, spell, plan, started_on, until, moved_on, target."""
    return template(PACKAGE, "free_plan_stretches").format(
        spells=quoted(summary.facts.spells), every=every, free=", ".join(map(literal, free))
    )


def latest_sql(summary: SubscriptionSummary, free: tuple[str, ...], most: int) -> str:
    """SQL of customers' last contracts with `on_free`: whole periods on the free plan of now, at the most; else 0."""
    if not free:
        return f"(SELECT *, 0 AS on_free FROM {quoted(summary.name)} WHERE latest)"
    cut = day_literal(summary.facts.cut)
    on_it = whole_periods("min(started_on)", cut, summary.unit)
    stretches = (
        f"SELECT customer_key, plan, {on_it} AS on_free FROM ({stretches_sql(summary, free)}) AS stretch "
        f"WHERE moved_on IS NULL AND until > {cut} GROUP BY customer_key, plan"
    )
    return (
        f"(SELECT summary.*, least(coalesce(stretch.on_free, 0), {most}) AS on_free "
        f"FROM {quoted(summary.name)} AS summary LEFT JOIN ({stretches}) AS stretch "
        "ON stretch.customer_key = summary.customer_key AND stretch.plan = summary.plan WHERE summary.latest)"
    )
