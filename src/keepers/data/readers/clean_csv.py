"""A CSV that a reader wrote itself, into the engine: the bridge for sources the engine cannot read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from keepers.data.engine import Engine, literal, quoted

_LONGEST_LINE = 1 << 24
_BUFFER = 1 << 25


def load_numbered(engine: Engine, path: Path, columns: Sequence[str]) -> str:
    """Make a table of VARCHAR columns from a CSV without header whose first field is the row's number."""
    types = {"_row": "BIGINT"} | dict.fromkeys(columns, "VARCHAR")
    return engine.create(engine.new_name("raw"), f"SELECT * FROM {_reader(path, types)}")


def load_ordered(engine: Engine, path: Path, types: Mapping[str, str], from_server: bool = False) -> tuple[str, str]:
    """Make a table from a CSV without header, numbered from 1 in the order of its rows.

    Parameters
    ----------
    engine : Engine
        Where the table is made.
    path : Path
        The file.
    types : mapping
        The engine's type by column name, in order.
    from_server : bool
        Whether a database server wrote it rather than Python's `csv`: lines end in a line feed alone, and an empty
        field in quotes is an empty text rather than NULL.

    Returns
    -------
    str, str
        The view with ``_row``, and the table beneath it.
    """
    return number_rows(engine, f"SELECT * FROM {_reader(path, types, from_server)}", list(types))


def number_rows(engine: Engine, sql: str, columns: Sequence[str]) -> tuple[str, str]:
    """Store a query's rows in their order; gives a view with ``_row`` from 1, and the table beneath it."""
    stored, view = engine.new_name("raw_rows"), engine.new_name("raw")
    with engine.in_order():
        engine.create(stored, sql)
    listed = ", ".join(quoted(name) for name in columns)
    engine.execute(f"CREATE VIEW {quoted(view)} AS SELECT rowid + 1 AS _row, {listed} FROM {quoted(stored)}")
    return view, stored


def _reader(path: Path, types: Mapping[str, str], from_server: bool = False) -> str:
    fields = ", ".join(f"{literal(name)}: {literal(of)}" for name, of in types.items())
    # The line end is named, as the engine would take the first line break it sees, maybe inside a field, for it.
    end = "\\n" if from_server else "\\r\\n"
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, columns = {{{fields}}}, delim = ',', quote = '\"', "
        f"escape = '\"', new_line = '{end}', header = false, allow_quoted_nulls = {not from_server}, "
        f"max_line_size = {_LONGEST_LINE}, buffer_size = {_BUFFER})"
    )
