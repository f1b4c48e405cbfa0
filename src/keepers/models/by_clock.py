"""Questions about the calendar put to a law of buying whose time is a store's clock, and its answers brought back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.cells import Cells
from keepers.domain.store_clock import Calendar, StoreClock
from keepers.numerics.likelihoods.family import Forecast

_LENGTHS: Mapping[str, tuple[int, ...]] = {
    "probability_alive": (0,),
    "expected_purchases": (0,),
    "expected_purchases_gradient": (0,),
    "purchase_distribution": (0,),
    "purchase_moments": (0,),
    "sample_future": (0,),
    "truncated_lifetime": (0,),
    "discounted_expected_purchases": (1,),
    "essentials": (0,),
    "forecast": (0, 2),
}
"""Which of a question's further arguments are lengths of time from now."""

_TIMES = frozenset({"expected_lifetime", "truncated_lifetime", "median_lifetime", "median_waiting_time"})
"""Questions that are answered by a length of time from now."""


def asked_by_clock(
    clock: StoreClock,
    seen: dt.date,
    question: str,
    cells: Cells,
    further: tuple[Any, ...],
    ask: Callable[[Cells, tuple[Any, ...]], Any],
) -> Any:
    """The answer to a question about the calendar.

    Lengths of time are those that the days from the present on take on the clock. Discounting goes by the calendar:
    what the clock makes of it is mended by a factor that is exact for orders that keep coming, and close for those that
    fade over months. A mean remaining lifetime comes back as the moment at which the clock shows it.

    Parameters
    ----------
    clock : StoreClock
        By which the law was fitted.
    seen : date
        The present, where the cells do not know it.
    question : str
        A function of a family.
    cells : Cells
        Histories on the calendar.
    further : tuple
        Its further arguments, times on the calendar in the unit of the cells.
    ask : callable
        Asks the law about cells and further arguments on the clock.
    """
    unit = cells.unit.days
    read = cells.by_clock(clock, seen)
    now = float(read.seen)
    lengths = _LENGTHS.get(question, ())
    on_clock = tuple(
        clock.ahead(now, one * unit) / unit if place in lengths and one is not None else one
        for place, one in enumerate(further)
    )
    found = ask(read, on_clock)
    if question == "discounted_expected_purchases":
        delta, t = further[0], further[1] if len(further) > 1 else None
        return found * clock.discounted(now, delta / unit, None if t is None else t * unit)
    if question == "essentials":
        t, delta = further
        return replace(found, discounted=found.discounted * clock.discounted(now, delta / unit, t * unit))
    if question == "forecast":
        return _forecast(clock, now, unit, found, *further)
    return later(clock, now, unit, found) if question in _TIMES else found


def _forecast(
    clock: StoreClock, now: float, unit: float, found: Forecast, t: float, delta: float, cap: float
) -> Forecast:
    of_horizon, of_cap, of_all = (
        clock.discounted(now, delta / unit, None if length is None else length * unit) for length in (t, cap, None)
    )
    return replace(
        found,
        discounted=found.discounted * of_horizon,
        discounted_lifetime=found.discounted_lifetime * of_cap,
        discounted_infinite=found.discounted_infinite * of_all,
        next_purchase=later(clock, now, unit, found.next_purchase),
    )


def later(clock: StoreClock, now: float, unit: float, length: Any) -> Any:
    """Lengths of time from now on the calendar, by those on the clock."""
    ahead = np.asarray(length)
    moment = clock.moment(clock.at(np.array([now])) + ahead * unit)
    return np.where(ahead <= 0, 0.0, np.maximum(moment - now, 0.0) / unit)


def calendar_of(settings: Mapping[str, Any]) -> Calendar | None:
    """What a saved model keeps of its clock; None where it counts every day alike."""
    kept = settings.get("clock")
    if kept is None:
        return None
    return Calendar(dt.date.fromisoformat(kept["seen"]), StoreClock(tuple(float(one) for one in kept["factors"])))
