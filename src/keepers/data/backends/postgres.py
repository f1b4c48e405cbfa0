"""PostgreSQL: tables used where they stand, working tables of the session, results in a schema of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from keepers.data.backends.backend import Backend, Parameters, SourceTable
from keepers.data.backends.columns_of_rows import SPELLED, columns_of_rows, plain_row
from keepers.data.backends.postgres_copy import binary_rows, column_types, text_rows
from keepers.data.backends.postgres_errors import postgres_errors
from keepers.data.backends.quoting import quoted
from keepers.data.backends.translation import translated
from keepers.domain.errors import EngineError, InputError, MissingExtraError

if TYPE_CHECKING:
    import psycopg

_CONNECT_SECONDS = 15
_CHUNK = 50_000
_LOCK_SECONDS = 60
_RESULTS_LOCK = 0x6B656570
"""Number of the lock that runs hold while they publish, one after the other."""

_TYPES = {
    "text": "VARCHAR", "character varying": "VARCHAR", "character": "VARCHAR", "uuid": "UUID", "citext": "VARCHAR",
    "smallint": "BIGINT", "integer": "BIGINT", "bigint": "BIGINT", "numeric": "DECIMAL", "money": "money",
    "real": "DOUBLE", "double precision": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp without time zone": "TIMESTAMP", "timestamp with time zone": "TIMESTAMPTZ",
}  # fmt: skip
_DESCRIBE = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, NULL)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = %s::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_FIND = """
SELECT format('%%I.%%I', n.nspname, c.relname), has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass(%s) AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
"""
_LIST = """
SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)' AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname = 'public' DESC, n.nspname, c.relname
LIMIT 30
"""
_OLD = """
SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname ~ %s AND c.relname <> %s
"""


class Postgres(Backend):
    """A session on a PostgreSQL server.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host:port/database``; what is left out comes from the environment and the password
        file of the server's client library.
    schema : str
        Where results are kept.

    Raises
    ------
    EngineError
        The server cannot be reached, or refuses.
    MissingExtraError
        The driver is not installed.
    """

    label = "PostgreSQL"

    def __init__(self, url: str, schema: str = "keepers") -> None:
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtraError("psycopg", "postgres", "PostgreSQL as the engine") from error
        self.schema = schema
        self.address = shown_address(url)
        with self._errors():
            self._connection: psycopg.Connection[Any] = psycopg.connect(
                url, connect_timeout=_CONNECT_SECONDS, autocommit=True, application_name="keepers"
            )
            self._connection.prepare_threshold = None
            self._connection.execute("SET TIME ZONE 'UTC'")
            # Sums of working tables must not depend on how they are laid out on the disk.
            self._connection.execute("SET synchronize_seqscans = off")
            self._connection.execute("SET client_min_messages = warning")

    def __repr__(self) -> str:
        return f"Postgres({self.address!r})"

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return postgres_errors(self.address, self.schema)

    def _sql(self, sql: str, parameters: Parameters | None = None) -> str:
        return translated(sql, "postgres", parameters, lower=True)

    def _run(self, sql: str, parameters: Any = None) -> psycopg.Cursor[Any]:
        """Run a statement of the server's own dialect."""
        with self._errors():
            return self._connection.execute(sql.encode(), parameters)

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """As in `Backend`."""
        self._run(self._sql(sql, parameters))

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """As in `Backend`."""
        with self._errors():
            found = self._connection.execute(self._sql(sql, parameters).encode()).fetchall()
        self.rows_fetched += len(found)
        return [plain_row(row) for row in found]

    def columns(self, sql: str, parameters: Parameters | None = None) -> dict[str, NDArray[Any]]:
        """As in `Backend`."""
        with self._errors(), self._connection.cursor(binary=True) as cursor:
            cursor.execute(self._sql(sql, parameters).encode())
            names = [SPELLED.get(column.name, column.name) for column in cursor.description or ()]
            chunks = iter(lambda: cursor.fetchmany(_CHUNK), [])
            found, count = columns_of_rows(names, chunks)
        self.rows_fetched += count
        return found

    def create_table(self, name: str, query: str, parameters: Parameters | None = None) -> None:
        """As in `Backend`."""
        self.drop(name)
        self._run(f"CREATE TEMPORARY TABLE {quoted(name)} AS {self._sql(query, parameters)}")
        # Working tables are not looked at by the server's own clerk, and joins are planned by what is known of them.
        self._run(f"ANALYZE pg_temp.{quoted(name)}")

    def create_view(self, name: str, query: str) -> None:
        """As in `Backend`."""
        self._run(f"CREATE TEMPORARY VIEW {quoted(name)} AS {self._sql(query)}")

    def upload(self, name: str, columns: Mapping[str, Any]) -> None:
        """As in `Backend`."""
        arrays, types = column_types(columns)
        self.drop(name)
        listed = ", ".join(f"{quoted(key.lower())} {of}" for key, of in types.items())
        self._run(f"CREATE TEMPORARY TABLE {quoted(name)} ({listed})")
        packed = binary_rows(arrays)
        binary = " (FORMAT binary)" if packed is not None else ""
        statement = f"COPY pg_temp.{quoted(name)} FROM STDIN{binary}".encode()
        with self._errors(), self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            if packed is not None:
                for block in packed:
                    copy.write(block)
            else:
                for row in text_rows(arrays):
                    copy.write_row(row)
        if packed is not None:
            for key, array in arrays.items():
                if array.dtype.kind == "f" and np.isnan(array).any():
                    column = quoted(key.lower())
                    self._run(f"UPDATE pg_temp.{quoted(name)} SET {column} = NULL WHERE {column} = 'NaN'")
        self._run(f"ANALYZE pg_temp.{quoted(name)}")

    def drop(self, name: str) -> None:
        """As in `Backend`; views on it go with it."""
        kind = self._run(
            "SELECT relkind FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(%s)",
            [f"pg_temp.{quoted(name)}"],
        ).fetchone()
        if kind is not None:
            self._run(f"DROP {'VIEW' if kind[0] in ('v', b'v') else 'TABLE'} pg_temp.{quoted(name)} CASCADE")

    def described(self, name: str) -> list[tuple[str, str]]:
        """As in `Backend`, with the server's own words for types."""
        found = self._run(_DESCRIBE, [f"pg_temp.{quoted(name)}"]).fetchall()
        return [(SPELLED.get(str(column), str(column)), str(of)) for column, of in found]

    def source(self, name: str) -> SourceTable:
        """As in `Backend`; a name is tried as it is written and then in lower case, as the server does."""
        parts = [part.strip('"') for part in name.split(".")]
        for written in (parts, [part.lower() for part in parts]):
            found = self._run(_FIND, [".".join(quoted(part) for part in written)]).fetchone()
            if found is not None:
                break
        else:
            there = ", ".join(str(row[0]) for row in self._run(_LIST).fetchall())
            raise InputError(
                f"{self.address} has no table {name}"
                + (f" that you may read. There are: {there}." if there else ", nor any other that you may read.")
            )
        relation, readable = found
        if not readable:
            who = self._run("SELECT current_user").fetchone()
            raise InputError(
                f"{self.address} refuses to show {name} to {who[0] if who else 'this user'}. Its owner can allow it: "
                f"GRANT SELECT ON {relation} TO {who[0] if who else 'you'};"
            )
        types = {str(column): _TYPES.get(str(of), str(of)) for column, of in self._run(_DESCRIBE, [relation])}
        return SourceTable(name, str(relation), types)

    def view_source(self, view: str, source: SourceTable, columns: Mapping[str, str]) -> None:
        """As in `Backend`."""
        listed = ", ".join(f"{quoted(column)} AS {quoted(name)}" for name, column in columns.items())
        self._run(f"CREATE TEMPORARY VIEW {quoted(view)} AS SELECT {listed} FROM {source.relation}")

    def prepare_results(self) -> None:
        """As in `Backend`."""
        there = self._run(
            "SELECT has_schema_privilege(oid, 'CREATE, USAGE') FROM pg_catalog.pg_namespace WHERE nspname = %s",
            [self.schema],
        ).fetchone()
        if there is None:
            self._run(f"CREATE SCHEMA {quoted(self.schema)}")
        elif not there[0]:
            raise EngineError(
                f"{self.address} does not allow this user to make tables in the schema {self.schema}, where results "
                f"are kept. Its owner can allow it: GRANT CREATE, USAGE ON SCHEMA {self.schema} TO ...; or name "
                "another schema in keepers.toml: [engine] schema = ..."
            )

    def publish(self, tables: Mapping[str, str], run: str) -> dict[str, str]:
        """As in `Backend`: one table a run, shown by a view that changes over in the same transaction."""
        places = {}
        with self._errors(), self._connection.transaction():
            self._connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", [_RESULTS_LOCK])
            for name, query in tables.items():
                places[name] = self._publish(name, self._sql(query), run)
        return places

    def _publish(self, name: str, query: str, run: str) -> str:
        kept = f"{quoted(self.schema)}.{quoted(f'{name}_{run}')}"
        view = f"{quoted(self.schema)}.{quoted(name)}"
        self._run(f"CREATE TABLE {kept} AS {query}")
        columns = [row[0] for row in self._run(_DESCRIBE, [kept]).fetchall()]
        before = self._run("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", [view]).fetchone()
        if before is not None and before[0]:
            same = [row[0] for row in self._run(_DESCRIBE, [view]).fetchall()] == columns
            if not same:
                # A view cannot lose or rename columns; who reads it through another view is told by the server.
                self._run(f"DROP VIEW {view}")
        self._run(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {kept}")
        old = self._run(
            _OLD, [self.schema, f"^{name}_[0-9]{{8}}t[0-9]{{6}}_[0-9a-f]{{6}}$", f"{name}_{run}"]
        ).fetchall()
        for (table,) in old:
            self._run(f"DROP TABLE {quoted(self.schema)}.{quoted(str(table))}")
        self._run(f"ANALYZE {kept}")
        return f"{self.schema}.{name}"

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """As in `Backend`: one transaction that sees the tables as they were at its start."""
        with self._errors(), self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    def close(self) -> None:
        """As in `Backend`."""
        self._connection.close()


def shown_address(url: str) -> str:
    """A URL without its password and options, to be shown.

    >>> shown_address("postgresql://ada:secret@db.example.com:5432/shop?sslmode=require")
    'postgresql://ada@db.example.com:5432/shop'
    """
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return (
        f"{parts.scheme}://{user.partition(':')[0]}@{host}{parts.path}"
        if user
        else f"{parts.scheme}://{host}{parts.path}"
    )
