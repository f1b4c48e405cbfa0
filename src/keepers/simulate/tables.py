"""Arrays into canonical tables, in the engine: codes become words, cents money, and moments days and instants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, literal, quoted
from keepers.data.table import Table
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.columns import CANONICAL
from keepers.domain.errors import ConfigError
from keepers.simulate.season import Tempo

ORDER_KEY = "printf('#%d', {row} + 1001)"
"""How the row of an order is written as the number that the shop shows."""


def labels(words: Sequence[str], code: str) -> str:
    """SQL that writes a code as its word; -1 as empty.

    >>> labels(("paid", "void"), "status")
    "['paid', 'void'][status + 1]"
    """
    return f"[{', '.join(literal(word) for word in words)}][{code} + 1]" if words else "NULL"


def money(column: str) -> str:
    """SQL that writes cents as money."""
    return f"CAST({column} / 100.0 AS DECIMAL(18, 4))"


def customer_key(column: str = "customer") -> str:
    """SQL that writes the row of a customer as their key; -1 as empty."""
    return f"CASE WHEN {column} >= 0 THEN printf('C%07d', {column} + 1) END"


class TableWriter:
    """Writes canonical tables of one store.

    Parameters
    ----------
    engine : Engine
        Where tables go.
    tempo : Tempo
        The store's calendar.
    end : int
        Day number of the day after the last.
    time_zone : str
        The business's time zone: moments are counted in it.
    """

    def __init__(self, engine: Engine, tempo: Tempo, end: int, time_zone: str) -> None:
        self.engine = engine
        self.tempo = tempo
        self._offset = _utc_offsets(tempo, end, time_zone)
        received = dt.datetime.combine(tempo.first_day + dt.timedelta(days=end), dt.time(12, 0))
        self._received = f"TIMESTAMP '{received.isoformat(sep=' ')}'"
        self._first = f"DATE '{tempo.first_day.isoformat()}'"
        self.tables: dict[str, Table] = {}

    def day(self, column: str) -> str:
        """SQL that writes a day number as a date; -1 as empty."""
        return f"CASE WHEN {column} >= 0 THEN {self._first} + {column}::INTEGER END"

    def instant(self, moment: FloatArray) -> IntArray:
        """Microseconds since 1970, UTC, of moments of even days in the business's time, to the second."""
        base = (np.datetime64(self.tempo.first_day, "s") - np.datetime64(0, "s")).astype(np.int64)
        seconds = np.floor(self.tempo.within_day(moment) * 86_400.0).astype(np.int64)
        if self._offset is not None:
            hour = np.clip(seconds // 3600, 0, self._offset.size - 1)
            seconds = seconds - self._offset[hour]
        return np.asarray((seconds + base) * 1_000_000)

    def events(
        self, table: str, moment: FloatArray, staged: Mapping[str, NDArray[Any]], source_id: str, /, **columns: str
    ) -> Table:
        """Fill an event table.

        Parameters
        ----------
        table : str
            Canonical name.
        moment : array, shape (n,)
            When, in even days: the hours at which people are about come in here.
        staged : mapping
            Arrays of length n that the expressions name; `row` counts the events from 0.
        source_id : str
            SQL of the event's own id.
        **columns : str
            SQL of the other columns; those left out are empty.
        """
        held: dict[str, NDArray[Any]] = {
            "row": np.arange(moment.size),
            "happened": self.instant(moment),
            "day_number": np.floor(moment).astype(np.int32),
            **staged,
        }
        plumbing = {
            "event_id": f"md5({literal(table + '/')} || {source_id})",
            "source": literal(f"simulation: {table}"),
            "source_id": source_id,
            "occurred_at": "make_timestamp(happened)",
            "received_at": self._received,
            "day": f"{self._first} + day_number",
        }
        return self.rows(table, held, **plumbing, **columns)

    def rows(self, table: str, staged: Mapping[str, NDArray[Any]], /, **columns: str) -> Table:
        """Fill a table that is not of events."""
        schema = CANONICAL[table]
        unknown = set(columns) - set(schema.column_names)
        if unknown:
            raise ConfigError(f"The table {table} has no column {', '.join(sorted(unknown))}.")
        stage = self.engine.from_columns(self.engine.new_name("staged"), staged)
        try:
            target = self.engine.create_empty(schema, self.engine.new_name(f"simulated_{table}"))
            listed = ", ".join(quoted(column) for column in columns)
            values = ", ".join(columns.values())
            self.engine.execute(f"INSERT INTO {quoted(target)} ({listed}) SELECT {values} FROM {quoted(stage)}")
        finally:
            self.engine.drop(stage)
        self.tables[table] = Table(self.engine, target)
        return self.tables[table]


def _utc_offsets(tempo: Tempo, end: int, time_zone: str) -> IntArray | None:
    """Seconds that the business's time is ahead of UTC, hour by hour; None where it is UTC."""
    if time_zone == "UTC":
        return None
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"`time_zone` is {time_zone!r}, which is not a time zone. Write one such as UTC.") from None
    begin = dt.datetime.combine(tempo.first_day, dt.time(), zone)
    hours = [begin + dt.timedelta(hours=hour) for hour in range((end + 1) * 24)]
    return np.array([(hour.utcoffset() or dt.timedelta()).total_seconds() for hour in hours], dtype=np.int64)
