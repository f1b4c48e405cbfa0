"""What is said of a store's season."""

from __future__ import annotations

import calendar

import numpy as np

from keepers.domain.time import TimeUnit
from keepers.reports.formatting import day, horizon, percent
from keepers.valuation.season import Season

_LEAST = 0.005
"""Change of the total below which nothing is worth saying."""
_NEARLY = 0.02
"""Share of a year by which a horizon may miss whole years, which hold every month alike."""


def season_sentence(found: Season | None) -> str:
    """When customers buy fastest and slowest, what that does to the total, and how it did on the past; may be empty."""
    if found is None or not found.is_certain:
        return ""
    best, worst = int(np.argmax(found.factors)), int(np.argmin(found.factors))
    text = (
        f"Your sales have a season: customers buy fastest in {calendar.month_name[best + 1]} "
        f"({found.factors[best]:.2f} times the mean of the year) and slowest in {calendar.month_name[worst + 1]} "
        f"({found.factors[worst]:.2f} times)."
    )
    change = found.ratio - 1.0
    if abs(change) < _LEAST:
        return f"{text} Values count every month alike, which changes their total by less than {percent(_LEAST)}."
    more, seen = ("more", "quiet") if change > 0 else ("less", "busy")
    years = found.horizon.days / TimeUnit.YEAR.days
    whole = years > 0.5 and abs(years - round(years)) < _NEARLY
    why = (
        f"as the newest of them were seen in {seen} months"
        if whole
        else "because of the months that lie ahead and those in which they were seen"
    )
    text = (
        f"{text} Values count every month alike; with the season all customers together would be expected to order "
        f"{percent(abs(change), 1)} {more} over {horizon(found.horizon)}, {why}."
    )
    errors = found.errors
    if errors is None:
        return f"{text} That cannot be tried on your past yet: it takes three years of orders."
    days = ", ".join(day(one.day) for one in found.checks)
    return (
        f"{text} Tried on {days}, totals were off by {percent(errors[0], 1)} without the season and by "
        f"{percent(errors[1], 1)} with it{'' if found.helps else ': take it as a hint only'}."
    )
