"""DuckDB database files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.data.readers.clean_csv import number_rows
from keepers.data.readers.databases import chosen_tables
from keepers.domain.errors import EngineError, InputError


def read_duckdb(engine: Engine, path: Path, source: str, tables: Sequence[str] = ()) -> list[RawTable]:
    """Read tables (or views) of a DuckDB file, their types kept; the file is let go of afterwards.

    Raises
    ------
    InputError
        The file is damaged, in use by another program or of a newer version; no table is named among several; or one
        has no rows.
    """
    database = engine.new_name("attached")
    try:
        engine.execute(f"ATTACH {literal(str(path))} AS {quoted(database)} (READ_ONLY)")
    except (duckdb.Error, EngineError) as error:
        raise InputError(
            f"{source} cannot be opened as a DuckDB database ({_reason(error)}). Close the program that uses it; "
            "if it was written by a newer DuckDB, write the table to Parquet and give that."
        ) from error
    try:
        return [_read(engine, database, source, name) for name in _wanted(engine, database, source, tables)]
    finally:
        engine.execute(f"DETACH {quoted(database)}")


def _wanted(engine: Engine, database: str, source: str, tables: Sequence[str]) -> list[tuple[str, str]]:
    found = {
        (str(table) if schema == "main" else f"{schema}.{table}"): (str(schema), str(table))
        for schema, table in engine.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $name AND NOT internal "
            "UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $name AND NOT internal "
            "ORDER BY 1, 2",
            {"name": database},
        )
    }
    return [found[name] for name in chosen_tables(source, list(found), tables, f"{source}#{{table}}")]


def _read(engine: Engine, database: str, source: str, name: tuple[str, str]) -> RawTable:
    schema, table = name
    shown = f"{source}, table {table if schema == 'main' else f'{schema}.{table}'}"
    relation = ".".join(quoted(part) for part in (database, schema, table))
    try:
        written = [str(row[0]) for row in engine.rows(f"DESCRIBE {relation}")]
        names = distinct_names(written)
        listed = ", ".join(f"{quoted(old)} AS {quoted(new)}" for old, new in zip(written, names))
        view, stored = number_rows(engine, f"SELECT {listed} FROM {relation}", names)
    except (duckdb.Error, EngineError) as error:
        raise InputError(f"{shown} cannot be read ({_reason(error)}). Copy the file again.") from error
    rows = int(engine.row(f"SELECT count(*) FROM {quoted(stored)}")[0])
    if not rows:
        raise NoRowsError(f"{shown} has no rows.")
    return RawTable(
        table=view, columns=names, source=shown, kind="duckdb", first_row=1, typed=True, rows=rows, stored=stored
    )


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
