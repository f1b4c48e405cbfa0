"""A lazy handle on a table of the engine, and the way from and to the frames that users hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from keepers.data.engine import Engine, engine_errors, literal, quoted
from keepers.domain.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Table:
    """A table that stays in the engine until somebody asks for its rows."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    @property
    def sql(self) -> str:
        """A query that gives the table, to be used inside another query of the same engine."""
        return f"SELECT * FROM {quoted(self.name)}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(row[0] for row in self.engine.rows(f"DESCRIBE {quoted(self.name)}"))

    def __len__(self) -> int:
        return int(self.engine.row(f"SELECT count(*) FROM {quoted(self.name)}")[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self):,} rows)"

    def to_numpy(self) -> dict[str, Any]:
        """The columns as NumPy arrays by name."""
        return dict(self.engine.columns(self.sql))

    def to_polars(self) -> pl.DataFrame:
        """The rows as a Polars frame."""
        _need("polars", "to_polars()")
        _need("pyarrow", "to_polars()")
        import polars

        return polars.DataFrame(self.to_arrow())

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        _need("pandas", "to_pandas()")
        return self.engine.execute(self.sql).df()

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        _need("pyarrow", "to_arrow()")
        return self.engine.execute(self.sql).to_arrow_table()

    def write_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the rows to a Parquet file, beside it first and then renamed, so that it is whole or not there."""
        return self._write(path, "FORMAT parquet, COMPRESSION zstd")

    def write_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the rows as they are to a CSV file; for files that people open, see `keepers.exports`."""
        return self._write(path, "FORMAT csv, HEADER")

    def _write(self, path: str | os.PathLike[str], options: str) -> Path:
        target = Path(path)
        beside = target.with_name(f".{target.name}.part")
        try:
            self.engine.execute(f"COPY ({self.sql}) TO {literal(str(beside))} ({options})")
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        return target


def register_frame(engine: Engine, frame: Any, stem: str = "frame") -> Table:
    """Copy a user's frame (pandas, Polars, Arrow, DuckDB relation, or a dict of columns) into the engine."""
    if isinstance(frame, Table):
        if frame.engine is engine:
            return frame
        return Table(engine, engine.from_columns(engine.new_name(stem), frame.to_numpy()))
    if isinstance(frame, dict):
        return Table(engine, engine.from_columns(engine.new_name(stem), frame))
    try:
        wrapped = nw.from_native(frame)
    except TypeError:
        raise InputError(
            f"A {type(frame).__name__} is not a table. Give a pandas, Polars or Arrow frame, a DuckDB relation, "
            "or a dict of columns."
        ) from None
    eager = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
    columns = {name: eager[name].to_numpy() for name in eager.columns}
    with engine_errors():
        return Table(engine, engine.from_columns(engine.new_name(stem), columns))


def _need(library: str, what: str) -> None:
    import importlib.util

    if importlib.util.find_spec(library) is None:
        raise MissingExtraError(library, "frames", what)
