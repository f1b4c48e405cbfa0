"""PostgreSQL tables, copied out by the server and read by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import duckdb

from keepers.data.engine import Engine, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.data.readers.clean_csv import load_ordered
from keepers.data.readers.databases import chosen_tables
from keepers.data.readers.scratch import scratch_file
from keepers.domain.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import psycopg

# The engine's type for a type of the server; everything else, unbounded numeric included, comes as text.
_TYPES = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "uuid": "UUID",
}
_WIDEST_DECIMAL = 38
_CONNECT_SECONDS = 15

_LIST = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT c.relispartition
  AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname = 'public' DESC, n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, NULL), a.atttypmod
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""


def read_postgres(engine: Engine, url: str) -> list[RawTable]:
    """Read the tables that a PostgreSQL URL names, types kept where the engine has them.

    Parameters
    ----------
    engine : Engine
        Where the tables are made.
    url : str
        ``postgresql://user:password@host:port/database?table=schema.name``, or the tables after ``#``; everything else
        in the query is for the server's client library, environment variables and password files included.

    Raises
    ------
    InputError
        The server cannot be reached, no table is named among several, or one is not there or has no rows.
    MissingExtraError
        The driver is not installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError("psycopg", "postgres", "Reading from PostgreSQL") from error
    address, wanted, shown = _address(url)
    try:
        with psycopg.connect(address, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.read_only = True
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET datestyle = 'ISO, YMD'")
            found = {
                (str(table) if schema == "public" else f"{schema}.{table}"): (str(schema), str(table))
                for schema, table in connection.execute(_LIST)
            }
            names = chosen_tables(shown, list(found), wanted, f"{shown}?table={{table}}")
            return [_read(engine, connection, found[name], f"{shown}, table {name}") for name in names]
    except psycopg.Error as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{shown} cannot be read: {reason}. Check that the server runs, and the host, database, user and password."
        ) from error


def _address(url: str) -> tuple[str, tuple[str, ...], str]:
    """The URL for the client library, the tables it names, and the URL to show: without password.

    Raises
    ------
    InputError
        The password has a sign that ends it, so that errors would show the rest of it as a host or a database.
    """
    parts = urlsplit(url)
    in_query, at, _ = parts.query.partition("@")
    if parts.netloc.count("@") > 1 or "@" in parts.path + parts.fragment or (at and "=" not in in_query):
        raise InputError(
            "The password in the address of the database has a sign with a meaning of its own. Write @ as %40, / as "
            "%2F, ? as %3F and # as %23."
        )
    query = parse_qsl(parts.query, keep_blank_values=True)
    listed = [value for key, value in query if key == "table"] or [unquote(parts.fragment)]
    tables = tuple(
        name.strip().removeprefix("public.") for value in listed for name in value.split(",") if name.strip()
    )
    kept = urlencode([(key, value) for key, value in query if key != "table"])
    user, _, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}@{host}" if user else host
    return (
        urlunsplit((parts.scheme, parts.netloc, parts.path, kept, "")),
        tables,
        f"{parts.scheme}://{shown}{parts.path}",
    )


def _read(engine: Engine, connection: psycopg.Connection[Any], place: tuple[str, str], shown: str) -> RawTable:
    relation = ".".join(quoted(part) for part in place)
    described = connection.execute(_COLUMNS, [relation]).fetchall()
    if not described:
        raise InputError(f"{shown} has no columns.")
    names = distinct_names([str(name) for name, _, _ in described])
    types = {name: _engine_type(str(of), int(modifier)) for name, (_, of, modifier) in zip(names, described)}
    notes: tuple[str, ...] = ()
    with scratch_file(engine, ".csv") as rows:
        listed = ", ".join(quoted(str(name)) for name, _, _ in described)
        statement = f"COPY (SELECT {listed} FROM {relation}) TO STDOUT (FORMAT csv)"
        with rows.open("wb") as out, connection.cursor().copy(statement.encode()) as copy:
            for block in copy:
                out.write(block)
        try:
            view, stored = load_ordered(engine, rows, types, from_server=True)
        except duckdb.Error as error:
            # Values outside the engine's range, such as numeric NaN or a date before the common era.
            notes = (f"Columns are read as text, as one has values of its own kind ({str(error).splitlines()[0]}).",)
            view, stored = load_ordered(engine, rows, dict.fromkeys(names, "VARCHAR"), from_server=True)
    count = int(engine.row(f"SELECT count(*) FROM {quoted(stored)}")[0])
    if not count:
        raise NoRowsError(f"{shown} has no rows.")
    return RawTable(
        table=view,
        columns=names,
        source=shown,
        kind="postgresql",
        first_row=1,
        typed=True,
        rows=count,
        notes=notes,
        stored=stored,
    )


def _engine_type(of: str, modifier: int) -> str:
    if of == "numeric" and modifier > 4:
        precision, scale = (modifier - 4) >> 16 & 0xFFFF, modifier - 4 & 0x7FF
        if precision <= _WIDEST_DECIMAL and scale <= precision:
            return f"DECIMAL({precision}, {scale})"
    return _TYPES.get(of, "VARCHAR")
