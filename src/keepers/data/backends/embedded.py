"""The engine within this process: DuckDB in memory, spilling to a folder of its own, its tables and its errors."""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import re
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from keepers.data.arrays import engine_arrays
from keepers.data.arrow_memory import texts_and_numbers
from keepers.data.backends.backend import Backend, Parameters, SourceTable
from keepers.data.backends.quoting import quoted
from keepers.data.spill import Spill
from keepers.domain.errors import ConfigError, EngineError, InputError
from keepers.numerics.written_numbers import Texts, Whole

_incoming = itertools.count(1)
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


class Embedded(Backend):
    """DuckDB in memory; see `keepers.data.engine.Engine` for the parameters."""

    label = "DuckDB"
    address = "this process"

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
        self._settings_of_connection()
        self._finalizer = weakref.finalize(self, _close, self.connection, self._spill)

    def _settings_of_connection(self) -> None:
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = false")

    @contextlib.contextmanager
    def beside(self) -> Iterator[Embedded]:
        """A second connection to the same tables, for another thread; what was registered here is not seen there."""
        other = copy.copy(self)
        other.connection, other.rows_fetched = self.connection.cursor(), 0
        other._settings_of_connection()
        try:
            yield other
        finally:
            other.connection.close()
            self.rows_fetched += other.rows_fetched

    def is_taken(self, name: str) -> bool:
        """Whether a table or view has a name: tried, as the first question to the catalogue loads all that it knows."""
        try:
            self.run(f"CREATE TABLE {quoted(name)} (probe INTEGER)")
        except duckdb.CatalogException:
            return True
        self.run(f"DROP TABLE {quoted(name)}")
        return False

    @property
    def scratch(self) -> str:
        """A folder for temporary files; it goes with the engine."""
        return str(self._spill.path)

    @property
    def memory_limit(self) -> int:
        """Bytes that the engine may take."""
        written = str(self.rows("SELECT current_setting('memory_limit')")[0][0])
        number, _, unit = written.partition(" ")
        return int(float(number) * 1024 ** _UNITS.index(unit))

    def close(self) -> None:
        """Free memory and temporary files."""
        self._finalizer()

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """As in `Backend`."""
        self.run(sql, parameters)

    def run(self, sql: str, parameters: Parameters | None = None) -> duckdb.DuckDBPyConnection:
        """Run one statement; a failure of disk or memory becomes an `EngineError`."""
        with engine_errors():
            return self.connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """As in `Backend`."""
        with engine_errors():
            found = self.connection.execute(sql, parameters).fetchall()
        self.rows_fetched += len(found)
        return found

    def columns(self, sql: str, parameters: Parameters | None = None) -> dict[str, NDArray[Any]]:
        """As in `Backend`; a whole number among empty ones becomes floating."""
        with engine_errors():
            fetched = self.connection.execute(sql, parameters).fetchnumpy()
        found = {name: _plain(column) for name, column in fetched.items()}
        self.rows_fetched += len(next(iter(found.values()), ()))
        return found

    def whole_numbers(self, sql: str) -> dict[str, NDArray[Any]]:
        """Columns of whole numbers none of which is empty, as they are; not counted as rows fetched."""
        with engine_errors():
            fetched = self.connection.execute(sql).fetchnumpy()
        return {name: np.asarray(column) for name, column in fetched.items()}

    def texts_and_numbers(self, sql: str) -> Iterator[tuple[Texts | None, Whole]]:
        """A text and a whole number of each row, see `keepers.data.arrow_memory`; not counted as rows fetched."""
        with engine_errors():
            yield from texts_and_numbers(self.relation(sql))

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """A query as a lazy relation."""
        with engine_errors():
            self._settle()
            return self.connection.sql(sql)

    def create_table(self, name: str, query: str, parameters: Parameters | None = None) -> None:
        """As in `Backend`."""
        self.run(f"CREATE OR REPLACE TABLE {quoted(name)} AS {query}", parameters)

    def create_view(self, name: str, query: str) -> None:
        """As in `Backend`."""
        self.run(f"CREATE VIEW {quoted(name)} AS {query}")

    def store(self, name: str) -> None:
        """Make a table of a view, under its name; a table stays as it is."""
        if self.rows("SELECT 1 FROM duckdb_views() WHERE view_name = ?", [name]):
            self.create_table(f"{name}_stored", f"SELECT * FROM {quoted(name)}")
            self.run(f"DROP VIEW {quoted(name)}")
            self.run(f"ALTER TABLE {quoted(f'{name}_stored')} RENAME TO {quoted(name)}")

    def upload(self, name: str, columns: Mapping[str, Any]) -> None:
        """As in `Backend`."""
        with self.query_of(columns) as query:
            self.create_table(name, query)

    @contextlib.contextmanager
    def query_of(self, columns: Mapping[str, Any]) -> Iterator[str]:
        """A query of the rows of NumPy columns, meanwhile."""
        arrays = engine_arrays(columns)
        listed = ", ".join(f"{expression} AS {quoted(key)}" for key, expression in arrays.expressions.items())
        with self.registered(arrays.held) as view:
            yield f"SELECT {listed} FROM {view}"

    @contextlib.contextmanager
    def registered(self, source: Any) -> Iterator[str]:
        """A view on something outside the engine, gone afterwards; gives its name."""
        view = f"incoming_{next(_incoming)}"
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
        """Keep the rows of what is read in the order of its source meanwhile."""
        self.run("SET preserve_insertion_order = true")
        try:
            yield
        finally:
            self.run("SET preserve_insertion_order = false")

    def drop(self, name: str) -> None:
        """As in `Backend`."""
        try:
            self.run(f"DROP TABLE IF EXISTS {quoted(name)}")
        except duckdb.CatalogException:
            self.run(f"DROP VIEW IF EXISTS {quoted(name)}")

    def described(self, name: str) -> list[tuple[str, str]]:
        """As in `Backend`."""
        return [(str(row[0]), str(row[1])) for row in self.rows(f"DESCRIBE {quoted(name)}")]

    def source(self, name: str) -> SourceTable:
        """As in `Backend`."""
        relation = ".".join(quoted(part) for part in name.split("."))
        try:
            found = self.rows(f"DESCRIBE {relation}")
        except duckdb.CatalogException as error:
            raise InputError(f"The engine has no table {name}: {_first_line(error)}.") from error
        types = {str(row[0]): _plain_type(str(row[1])) for row in found}
        return SourceTable(name, relation, types)

    def view_source(self, view: str, source: SourceTable, columns: Mapping[str, str]) -> None:
        """As in `Backend`."""
        listed = ", ".join(f"{quoted(column)} AS {quoted(name)}" for name, column in columns.items())
        self.create_view(view, f"SELECT {listed} FROM {source.relation}")

    def prepare_results(self) -> None:
        """As in `Backend`; memory is there."""

    def publish(self, tables: Mapping[str, str], run: str) -> dict[str, str]:
        """As in `Backend`; the tables go with the engine, which is in memory."""
        self.run("BEGIN")
        try:
            self.run("CREATE SCHEMA IF NOT EXISTS keepers")
            for name, query in tables.items():
                self.run(f"CREATE OR REPLACE TABLE keepers.{quoted(name)} AS {query}")
            self.run("COMMIT")
        except BaseException:
            self.run("ROLLBACK")
            raise
        del run
        return {name: f"keepers.{name}" for name in tables}


def _close(connection: duckdb.DuckDBPyConnection, spill: Spill) -> None:
    connection.close()
    spill.cleanup()


def _plain_type(of: str) -> str:
    if of == "TIMESTAMP WITH TIME ZONE":
        return "TIMESTAMPTZ"
    if of.startswith("DECIMAL"):
        return "DECIMAL"
    if of.startswith("TIMESTAMP"):
        return "TIMESTAMP"
    return {"FLOAT": "DOUBLE"}.get(of, "BIGINT" if "INT" in of else of)


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
