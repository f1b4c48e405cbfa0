"""Apache Spark: tables of its catalogue or files that it reads, working tables in the executors' memory and disk."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.arrays import engine_arrays
from keepers.data.backends.backend import Backend, Parameters, SourceTable
from keepers.data.backends.columns_of_rows import plain_row
from keepers.data.backends.spark_errors import spark_errors
from keepers.data.backends.translation import translated
from keepers.domain.errors import EngineError, InputError, MissingExtraError

_TYPES = {
    "string": "VARCHAR", "tinyint": "BIGINT", "smallint": "BIGINT", "int": "BIGINT", "bigint": "BIGINT",
    "float": "DOUBLE", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMPTZ",
    "timestamp_ntz": "TIMESTAMP",
}  # fmt: skip
_LISTED = 30
_FILES = ("parquet", "orc", "delta", "iceberg")
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    # Overflows and impossible casts fail, as in the other engines, instead of becoming empty.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


class Spark(Backend):
    """A session on a cluster, or in local mode.

    Parameters
    ----------
    url : str
        ``spark://host:7077`` for a standalone cluster, ``spark://local[2]`` for this machine, ``spark://yarn`` or
        ``spark://k8s://https://host:6443`` for other managers, ``spark://`` for what ``spark-submit`` was told.
    schema : str
        Database of the catalogue where results are kept.
    config : mapping, optional
        Settings of the session, such as ``{"spark.executor.memory": "8g"}``.

    Raises
    ------
    EngineError
        The cluster cannot be reached.
    MissingExtraError
        pyspark or pyarrow is not installed.
    """

    label = "Apache Spark"

    def __init__(self, url: str, schema: str = "keepers", config: Mapping[str, Any] | None = None) -> None:
        self.schema = schema
        self.address = url
        self._held: dict[str, Any] = {}
        builder = _builder().appName("keepers")
        master = master_of(url)
        if master:
            builder = builder.master(master)
        for key, value in {**_SESSION, **(config or {})}.items():
            builder = builder.config(key, str(value))
        with self._errors():
            running = _running()
            self._own = running is None
            # A session of its own on a context that is there already: its tables and settings are nobody else's.
            self._session: Any = builder.getOrCreate() if running is None else running.newSession()
            for key, value in {**_SESSION, **(config or {})}.items():
                if running is not None and self._session.conf.isModifiable(key):
                    self._session.conf.set(key, str(value))

    def __repr__(self) -> str:
        return f"Spark({self.address!r})"

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return spark_errors(self.address, self.schema)

    def _frame(self, sql: str, parameters: Parameters | None = None) -> Any:
        return self._session.sql(translated(sql, "spark", parameters))

    def _native(self, sql: str) -> list[Any]:
        with self._errors():
            return list(self._session.sql(sql).collect())

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """As in `Backend`."""
        with self._errors():
            self._frame(sql, parameters).collect()

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """As in `Backend`."""
        with self._errors():
            found = self._frame(sql, parameters).toArrow()
        self.rows_fetched += found.num_rows
        return [plain_row(row) for row in zip(*(column.to_pylist() for column in found.columns), strict=True)]

    def columns(self, sql: str, parameters: Parameters | None = None) -> dict[str, NDArray[Any]]:
        """As in `Backend`."""
        with self._errors():
            found = self._frame(sql, parameters).toArrow()
        self.rows_fetched += found.num_rows
        return {name: _array(found.column(place)) for place, name in enumerate(found.column_names)}

    def create_table(self, name: str, query: str, parameters: Parameters | None = None) -> None:
        """As in `Backend`: computed when first asked for, and kept by the executors from then on."""
        with self._errors():
            self._keep(name, self._frame(query, parameters).persist(_storage_level()))

    def _keep(self, name: str, frame: Any) -> None:
        self.drop(name)
        frame.createOrReplaceTempView(name)
        self._held[name] = frame

    def create_view(self, name: str, query: str) -> None:
        """As in `Backend`."""
        with self._errors():
            self._frame(query).createOrReplaceTempView(name)

    def upload(self, name: str, columns: Mapping[str, Any]) -> None:
        """As in `Backend`."""
        import pyarrow

        held = engine_arrays(columns)
        arrays = {}
        for place, key in enumerate(columns):
            array = held.held[f"c{place}"]
            if array.dtype.kind == "M" and "AS DATE" in held.expressions[key]:
                array = array.astype("datetime64[D]")
            mask = held.held.get(f"m{place}")
            made = pyarrow.array(array, mask=mask, from_pandas=True)
            arrays[key] = made.cast(pyarrow.string()) if pyarrow.types.is_null(made.type) else made
        with self._errors():
            self._keep(name, self._session.createDataFrame(pyarrow.table(arrays)).persist(_storage_level()))

    def drop(self, name: str) -> None:
        """As in `Backend`."""
        with self._errors():
            held = self._held.pop(name, None)
            if held is not None:
                # Tables made of this one go on as they are: Spark keeps what it has already computed of them.
                held.unpersist()
            self._session.catalog.dropTempView(name)

    def described(self, name: str) -> list[tuple[str, str]]:
        """As in `Backend`, with Spark's own words for types."""
        with self._errors():
            return [(str(column), str(of)) for column, of in self._session.table(name).dtypes]

    def source(self, name: str) -> SourceTable:
        """As in `Backend`; ``parquet.`/path``` and its like name files that the executors can read."""
        relation = _relation(name)
        try:
            with self._errors():
                found = self._session.sql(f"SELECT * FROM {relation}").dtypes
        except InputError as error:
            raise InputError(f"{self.address} has no table {name}. {self._neighbours(name)}") from error
        types = {str(column): _plain_type(str(of)) for column, of in found}
        if not types:
            raise InputError(f"The table {name} has no columns.")
        return SourceTable(name, relation, types)

    def _neighbours(self, name: str) -> str:
        """What there is instead of a table."""
        if _is_file(name):
            return "Every executor must be able to read those files at the same place."
        database = name.rpartition(".")[0] or "default"
        with contextlib.suppress(EngineError, InputError):
            there = [str(row["tableName"]) for row in self._native(f"SHOW TABLES IN {_relation(database)}")]
            if there:
                return f"In {database} there are: {', '.join(sorted(there)[:_LISTED])}."
        with contextlib.suppress(EngineError, InputError):
            databases = [str(row[0]) for row in self._native("SHOW DATABASES")]
            return f"The database {database} is not there or empty; there are: {', '.join(databases[:_LISTED])}."
        return "Name it with its database: shop.orders."

    def view_source(self, view: str, source: SourceTable, columns: Mapping[str, str]) -> None:
        """As in `Backend`."""
        listed = ", ".join(f"{_ticked(column)} AS {_ticked(name)}" for name, column in columns.items())
        with self._errors():
            self._session.sql(f"SELECT {listed} FROM {source.relation}").createOrReplaceTempView(view)

    def prepare_results(self) -> None:
        """As in `Backend`."""
        self._native(f"CREATE DATABASE IF NOT EXISTS {_ticked(self.schema)}")

    def publish(self, tables: Mapping[str, str], run: str) -> dict[str, str]:
        """As in `Backend`: all tables are written beside the last ones, then the views on them change over."""
        made: list[str] = []
        try:
            for name, query in tables.items():
                kept = f"{_ticked(self.schema)}.{_ticked(f'{name}_{run}')}"
                made.append(kept)
                with self._errors():
                    self._session.sql(f"CREATE TABLE {kept} USING parquet AS {translated(query, 'spark')}")
        except BaseException:
            for kept in made:
                with contextlib.suppress(Exception):
                    self._session.sql(f"DROP TABLE IF EXISTS {kept}")
            raise
        for name in tables:
            kept = f"{_ticked(self.schema)}.{_ticked(f'{name}_{run}')}"
            self._native(f"CREATE OR REPLACE VIEW {_ticked(self.schema)}.{_ticked(name)} AS SELECT * FROM {kept}")
        for name in tables:
            self._drop_old(name, run)
        return {name: f"{self.schema}.{name}" for name in tables}

    def _drop_old(self, name: str, run: str) -> None:
        pattern = re.compile(rf"{re.escape(name)}_[0-9]{{8}}t[0-9]{{6}}_[0-9a-f]{{6}}")
        for row in self._native(f"SHOW TABLES IN {_ticked(self.schema)}"):
            table = str(row["tableName"])
            if pattern.fullmatch(table) and table != f"{name}_{run}":
                self._native(f"DROP TABLE IF EXISTS {_ticked(self.schema)}.{_ticked(table)}")

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """As in `Backend`; Spark sees a table as its format lets it, and keeps nothing until the end."""
        yield

    def close(self) -> None:
        """As in `Backend`: the session ends where it is Keepers' own."""
        with self._errors():
            for name in list(self._held):
                self.drop(name)
            if self._own:
                self._session.stop()


