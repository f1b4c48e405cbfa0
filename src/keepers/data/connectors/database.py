"""Tables of a database, read by a column that grows: what is new or changed since the last pull."""

from __future__ import annotations

import datetime as dt
import gc
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.connectors.kept import RAW, Kept
from keepers.data.connectors.pull import Pulled, locked, write_table
from keepers.data.engine import Engine, literal, quoted
from keepers.domain.errors import ConfigError, InputError, MissingExtraError
from keepers.domain.ports import Progress

if TYPE_CHECKING:
    from sqlalchemy import Engine as Database

_CHUNK = 50_000
_PURPOSE = "Pulling from a database"


@dataclass(frozen=True)
class SourceTable:
    """A table that is pulled.

    Parameters
    ----------
    name : str
        ``orders`` or ``sales.orders``.
    cursor : str, optional
        Column that grows with every change, such as `updated_at`; without it the table is read whole each time.
    key : tuple of str
        Columns that make a row one and the same, so that a changed row replaces what it was; the table's primary key
        where none are given.
    compare : bool
        Whether the keys of all rows are read after each pull, or after the source's `compare_every` days, so that rows
        that are gone there go here.
    """

    name: str
    cursor: str | None = None
    key: tuple[str, ...] = ()
    compare: bool = False

    @property
    def file(self) -> str:
        """Name of its files."""
        return re.sub(r"[^\w-]+", "_", self.name)


@dataclass(frozen=True)
class DatabaseSource:
    """A database as it is pulled, with its password; it is made for one pull and kept nowhere.

    Parameters
    ----------
    name : str
        The owner's name for it.
    url : str
        Its address, as SQLAlchemy has it.
    tables : tuple of SourceTable
    chunk : int
        Rows at once.
    compare_every : int
        Days between two comparisons of keys.
    """

    name: str
    url: str = field(repr=False)
    tables: tuple[SourceTable, ...]
    chunk: int = _CHUNK
    compare_every: int = 0


def pull_database(
    source: DatabaseSource, folder: Path, now: dt.datetime, progress: Progress, anew: bool = False
) -> Pulled:
    """Bring a source's tables up to date; with `anew`, read everything, so that rows that are gone go.

    Raises
    ------
    KeepersError
        The database cannot be read; parts that came stay, and the next pull goes on behind them.
    """
    with locked(folder, source.name):
        kept, changed, rows = Kept(folder), 0, {}
        database = _database(source.url)
        engine = Engine(threads=1)
        try:
            for table in source.tables:
                progress(f"Reading {table.name}", None)
                reading = _Reading(database, _keyed(database, table), kept, engine, source.chunk)
                changed += reading.pull(progress, now, anew)
                changed += reading.take_out(progress, now, source.compare_every)
                if count := write_table(engine, reading.everything, folder / f"{table.file}.parquet"):
                    rows[table.name] = count
        except BaseException:
            # What the library was reading holds its connection in a ring of references, which goes back to be closed.
            gc.collect()
            raise
        finally:
            engine.close()
            database.dispose()
    return Pulled(changed, rows)


