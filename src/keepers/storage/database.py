"""The database of the state: SQLite in the project's folder or a team's PostgreSQL, written whole or not at all."""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, FromClause, Select, create_engine, event, exc, make_url, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool, Pool, PoolProxiedConnection, QueuePool
from sqlalchemy.sql.compiler import SQLCompiler

from keepers.domain.errors import ConfigError, MissingExtraError
from keepers.storage.failures import told, told_of_files
from keepers.storage.schema import HEAD
from keepers.storage.upgrade import revision, upgrade

SCHEMA = "keepers_state"
"""Schema of the tables on a PostgreSQL server, apart from results in `keepers`."""

_PATIENCE = 30.0
"""Seconds that one run waits for another one to finish writing."""

_WRITES = "keepers_writes"

_NETWORK = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip
"""How long a PostgreSQL server may be silent, in seconds and for the last in milliseconds, before it counts as gone: by
its own ways an operating system waits for a quarter of an hour. What the URL says goes before these."""

_GONE = {
    "tcp_keepalives_idle": "30s", "tcp_keepalives_interval": "10s", "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "15min",
}  # fmt: skip
"""How long the server lets a writer be silent that holds what other writers wait for."""

_LOCK = 5243771
"""What writers of a PostgreSQL state take, one after the other."""


class Database:
    """An open state.

    Parameters
    ----------
    url : str or URL
        ``sqlite:///path``, or ``postgresql://user@host/database``.
    patience : float
        Seconds to wait for another writer.
    pooled : bool
        Keep connections open between uses, for a process that runs for long.

    Raises
    ------
    ConfigError
        If the URL is none of these, or the state is of a newer Keepers.
    EngineError
        If it cannot be read or written.
    MissingExtraError
        If PostgreSQL's driver is not installed.
    """

    def __init__(self, url: str | URL, patience: float = _PATIENCE, pooled: bool = False) -> None:
        self._small: dict[Select[Any], SQLCompiler] = {}
        self._line: PoolProxiedConnection | None = None
        self._asking = threading.Lock()
        self.is_sqlite, self._engine, self.where = _engine(url, patience, QueuePool if pooled else NullPool)
        # PostgreSQL would show each statement another moment.
        seeing = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self._engine.execution_options(**seeing)
        try:
            with told(self.where):
                self._bring_up()
        except BaseException:
            self._engine.dispose()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with; sees one moment of the state."""
        with told(self.where), self._reader.connect() as connection:
            yield connection

    def row(self, statement: Select[Any], **said: Any) -> tuple[Any, ...] | None:
        """The first row of a small query, as the driver gives it, on a connection that is kept for such questions.

        A transaction of one statement needs neither a beginning nor an end, which together take longer than the rows.
        """
        with told(self.where):
            if not self.is_sqlite:
                with self._engine.connect() as connection:
                    found = connection.execute(statement, said).first()
                return None if found is None else tuple(found)
            known = self._small.get(statement)
            if known is None:
                made = statement.compile(dialect=self._engine.dialect)
                assert isinstance(made, SQLCompiler)
                known = self._small[statement] = made
            values = known.construct_params(said)
            with self._asking:
                if self._line is None:
                    self._line = self._engine.raw_connection()
                cursor = self._line.cursor()
                try:
                    cursor.execute(str(known), tuple(values[name] for name in known.positiontup or ()))
                    row: tuple[Any, ...] | None = cursor.fetchone()
                except sqlite3.Error as error:
                    raise OperationalError(str(known), None, error) from error
                finally:
                    cursor.close()
            return row

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: whole where the block ends well, nothing otherwise. One at a time writes."""
        writer = self._engine.execution_options(**{_WRITES: True})
        with told(self.where), writer.begin() as connection:
            self._alone(connection)
            yield connection

    @contextlib.contextmanager
    def trying(self) -> Iterator[Connection]:
        """A transaction of which nothing stays."""
        writer = self._engine.execution_options(**{_WRITES: True})
        with told(self.where), writer.connect() as connection:
            self._alone(connection)
            yield connection
            connection.rollback()

    def forget(self) -> None:
        """Write the file anew without what was deleted, which would otherwise stay in it until it is written over."""
        if not self.is_sqlite:
            return
        with told(self.where):
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def drop_beside(self, indexes: Sequence[str]) -> None:
        """Remove indexes of PostgreSQL while others read; one that somebody reads for too long stays as it is."""
        with told(self.where), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in indexes:
                with contextlib.suppress(OperationalError):
                    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))

    def settle(self, table: str) -> None:
        """Let PostgreSQL look at a table of which nearly all has changed: by itself it does so minutes later, and until
        then reads whole rows where it need only read an index."""
        if self.is_sqlite:
            return
        with told(self.where), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM (ANALYZE, SKIP_LOCKED) {table}"))

    def vacuum_into(self, path: Path) -> None:
        """Write all of an SQLite file, as of one moment, into a new one."""
        with told(self.where):
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM INTO ?", (str(path),))
            except Exception as error:
                raise exc.OperationalError("VACUUM INTO", None, error) from error
            finally:
                connection.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._engine.dispose()

    def _alone(self, connection: Connection) -> None:
        """Wait for other writers. PostgreSQL would let several write at once, and events be seen out of their order."""
        if not self.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))

    def _bring_up(self) -> None:
        with self._engine.connect() as connection:
            if revision(connection) == HEAD:
                return
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            upgrade(connection, self.where)


def _engine(url: str | URL, patience: float, pool: type[Pool]) -> tuple[bool, Engine, str]:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "[state] url in keepers.toml is no address of a database. Write for example "
            '"postgresql://user@host/database", or leave it out to keep the state in the folder.'
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        engine = create_engine(
            parsed, poolclass=pool, hide_parameters=True,
            connect_args={"timeout": patience, "check_same_thread": pool is NullPool},
        )  # fmt: skip
        engine.dialect.statement_compiler = _Directed
        _transactions_of_sqlite(engine)
        return True, engine, str(parsed.database)
    if kind != "postgresql":
        raise ConfigError(f"The state can be kept in SQLite or PostgreSQL, not in {kind}. Change [state] url.")
    if importlib.util.find_spec("psycopg") is None:
        raise MissingExtraError("psycopg", "postgres", "A state in PostgreSQL")
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"), poolclass=pool, pool_pre_ping=pool is not NullPool,
        hide_parameters=True, connect_args={name: on for name, on in _NETWORK.items() if name not in parsed.query},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _own_schema(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute(f"SET lock_timeout TO '{max(round(patience), 1)}s'")
        for name, value in _GONE.items():
            connection.execute(f"SET {name} TO '{value}'")
        connection.autocommit = False

    return False, engine, parsed.set(query={}).render_as_string(hide_password=True)


class _Directed(SQLiteCompiler):
    """Statements that may say which index they read: without statistics SQLite takes any for ten rows that begins with
    a column that is asked for, though it may hold a million."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        """As a statement says it behind the table."""
        del table
        return text


def _transactions_of_sqlite(engine: Engine) -> None:
    """Transactions that hold changes of tables too, and that a writer takes at once rather than when it is too late."""

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        # The driver's own way of beginning would commit at every change of a table.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        if writes:
            _write_ahead(connection)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _write_ahead(connection: Connection) -> None:
    """Readers and a writer at the same time; a folder that allows no such file works without it."""
    with contextlib.suppress(Exception):
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def sqlite_url(path: Path) -> URL:
    """The URL of a file, whose folder is made."""
    with told_of_files(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
    return URL.create("sqlite", database=str(path.resolve()))