def master_of(url: str) -> str | None:
    """The cluster's master as Spark writes it; None where whoever started Spark has named it.

    >>> master_of("spark://local[2]"), master_of("spark://host:7077"), master_of("spark://yarn"), master_of("spark://")
    ('local[2]', 'spark://host:7077', 'yarn', None)
    """
    rest = url.partition(":")[2].removeprefix("//").rstrip("/")
    if not rest:
        return None
    if rest.startswith(("local", "yarn", "k8s:")):
        return rest
    return f"spark://{rest}"


def _builder() -> Any:
    try:
        import pyarrow  # noqa: F401

        with warnings.catch_warnings():
            # It warns of versions of pandas, which is not used here.
            warnings.simplefilter("ignore")
            from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtraError(str(error.name or "pyspark"), "spark", "Apache Spark as the engine") from error
    # Its own account of an error, several screens long, beside the error that is raised.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    return SparkSession.builder


def _running() -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


def _storage_level() -> Any:
    from pyspark import StorageLevel

    return StorageLevel.MEMORY_AND_DISK


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _is_file(name: str) -> bool:
    return name.partition(".")[0].lower() in _FILES and "/" in name


def _relation(name: str) -> str:
    """A table's name as SQL.

    >>> _relation("shop.Order Lines"), _relation("parquet./data/orders")
    ('`shop`.`Order Lines`', 'parquet.`/data/orders`')
    """
    if _is_file(name):
        kind, _, path = name.partition(".")
        return f"{kind.lower()}.{_ticked(path.strip('`'))}"
    return ".".join(_ticked(part.strip("`")) for part in name.split("."))


def _plain_type(of: str) -> str:
    return "DECIMAL" if of.startswith("decimal") else _TYPES.get(of, of)


def _array(column: Any) -> NDArray[Any]:
    """A column of Arrow as the kind of array that the embedded engine gives."""
    import pyarrow

    of, empty = column.type, column.null_count > 0
    if pyarrow.types.is_decimal(of):
        column = column.cast(pyarrow.float64())
        of = column.type
    if pyarrow.types.is_date(of):
        return np.asarray(column.to_numpy()).astype("datetime64[D]")
    if pyarrow.types.is_timestamp(of):
        return np.asarray(column.cast(pyarrow.timestamp("us")).to_numpy()).astype("datetime64[us]")
    if pyarrow.types.is_string(of) or pyarrow.types.is_large_string(of) or pyarrow.types.is_null(of):
        return np.array(column.to_pylist(), dtype=object)
    if empty and (pyarrow.types.is_integer(of) or pyarrow.types.is_boolean(of)):
        column = column.cast(pyarrow.float64())
    found = np.asarray(column.to_numpy())
    if empty:
        return found.astype(np.float64)
    return found.astype(np.int64) if pyarrow.types.is_integer(of) else found
