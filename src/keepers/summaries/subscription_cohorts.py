"""Cohorts of subscriptions by the month of their start: how many still ran at each age in months."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.cells import FloatArray
from keepers.domain.time import TimeUnit
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.subscriptions import SubscriptionSummary


@dataclass(frozen=True, eq=False)
class SubscriptionCohort:
    """Subscriptions that began in one month.

    Parameters
    ----------
    month : date
        Its first day.
    contracts : int
        How many.
    mature : int
        Months of age that all of them have reached, whether they still ran by then or not.
    running : array, shape (n,)
        How many outlasted 1, 2, ... months, as far as is known of each; of use up to `mature`.
    ages, alive : arrays
        Ages in months of those that run now, and how many are that old.
    """

    month: dt.date
    contracts: int
    mature: int
    running: FloatArray
    ages: FloatArray
    alive: FloatArray


def subscription_cohorts(summary: SubscriptionSummary) -> tuple[SubscriptionCohort, ...]:
    """The cohorts in order of time; subscriptions not seen from their start are left out.

    Examples
    --------
    >>> import keepers as kp
    >>> contracts = {
    ...     "customer_key": ["a", "b", "c"], "started_on": ["2024-01-15", "2024-01-20", "2024-03-10"],
    ...     "ended_on": [None, "2024-03-20", None],
    ... }
    >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
    >>> for cohort in subscription_cohorts(summary):
    ...     print(cohort.month, cohort.contracts, cohort.mature, cohort.running.tolist())
    2024-01-01 2 5 [2.0, 1.0, 1.0, 1.0, 1.0]
    2024-03-01 1 3 [1.0, 1.0, 1.0]
    """
    day = day_literal(summary.facts.cut)
    rows = summary.engine.columns(
        template(PACKAGE, "subscription_cohorts").format(
            summary=quoted(summary.name),
            seen=whole_periods("started_on", day, TimeUnit.MONTH),
            lasted=whole_periods("started_on", f"coalesce(ended_on, {day})", TimeUnit.MONTH),
        )
    )
    month = rows["month"].astype("datetime64[D]")
    seen, lasted, contracts = (rows[name].astype(np.int64) for name in ("seen", "lasted", "contracts"))
    runs = ~rows["ended"].astype(bool)
    found = []
    for first in np.unique(month):
        own = month == first
        longest = int(lasted[own].max(initial=0))
        running = np.bincount(lasted[own], contracts[own], longest + 1)[::-1].cumsum()[::-1][1:]
        alive = own & runs
        found.append(
            SubscriptionCohort(
                first.item(),
                int(contracts[own].sum()),
                int(seen[own].min()),
                running.astype(np.float64),
                lasted[alive].astype(np.float64),
                contracts[alive].astype(np.float64),
            )
        )
    return tuple(found)
