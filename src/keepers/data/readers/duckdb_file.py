"""DuckDB database files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.data.readers.clean_csv import number_rows
from keepers.data.readers.databases import chosen_tables
from keepers.data.readers.scratch import scratch_file
from keepers.domain.errors import EngineError, InputError

_COMPUTED = "what_a_view_gives"


def read_duckdb(engine: Engine, path: Path, source: str, tables: Sequence[str] = ()) -> list[RawTable]:
    """Read tables (or views) of a DuckDB file, their types kept; the file is let go of afterwards.

    A view is a query that whoever made the file has written, and may ask for other files of this machine: it is
    computed apart, where there is nothing but the file.

    Raises
    ------
    InputError
        The file is damaged, in use by another program or of a newer version; no table is named among several; or one
        has no rows.
    """
    with _attached(engine, path, source) as database:
        return [_read(engine, database, path, source, one) for one in _wanted(engine, database, source, tables)]


@dataclass(frozen=True)
class _Relation:
    """A table, or a view, of a file."""

    schema: str
    name: str
    view: bool

    def within(self, database: str) -> str:
        return ".".join(quoted(part) for part in (database, self.schema, self.name))


@contextlib.contextmanager
def _attached(engine: Engine, path: Path, source: str) -> Iterator[str]:
    database = engine.new_name("attached")
    try:
        engine.execute(f"ATTACH {literal(str(path))} AS {quoted(database)} (READ_ONLY)")
    except (duckdb.Error, EngineError) as error:
        raise InputError(
            f"{source} cannot be opened as a DuckDB database ({_reason(error)}). Close the program that uses it; "
            "if it was written by a newer DuckDB, write the table to Parquet and give that."
        ) from error
    try:
        yield database
    finally:
        engine.execute(f"DETACH {quoted(database)}")


def _wanted(engine: Engine, database: str, source: str, tables: Sequence[str]) -> list[_Relation]:
    found = {
        (str(name) if schema == "main" else f"{schema}.{name}"): _Relation(str(schema), str(name), bool(view))
        for schema, name, view in engine.rows(
            "SELECT schema_name, table_name, false FROM duckdb_tables() WHERE database_name = $name AND NOT internal "
            "UNION ALL SELECT schema_name, view_name, true FROM duckdb_views() WHERE database_name = $name "
            "AND NOT internal ORDER BY 1, 2",
            {"name": database},
        )
    }
    return [found[name] for name in chosen_tables(source, list(found), tables, f"{source}#{{table}}")]


def _read(engine: Engine, database: str, path: Path, source: str, one: _Relation) -> RawTable:
    shown = f"{source}, table {one.name if one.schema == 'main' else f'{one.schema}.{one.name}'}"
    try:
        if one.view:
            with scratch_file(engine, ".duckdb") as copy:
                _compute(engine, path, one, copy)
                with _attached(engine, copy, shown) as computed:
                    view, stored, names = _stored(engine, f"{quoted(computed)}.main.{_COMPUTED}")
        else:
            view, stored, names = _stored(engine, one.within(database))
    except (duckdb.Error, EngineError) as error:
        do = "Write what the view gives to a table of the file, and name that" if one.view else "Copy the file again"
        raise InputError(f"{shown} cannot be read ({_reason(error)}). {do}.") from error
    rows = int(engine.row(f"SELECT count(*) FROM {quoted(stored)}")[0])
    if not rows:
        raise NoRowsError(f"{shown} has no rows.")
    return RawTable(
        table=view, columns=names, source=shown, kind="duckdb", first_row=1, typed=True, rows=rows, stored=stored
    )


def _stored(engine: Engine, relation: str) -> tuple[str, str, tuple[str, ...]]:
    written = [str(row[0]) for row in engine.rows(f"DESCRIBE {relation}")]
    names = distinct_names(written)
    listed = ", ".join(f"{quoted(old)} AS {quoted(new)}" for old, new in zip(written, names))
    return *number_rows(engine, f"SELECT {listed} FROM {relation}", names), names


def _compute(engine: Engine, path: Path, one: _Relation, copy: Path) -> None:
    """Write what a view gives into a file of its own, by an engine that may open these two files and nothing else."""
    path, copy = path.resolve(), copy.resolve()
    files = ", ".join(literal(f"{file}{end}") for file in (path, copy) for end in ("", ".wal"))
    with duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as apart:
        for setting in (
            f"temp_directory = {literal(engine.scratch)}", f"memory_limit = '{engine.memory_limit}B'",
            "TimeZone = 'UTC'", f"allowed_paths = [{files}]", "enable_external_access = false",
            "lock_configuration = true",
        ):  # fmt: skip
            apart.execute(f"SET {setting}")
        apart.execute(f"ATTACH {literal(str(path))} AS given (READ_ONLY)")
        apart.execute(f"ATTACH {literal(str(copy))} AS computed")
        apart.execute(f"CREATE TABLE computed.main.{_COMPUTED} AS SELECT * FROM {one.within('given')}")


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
