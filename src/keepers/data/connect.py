"""From locations (files, folders, patterns, database URLs) to raw tables in the engine."""

from __future__ import annotations

import codecs
import dataclasses
import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keepers.data.engine import Engine
from keepers.data.raw_table import NoRowsError, RawTable
from keepers.data.readers.kinds import kind_of
from keepers.data.readers.parquet import read_parquet
from keepers.data.readers.scratch import opening
from keepers.domain.errors import ConfigError, InputError

_TABLES = frozenset({
    ".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".pq",
    ".json", ".jsonl", ".ndjson", ".js", ".sqlite", ".sqlite3", ".db", ".duckdb", ".gz", ".bz2", ".xz", ".zip",
})  # fmt: skip
# Files with these endings are often something else; where a folder has one that is no table, it is passed over.
_MAYBE = frozenset({".txt", ".dat", ".json", ".js", ".db"})
_DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "blank": " ", "space": " "}
_PACKED = frozenset({"zip", "gzip", "bzip2", "xz"})


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a file beforehand.

    Attributes
    ----------
    delimiter, encoding : str, optional
        Of delimited text; found out where not given.
    tables : tuple of str
        Names of sheets or tables to read; all sheets of a workbook, and the only table of a database, where empty.
    """

    delimiter: str | None = None
    encoding: str | None = None
    tables: tuple[str, ...] = ()


def open_location(
    engine: Engine, location: str | os.PathLike[str], delimiter: str | None = None, encoding: str | None = None
) -> list[RawTable]:
    """Read everything at a location into the engine, uninterpreted.

    Parameters
    ----------
    engine : Engine
        Where the tables are made.
    location : str or path
        A file (delimited text, Excel, Parquet, JSON, JSON lines, SQLite, DuckDB; also inside gz, bz2, xz or zip); a
        folder, for all such files in it, results of earlier runs and hidden files left out; a pattern such as
        ``exports/orders_*.csv``; or a database: ``sqlite:///shop.sqlite#orders``, ``duckdb:///shop.duckdb#orders``,
        ``postgresql://user@host/shop?table=public.orders``. After ``#`` stand the sheets or tables to read, separated
        by commas, of files too: ``book.xlsx#Orders``.
    delimiter, encoding : str, optional
        Of delimited text, where the ones found are wrong: one character, "tab" or "blank"; a name that Python knows.

    Returns
    -------
    list of RawTable
        At least one.

    Raises
    ------
    InputError
        The location does not exist, may not be read, or holds no table; it says which and what to do.
    ConfigError
        The delimiter or the encoding cannot be one.
    MissingExtraError
        A PostgreSQL URL is given and its driver is not installed.
    EngineError
        The disk is full.
    """
    text = os.fspath(location)
    scheme, separator, _ = text.partition("://")
    if separator:
        return _open_url(engine, text, scheme.lower())
    path, tables = _path_and_tables(text)
    known = Known(_delimiter(delimiter), _encoding(encoding), tables)
    if path.is_dir():
        return _open_folder(engine, path, known)
    if not path.exists() and glob.has_magic(str(path)):
        found = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
        if not found:
            raise InputError(f"No file is named like {text}. Check the pattern and the folder.")
        return _open_all(engine, [(each, str(each)) for each in found if each.is_file()], known, text)
    with opening(text):
        return _open_file(engine, path, path.name, known)


def _delimiter(given: str | None) -> str | None:
    if given is None or given in _DELIMITER_NAMES:
        return _DELIMITER_NAMES.get(given or "", given)
    if len(given) != 1 or given in '"\n\r':
        raise ConfigError(f"`delimiter` is {given!r}; it must be one character, such as ';', or 'tab' or 'blank'.")
    return given


def _encoding(given: str | None) -> str | None:
    try:
        return None if given is None else codecs.lookup(given).name
    except LookupError:
        raise ConfigError(
            f"`encoding` is {given!r}, which is none. Write 'utf-8', 'windows-1252' or the like."
        ) from None


def _path_and_tables(text: str) -> tuple[Path, tuple[str, ...]]:
    path = Path(text).expanduser()
    if "#" in text and not path.exists():
        before, _, names = text.rpartition("#")
        if Path(before).expanduser().is_file():
            return Path(before).expanduser(), _names(names)
    return path, ()


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _open_url(engine: Engine, url: str, scheme: str) -> list[RawTable]:
    if scheme in {"postgresql", "postgres"}:
        from keepers.data.readers.postgres import read_postgres

        return read_postgres(engine, url)
    if scheme not in {"sqlite", "duckdb", "file"}:
        raise InputError(
            f"Locations that begin with {scheme}:// cannot be read. Download the file and give its path, or give a "
            "sqlite:///, duckdb:/// or postgresql:// URL."
        )
    rest, _, listed = url.partition("://")[2].partition("#")
    path = Path(rest[1:] if rest.startswith("/") and scheme != "file" else rest)
    if not path.exists() and Path(rest).exists():
        path = Path(rest)
    known = Known(tables=_names(listed))
    with opening(str(path)):
        kind = kind_of(path, path.name)
        if scheme not in {"file", kind}:
            raise InputError(f"{path} is no {scheme} database. Check the file, or give its path without {scheme}://.")
        return _open_file(engine, path, path.name, known)


def _open_folder(engine: Engine, folder: Path, known: Known) -> list[RawTable]:
    with opening(str(folder)):
        files = [(path, str(path.relative_to(folder))) for path in _files_below(folder)]
    if not files:
        raise InputError(
            f"The folder {folder} has no file that can be read. Put exports into it as CSV, Excel, JSON or Parquet."
        )
    return _open_all(engine, files, known, str(folder))


def _files_below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.startswith((".", "~$", "__MACOSX")):
            continue
        if entry.is_dir():
            if not _is_result(entry):
                yield from _files_below(entry)
        elif entry.suffix.lower() in _TABLES:
            yield entry


def _is_result(folder: Path) -> bool:
    """Whether a folder was written by an earlier run."""
    if folder.name.startswith(("keepers-result", "keepers-demo")):
        return True
    return (folder / "summary.json").exists() and (folder / "customers.parquet").exists()


def _open_all(engine: Engine, files: list[tuple[Path, str]], known: Known, location: str) -> list[RawTable]:
    tables: list[RawTable] = []
    passed_over: list[str] = []
    for path, shown in files:
        try:
            with opening(shown):
                tables += _open_file(engine, path, shown, known)
        except NoRowsError as error:
            passed_over.append(str(error))
        except InputError as error:
            if path.suffix.lower() not in _MAYBE:
                raise
            passed_over.append(str(error))
    if not tables:
        raise InputError(f"{location} has no table that can be read. " + " ".join(passed_over[:5]))
    return _noted(tables, passed_over)


def _noted(tables: list[RawTable], passed_over: list[str]) -> list[RawTable]:
    if not passed_over:
        return tables
    told = tuple(f"Passed over: {reason}" for reason in passed_over)
    return [dataclasses.replace(tables[0], notes=tables[0].notes + told), *tables[1:]]


def _open_file(engine: Engine, path: Path, shown: str, known: Known, depth: int = 0) -> list[RawTable]:
    """Read one file; `depth` says inside how many packed ones it lies."""
    kind = kind_of(path, shown)
    if kind in _PACKED:
        return _open_packed(engine, path, kind, shown, known, depth)
    if kind == "parquet":
        return [read_parquet(engine, path, shown, lasting=depth == 0)]
    if kind in {"excel", "sqlite", "duckdb"}:
        return _read_several(engine, path, shown, known, kind)
    return [_read_one(engine, path, shown, known, kind)]


# Readers load when a file needs them: a run waits for every import.


def _read_one(engine: Engine, path: Path, shown: str, known: Known, kind: str) -> RawTable:
    if kind == "json":
        from keepers.data.readers.json_records import read_json

        return read_json(engine, path, shown)
    if kind == "track calls":
        from keepers.data.readers.track_calls import read_track_calls

        return read_track_calls(engine, path, shown)
    from keepers.data.readers.delimited import read_delimited

    return read_delimited(engine, path, shown, known.delimiter, known.encoding)


def _read_several(engine: Engine, path: Path, shown: str, known: Known, kind: str) -> list[RawTable]:
    if kind == "excel":
        from keepers.data.readers.excel import read_excel

        return read_excel(engine, path, shown, known.tables)
    if kind == "sqlite":
        from keepers.data.readers.sqlite import read_sqlite

        return read_sqlite(engine, path, shown, known.tables)
    from keepers.data.readers.duckdb_file import read_duckdb

    return read_duckdb(engine, path, shown, known.tables)


def _open_packed(engine: Engine, path: Path, kind: str, shown: str, known: Known, depth: int) -> list[RawTable]:
    if depth > 1:
        raise InputError(f"{shown} is packed again and again. Unpack it, and give the files inside.")
    from keepers.data.readers.packed import unpacked

    tables: list[RawTable] = []
    passed_over: list[str] = []
    for inner, name in unpacked(engine, path, kind, shown):
        if kind == "zip" and Path(name).suffix.lower() not in _TABLES:
            continue
        try:
            tables += _open_file(engine, inner, name, known, depth + 1)
        except NoRowsError as error:
            passed_over.append(str(error))
    if not tables:
        raise NoRowsError(f"{shown} has no table that can be read. " + " ".join(passed_over[:5]))
    return _noted(tables, passed_over)
