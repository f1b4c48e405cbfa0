"""Seasons as a change of time: busy days go faster, so that the law of buying stays what it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError

_CYCLE_DAYS = 10_227  # 28 years: weekdays and calendar days repeat together
_KNOWN_DAYS = 50 * 366  # beyond it every day counts as an average day


@dataclass(frozen=True, slots=True)
class Peak:
    """Some days of every year on which demand is multiplied, such as the last week of November."""

    month: int
    day: int
    days: int
    factor: float

    def __post_init__(self) -> None:
        try:
            dt.date(2001, self.month, self.day)
        except ValueError:
            raise ConfigError(f"{self.day}.{self.month}. is not a day of every year.") from None
        if not (1 <= self.days <= 366 and self.factor > 0):
            raise ConfigError(f"A peak lasts 1 to 366 days and has a positive factor, not {self!r}.")


@dataclass(frozen=True, slots=True)
class Season:
    """Demand by weekday, by month and on yearly peaks, relative to an average day.

    The level of a month is reached in its middle, with straight lines between. The whole is scaled so that the
    average over 28 years (after which weekdays fall on the same dates again) is one: a rate of purchases keeps its
    meaning.

    Parameters
    ----------
    weekly : 7 numbers
        Monday first.
    monthly : 12 numbers
        January first.
    peaks : tuple of Peak
        Days of every year with more demand.
    hours : 24 numbers, optional
        Demand by hour of the day; even if left out.
    """

    weekly: tuple[float, ...] = (1.0,) * 7
    monthly: tuple[float, ...] = (1.0,) * 12
    peaks: tuple[Peak, ...] = ()
    hours: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name, values, length in (("weekly", self.weekly, 7), ("monthly", self.monthly, 12)):
            if len(values) != length or min(values) <= 0:
                raise ConfigError(f"`{name}` must hold {length} positive numbers, not {values!r}.")
        if self.hours is not None and (len(self.hours) != 24 or min(self.hours) < 0 or sum(self.hours) <= 0):
            raise ConfigError(f"`hours` must hold 24 numbers of which none is negative, not {self.hours!r}.")

    def daily_demand(self, first_day: dt.date, days: int) -> FloatArray:
        """Demand of each of so many days from `first_day` on; one is an average day."""
        average = float(self._raw(dt.date(2000, 1, 1), _CYCLE_DAYS).mean())
        return self._raw(first_day, days) / average

    def _raw(self, first_day: dt.date, days: int) -> FloatArray:
        dates = np.datetime64(first_day, "D") + np.arange(days)
        months = dates.astype("datetime64[M]")
        years = dates.astype("datetime64[Y]")
        weekday = (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        # Position in the year in months, so that the middle of January is 0.5.
        month = (months - years.astype("datetime64[M]")).astype(np.int64)
        in_month = (dates - months.astype("datetime64[D]")).astype(np.int64) / 30.4375
        level = np.array([self.monthly[-1], *self.monthly, self.monthly[0]])
        demand: FloatArray = np.interp(month + in_month, np.arange(14) - 0.5, level) * np.array(self.weekly)[weekday]
        last = first_day + dt.timedelta(days=days)
        for peak in self.peaks:
            for year in range(first_day.year - 1, last.year + 1):
                begin = (dt.date(year, peak.month, peak.day) - first_day).days
                demand[max(begin, 0) : max(begin + peak.days, 0)] *= peak.factor
        return demand


class Tempo:
    """The shop's calendar: moments are days since the start of `first_day`, and busy days count for more.

    "Busy time" runs at the speed of demand: purchases are a plain Poisson process in it. Without a season it is
    the same as calendar time.
    """

    def __init__(self, first_day: dt.date, season: Season | None = None) -> None:
        self.first_day = first_day
        self.season = season

    @property
    def steady(self) -> bool:
        """Whether every day is like every other."""
        return self.season is None

    @cached_property
    def demand(self) -> FloatArray:
        """Demand of each day from the first on, for half a century."""
        if self.season is None:
            return np.ones(_KNOWN_DAYS)
        return self.season.daily_demand(self.first_day, _KNOWN_DAYS)

    @cached_property
    def _elapsed(self) -> FloatArray:
        return np.concatenate([[0.0], np.cumsum(self.demand)])

    def busy_time(self, moment: FloatArray | float) -> FloatArray:
        """Busy time that has passed at calendar moments."""
        moments = np.asarray(moment, dtype=np.float64)
        if self.steady:
            return moments
        inside: FloatArray = np.interp(moments, np.arange(self._elapsed.size), self._elapsed)
        return np.asarray(inside + np.maximum(moments - _KNOWN_DAYS, 0.0))

    def moment(self, busy_time: FloatArray | float) -> FloatArray:
        """Calendar moments at which so much busy time has passed."""
        times = np.asarray(busy_time, dtype=np.float64)
        if self.steady:
            return times
        inside: FloatArray = np.interp(times, self._elapsed, np.arange(self._elapsed.size))
        return np.asarray(inside + np.maximum(times - self._elapsed[-1], 0.0))

    def within_day(self, moment: FloatArray) -> FloatArray:
        """The same days with the time of day moved to the hours at which people buy; the order of events stays."""
        if self.season is None or self.season.hours is None:
            return moment
        share = np.concatenate([[0.0], np.cumsum(self.season.hours)])
        day = np.floor(moment)
        hour: FloatArray = np.interp((moment - day) * share[-1], share, np.arange(25.0))
        return np.asarray(day + np.minimum(hour / 24.0, 1.0 - 1e-9))

    def even_day(self, moment: FloatArray) -> FloatArray:
        """Where a time on the clock lies in a day of even demand: the inverse of `within_day`."""
        if self.season is None or self.season.hours is None:
            return moment
        share = np.concatenate([[0.0], np.cumsum(self.season.hours)])
        day = np.floor(moment)
        part: FloatArray = np.interp((moment - day) * 24.0, np.arange(25.0), share / share[-1])
        return np.asarray(day + np.minimum(part, 1.0 - 1e-9))

    def day_number(self, day: dt.date) -> int:
        """Days from the first day to another."""
        return (day - self.first_day).days

    def dates(self, day_numbers: IntArray) -> NDArray[np.datetime64]:
        """Calendar days by their number."""
        return np.datetime64(self.first_day, "D") + day_numbers.astype("timedelta64[D]")
