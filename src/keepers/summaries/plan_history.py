"""What subscribers did from one period to the next: changes of plan, pauses and returns, counted in the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.cells import FloatArray
from keepers.domain.time import TimeUnit
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.free_plans import FreeSteps, free_steps
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.subscriptions import SubscriptionSummary

_MOST_PERIODS = 400
MOST_CUSTOMERS = 100_000
"""Customers whose steps are counted; of more, an even share by a hash of the key."""


@dataclass(frozen=True, eq=False)
class PlanHistory:
    """Steps from one period's end to the next, counted over all subscribers up to the cut.

    Parameters
    ----------
    plans : tuple of str
        Plans in the order of the arrays.
    moves : array, shape (plans, plans)
        Steps from the row's plan to the column's, of contracts that ran on.
    prices : array, shape (plans,)
        Mean price a month of each plan.
    paused, resumed : (float, float)
        Steps into a pause and steps that could have been; steps out of a pause and steps that could have been.
    away, returned : arrays, shape (n,)
        Former customers by whole periods since they left: steps that were seen, and those that brought one back.
    lapsed, renewed : arrays, shape (n,)
        The same of customers between two contracts that are so close that the gap turned out to be a pause.
    free : FreeSteps, optional
        How those on plans that cost nothing moved on; None where there are no such plans.
    """

    plans: tuple[str, ...]
    moves: FloatArray
    prices: FloatArray
    paused: tuple[float, float]
    resumed: tuple[float, float]
    away: FloatArray
    returned: FloatArray
    lapsed: FloatArray
    renewed: FloatArray
    free: FreeSteps | None = None


def plan_history(summary: SubscriptionSummary) -> PlanHistory:
    """Count the steps behind a summary; a gap within its grace is a pause.

    The steps of some 100,000 customers are counted: the chances of what subscribers do in a period are then known far
    better than one subscriber's future is, at a tenth of the time that a million takes.
    """
    facts, spells = summary.facts, quoted(summary.facts.spells)
    cut, unit = day_literal(facts.cut), facts.period
    first = f"(SELECT min(paid_from) FROM {spells})"
    periods = 1 + int(summary.engine.row(f"SELECT {whole_periods(first, cut, unit)}")[0])
    customers = summary.engine.row(f"SELECT count(DISTINCT customer_key) FROM {spells}")[0]
    every = max(1, -(-int(customers) // MOST_CUSTOMERS))
    rows = summary.engine.rows(
        template(PACKAGE, "plan_history").format(
            spells=spells,
            every=every,
            periods=min(periods, _MOST_PERIODS),
            day=_back(cut, "k", unit),
            next_day=_back(cut, "(k - 1)", unit),
            # Of steps that began before contracts were observed, those that ended contracts are not in the data.
            seen="TRUE" if facts.observed_from is None else f"day >= {day_literal(facts.observed_from)}",
            since=whole_periods("extent.until", "grid.day", unit),
            lapsed=whole_periods("gap.until", "grid.day", unit),
        )
    )
    priced = dict(summary.engine.rows(f"SELECT plan, avg(mrr) FROM {spells} GROUP BY plan ORDER BY plan"))
    plans = tuple(str(plan) for plan in priced)
    place = {plan: index for index, plan in enumerate(plans)}
    moves = np.zeros((len(plans), len(plans)))
    into, active, out, pausing = 0.0, 0.0, 0.0, 0.0
    longest = max([row[3] for row in rows if row[3] is not None], default=0)
    away, returned, lapsed, renewed = np.zeros((4, longest + 1))
    for kind, before, after, since, seen in rows:
        if kind == "stay":
            if before is not None and after is not None:
                moves[place[before], place[after]] += seen
            active, into = active + seen * (before is not None), into + seen * (before is not None and after is None)
            pausing, out = pausing + seen * (before is None), out + seen * (before is None and after is not None)
        elif kind in ("away", "return"):
            away[since] += seen
            returned[since] += seen * (kind == "return")
        else:
            lapsed[since] += seen
            renewed[since] += seen * (kind == "renewal")
    prices = np.array([0.0 if priced[plan] is None else priced[plan] for plan in plans], dtype=np.float64)
    free = free_steps(summary, dict(zip(plans, priced.values(), strict=True)), every)
    return PlanHistory(plans, moves, prices, (into, active), (out, pausing), away, returned, lapsed, renewed, free)


def _back(cut: str, steps: str, unit: TimeUnit) -> str:
    return f"CAST({cut} - to_{unit.value}s(CAST({steps} AS INTEGER)) AS DATE)"
