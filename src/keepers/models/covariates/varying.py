"""Covariates that vary in time: their paths, for all customers or for each, and how summaries learn of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.attributes import is_missing, plain_column
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError, MissingExtraError
from keepers.domain.time import parse_day
from keepers.models.frames import frame_of
from keepers.summaries.summary import Summary
from keepers.summaries.varying import join_paths

WEEK = 7


@dataclass(frozen=True, eq=False)
class TimeVarying:
    """Covariates with a value for every week.

    Make one with `calendar_covariates`, which knows its own future, or with `TimeVarying.from_frame` from what was
    done to customers (contacts, prices, promotions); beyond its last week the last values are carried forward.

    Parameters
    ----------
    start : date
        First day of the first week.
    names : tuple of str
        The covariates.
    values : array, shape (p, m, k)
        k covariates in m weeks of p paths.
    keys : tuple of str or None
        The customer of each path; None where one path is that of everybody.
    """

    start: dt.date
    names: tuple[str, ...]
    values: FloatArray
    keys: tuple[str, ...] | None = None

    def join_to(self, summary: Summary) -> Summary:
        """The summary with what a model needs of the paths; `keepers.summarise(orders, covariates=paths)` does it.

        Raises
        ------
        InputError
            If the summary was not made of orders, the paths begin too late, or customers have none.
        """
        return join_paths(summary, self.start, self.names, self.values, self.keys, WEEK)

    @property
    def end(self) -> dt.date:
        """First day after the last week."""
        return self.start + dt.timedelta(days=WEEK * self.values.shape[1])

    @classmethod
    def from_frame(cls, frame: Any, date: str, customer: str | None = None) -> TimeVarying:
        """Paths from a frame with a row a week, or a row a customer and week.

        Parameters
        ----------
        frame : frame or dict of columns
            The values; every path must have every week.
        date : str
            Column with a day of the week; weeks are counted from the earliest day.
        customer : str, optional
            Column with the customer's key; without it one path is everybody's.

        Raises
        ------
        InputError
            If columns or weeks are missing, or values are no numbers.

        Examples
        --------
        >>> frame = {"day": ["2024-01-01", "2024-01-08"], "price": [9.0, 8.0]}
        >>> TimeVarying.from_frame(frame, date="day").values[0, :, 0].tolist()
        [9.0, 8.0]
        """
        columns = _columns(frame)
        lacking = [name for name in (date, *([customer] if customer else [])) if name not in columns]
        names = tuple(name for name in columns if name not in {date, customer})
        if lacking or not names:
            raise InputError(
                f"The frame of covariates lacks {', '.join(lacking) or 'a column of values'} (it has: "
                f"{', '.join(columns)})."
            )
        days = np.array([parse_day(str(day)[:10], date) for day in columns[date]], dtype="datetime64[D]")
        week = ((days - days.min()).astype(np.int64)) // WEEK
        keys, path = np.unique([str(key) for key in columns[customer]], return_inverse=True) if customer else (None, 0)
        shape = (1 if keys is None else len(keys), int(week.max()) + 1, len(names))
        values = np.full(shape, np.nan)
        for place, name in enumerate(names):
            column = plain_column(columns[name])
            if column.dtype.kind != "f" or is_missing(column).any():
                raise InputError(
                    f"The covariate `{name}` has values that are no numbers. Give a number for every week."
                )
            values[path, week, place] = column
        missing = np.argwhere(np.isnan(values[..., 0]))
        if missing.size:
            who = "" if keys is None else f" of customer {keys[missing[0][0]]}"
            first = days.min() + np.timedelta64(int(missing[0][1]) * WEEK, "D")
            raise InputError(
                f"{len(missing):,} weeks have no values (first: the week of {first}{who}). Give a row for every week."
            )
        start = days.min().astype(dt.date)
        return cls(start, names, values, None if keys is None else tuple(keys.tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "start": self.start.isoformat(),
            "names": list(self.names),
            "values": self.values.tolist(),
            "keys": None if self.keys is None else list(self.keys),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TimeVarying:
        """The paths that `to_dict` wrote."""
        keys = None if data["keys"] is None else tuple(data["keys"])
        values = np.array(data["values"], dtype=np.float64)
        return cls(dt.date.fromisoformat(data["start"]), tuple(data["names"]), values, keys)


def calendar_covariates(
    start: dt.date | str,
    end: dt.date | str,
    *,
    seasons: int = 1,
    paydays: bool = False,
    holidays: str | Sequence[dt.date | str] | None = None,
) -> TimeVarying:
    """What the calendar says of every week: the season, paydays, holidays.

    Parameters
    ----------
    start : date or str
        The first day that matters, that of the first order.
    end : date or str
        How far predictions shall reach; ten years after the last order are enough for lifetime values.
    seasons : int
        Pairs of waves a year: `season_sin_1`, `season_cos_1`, ...; 0 for none.
    paydays : bool
        Whether to count the week's days around the end of a month, its last day and the first two: `payday`.
    holidays : str or sequence of dates, optional
        A country's code ("DE"), by the library holidays (the extra `calendar`); or the days themselves: `holiday`
        counts those in the week.

    Returns
    -------
    TimeVarying

    Raises
    ------
    ConfigError
        If nothing is asked for, the end is not after the start, or the country is not known.
    MissingExtraError
        If a country is named and the library is not installed.

    Examples
    --------
    >>> paths = calendar_covariates("2023-01-02", "2024-12-30", holidays=["2023-12-25", "2023-12-26", "2024-12-25"])
    >>> paths.names, paths.values.shape
    (('season_sin_1', 'season_cos_1', 'holiday'), (1, 104, 3))
    """
    first, last = parse_day(start, "start"), parse_day(end, "end")
    weeks = -(-(last - first).days // WEEK)
    if weeks < 1:
        raise ConfigError(f"`end` ({last}) is not after `start` ({first}).")
    days = np.datetime64(first) + np.arange(weeks * WEEK)
    columns: dict[str, FloatArray] = {}
    year = 2 * np.pi * (days - days.astype("datetime64[Y]")).astype(np.float64) / 365.25
    for wave in range(1, int(seasons) + 1):
        columns[f"season_sin_{wave}"] = np.sin(wave * year) / WEEK
        columns[f"season_cos_{wave}"] = np.cos(wave * year) / WEEK
    if paydays:
        of_month = (days - days.astype("datetime64[M]")).astype(np.int64)
        tomorrow = days + np.timedelta64(1, "D")
        last_of_month = tomorrow == tomorrow.astype("datetime64[M]").astype("datetime64[D]")
        columns["payday"] = ((of_month < 2) | last_of_month).astype(np.float64)
    if holidays is not None:
        free = _holidays(holidays, first.year, last.year)
        columns["holiday"] = np.isin(days, free).astype(np.float64)
    if not columns:
        raise ConfigError("Ask for something of the calendar: seasons=1, paydays=True or holidays=...")
    values = np.stack([column.reshape(weeks, WEEK).sum(axis=1) for column in columns.values()], axis=-1)
    return TimeVarying(first, tuple(columns), values[None])


def _holidays(wanted: str | Sequence[dt.date | str], first: int, last: int) -> Any:
    if not isinstance(wanted, str):
        return np.array([parse_day(day, "holidays") for day in wanted], dtype="datetime64[D]")
    try:
        import holidays
    except ImportError:
        raise MissingExtraError("holidays", "calendar", f'holidays="{wanted}"') from None
    if wanted not in holidays.list_supported_countries():
        raise ConfigError(
            f"The holidays of {wanted!r} are not known. Use a code of two letters (DE, FR, US), or give the days."
        )
    found = holidays.country_holidays(wanted, years=range(first, last + 1))
    return np.array(sorted(found), dtype="datetime64[D]")


def _columns(frame: Any) -> dict[str, Any]:
    given = frame if isinstance(frame, dict) else frame_of(frame)
    names = list(given) if isinstance(given, dict) else given.columns
    return {str(name): given[name] if isinstance(given, dict) else given[name].to_numpy() for name in names}
