"""Moments at which something is due, as a crontab has them, in the business's time zone."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from keepers.domain.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?:(\*)|([0-7])(?:-([0-7]))?)(?:/(\d+))?")
_FIRES = 10_000


class Schedule:
    """When something is due.

    Parameters
    ----------
    crontab : str
        Minute, hour, day of the month, month, day of the week: ``"0 3 * * *"`` every night at three.
    zone : str
        Time zone, such as Europe/Berlin.
    where : str
        Where it was said, for errors: ``"[server] refit"``.

    Raises
    ------
    ConfigError
        If it is no time.
    MissingExtraError
        If the library that understands it is not installed.

    Examples
    --------
    >>> times = Schedule("0 7 * * 1", "Europe/Berlin", "[letter] when")
    >>> print(times.after(dt.datetime(2026, 11, 24, tzinfo=dt.UTC)))
    2026-11-30 07:00:00+01:00
    """

    def __init__(self, crontab: str, zone: str, where: str) -> None:
        try:
            from apscheduler.triggers.cron import CronTrigger
        except ModuleNotFoundError:
            raise MissingExtraError("apscheduler", "service", "A schedule") from None
        try:
            self._trigger: CronTrigger = CronTrigger.from_crontab(_named(crontab), timezone=zone)
        except ValueError as error:
            raise ConfigError(
                f"{where} = {crontab!r} is no time of a crontab ({error}). Write for example '0 3 * * *', every night "
                "at three, or '0 7 * * mon', every Monday at seven."
            ) from None

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first moment after another one; None where there is none any more."""
        found: dt.datetime | None = self._trigger.get_next_fire_time(moment, moment)
        return found

    def newest(self, since: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        """The last moment after `since` that is not after `now`; None where none was due."""
        due, following = None, self.after(since)
        for _ in range(_FIRES):
            if following is None or following > now:
                break
            due, following = following, self.after(following)
        return due


class Upcoming:
    """The next moment of a schedule, of which it is looked again and again whether it has come.

    Parameters
    ----------
    times : Schedule
    now : datetime
        Moments before it are none of its.

    Examples
    --------
    >>> next_one = Upcoming(Schedule("0 3 * * *", "UTC", "[server] refit"), dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    >>> next_one.due(dt.datetime(2026, 11, 24, 2, tzinfo=dt.UTC))
    >>> print(next_one.due(dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC)))
    2026-11-24 03:00:00+00:00
    """

    def __init__(self, times: Schedule, now: dt.datetime) -> None:
        self._times = times
        self._next = times.after(now)

    def due(self, now: dt.datetime) -> dt.datetime | None:
        """The moment that has come; None while it is ahead."""
        following = self._times.after(now)
        if following is not None and (self._next is None or following < self._next):
            # The clock has been put back since: what was next then is far away.
            self._next = following
        return self._next if self._next is not None and now >= self._next else None

    def pass_on(self, now: dt.datetime) -> None:
        """What was due is done with."""
        self._next = self._times.after(now)


def _named(crontab: str) -> str:
    """The same with days of the week by name, since the library counts them from Monday and a crontab from Sunday.

    >>> _named("0 7 * * 1-5"), _named("0 7 * * 0,6"), _named("0 7 1 * *")
    ('0 7 * * mon,tue,wed,thu,fri', '0 7 * * sun,sat', '0 7 1 * *')
    """
    fields = crontab.split()
    if len(fields) != 5 or not re.search(r"\d", fields[4]):
        return crontab
    days: list[str] = []
    for part in fields[4].split(","):
        found = _PART.fullmatch(part)
        if found is None:
            days.append(part)
            continue
        first = 0 if found[1] else int(found[2])
        last = 6 if found[1] or (found[4] and not found[3]) else int(found[3] or first)
        days += [_DAYS[day] for day in range(first, last + 1, int(found[4] or 1) or 1)]
    return " ".join([*fields[:4], ",".join(dict.fromkeys(days))])