class _Reading:
    """One table: its parts on disk, how far they go, and how they become one."""

    def __init__(self, database: Database, table: SourceTable, kept: Kept, engine: Engine, chunk: int) -> None:
        self._database, self._table, self._kept, self._engine, self._chunk = database, table, kept, engine, chunk
        self._whole = kept.folder / RAW / f"{table.file}.parquet"
        self._parts = kept.folder / RAW / f"{table.file}.parts"

    @property
    def everything(self) -> str:
        """SQL of all rows."""
        return f"SELECT * FROM read_parquet({literal(str(self._whole))})"

    def pull(self, progress: Progress, now: dt.datetime, anew: bool) -> int:
        """Read what is new; gives how many rows came or changed."""
        import pyarrow.parquet as pq

        table, state = self._table, dict(self._kept.value(self._table.file))
        if not state.get("began") or (anew and not state["anew"]):
            whole = anew or table.cursor is None or "cursor" not in state or not self._whole.exists()
            state |= {"began": True, "anew": whole, "newest": None, "parts": 0}
            self._kept.set_value(table.file, state)
        self._parts.mkdir(parents=True, exist_ok=True)
        # A part that was being written when the process was killed is read again, and a table without a cursor whole.
        first = state["parts"] if table.cursor is not None else 0
        for path in list(self._parts.iterdir()):
            if not path.stem.isdigit() or int(path.stem) >= first:
                path.unlink()
        start = state["newest"] if state["newest"] is not None else None if state["anew"] else state["cursor"]
        count, number = 0, first
        for piece in self._pieces(start):
            beside = self._parts / "part.parquet"
            pq.write_table(piece, beside, compression="zstd")
            beside.replace(self._parts / f"{number:06d}.parquet")
            number += 1
            newest = None if table.cursor is None else _latest(piece, table.cursor)
            state |= {"parts": number, "newest": newest if newest is not None else state["newest"]}
            self._kept.set_value(table.file, state)
            count += piece.num_rows
            progress(f"{count:,} rows of {table.name}", None)
        changed = self._merge(bool(state["anew"]))
        cursor = state["newest"] if state["newest"] is not None else state.get("cursor")
        looked = now.isoformat() if state["anew"] else state.get("compared_at")
        self._kept.set_value(table.file, {"cursor": cursor, "read_at": now.isoformat(), "compared_at": looked})
        for path in self._parts.iterdir():
            path.unlink()
        return changed

    def take_out(self, progress: Progress, now: dt.datetime, days: int) -> int:
        """Take out the rows whose keys the table has no longer, where that is wished and due; gives how many."""
        import pyarrow.parquet as pq

        table, state = self._table, dict(self._kept.value(self._table.file))
        looked = state.get("compared_at")
        early = looked is not None and now - dt.datetime.fromisoformat(looked) < dt.timedelta(days=days)
        if not table.compare or table.cursor is None or early:
            return 0
        progress(f"Comparing the keys of {table.name}", None)
        # Keys of a comparison that was interrupted are read again.
        for path in self._parts.iterdir():
            path.unlink()
        for number, piece in enumerate(self._pieces(None, table.key)):
            pq.write_table(piece, self._parts / f"{number:06d}.parquet", compression="zstd")
        there = [literal(str(path)) for path in sorted(self._parts.iterdir())]
        gone = 0
        if there:
            keys = ", ".join(map(quoted, table.key))
            kept = f"SELECT kept.* FROM read_parquet({literal(str(self._whole))}) AS kept"
            # A part of a key may be empty, and is the same there then.
            same = " AND ".join(f"kept.{name} IS NOT DISTINCT FROM there.{name}" for name in map(quoted, table.key))
            left = f"{kept} SEMI JOIN (SELECT {keys} FROM read_parquet([{', '.join(there)}])) AS there ON {same}"
            before, after = (int(self._engine.row(f"SELECT count(*) FROM ({one})")[0]) for one in (kept, left))
            gone = before - after
            if gone:
                beside = self._whole.with_suffix(".part")
                self._engine.execute(f"COPY ({left}) TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)")
                beside.replace(self._whole)
        self._kept.set_value(table.file, {**state, "compared_at": now.isoformat()})
        for path in self._parts.iterdir():
            path.unlink()
        return gone

    def _pieces(self, start: Any, columns: tuple[str, ...] = ()) -> Iterator[Any]:
        """Rows as Arrow tables, those changed first first; with `columns`, these of all rows."""
        import dlt
        from dlt.extract.exceptions import ResourceExtractionError
        from dlt.sources.sql_database import sql_table
        from sqlalchemy.exc import SQLAlchemyError

        table = self._table
        schema, _, bare = table.name.rpartition(".")
        onward = None
        if table.cursor is not None and not columns:
            onward = dlt.sources.incremental(
                table.cursor, initial_value=_read_back(start), range_start="closed", row_order="asc",
                on_cursor_value_missing="include",
            )  # fmt: skip
        try:
            yield from sql_table(
                self._database, bare, schema or None, incremental=onward, chunk_size=self._chunk, backend="pyarrow",
                reflection_level="full_with_precision", included_columns=list(columns) or None,
            )  # fmt: skip
        except (SQLAlchemyError, ResourceExtractionError) as error:
            # The library wraps what the driver said; what came before stays.
            said = _words(error.__cause__ if isinstance(error.__cause__, Exception) else error)
            raise InputError(f"{table.name} cannot be read: {said}. A pull goes on where it was.") from None

    def _merge(self, anew: bool) -> int:
        """One file of all rows, of each the newest; gives how many came or changed."""
        parts = [literal(str(path)) for path in sorted(self._parts.iterdir())]
        old = [] if anew or not self._whole.exists() else [literal(str(self._whole))]
        if not parts:
            if old:
                return 0
            raise InputError(f"{self._table.name} has no rows yet. Pull it when it has.")
        names = "SELECT * EXCLUDE (filename, file_row_number) FROM"
        options = "union_by_name = true, filename = true, file_row_number = true"
        read = f"read_parquet([{', '.join([*old, *parts])}], {options})"
        query = f"{names} {read}"
        if self._table.key:
            keys = ", ".join(map(quoted, self._table.key))
            older = f"filename = {literal(str(self._whole))}"
            latest = f"PARTITION BY {keys} ORDER BY {older}, filename DESC, file_row_number DESC"
            query = f"{names} (SELECT * FROM {read} QUALIFY row_number() OVER ({latest}) = 1)"
        new = f"SELECT * FROM read_parquet([{', '.join(parts)}], union_by_name = true)"
        if old:
            before = f"SELECT * FROM read_parquet({old[0]})"
            # Columns that came since are of no row before, and those that are gone of none now.
            there = set(self._engine.relation(new).columns)
            listed = ", ".join(quoted(name) for name in self._engine.relation(before).columns if name in there)
            new = f"SELECT {listed} FROM ({new}) EXCEPT SELECT {listed} FROM ({before})"
        changed = int(self._engine.row(f"SELECT count(*) FROM ({new})")[0])
        beside = self._whole.with_suffix(".part")
        self._engine.execute(f"COPY ({query}) TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)")
        beside.replace(self._whole)
        return changed


