"""The engine that holds the data: one embedded DuckDB, its SQL templates, its tables and its errors."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from keepers.data.arrays import engine_arrays
from keepers.data.spill import Spill
from keepers.domain.columns import Schema
from keepers.domain.errors import ConfigError, EngineError

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
    """The SQL template ``name.sql`` of a package, with ``{names}`` to be filled for relations and columns."""
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
        if threads is not None and threads < 1:
            raise ConfigError(f"threads is {threads}; it must be at least 1.")
        self._spill = Spill()
        settings: dict[str, Any] = {
            "temp_directory": str(self._spill.path),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if memory_limit:
            settings["memory_limit"] = memory_limit
        if threads:
            settings["threads"] = threads
        try:
            self.connection = duckdb.connect(":memory:", config=settings)
        except duckdb.Error as error:
            self._spill.cleanup()
            raise ConfigError(
                f"The engine refuses its settings ({_first_line(error)}). A memory limit is written like '4GB'."
            ) from error
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = false")
        self._finalizer = weakref.finalize(self, _close, self.connection, self._spill)

    @property
    def scratch(self) -> str:
        """A folder for temporary files; it goes with the engine."""
        return str(self._spill.path)

    def close(self) -> None:
        """Free memory and temporary files."""
        self._finalizer()

    def execute(self, sql: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run one statement; a failure of disk or memory becomes an `EngineError`.

        For a query, use `rows`, `row`, `columns` or `relation`, which leave nothing half fetched.
        """
        with engine_errors():
            return self.connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        with engine_errors():
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> tuple[Any, ...]:
        """The first row of a small result."""
        found = self.rows(sql, parameters)
        if not found:
            raise EngineError(f"The engine gave no row for: {sql[:200]}")
        return found[0]

    def columns(self, sql: str, parameters: Mapping[str, Any] | None = None) -> dict[str, NDArray[Any]]:
        """A result as NumPy columns.

        An empty number or truth value becomes NaN (the column floating, so that whole numbers above 2**53 lose their
        last digits), an empty time NaT, and anything else None.
        """
        with engine_errors():
            fetched = self.connection.execute(sql, parameters).fetchnumpy()
        return {name: _plain(column) for name, column in fetched.items()}

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """A query as a lazy relation, for handing its rows to a frame library."""
        with engine_errors():
            self._settle()
            return self.connection.sql(sql)

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

    def from_columns(self, name: str, columns: Mapping[str, Any]) -> str:
        """Make (or replace) a table from NumPy columns, or sequences, of equal length; NaN, NaT and None become NULL.

        Raises
        ------
        InputError
            A column is not one-dimensional, or not as long as the first one.
        """
        with self._query_of(columns) as query:
            return self.create(name, query)

    def append(self, name: str, columns: Mapping[str, Any]) -> None:
        """Add rows to a table from columns, by name; one call for many rows, as a call for each is slow."""
        with self._query_of(columns) as query:
            self.execute(f"INSERT INTO {quoted(name)} BY NAME {query}")

    @contextlib.contextmanager
    def _query_of(self, columns: Mapping[str, Any]) -> Iterator[str]:
        arrays = engine_arrays(columns)
        listed = ", ".join(f"{expression} AS {quoted(key)}" for key, expression in arrays.expressions.items())
        with self.registered(arrays.held) as view:
            yield f"SELECT {listed} FROM {view}"

    @contextlib.contextmanager
    def registered(self, source: Any) -> Iterator[str]:
        """A view on something outside the engine (arrays, a frame, a stream), gone afterwards; gives its name."""
        view = self.new_name("incoming")
        with engine_errors():
            self._settle()
            self.connection.register(view, source)
        try:
            yield view
        finally:
            self.connection.unregister(view)

    def _settle(self) -> None:
        # From version 2 on the engine refuses some work while a result is half fetched; version 1 has no such call.
        abort = getattr(self.connection, "abort", None)
        if abort is not None:
            abort()

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Keep the rows of what is read in the order of its source meanwhile; a third slower than in any order."""
        self.execute("SET preserve_insertion_order = true")
        try:
            yield
        finally:
            self.execute("SET preserve_insertion_order = false")

    def drop(self, name: str) -> None:
        """Forget a table or a view, where there is one."""
        try:
            self.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
        except duckdb.CatalogException:
            self.execute(f"DROP VIEW IF EXISTS {quoted(name)}")


def _close(connection: duckdb.DuckDBPyConnection, spill: Spill) -> None:
    connection.close()
    spill.cleanup()


def _plain(column: Any) -> NDArray[Any]:
    if not isinstance(column, np.ma.MaskedArray):
        return np.asarray(column)
    if not np.ma.is_masked(column):
        return np.asarray(column.data)
    if np.issubdtype(column.dtype, np.number) or column.dtype == np.bool_:
        filled: NDArray[Any] = column.data.astype(np.float64)
        filled[column.mask] = np.nan
    elif np.issubdtype(column.dtype, np.datetime64):
        filled = column.data.copy()
        filled[column.mask] = np.datetime64("NaT", "us")
    else:
        filled = column.data.astype(object)
        filled[column.mask] = None
    return filled


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
            file = re.search(r'file \\?"([^"\\]+)', text)
            raise EngineError(
                f"The disk is full: {f'{file[1]} could not be written' if file else text}. Free some space and run "
                "again."
            ) from error
        raise EngineError(f"A file could not be read or written: {text}.") from error
    except RuntimeError as error:
        # Ctrl-C in the middle of a query, in the engine's words.
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


def _first_line(error: Exception) -> str:
    return str(error).split(os.linesep)[0].strip().rstrip(".")
