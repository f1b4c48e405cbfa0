"""The whole state as one file of its own, of one moment, and back: what a backup is made of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from keepers.domain.errors import ConfigError, EngineError
from keepers.storage.database import SCHEMA, Database, sqlite_url
from keepers.storage.live_indexes import make_all
from keepers.storage.schema import METADATA

_AT_ONCE = 2_000
"""Rows of one statement."""


def copy_state(database: Database, path: Path) -> None:
    """Write everything that a state holds, as of one moment, into a new SQLite file; others go on writing meanwhile.

    Raises
    ------
    EngineError
        The disk is full, or the database is out of reach. No file is left then.
    """
    try:
        if database.is_sqlite:
            database.vacuum_into(path)
            return
        with (
            contextlib.closing(Database(sqlite_url(path))) as copy,
            copy.writing() as into,
            database.reading() as source,
        ):
            _copy_rows(source, into)
    except BaseException:
        for left in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            left.unlink(missing_ok=True)
        raise


def fill_state(database: Database, path: Path) -> None:
    """Fill an empty state from such a file, whole or not at all.

    Raises
    ------
    ConfigError
        The state holds something already.
    """
    # Brought to today's schema first, where an earlier version wrote it.
    with contextlib.closing(Database(sqlite_url(path))) as copy, copy.reading() as source, database.writing() as into:
        for table in METADATA.sorted_tables:
            if into.execute(select(func.count()).select_from(table)).scalar():
                raise ConfigError(
                    f"{database.where} holds a state already (its table {table.name} is not empty). Restore into an "
                    "empty database: name another one under [state] in keepers.toml."
                )
        _copy_rows(source, into)
        if not database.is_sqlite:
            _count_on(into)


def check_state(path: Path) -> None:
    """Look whether a file of SQLite is whole.

    Raises
    ------
    EngineError
        It is damaged.
    """
    with contextlib.closing(Database(sqlite_url(path))) as copy, copy.reading() as connection:
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        if said != "ok":
            raise EngineError(f"The state in the backup is damaged ({said}). Use another backup.")


def _copy_rows(source: Connection, into: Connection) -> None:
    for table in METADATA.sorted_tables:
        for rows in _batches(source.execution_options(yield_per=_AT_ONCE), table.name):
            into.execute(table.insert(), rows)
    make_all(into)


def _batches(source: Connection, name: str) -> Iterator[list[dict[str, object]]]:
    table = METADATA.tables[name]
    for part in source.execute(select(table)).mappings().partitions(_AT_ONCE):
        yield [dict(row) for row in part]


def _count_on(connection: Connection) -> None:
    """Let numbers go on after the largest that was copied."""
    for table in METADATA.sorted_tables:
        for column in table.primary_key.columns:
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": f"{SCHEMA}.{table.name}", "column": column.name},
            ).scalar()
            if sequence is not None:
                largest = connection.execute(select(func.max(column))).scalar()
                if largest is not None:
                    connection.execute(
                        text("SELECT setval(:sequence, :largest)"), {"sequence": sequence, "largest": largest}
                    )
