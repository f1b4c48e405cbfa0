"""Days with a purchase that are kept once: whatever is made of them is as if they had not been kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.time import ObservationWindow
from keepers.summaries.activity import activity
from keepers.summaries.cohorts import cohorts, purchase_ages
from keepers.summaries.purchases import keep_purchase_days
from keepers.summaries.summary import Summary, summarise

DAYS = 500


def source(refunds: bool) -> PurchaseRows:
    """Purchases of 60 customers, some given back weeks later."""
    chance = np.random.default_rng(4)
    start = dt.date(2024, 1, 1)
    rows = [
        (f"c{who}", (start + dt.timedelta(int(day))).isoformat(), float(paid))
        for who, day, paid in zip(
            chance.integers(0, 60, 400), chance.integers(0, DAYS, 400), chance.integers(1, 90, 400)
        )
    ]
    last = start + dt.timedelta(DAYS - 1)
    back = [
        (who, day, min(last, dt.date.fromisoformat(day) + dt.timedelta(40)).isoformat(), 0.5)
        for who, day, _ in (rows[::7] if refunds else [])
    ]
    return PurchaseRows(rows, back)


def everything(rows: PurchaseRows) -> list[Any]:
    """What summaries, cohorts and activity say at several days."""
    last = rows.last_day
    found: list[Any] = []
    for cut in (last, last - dt.timedelta(30), last - dt.timedelta(200)):
        for window in (ObservationWindow(calibration_end=cut), ObservationWindow(calibration_end=cut, end=cut)):
            summary = summarise(rows, window)
            found.append(table(summary))
            ages = purchase_ages(summary)
            found.append([column.tolist() for column in (ages.days, ages.age, ages.purchases, ages.money)])
            found.append(cohorts(summary).purchases.tolist())
            seen = activity(summary)
            found.append([seen.customers.tolist(), seen.money.tolist(), seen.age_days.tolist()])
    return found


def table(summary: Summary) -> list[tuple[Any, ...]]:
    return summary.engine.rows(f"SELECT * FROM {summary.name} ORDER BY customer_key")


@pytest.mark.parametrize("refunds", [False, True])
@pytest.mark.parametrize("days_before_the_end", [0, 30])
def test_nothing_changes(refunds: bool, days_before_the_end: int) -> None:
    plain, kept = source(refunds), source(refunds)
    keep_purchase_days(kept, kept.last_day - dt.timedelta(days_before_the_end))
    np.testing.assert_equal(everything(kept), everything(plain))


def test_they_are_read_from_where_they_are_kept() -> None:
    rows = source(refunds=False)
    keep_purchase_days(rows, rows.last_day)
    (kept,) = rows.kept_days.values()
    keep_purchase_days(rows, rows.last_day)
    assert list(rows.kept_days.values()) == [kept]
    summary = summarise(rows)
    assert kept.table in summary.purchase_days_sql()
    assert kept.table in summary.purchase_days_sql(rows.last_day - dt.timedelta(60))


def test_what_was_known_earlier_is_not_read_from_later_knowledge() -> None:
    rows = source(refunds=True)
    keep_purchase_days(rows, rows.last_day)
    (kept,) = rows.kept_days.values()
    summary = summarise(rows)
    assert kept.table in summary.purchase_days_sql(rows.last_day)
    assert kept.table not in summary.purchase_days_sql(rows.last_day - dt.timedelta(1))
