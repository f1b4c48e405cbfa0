"""The engine that holds the data: an embedded DuckDB, or a database or cluster with the same face."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from keepers.data.backends.backend import Backend, Parameters
from keepers.data.backends.embedded import Embedded, engine_errors
from keepers.data.backends.quoting import literal, quoted
from keepers.domain.columns import Schema
from keepers.domain.errors import ConfigError, EngineError

if TYPE_CHECKING:
    import duckdb

    from keepers.numerics.written_numbers import Texts, Whole

__all__ = ["Engine", "engine_errors", "literal", "quoted", "template"]

_serial = itertools.count(1)


@cache
def template(package: str, name: str) -> str:
    """The SQL template ``name.sql`` of a package, with ``{names}`` to be filled for relations and columns."""
    return resources.files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")


class Engine:
    """Where data are held and computed: without more, an embedded DuckDB that spills to a folder of its own.

    `keepers.connect` gives an engine on a database or cluster, whose tables are used where they stand. SQL is in
    DuckDB's dialect on all of them.

    Parameters
    ----------
    memory_limit : str, optional
        Of the embedded engine, for example ``"4GB"``; its own default (80% of memory) otherwise.
    threads : int, optional
        Its worker threads; all cores otherwise.
    backend : Backend, optional
        Another engine, instead of the embedded one.
    """

    def __init__(
        self, memory_limit: str | None = None, threads: int | None = None, *, backend: Backend | None = None
    ) -> None:
        self.backend = Embedded(memory_limit, threads) if backend is None else backend

    @property
    def is_embedded(self) -> bool:
        """Whether the engine is in this process, where it reads files and frames."""
        return isinstance(self.backend, Embedded)

    @property
    def _embedded(self) -> Embedded:
        if isinstance(self.backend, Embedded):
            return self.backend
        raise ConfigError(
            f"{self.backend.label} uses tables where they stand and reads no files or frames of this machine. Name a "
            "table of it, or leave the engine out to read files."
        )

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The embedded engine's own connection."""
        return self._embedded.connection

    @property
    def scratch(self) -> str:
        """A folder for temporary files; it goes with the embedded engine."""
        return self._embedded.scratch

    @property
    def memory_limit(self) -> int:
        """Bytes that the embedded engine may take."""
        return self._embedded.memory_limit

    @property
    def rows_fetched(self) -> int:
        """Rows that left the engine for this process so far; they do not grow with the number of customers.

        What `whole_numbers` and `texts_and_numbers` gave is not among them.
        """
        return self.backend.rows_fetched

    def row_number(self, name: str) -> str:
        """SQL of the number of a table's row, by which results a customer find back; of the embedded engine alone.

        Rows of a view have none, so that they are stored first, under the same name.

        Raises
        ------
        ConfigError
            Elsewhere, as customers stay there.
        """
        if self.is_embedded:
            self._embedded.store(name)
            return "rowid"
        raise ConfigError(
            f"Customers do not leave {self.backend.label} one by one. `keepers.lifetime_value` gives their values "
            "there; of distinct histories ask with `summary.cells()` or `summary.spend_cells()`."
        )

    def is_taken(self, name: str) -> bool:
        """Whether a table or view of the embedded engine has a name."""
        return self._embedded.is_taken(name)

    @contextlib.contextmanager
    def beside(self) -> Iterator[Engine]:
        """The same tables of the embedded engine through a connection of its own, to be asked by another thread."""
        with self._embedded.beside() as backend:
            yield Engine(backend=backend)

    def steady(self) -> contextlib.AbstractContextManager[None]:
        """See a warehouse's tables as they are now meanwhile; what fails within leaves nothing behind."""
        return self.backend.steady()

    def publish(self, tables: Mapping[str, str], run: str) -> dict[str, str]:
        """Keep queries' rows as tables for others, all or none; see `keepers.data.backends.backend.Backend`."""
        return self.backend.publish(tables, run)

    def close(self) -> None:
        """Free memory and temporary files; end the session."""
        self.backend.close()

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run one statement; a failure of disk, memory or connection becomes an `EngineError`.

        For a query, use `rows`, `row`, `columns` or `relation`, which leave nothing half fetched.
        """
        self.backend.execute(sql, parameters)

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        return self.backend.rows(sql, parameters)

    def row(self, sql: str, parameters: Parameters | None = None) -> tuple[Any, ...]:
        """The first row of a small result."""
        found = self.rows(sql, parameters)
        if not found:
            raise EngineError(f"The engine gave no row for: {sql[:200]}")
        return found[0]

    def columns(self, sql: str, parameters: Parameters | None = None) -> dict[str, NDArray[Any]]:
        """A result as NumPy columns.

        An empty number or truth value becomes NaN (the column floating, so that whole numbers above 2**53 lose their
        last digits), an empty time NaT, and anything else None.
        """
        return self.backend.columns(sql, parameters)

    def whole_numbers(self, sql: str) -> dict[str, NDArray[Any]]:
        """Columns of whole numbers none of which is empty, from the embedded engine, to be sorted beside it."""
        return self._embedded.whole_numbers(sql)

    def texts_and_numbers(self, sql: str) -> Iterator[tuple[Texts | None, Whole]]:
        """A text and a whole number of each row of the embedded engine, some rows at a time, to be read beside it.

        They lie in memory until the next ones are asked for; see `keepers.data.arrow_memory`.
        """
        return self._embedded.texts_and_numbers(sql)

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """A query of the embedded engine as a lazy relation, for handing its rows to a frame library."""
        return self._embedded.relation(sql)

    def new_name(self, stem: str) -> str:
        """A table name that is not in use."""
        return f"{stem}_{next(_serial)}"

    def create(self, name: str, sql: str, parameters: Parameters | None = None) -> str:
        """Make (or replace) a table from a query; gives its name back."""
        self.backend.create_table(name, sql, parameters)
        return name

    def create_view(self, name: str, sql: str) -> str:
        """Give a query a name, to be computed whenever somebody asks; gives the name back."""
        self.backend.create_view(name, sql)
        return name

    def create_empty(self, schema: Schema, name: str | None = None) -> str:
        """Make (or replace) an empty canonical table in the embedded engine; gives its name back."""
        name = name or schema.name
        self._embedded.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({schema.definition()})")
        return name

    def from_columns(self, name: str, columns: Mapping[str, Any]) -> str:
        """Make (or replace) a table from NumPy columns, or sequences, of equal length; NaN, NaT and None become NULL.

        Raises
        ------
        InputError
            A column is not one-dimensional, or not as long as the first one.
        """
        self.backend.upload(name, columns)
        return name

    def append(self, name: str, columns: Mapping[str, Any]) -> None:
        """Add rows to a table of the embedded engine from columns, by name; one call for many rows."""
        with self._embedded.query_of(columns) as query:
            self.execute(f"INSERT INTO {quoted(name)} BY NAME {query}")

    @contextlib.contextmanager
    def registered(self, source: Any) -> Iterator[str]:
        """A view on something outside the embedded engine (arrays, a frame, a stream), gone afterwards."""
        with self._embedded.registered(source) as view:
            yield view

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Keep the rows of what is read in the order of its source meanwhile; a third slower than in any order."""
        with self._embedded.in_order():
            yield

    def drop(self, name: str) -> None:
        """Forget a table or a view, where there is one."""
        self.backend.drop(name)

    def described(self, name: str) -> list[tuple[str, str]]:
        """Names and types of the columns of a table or view, in order."""
        return self.backend.described(name)
