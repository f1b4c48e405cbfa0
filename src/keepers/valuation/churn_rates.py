"""Churn of subscriptions as services quote it: of subscribers (logos) and of revenue, a month, over the last year."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from keepers.data.engine import quoted
from keepers.summaries.purchases import day_literal
from keepers.summaries.subscriptions import SubscriptionSummary
from keepers.valuation.mrr_history import MrrMonth


@dataclass(frozen=True, slots=True)
class ChurnRates:
    """Mean monthly churn over some months, each month weighted by whom or what could be lost in it.

    Zero where nothing was lost, which is what was seen, and no forecast: a value of price divided by it would be
    infinite, and none is made of it here.

    Parameters
    ----------
    months : int
        Months looked back.
    logo : float or None
        Of the subscribers at the start of a month, the share who were none at its end; None where there were none.
    revenue : float or None
        Of the recurring revenue at its start, the share lost with them.
    lost : float or None
        The same with what those who stayed pay less.
    subscribers_lost : int
        Endings that were counted.
    """

    months: int
    logo: float | None
    revenue: float | None
    lost: float | None
    subscribers_lost: int


def churn_rates(summary: SubscriptionSummary, months: tuple[MrrMonth, ...]) -> ChurnRates:
    """Churn over the months that `mrr_history` gave, at most twelve of them.

    Parameters
    ----------
    summary : SubscriptionSummary
        The contracts.
    months : tuple of MrrMonth
        In order of time.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.valuation.mrr_history import mrr_history
    >>> contracts = {
    ...     "customer_key": ["a", "b", "c", "d"], "plan": ["small", "small", "large", "large"],
    ...     "started_on": ["2024-01-15", "2024-02-01", "2024-02-10", "2024-02-20"],
    ...     "ended_on": [None, "2024-05-01", None, None], "amount": [10.0, 10.0, 25.0, 25.0],
    ... }
    >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
    >>> found = churn_rates(summary, mrr_history(summary, 3))
    >>> found.months, round(found.logo, 3), round(found.revenue, 3)
    (2, 0.143, 0.077)
    """
    last = months[-13:]
    # A month is counted from the end of the one before, so the first one that is shown has no start of its own.
    pairs = list(itertools.pairwise(last))
    if not pairs:
        return ChurnRates(0, None, None, None, 0)
    counts = ", ".join(
        f"count(DISTINCT customer_key) FILTER ({_runs(before)}), "
        f"count(DISTINCT customer_key) FILTER ({_runs(before)} AND NOT {_runs_later(after)})"
        for before, after in pairs
    )
    row = summary.engine.row(f"SELECT {counts} FROM {quoted(summary.name)}")
    there, gone = sum(map(int, row[0::2])), sum(map(int, row[1::2]))
    start = sum(after.movements.start for _, after in pairs)
    churned = sum(after.movements.churned for _, after in pairs)
    less = sum(after.movements.contraction for _, after in pairs)
    return ChurnRates(
        months=len(pairs),
        logo=gone / there if there else None,
        revenue=churned / start if start > 0 else None,
        lost=(churned + less) / start if start > 0 else None,
        subscribers_lost=gone,
    )


def _runs(month: MrrMonth) -> str:
    day = day_literal(month.day)
    return f"started_on <= {day} AND (ended_on IS NULL OR ended_on > {day})"


def _runs_later(month: MrrMonth) -> str:
    return f"(ended_on IS NULL OR ended_on > {day_literal(month.day)})"
