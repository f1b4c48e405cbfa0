"""Ages in calendar periods as SQL: a month is over on the same day of the next one, or on that month's last day."""

from __future__ import annotations

from keepers.domain.time import TimeUnit

_LENGTH = {TimeUnit.DAY: 1, TimeUnit.WEEK: 7}


def whole_periods(start: str, end: str, unit: TimeUnit) -> str:
    """SQL of the number of periods that are over on a day, counted from another.

    >>> whole_periods("a", "b", TimeUnit.WEEK)
    "date_diff('day', a, b) // 7"
    """
    if unit in _LENGTH:
        return f"date_diff('day', {start}, {end}) // {_LENGTH[unit]}"
    return f"date_sub('{unit.value}', {start}, {end})"


def part_of_period(start: str, end: str, whole: str, unit: TimeUnit) -> str:
    """SQL of the part of the running period that is over, from 0 to below 1.

    Parameters
    ----------
    start, end : str
        SQL of the days.
    whole : str
        SQL of the periods that are over.
    unit : TimeUnit
    """
    if unit in _LENGTH:
        return f"(date_diff('day', {start}, {end}) - {whole} * {_LENGTH[unit]}) / {_LENGTH[unit]}.0"
    begun = f"CAST({start} + to_{unit.value}s(CAST({whole} AS INTEGER)) AS DATE)"
    over = f"CAST({start} + to_{unit.value}s(CAST({whole} + 1 AS INTEGER)) AS DATE)"
    return f"greatest(date_diff('day', {begun}, {end}), 0) / CAST(date_diff('day', {begun}, {over}) AS DOUBLE)"
