"""Monthly recurring revenue month by month, and what moved it, from contracts in the engine."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.data.engine import quoted, template
from keepers.domain.time import TimeUnit, whole_calendar_periods
from keepers.summaries.purchases import day_literal
from keepers.summaries.subscriptions import SubscriptionSummary
from keepers.valuation.recurring_revenue import Movements

DEFAULT_MONTHS = 24


@dataclass(frozen=True, slots=True)
class MrrMonth:
    """One month: the day it ended on, customers who paid then, and what moved the revenue within it."""

    day: dt.date
    customers: int
    movements: Movements


def mrr_history(summary: SubscriptionSummary, months: int = DEFAULT_MONTHS) -> tuple[MrrMonth, ...]:
    """The movements of monthly recurring revenue in each of the last months, counted back from the summary's cut.

    Contracts that are paused at the cut bring nothing then, and count as lost in the last month; earlier pauses within
    a contract are not in the data.

    Parameters
    ----------
    summary : SubscriptionSummary
        With prices.
    months : int
        How many months at most; fewer where the first contract is younger.

    Returns
    -------
    tuple of MrrMonth
        In order of time; empty without prices.

    Examples
    --------
    >>> import keepers as kp
    >>> contracts = {
    ...     "customer_key": ["a", "a", "b", "c"], "plan": ["small", "large", "small", "large"],
    ...     "started_on": ["2024-01-15", "2024-04-15", "2024-02-01", "2024-06-10"],
    ...     "ended_on": ["2024-04-15", None, "2024-05-01", None], "amount": [10.0, 25.0, 10.0, 25.0],
    ... }
    >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
    >>> for month in mrr_history(summary, 3):
    ...     found = month.movements
    ...     print(month.day, found.start, found.new, found.expansion, found.churned, found.end)
    2024-04-30 20.0 0.0 15.0 0.0 35.0
    2024-05-30 35.0 0.0 0.0 10.0 25.0
    2024-06-30 25.0 25.0 0.0 0.0 50.0
    """
    if not summary.has_money:
        return ()
    engine, spells, cut = summary.engine, quoted(summary.facts.spells), summary.facts.cut
    first = engine.row(f"SELECT min(paid_from) FROM {spells}")[0]
    known = max(min(months, whole_calendar_periods(first, cut, TimeUnit.MONTH) + 1), 1)
    return _movements(summary, known, 1)


def mrr_movement(summary: SubscriptionSummary, months: int) -> Movements | None:
    """The movement from so many months before the summary's cut to the cut, customer by customer.

    Of a customer who left and came back within the time nothing moved, so it is not the sum of the months' movements:
    net and gross revenue retention are stated of it. None where nobody paid at either end.
    """
    found = _movements(summary, 1, months) if summary.has_money else ()
    return found[0].movements if found else None


def _movements(summary: SubscriptionSummary, count: int, step: int) -> tuple[MrrMonth, ...]:
    rows = summary.engine.rows(
        template("keepers.valuation.sql", "mrr_movements").format(
            spells=quoted(summary.facts.spells), cut=day_literal(summary.facts.cut), months=count, step=step
        )
    )
    return tuple(
        MrrMonth(day, int(customers), Movements(*(float(part) for part in parts))) for day, *parts, customers in rows
    )
