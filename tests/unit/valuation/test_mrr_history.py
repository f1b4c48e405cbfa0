"""Recurring revenue month by month, against customers followed one by one."""

from __future__ import annotations

import datetime as dt

import pytest

import keepers as kp
from keepers.domain.time import TimeUnit, calendar_shift
from keepers.valuation.mrr_history import mrr_history, mrr_movement
from keepers.valuation.recurring_revenue import movements
from subscribers import LAST, subscribers

CUT: dt.date = LAST.item()


def contracts() -> dict[str, list[object]]:
    """Subscribers, some of whom change the plan, and some of whom come back after a long time."""
    known = subscribers(400, seed=6)
    rows = [dict(zip(known, row, strict=True)) for row in zip(*known.values(), strict=True)]
    for place, row in enumerate(list(rows)):
        if row["ended_on"] and place % 3 == 0:
            rows.append({**row, "started_on": row["ended_on"], "ended_on": None, "amount": 55.0 - 50 * (place % 2)})
        elif row["ended_on"] and place % 3 == 1:
            again = str(dt.date.fromisoformat(row["ended_on"]) + dt.timedelta(days=90))
            if again <= str(CUT):
                rows.append({**row, "started_on": again, "ended_on": None})
    return {name: [row[name] for row in rows] for name in known}


def paid(known: dict[str, list[object]], day: dt.date) -> dict[object, float]:
    """What each customer pays a month on a day."""
    found: dict[object, float] = {}
    for who, amount, start, end in zip(
        known["customer_key"], known["amount"], known["started_on"], known["ended_on"], strict=True
    ):
        if str(start) <= str(day) and (end is None or str(end) > str(day)):
            found[who] = found.get(who, 0.0) + float(amount)  # type: ignore[arg-type]
    return found


def test_months_are_those_of_customers_followed_one_by_one() -> None:
    known = contracts()
    summary = kp.summarise_subscriptions(known, kp.ObservationWindow(calibration_end=CUT))
    found = mrr_history(summary, 18)
    assert len(found) == 18
    assert found[-1].day == CUT
    for month in found:
        steps = (CUT.year - month.day.year) * 12 + CUT.month - month.day.month
        before = calendar_shift(CUT, -steps - 1, TimeUnit.MONTH)
        earlier = {
            who for who, start in zip(known["customer_key"], known["started_on"], strict=True) if start <= str(before)
        }
        wanted = movements(paid(known, before), paid(known, month.day), earlier)
        for name in ("start", "new", "reactivation", "expansion", "contraction", "churned", "end"):
            assert getattr(month.movements, name) == pytest.approx(getattr(wanted, name)), (month.day, name)
        assert month.customers == len(paid(known, month.day))


def test_a_years_movement_is_from_end_to_end() -> None:
    known = contracts()
    summary = kp.summarise_subscriptions(known, kp.ObservationWindow(calibration_end=CUT))
    before = calendar_shift(CUT, -12, TimeUnit.MONTH)
    wanted = movements(paid(known, before), paid(known, CUT))
    found = mrr_movement(summary, 12)
    assert found is not None
    assert (found.start, found.churned, found.expansion) == pytest.approx(
        (wanted.start, wanted.churned, wanted.expansion)
    )


def test_without_prices_there_is_none() -> None:
    known = subscribers(20)
    del known["amount"]
    summary = kp.summarise_subscriptions(known)
    assert mrr_history(summary) == ()
    assert mrr_movement(summary, 12) is None


def test_who_is_paused_now_brings_nothing_now() -> None:
    frame = {
        "customer_key": ["a", "b"], "started_on": ["2024-01-15", "2024-02-01"], "amount": [10.0, 25.0],
        "status": ["active", "paused"],
    }  # fmt: skip
    summary = kp.summarise_subscriptions(frame, kp.ObservationWindow(calibration_end="2024-06-30"))
    last = mrr_history(summary, 2)
    assert [month.movements.end for month in last] == [35.0, 10.0]
    assert last[-1].movements.churned == 25.0
