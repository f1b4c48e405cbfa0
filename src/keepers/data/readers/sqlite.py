"""SQLite databases, through the standard library: the engine reads them only with an extension from the network."""

from __future__ import annotations

import contextlib
import csv
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from keepers.data.engine import Engine, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.data.readers.clean_csv import load_ordered
from keepers.data.readers.databases import chosen_tables
from keepers.data.readers.scratch import scratch_file
from keepers.domain.errors import InputError


def read_sqlite(engine: Engine, path: Path, source: str, tables: Sequence[str] = ()) -> list[RawTable]:
    """Read tables (or views) of an SQLite database as text; NULL and the empty text are both NULL.

    Raises
    ------
    InputError
        The database is damaged or locked, no table is named among several, or one has no rows.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as connection:
            # A view is of whoever made the file: it may use no function that does anything but compute.
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            available = [
                str(name)
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
                    "ESCAPE '\\' ORDER BY name"
                )
            ]
            wanted = chosen_tables(source, available, tables, f"{source}#{{table}}")
            return [_read(engine, connection, source, table) for table in wanted]
    except sqlite3.Error as error:
        raise InputError(
            f"{source} cannot be read as an SQLite database ({error}). Close the program that uses it, or "
            "copy it again."
        ) from error


def _read(engine: Engine, connection: sqlite3.Connection, source: str, table: str) -> RawTable:
    written = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]
    names = distinct_names(written)
    cells = ", ".join(
        f"CASE typeof({quoted(name)}) WHEN 'blob' THEN hex({quoted(name)}) ELSE {quoted(name)} END" for name in written
    )
    with scratch_file(engine, ".csv") as clean:
        with clean.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, quoting=csv.QUOTE_ALL).writerows(connection.execute(f"SELECT {cells} FROM {quoted(table)}"))
        view, stored = load_ordered(engine, clean, dict.fromkeys(names, "VARCHAR"))
    rows = int(engine.row(f"SELECT count(*) FROM {quoted(stored)}")[0])
    shown = f"{source}, table {table}"
    if not rows:
        raise NoRowsError(f"{shown} has no rows.")
    return RawTable(table=view, columns=names, source=shown, kind="sqlite", first_row=1, rows=rows, stored=stored)
