"""Which period of opportunities a day belongs to: months and years of the calendar, days, and sevens of days."""

from __future__ import annotations

import datetime as dt

from keepers.data.engine import template
from keepers.domain.time import TimeUnit, calendar_shift
from keepers.summaries.purchases import PACKAGE, day_literal

_EPOCH = dt.date(1970, 1, 1)
_FAR = 50_000


def last_whole_day(cut: dt.date, unit: TimeUnit) -> dt.date:
    """The last day of the last period that is over at the end of a day.

    >>> last_whole_day(dt.date(2024, 2, 28), TimeUnit.MONTH).isoformat()
    '2024-01-31'
    >>> last_whole_day(dt.date(2024, 2, 29), TimeUnit.MONTH).isoformat()
    '2024-02-29'
    """
    tomorrow = cut + dt.timedelta(days=1)
    if unit is TimeUnit.MONTH:
        return tomorrow.replace(day=1) - dt.timedelta(days=1)
    if unit is TimeUnit.YEAR:
        return tomorrow.replace(month=1, day=1) - dt.timedelta(days=1)
    return cut


def number_of(day: dt.date, unit: TimeUnit, anchor: dt.date) -> int:
    """The number of a day's period; `anchor` is a day with which a period of days or weeks ends.

    >>> [number_of(dt.date(2024, 3, n), TimeUnit.WEEK, dt.date(2024, 3, 31)) for n in (17, 18, 24, 25, 31)]
    [-2, -1, -1, 0, 0]
    """
    if unit is TimeUnit.MONTH:
        return (day.year - _EPOCH.year) * 12 + day.month - 1
    if unit is TimeUnit.YEAR:
        return day.year - _EPOCH.year
    return -((anchor - day).days // round(unit.days))


def number_sql(day: str, unit: TimeUnit, anchor: dt.date) -> str:
    """The same as SQL."""
    if unit in (TimeUnit.MONTH, TimeUnit.YEAR):
        return f"date_diff('{unit.value}', DATE '1970-01-01', {day})"
    # Engines disagree on the quotient of a negative number of days, so that they are counted from a far day.
    length = round(unit.days)
    far = anchor + dt.timedelta(days=length * _FAR)
    return f"({_FAR} - date_diff('day', {day}, {day_literal(far)}) // {length})"


def shifted_end(end: dt.date, periods: int, unit: TimeUnit) -> dt.date:
    """The last day of the period that is so many after one that ends with `end`.

    >>> shifted_end(dt.date(2024, 2, 29), 1, TimeUnit.MONTH).isoformat()
    '2024-03-31'
    """
    return calendar_shift(end + dt.timedelta(days=1), periods, unit) - dt.timedelta(days=1)


def whole_periods_between(end: dt.date, later: dt.date, unit: TimeUnit) -> int:
    """How many whole periods are over on a later day, after one that ended with `end`.

    >>> [whole_periods_between(dt.date(2024, 1, 31), dt.date(2024, 3, n), TimeUnit.MONTH) for n in (30, 31)]
    [1, 2]
    >>> [whole_periods_between(dt.date(2024, 1, 31), dt.date(2024, 2, n), TimeUnit.WEEK) for n in (6, 7)]
    [0, 1]
    """
    if unit in (TimeUnit.MONTH, TimeUnit.YEAR):
        return number_of(last_whole_day(later, unit), unit, end) - number_of(end, unit, end)
    return (later - end).days // round(unit.days)


def opportunity_days_sql(purchase_days: str, unit: TimeUnit, anchor: dt.date) -> str:
    """Days with a purchase with those of a period put together on its first: all purchases of it are one."""
    period = number_sql("day", unit, anchor)
    return template(PACKAGE, "opportunity_days").format(purchase_days=purchase_days, period=period)
