"""Time as a store's own, on which a day of a busy month is longer than one of a quiet month."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError

FloatArray = NDArray[np.float64]

CYCLE = 1461
"""Days of four years, after which months begin on the same days again."""

_FIRST = 10_957
"""The first of January 2000, in days since that of 1970."""


@dataclass(frozen=True, slots=True)
class StoreClock:
    """How fast a store's time goes in each month, a mean year taking as long as on the calendar.

    Moments are numbers of days since 1 January 1970, and mean the end of that day.

    Parameters
    ----------
    factors : tuple of 12 positive numbers
        Speed in January, February and so on; only their ratios matter.

    Raises
    ------
    ConfigError
        If there are not twelve positive numbers.

    Examples
    --------
    >>> quiet_then_busy = StoreClock((0.5,) * 6 + (1.5,) * 6)
    >>> new_year = day_number(dt.date(2023, 12, 31))
    >>> [round(quiet_then_busy.ahead(new_year, days)) for days in (181.0, 365.25)]
    [90, 365]
    """

    factors: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.factors) != 12 or not all(math.isfinite(one) and one > 0 for one in self.factors):
            raise ConfigError(f"A store's clock needs twelve positive numbers, one a month, not {self.factors!r}.")

    @property
    def steady(self) -> bool:
        """Whether every day is as long as any other, so that this is the calendar."""
        return len(set(self.factors)) == 1

    def at(self, day: FloatArray) -> FloatArray:
        """The clock's own time at moments of the calendar."""
        whole, rest = np.divmod(np.asarray(day, dtype=np.float64) + (1.0 - _FIRST), CYCLE)
        return np.asarray(whole * CYCLE + np.interp(rest, np.arange(CYCLE + 1.0), _elapsed(self.factors)))

    def moment(self, at: FloatArray) -> FloatArray:
        """Moments of the calendar at which the clock shows so much; what is infinite stays so."""
        known = np.asarray(at, dtype=np.float64)
        there = np.isfinite(known)
        whole, rest = np.divmod(np.where(there, known, 0.0), CYCLE)
        found = whole * CYCLE + np.interp(rest, _elapsed(self.factors), np.arange(CYCLE + 1.0)) - (1.0 - _FIRST)
        return np.where(there, found, known)

    def ahead(self, now: float, days: float) -> float:
        """How long the days after a moment take on the clock."""
        if days == 0 or math.isinf(days):
            return days
        return float(np.diff(self.at(np.array([now, now + days])))[0])

    def passed(self, now: float, days: FloatArray) -> FloatArray:
        """The same of many lengths of time; what is infinite stays so."""
        known = np.asarray(days, dtype=np.float64)
        there = np.isfinite(known)
        found = self.at(now + np.where(there, known, 0.0)) - self.at(np.array([now]))
        return np.where(there, found, known)

    def discounted(self, now: float, rate: float, days: float | None) -> float:
        """What the season makes of the worth of a steady flow of orders, by what the clock alone would make of it.

        Orders fall into months by the clock and are discounted by the calendar.

        Parameters
        ----------
        now : float
            The moment from which it flows.
        rate : float
            Continuous discount a day.
        days : float or None
            How long it flows on the calendar; None is without end.
        """
        if rate == 0 or days == 0:
            return 1.0
        if days is None or math.isinf(days):
            return self._flow(now, rate, CYCLE) * rate / -math.expm1(-rate * CYCLE)
        return self._flow(now, rate, days) * rate / -math.expm1(-rate * self.ahead(now, days))

    def _flow(self, now: float, rate: float, days: float) -> float:
        """The integral of the clock's speed, discounted by the calendar."""
        edges = np.append(np.arange(0.0, days), days)
        speed = np.diff(self.at(now + edges)) / np.diff(edges)
        return float(-speed @ np.diff(np.exp(-rate * edges)) / rate)

    def to_list(self) -> list[float]:
        """Plain numbers for a file."""
        return list(self.factors)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When histories are seen from, and by which clock they are to be read.

    Parameters
    ----------
    seen : date
        The day that ages count up to.
    clock : StoreClock, optional
        The clock that a fit reads them by; the calendar if left out.
    read : bool
        Whether times are by the clock already.
    """

    seen: dt.date
    clock: StoreClock | None = None
    read: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What a saved model keeps of its clock."""
        return {"seen": self.seen.isoformat(), "factors": None if self.clock is None else self.clock.to_list()}


def day_number(day: dt.date) -> int:
    """Days since 1 January 1970."""
    return (day - dt.date(1970, 1, 1)).days


def months_of(first: int, size: int) -> NDArray[np.int64]:
    """Month of each of so many days from a day on, 0 for January."""
    day = np.datetime64(0, "D") + np.arange(first, first + size)
    return np.asarray(day.astype("datetime64[M]").astype(np.int64) % 12)


@lru_cache(maxsize=64)
def _elapsed(factors: tuple[float, ...]) -> FloatArray:
    """The clock's time from the first day of a cycle to each one's beginning, and to its end."""
    speed = np.asarray(factors)[months_of(_FIRST, CYCLE)]
    return np.asarray(np.concatenate([[0.0], np.cumsum(speed)]) * (CYCLE / speed.sum()))
