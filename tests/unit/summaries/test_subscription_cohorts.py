"""Cohorts of subscriptions, against contracts followed one by one."""

from __future__ import annotations

import datetime as dt

import keepers as kp
from keepers.domain.time import TimeUnit, calendar_shift, whole_calendar_periods
from keepers.summaries.subscription_cohorts import subscription_cohorts
from subscribers import LAST, subscribers

CUT: dt.date = LAST.item()


def test_cohorts_are_those_of_contracts_followed_one_by_one() -> None:
    known = subscribers(600, seed=9, years=2.0)
    summary = kp.summarise_subscriptions(known, kp.ObservationWindow(calibration_end=CUT))
    found = subscription_cohorts(summary)
    assert sum(cohort.contracts for cohort in found) == 600
    for cohort in found:
        own = [
            (dt.date.fromisoformat(start), None if end is None else dt.date.fromisoformat(end))
            for start, end in zip(known["started_on"], known["ended_on"], strict=True)
            if start[:7] == str(cohort.month)[:7]
        ]
        assert len(own) == cohort.contracts
        assert cohort.mature == min(whole_calendar_periods(start, CUT, TimeUnit.MONTH) for start, _ in own)
        for age in range(1, min(cohort.mature, cohort.running.size) + 1):
            still = sum(end is None or end > calendar_shift(start, age, TimeUnit.MONTH) for start, end in own)
            assert cohort.running[age - 1] == still
        assert cohort.alive.sum() == sum(end is None for _, end in own)
