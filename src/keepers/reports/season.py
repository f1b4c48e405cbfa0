"""What is said of a store's season."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepers.domain.time import TimeUnit
from keepers.reports.formatting import day, horizon, percent

if TYPE_CHECKING:
    from keepers.valuation.season import Season

_LEAST = 0.005
"""Change of the total below which nothing is worth saying."""
_NEARLY = 0.02
"""Share of a year by which a horizon may miss whole years, which hold every month alike."""


@dataclass(frozen=True, slots=True)
class BusyMonths:
    """When customers buy fastest and slowest."""

    factors: tuple[float, ...]
    """How fast they buy in January, February and so on, against the mean of a year."""
    first: int
    """The month that comes next, 1 for January."""
    lines: tuple[str, ...]
    """What that means, in sentences."""


def busy_months(found: Season | None) -> BusyMonths | None:
    """The part of the report; None where no season is certain."""
    if found is None or not found.is_certain:
        return None
    return BusyMonths(found.factors, (found.day + dt.timedelta(days=1)).month, _lines(found))


def _lines(found: Season) -> tuple[str, ...]:
    """When customers buy fastest and slowest, what that does to the total, and how it did on the past."""
    best, worst = int(np.argmax(found.factors)), int(np.argmin(found.factors))
    shape = (
        f"Customers buy fastest in {calendar.month_name[best + 1]} ({found.factors[best]:.2f} times the mean of the "
        f"year) and slowest in {calendar.month_name[worst + 1]} ({found.factors[worst]:.2f} times)."
    )
    if not found.is_used:
        assert found.errors is not None
        plain, seasonal = (percent(error, 1) for error in found.errors)
        return (
            shape,
            f"Values count every month alike nevertheless: tried on {_days(found)}, totals were off by {plain} so and "
            f"by {seasonal} with the season.",
        )
    if found.errors is None:
        tried = "How well that does cannot be tried on your past yet: it takes three years of orders."
    else:
        plain, seasonal = (percent(error, 1) for error in found.errors)
        tried = (
            f"Tried on {_days(found)}, totals were off by {plain} with every month alike and by {seasonal} with the "
            f"season{'' if found.helps else ', a difference as chance makes it'}."
        )
    return f"{shape} All values follow the season.", f"{_ahead(found)} {_whole(found)}", tried


def _ahead(found: Season) -> str:
    """What the next three months are like."""
    speed = found.speed()
    if abs(speed - 1.0) < _NEARLY:
        return "The next three months are about as busy as three average ones."
    busy = "busier" if speed > 1.0 else "quieter"
    return f"The next three months are {percent(abs(speed - 1.0))} {busy} than three average ones."


def _whole(found: Season) -> str:
    """What the season does to the total of the horizon, and why."""
    change = found.ratio - 1.0
    reach = horizon(found.horizon)
    if abs(change) < _LEAST:
        return (
            f"Over {reach} all customers together are expected to order about as much as if every month counted alike."
        )
    more, seen = ("more", "quiet") if change > 0 else ("less", "busy")
    years = found.horizon.days / TimeUnit.YEAR.days
    whole = years > 0.5 and abs(years - round(years)) < _NEARLY
    why = (
        f"as the newest of them were seen in {seen} months"
        if whole
        else "because of the months that lie ahead and those in which they were seen"
    )
    return (
        f"Over {reach} all customers together are expected to order {percent(abs(change), 1)} {more} than if every "
        f"month counted alike, {why}."
    )


def _days(found: Season) -> str:
    return ", ".join(day(one.day) for one in found.checks)
