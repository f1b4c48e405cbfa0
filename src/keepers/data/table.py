"""A lazy handle on a table of the engine, and the way from and to the frames that users hold."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.stream import ArrowStream
from keepers.domain.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


_PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 64"
"""Small files at two thirds of the time: higher levels save 3%, longer dictionaries nothing once rows are packed."""


_SHOWN = 10
"""Rows that a notebook shows."""


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if 1e6 <= abs(cell) < 1e15 else f"{cell:,.6g}"
    return "" if cell is None else escape(str(cell))


class Table:
    """A table that stays in the engine until somebody asks for its rows."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._fetched: Table | None = None

    @property
    def sql(self) -> str:
        """A query that gives the table, to be used inside another query of the same engine."""
        return f"SELECT * FROM {quoted(self.name)}"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(name for name, _ in self.engine.described(self.name))

    def __len__(self) -> int:
        return int(self.engine.row(f"SELECT count(*) FROM {quoted(self.name)}")[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self):,} rows)"

    def _repr_html_(self) -> str:
        """The first rows, as notebooks show a table."""
        cells = self.engine.rows(f"{self.sql} LIMIT {_SHOWN}")
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(f"<tr>{''.join(f'<td>{_shown(cell)}</td>' for cell in row)}</tr>" for row in cells)
        return (
            f"<p>{escape(type(self).__name__)}: {len(self):,} rows, the first {len(cells):,}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def to_numpy(self) -> dict[str, Any]:
        """The columns as NumPy arrays by name."""
        return dict(self.engine.columns(self.sql))

    def to_polars(self) -> pl.DataFrame:
        """The rows as a Polars frame."""
        _need("polars", "to_polars()")
        import polars

        return polars.DataFrame(ArrowStream(self._here()))

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        _need("pandas", "to_pandas()")
        relation = self._here()
        with warnings.catch_warnings():
            # The engine calls parts of pandas that newer versions of pandas are going to drop.
            warnings.simplefilter("ignore")
            frame: pd.DataFrame = relation.df()
        return frame

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        _need("pyarrow", "to_arrow()")
        return self._here().to_arrow_table()

    def write_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the rows to a Parquet file, beside it first and then renamed, so that it is whole or not there."""
        return self._write(path, _PARQUET)

    def write_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the rows as they are to a CSV file; for files that people open, see `keepers.exports`."""
        return self._write(path, "FORMAT csv, HEADER")

    def _here(self) -> duckdb.DuckDBPyRelation:
        """The rows as a relation of an embedded engine; those of a warehouse are fetched into one."""
        # Kept, as a relation does not keep its engine.
        self._fetched = self if self.engine.is_embedded else register_frame(Engine(), self)
        return self._fetched.engine.relation(self._fetched.sql)

    def _write(self, path: str | os.PathLike[str], options: str) -> Path:
        target = Path(path)
        beside = target.with_name(f".{target.name}.part")
        try:
            held = self if self.engine.is_embedded else register_frame(Engine(), self)
            held.engine.execute(f"COPY ({held.sql}) TO {literal(str(beside))} ({options})")
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        return target


def register_frame(engine: Engine, frame: Any, stem: str = "frame") -> Table:
    """Copy a user's table into the engine.

    Parameters
    ----------
    engine : Engine
        Where the table is made.
    frame : frame
        A pandas or Polars frame (lazy ones are collected), an Arrow table, a DuckDB relation, another `Table`, or a
        mapping of column names to arrays. The index of a pandas frame is no column.
    stem : str
        How the engine's name for it begins.

    Returns
    -------
    Table
        NaN and NaT are NULL, categories are text, and a floating column of whole numbers with gaps (as pandas makes of
        integers with missing values) is of whole numbers again.

    Raises
    ------
    InputError
        It is no table, or has no columns.
    """
    if isinstance(frame, Table):
        if frame.engine is engine:
            return frame
        frame = frame.engine.relation(frame.sql) if frame.engine.is_embedded else frame.to_numpy()
    if not engine.is_embedded and not isinstance(frame, Mapping):
        frame = register_frame(Engine(), frame).to_numpy()
    if isinstance(frame, Mapping):
        return Table(engine, engine.from_columns(engine.new_name(stem), frame))
    source, restore = _readable(engine, frame)
    with engine.registered(source) as view:
        listed = _as_stored(engine, view, restore)
        return Table(engine, engine.create(engine.new_name(stem), f"SELECT {listed} FROM {view}"))


def _readable(engine: Engine, frame: Any) -> tuple[Any, bool]:
    """What the engine can read of a frame, and whether whole numbers with gaps have become floating in it."""
    import narwhals.stable.v2 as nw

    library = type(frame).__module__.partition(".")[0]
    if library == "polars" and hasattr(frame, "collect"):
        frame = frame.collect()
    if library == "pandas" and hasattr(frame, "columns"):
        _check_names(frame.columns)
        # An index of its own kind would become a column where pandas holds its values in Arrow's form.
        return (frame if type(frame.index).__name__ == "RangeIndex" else frame.reset_index(drop=True)), True
    if library == "pyarrow" and hasattr(frame, "schema"):
        _check_names(frame.schema.names)
        return frame, False
    try:
        wrapped = nw.from_native(frame)
    except TypeError:
        raise InputError(
            f"A {type(frame).__name__} is not a table. Give a pandas, Polars or Arrow frame, a DuckDB relation, "
            "or a dict of columns."
        ) from None
    _check_names(wrapped.collect_schema().names())
    if isinstance(frame, duckdb.DuckDBPyRelation) and _is_own(engine, frame):
        return frame, False
    if hasattr(frame, "__arrow_c_stream__"):
        return ArrowStream(frame), False
    eager = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
    return {name: eager[name].to_numpy() for name in eager.columns}, True


def _check_names(names: Iterable[Any]) -> None:
    """There must be some, and names that differ only in case are one name for the engine."""
    seen: dict[str, str] = {}
    for name in map(str, names):
        other = seen.setdefault(name.lower(), name)
        if other is not name:
            raise InputError(
                f"The table has the columns {other!r} and {name!r}. Rename one of them: case alone tells none apart."
            )
    if not seen:
        raise InputError("The table has no columns.")


def _is_own(engine: Engine, relation: duckdb.DuckDBPyRelation) -> bool:
    """Whether a relation is of the engine's own connection; another one's rows come as a stream."""
    try:
        with engine.registered(relation) as view:
            engine.rows(f"DESCRIBE SELECT * FROM {view}")
    except duckdb.InvalidInputException:
        return False
    return True


def _as_stored(engine: Engine, view: str, restore: bool) -> str:
    """The columns of a registered frame in the types in which they are kept."""
    described = [(str(row[0]), str(row[1])) for row in engine.rows(f"DESCRIBE SELECT * FROM {view}")]
    floating = [quoted(name) for name, of in described if of in {"DOUBLE", "FLOAT"}]
    whole: set[str] = set()
    if restore and floating:
        checks = ", ".join(
            f"count({name}) BETWEEN 1 AND count(*) - 1 AND bool_and({name} = trunc({name}) AND abs({name}) < {2**53})"
            for name in floating
        )
        whole = {name for name, is_whole in zip(floating, engine.row(f"SELECT {checks} FROM {view}")) if is_whole}
    return ", ".join(_kept(quoted(name), of, quoted(name) in whole) for name, of in described)


def _kept(name: str, of: str, whole: bool) -> str:
    if of.startswith("ENUM") or of in {'"NULL"', "NULL"}:
        return f"CAST({name} AS VARCHAR) AS {name}"
    if whole:
        return f"CAST({name} AS BIGINT) AS {name}"
    if of in {"DOUBLE", "FLOAT"}:
        return f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END AS {name}"
    return f"CAST({name} AS TIMESTAMP) AS {name}" if of in {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"} else name


def _need(library: str, what: str) -> None:
    import importlib.util

    if importlib.util.find_spec(library) is None:
        raise MissingExtraError(library, "frames", what)
