"""Very many rows out of the engine into a table of the state, without a Python object a value where a database can."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from keepers.data.engine import Engine, literal

_BLOCK = 1 << 20

_FEW = 200
"""Rows for which PostgreSQL need make no table."""

Row = tuple[Any, ...]


def insert_rows(connection: Connection, table: str, columns: Sequence[str], engine: Engine, query: str) -> None:
    """Insert the rows of a query of the engine.

    Parameters
    ----------
    connection : Connection
        Within a transaction.
    table : str
        Of the state.
    columns : sequence of str
        What the query gives, in its order: numbers, and everything else as texts that both databases read.
    engine : Engine
        The embedded one.
    query : str
        In its dialect.
    """
    if connection.dialect.name == "sqlite":
        rows = engine.rows(query)
        if rows:
            places = ", ".join("?" * len(columns))
            connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
    else:
        _copy(connection, table, columns, engine, query)


def upsert_rows(connection: Connection, table: str, columns: Sequence[str], engine: Engine, query: str) -> None:
    """Insert the rows of a query, or change those whose first column is there; what is as it was is not written."""
    if connection.dialect.name == "sqlite":
        _upsert(connection, table, columns, engine.rows(query))
    else:
        with _beside(connection, table, columns) as beside:
            _copy(connection, beside, columns, engine, query)


def upsert_values(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """The same of rows that are at hand."""
    if connection.dialect.name == "sqlite" or len(rows) < _FEW:
        _upsert(connection, table, columns, rows)
        return
    with (
        _beside(connection, table, columns) as beside,
        _driver(connection).cursor() as cursor,
        cursor.copy(f"COPY {beside} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _upsert(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if rows:
        place = "?" if connection.dialect.name == "sqlite" else "%s"
        places = ", ".join([place] * len(columns))
        names = ", ".join(columns)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({names}) VALUES ({places}) {_or_change(connection, table, columns)}", list(rows)
        )


@contextlib.contextmanager
def _beside(connection: Connection, table: str, columns: Sequence[str]) -> Iterator[str]:
    """A table of PostgreSQL to be filled, whose rows are then put among those of another."""
    beside, names = f"{table}_arriving", ", ".join(columns)
    connection.execute(text(f"CREATE TEMPORARY TABLE {beside} (LIKE {table}) ON COMMIT DROP"))
    yield beside
    connection.execute(
        text(f"INSERT INTO {table} ({names}) SELECT {names} FROM {beside} {_or_change(connection, table, columns)}")
    )
    connection.execute(text(f"DROP TABLE {beside}"))


def _or_change(connection: Connection, table: str, columns: Sequence[str]) -> str:
    key, *others = columns
    # SQLite has PostgreSQL's words for it since a version that not everybody has.
    is_not = "IS NOT" if connection.dialect.name == "sqlite" else "IS DISTINCT FROM"
    changed = ", ".join(f"{name} = excluded.{name}" for name in others)
    differs = " OR ".join(f"{table}.{name} {is_not} excluded.{name}" for name in others)
    return f"ON CONFLICT ({key}) DO UPDATE SET {changed} WHERE {differs}"


def _driver(connection: Connection) -> Any:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver


def _copy(connection: Connection, table: str, columns: Sequence[str], engine: Engine, query: str) -> None:
    """Through a file in the engine's own folder: it writes rows as PostgreSQL reads them."""
    path = Path(engine.scratch) / "rows-to-copy.csv"
    try:
        engine.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT csv, HEADER false)")
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')"
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy, path.open("rb") as file:
            while block := file.read(_BLOCK):
                copy.write(block)
    finally:
        path.unlink(missing_ok=True)
