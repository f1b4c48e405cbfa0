"""The engine that holds the data: one embedded DuckDB, its SQL templates, its tables and its errors."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from keepers.domain.columns import Schema
from keepers.domain.errors import EngineError

_serial = itertools.count(1)


def quoted(name: str) -> str:
    """A name as an SQL identifier.

    >>> print(quoted("Lineitem name"))
    "Lineitem name"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string; for places where the engine takes no parameter.

    >>> literal("O'Neill")
    "'O''Neill'"
    """
    return "'" + text.replace("'", "''") + "'"


@cache
def template(package: str, name: str) -> str:
    """The SQL template ``name.sql`` of a package, with ``{placeholders}`` for relation and column names."""
    return resources.files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")


class Engine:
    """An embedded DuckDB in memory that spills to a folder of its own and leaves nothing behind.

    Parameters
    ----------
    memory_limit : str, optional
        For example ``"4GB"``; the engine's own default (80% of memory) otherwise.
    threads : int, optional
        Worker threads; all cores otherwise.
    """

    def __init__(self, memory_limit: str | None = None, threads: int | None = None) -> None:
        self._spill = tempfile.TemporaryDirectory(prefix="keepers-", ignore_cleanup_errors=True)
        settings: dict[str, Any] = {
            "temp_directory": self._spill.name,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if memory_limit:
            settings["memory_limit"] = memory_limit
        if threads:
            settings["threads"] = threads
        self.connection = duckdb.connect(":memory:", config=settings)
        self.connection.execute("SET TimeZone = 'UTC'")
        self._finalizer = weakref.finalize(self, _close, self.connection, self._spill)

    @property
    def scratch(self) -> str:
        """A folder for temporary files; it goes with the engine."""
        return self._spill.name

    def close(self) -> None:
        """Free memory and temporary files."""
        self._finalizer()

    def execute(self, sql: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run one statement; the engine's errors become an `EngineError` or what the statement asks for."""
        with engine_errors():
            return self.connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        return self.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> tuple[Any, ...]:
        """The first row of a result."""
        found = self.execute(sql, parameters).fetchone()
        if found is None:
            raise EngineError(f"The engine gave no row for: {sql[:200]}")
        return found

    def columns(self, sql: str, parameters: Mapping[str, Any] | None = None) -> dict[str, NDArray[Any]]:
        """A result as NumPy columns; empty numbers become NaN."""
        with engine_errors():
            fetched = self.connection.execute(sql, parameters).fetchnumpy()
        return {name: _plain(column) for name, column in fetched.items()}

    def new_name(self, stem: str) -> str:
        """A table name that is not in use."""
        return f"{stem}_{next(_serial)}"

    def create(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Make (or replace) a table from a query; gives its name back."""
        self.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {sql}", parameters)
        return name

    def create_empty(self, schema: Schema, name: str | None = None) -> str:
        """Make (or replace) an empty canonical table; gives its name back."""
        name = name or schema.name
        self.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({schema.definition()})")
        return name

    def from_columns(self, name: str, columns: Mapping[str, NDArray[Any]]) -> str:
        """Make a table from NumPy columns of equal length."""
        held = {key: np.ascontiguousarray(value) for key, value in columns.items()}
        view = self.new_name("incoming")
        with engine_errors():
            self.connection.register(view, held)
        try:
            return self.create(name, f"SELECT * FROM {view}")
        finally:
            self.connection.unregister(view)

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Keep the rows of what is read in the order of its source meanwhile; a third slower than in any order."""
        self.execute("SET preserve_insertion_order = true")
        try:
            yield
        finally:
            self.execute("SET preserve_insertion_order = false")

    def drop(self, name: str) -> None:
        """Forget a table."""
        self.execute(f"DROP TABLE IF EXISTS {quoted(name)}")


def _close(connection: duckdb.DuckDBPyConnection, spill: tempfile.TemporaryDirectory[str]) -> None:
    connection.close()
    spill.cleanup()


def _plain(column: Any) -> NDArray[Any]:
    if not isinstance(column, np.ma.MaskedArray):
        return np.asarray(column)
    if not np.ma.is_masked(column):
        return np.asarray(column.data)
    if np.issubdtype(column.dtype, np.number) or column.dtype == np.bool_:
        return np.asarray(np.ma.filled(column.astype(np.float64), np.nan))
    if np.issubdtype(column.dtype, np.datetime64):
        return np.asarray(np.ma.filled(column, np.datetime64("NaT")))
    return np.asarray(np.ma.filled(column.astype(object), None))


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Translate the engine's failures of resources into words; its other errors pass unchanged."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EngineError(
            f"The engine ran out of memory or temporary disk space ({_first_line(error)}). Free disk space in "
            f"{tempfile.gettempdir()}, point TMPDIR elsewhere, or give more memory."
        ) from error
    except duckdb.IOException as error:
        text = _first_line(error)
        if "No space left" in str(error) or "disk" in text.lower():
            raise EngineError(f"The disk is full: {text}. Free some space and run again.") from error
        raise EngineError(f"A file could not be read or written: {text}.") from error


def _first_line(error: Exception) -> str:
    return str(error).split(os.linesep)[0].strip().rstrip(".")