def _database(url: str) -> Database:
    for library in ("dlt", "pyarrow", "sqlalchemy"):
        if importlib.util.find_spec(library) is None:
            raise MissingExtraError(library, "connectors", _PURPOSE)
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        parsed = make_url(url)
        if parsed.get_backend_name() in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed)
    except (ArgumentError, NoSuchModuleError):
        raise ConfigError("`url` is no address of a database, such as postgresql://user@host/shop.") from None
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "psycopg", "connectors", _PURPOSE) from None


def _keyed(database: Database, table: SourceTable) -> SourceTable:
    """A table with its key, and only columns that it has."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

    schema, _, bare = table.name.rpartition(".")
    try:
        looked = inspect(database)
        columns = [str(column["name"]) for column in looked.get_columns(bare, schema or None)]
        key = table.key or tuple(looked.get_pk_constraint(bare, schema or None)["constrained_columns"])
    except NoSuchTableError:
        raise InputError(
            f"The database has no table {table.name}. Check its name, with its schema before a dot."
        ) from None
    except SQLAlchemyError as error:
        raise InputError(f"The database cannot be read: {_words(error)}") from None
    for column in (*key, *filter(None, [table.cursor])):
        if column not in columns:
            raise ConfigError(f"{table.name} has no column {column}. It has: {', '.join(columns)}.")
    if table.cursor is not None and not key:
        raise ConfigError(f"{table.name} has no primary key. Name the columns that make a row one: key = [...].")
    return replace(table, key=key)


def _latest(piece: Any, column: str) -> Any:
    """The largest value of a column, as it can be written down; None where there is none."""
    import pyarrow.compute as pc

    value = pc.max(piece.column(column)).as_py()
    if isinstance(value, dt.datetime | dt.date):
        return {"moment": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return value


def _read_back(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "number" in value:
        return Decimal(value["number"])
    text = str(value["moment"])
    return dt.datetime.fromisoformat(text) if "T" in text else dt.date.fromisoformat(text)


def _words(error: Exception) -> str:
    """What a driver says, without the question and its values."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    return said[:300]
