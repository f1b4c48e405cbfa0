"""Units of time, horizons and observation windows; the one place where units are converted."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import Enum

from keepers.domain.errors import ConfigError


class TimeUnit(Enum):
    """A unit in which ages, horizons and rates are counted; it only scales: purchases merge by day whatever it is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @property
    def days(self) -> float:
        """Length in days: 1, 7, 30.4375 and 365.25."""
        return _DAYS[self]

    @classmethod
    def parse(cls, value: TimeUnit | str) -> TimeUnit:
        """Read a unit from a word such as ``"week"`` or ``"weeks"``.

        >>> TimeUnit.parse("weeks")
        <TimeUnit.WEEK: 'week'>
        """
        if isinstance(value, TimeUnit):
            return value
        word = str(value).strip().lower().removesuffix("s")
        try:
            return cls(word)
        except ValueError:
            raise ConfigError(f"`{value}` is not a unit of time. Use one of: day, week, month, year.") from None


_DAYS = {TimeUnit.DAY: 1.0, TimeUnit.WEEK: 7.0, TimeUnit.MONTH: 30.4375, TimeUnit.YEAR: 365.25}


@dataclass(frozen=True, slots=True)
class Horizon:
    """A length of time with its unit. Make one with `days`, `weeks`, `months` or `years`."""

    length: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        if not (math.isfinite(self.length) and self.length > 0):
            raise ConfigError(
                f"A horizon must be a positive length of time, not {self.length!r}. Use for example months(12)."
            )

    @property
    def days(self) -> float:
        """Length in days."""
        return self.length * self.unit.days

    def in_unit(self, unit: TimeUnit) -> float:
        """Length counted in another unit.

        >>> years(1).in_unit(TimeUnit.MONTH)
        12.0
        """
        return self.days / unit.days

    def __str__(self) -> str:
        number = f"{self.length:g}"
        return f"{number} {self.unit.value}" + ("" if self.length == 1 else "s")


def length_of_time(found: object, example: str = "weeks(52)") -> Horizon:
    """A length of time that somebody gave, refused where it has no unit.

    Raises
    ------
    ConfigError
        It is a bare number or a text.
    """
    if not isinstance(found, Horizon):
        raise ConfigError(f"A length of time is missing its unit: {found!r}. Write for example {example}.")
    return found


def days(length: float) -> Horizon:
    """A horizon of so many days."""
    return Horizon(length, TimeUnit.DAY)


def weeks(length: float) -> Horizon:
    """A horizon of so many weeks of 7 days."""
    return Horizon(length, TimeUnit.WEEK)


def months(length: float) -> Horizon:
    """A horizon of so many months of 30.4375 days.

    >>> months(12).days
    365.25
    """
    return Horizon(length, TimeUnit.MONTH)


def years(length: float) -> Horizon:
    """A horizon of so many years of 365.25 days."""
    return Horizon(length, TimeUnit.YEAR)


DEFAULT_HORIZON = months(12)
"""What "predicted value" covers unless another horizon is named."""


def other_horizon(own: Horizon) -> Horizon:
    """The horizon beside a run's own at which values are kept too: a quarter, or a year where that is not longer.

    >>> str(other_horizon(months(12))), str(other_horizon(weeks(6)))
    ('3 months', '12 months')
    """
    quarter = months(3)
    return quarter if own.days > quarter.days else DEFAULT_HORIZON


LIFETIME_CAP = years(5)
"""What "lifetime" covers beside the infinite value."""


def parse_day(value: dt.date | str, name: str) -> dt.date:
    """Read a calendar day from a date or an ISO text such as ``1997-09-30``."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip())
    except ValueError:
        raise ConfigError(f"`{name}` is {value!r}, which is not a day. Write it as YYYY-MM-DD.") from None


def calendar_shift(day: dt.date, steps: int, unit: TimeUnit) -> dt.date:
    """The day so many calendar periods later, or earlier: the same day of another month, or that month's last day.

    >>> calendar_shift(dt.date(2024, 3, 31), -1, TimeUnit.MONTH), calendar_shift(dt.date(2024, 1, 10), 2, TimeUnit.WEEK)
    (datetime.date(2024, 2, 29), datetime.date(2024, 1, 24))
    """
    if unit in (TimeUnit.DAY, TimeUnit.WEEK):
        return day + dt.timedelta(days=round(steps * unit.days))
    month = day.year * 12 + day.month - 1 + steps * (12 if unit is TimeUnit.YEAR else 1)
    first = dt.date(month // 12, month % 12 + 1, 1)
    after = dt.date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (after - first).days))


def whole_calendar_periods(first: dt.date, last: dt.date, unit: TimeUnit) -> int:
    """Calendar periods that are over on the last day, counted from the first.

    >>> whole_calendar_periods(dt.date(2024, 1, 31), dt.date(2024, 3, 30), TimeUnit.MONTH)
    1
    """
    if unit in (TimeUnit.DAY, TimeUnit.WEEK):
        return (last - first).days // round(unit.days)
    months_each = 12 if unit is TimeUnit.YEAR else 1
    steps = ((last.year - first.year) * 12 + last.month - first.month) // months_each
    return steps - (calendar_shift(first, steps, unit) > last)


@dataclass(frozen=True, slots=True, init=False)
class ObservationWindow:
    """What of the orders a model may see, and what is kept back to grade it.

    `calibration_end` is included in the calibration; the holdout is after it, up to and including `end`. A
    customer's age is ``T = calibration_end - first day``. Days left out are filled from the data: `end` by the
    last order's day, `calibration_end` by `end` (no holdout).
    """

    calibration_end: dt.date | None
    end: dt.date | None
    unit: TimeUnit

    def __init__(
        self,
        calibration_end: dt.date | str | None = None,
        end: dt.date | str | None = None,
        unit: TimeUnit | str = TimeUnit.WEEK,
    ) -> None:
        cut = None if calibration_end is None else parse_day(calibration_end, "calibration_end")
        last = None if end is None else parse_day(end, "end")
        if cut is not None and last is not None and last < cut:
            raise ConfigError(f"`end` ({last}) is before `calibration_end` ({cut}). Swap them or leave one out.")
        object.__setattr__(self, "calibration_end", cut)
        object.__setattr__(self, "end", last)
        object.__setattr__(self, "unit", TimeUnit.parse(unit))

    def resolved(self, last_day: dt.date) -> ObservationWindow:
        """The same window with its open days filled from the last order's day."""
        end = self.end or max(last_day, self.calibration_end or last_day)
        return ObservationWindow(self.calibration_end or end, end, self.unit)

    @property
    def holdout(self) -> Horizon | None:
        """Length of the holdout in the window's unit; None without one or before `resolved`."""
        if self.calibration_end is None or self.end is None or self.end == self.calibration_end:
            return None
        return Horizon((self.end - self.calibration_end).days / self.unit.days, self.unit)
