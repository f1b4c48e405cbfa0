"""Parquet, SQLite and DuckDB files."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.domain.errors import InputError

SHARED_ENGINE = Engine(threads=2)


@pytest.fixture
def engine() -> Engine:
    return SHARED_ENGINE


def _sqlite(path: Path, script: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.commit()
    return path


ORDERS = """
CREATE TABLE orders (id, "Customer Name" TEXT, total REAL, at TEXT, raw BLOB, _row INT);
INSERT INTO orders VALUES (1, 'Ada, "the" first', 12.5, '2026-01-01', x'00ff', 9), (2, '', NULL, NULL, NULL, NULL);
INSERT INTO orders VALUES ('0012', 'two' || char(10) || 'lines', 0.1, 'ü', NULL, 8);
"""


def test_parquet_keeps_its_types(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    engine.execute(
        "COPY (SELECT range AS id, DATE '2026-01-01' + range::INT AS day, 1.5::DECIMAL(9, 2) AS total, "
        f"'x' AS \"Name \", 3 AS _row FROM range(1000)) TO '{path}' (FORMAT parquet)"
    )
    (raw,) = open_location(engine, path)
    assert (raw.kind, raw.typed, raw.first_row, raw.rows) == ("parquet", True, 1, 1000)
    assert raw.columns == ("id", "day", "total", "Name", "_row (2)")
    assert engine.row(f"SELECT * FROM ({raw.sql}) WHERE _row = 3") == (
        3,
        2,
        dt.date(2026, 1, 3),
        Decimal("1.50"),
        "x",
        3,
    )
    assert engine.row(f"SELECT count(*) FROM ({raw.sql}) WHERE _row <> id + 1") == (0,)
    raw.drop(engine)


def test_parquet_that_cannot_be_read(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    with pytest.raises(InputError, match=r"cut.parquet is a damaged Parquet file.*Write it again"):
        open_location(engine, tmp_path / "cut.parquet")
    engine.execute(f"COPY (SELECT 1 AS a WHERE false) TO '{tmp_path / 'none.parquet'}' (FORMAT parquet)")
    with pytest.raises(InputError, match=r"none.parquet has no rows"):
        open_location(engine, tmp_path / "none.parquet")


def test_parquet_packed_by_brotli_is_refused(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path / 'b.parquet'}' (FORMAT parquet, COMPRESSION brotli)")
    with pytest.raises(InputError, match=r"b.parquet is packed by Brotli.*zstd"):
        open_location(engine, tmp_path / "b.parquet")


@pytest.mark.parametrize("how", ["{}", "sqlite://{}", "sqlite:///{}", "{}#orders", "sqlite:///{}#ORDERS"])
def test_sqlite_by_path_and_by_url(engine: Engine, tmp_path: Path, how: str) -> None:
    path = _sqlite(tmp_path / "shop.db", ORDERS)
    (raw,) = open_location(engine, how.format(path))
    assert (raw.kind, raw.source, raw.typed) == ("sqlite", "shop.db, table orders", False)
    assert raw.columns == ("id", "Customer Name", "total", "at", "raw", "_row (2)")
    assert engine.rows(f"{raw.sql} ORDER BY _row") == [
        (1, "1", 'Ada, "the" first', "12.5", "2026-01-01", "00FF", "9"),
        (2, "2", None, None, None, None, None),
        (3, "0012", "two\nlines", "0.1", "ü", None, "8"),
    ]


def test_a_relative_sqlite_url(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _sqlite(tmp_path / "shop.sqlite", ORDERS)
    monkeypatch.chdir(tmp_path)
    assert open_location(engine, "sqlite:///shop.sqlite")[0].rows == 3


def test_sqlite_with_several_tables(engine: Engine, tmp_path: Path) -> None:
    path = _sqlite(tmp_path / "shop.db", ORDERS + "CREATE TABLE none (a); CREATE VIEW big AS SELECT * FROM orders;")
    with pytest.raises(
        InputError,
        match=r"shop.db has 3 tables. Name the one to read, such as 'shop.db#big'. There are: big, none, orders",
    ):
        open_location(engine, path)
    assert len(open_location(engine, f"{path}#orders, big")) == 2
    with pytest.raises(InputError, match=r"no table 'order'"):
        open_location(engine, f"{path}#order")
    with pytest.raises(InputError, match=r"table none has no rows"):
        open_location(engine, f"{path}#none")


def test_sqlite_that_cannot_be_read(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 200)
    with pytest.raises(InputError, match=r"broken.db cannot be read as an SQLite database"):
        open_location(engine, tmp_path / "broken.db")
    (tmp_path / "empty.db").write_bytes(_sqlite(tmp_path / "none.db", "CREATE TABLE a (b); DROP TABLE a;").read_bytes())
    with pytest.raises(InputError, match=r"empty.db has no tables"):
        open_location(engine, tmp_path / "empty.db")
    (tmp_path / "orders.csv").write_text("id,total\n1,2\n")
    with pytest.raises(InputError, match=r"is no sqlite database"):
        open_location(engine, f"sqlite:///{tmp_path / 'orders.csv'}")
    with pytest.raises(InputError, match=r"nowhere.db does not exist"):
        open_location(engine, f"sqlite:///{tmp_path / 'nowhere.db'}")


def _duckdb(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize("how", ["{}", "duckdb:///{}", "{}#orders"])
def test_duckdb_by_path_and_by_url(engine: Engine, tmp_path: Path, how: str) -> None:
    path = _duckdb(
        tmp_path / "shop.duckdb",
        "CREATE TABLE orders AS SELECT range AS id, DATE '2026-01-01' AS day, 'x' AS \"Name \" FROM range(5)",
    )
    (raw,) = open_location(engine, how.format(path))
    path.unlink()
    assert (raw.kind, raw.source, raw.typed, raw.rows) == ("duckdb", "shop.duckdb, table orders", True, 5)
    assert engine.row(f"SELECT * FROM ({raw.sql}) WHERE _row = 5") == (5, 4, dt.date(2026, 1, 1), "x")


def test_duckdb_with_several_tables(engine: Engine, tmp_path: Path) -> None:
    path = _duckdb(
        tmp_path / "shop.duckdb",
        "CREATE TABLE orders AS SELECT 1 AS id",
        "CREATE VIEW paid AS SELECT 2 AS id",
        "CREATE SCHEMA sales",
        'CREATE TABLE sales."Order Lines" AS SELECT 3 AS id',
        "CREATE TABLE nothing (id INT)",
    )
    with pytest.raises(InputError, match=r"4 tables.*There are: nothing, orders, paid, sales.Order Lines"):
        open_location(engine, path)
    raws = open_location(engine, f"{path}#paid,sales.order lines")
    assert [engine.rows(raw.sql) for raw in raws] == [[(1, 2)], [(1, 3)]]
    with pytest.raises(InputError, match=r"table nothing has no rows"):
        open_location(engine, f"{path}#nothing")
    assert engine.rows("SELECT database_name FROM duckdb_databases() WHERE NOT internal") == [("memory",)]


def test_a_view_is_what_it_computes_and_opens_no_other_file(engine: Engine, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a password")
    path = _duckdb(
        tmp_path / "shop.duckdb",
        "CREATE TABLE lines AS SELECT * FROM (VALUES (1, 5, 'a'), (1, 7, 'b'), (2, 1, 'a')) l(id, n, k)",
        "CREATE VIEW totals AS SELECT id, sum(n) AS total, max(k) AS k FROM lines GROUP BY id ORDER BY id",
        f"CREATE VIEW theirs AS SELECT content AS customer FROM read_text('{secret}')",
        f"CREATE VIEW names AS SELECT * FROM glob('{tmp_path}/*')",
    )  # fmt: skip
    (raw,) = open_location(engine, f"{path}#totals")
    assert engine.rows(raw.sql) == [(1, 1, 12, "b"), (2, 2, 1, "a")]
    assert [str(row[1]) for row in engine.rows(f"DESCRIBE {raw.sql}")][2] == "HUGEINT"
    raw.drop(engine)
    for name in ("theirs", "names"):
        with pytest.raises(InputError, match=r"disabled by configuration.*what the view gives to a table") as refused:
            open_location(engine, f"{path}#{name}")
        assert "a password" not in str(refused.value)
    assert engine.rows("SELECT database_name FROM duckdb_databases() WHERE NOT internal") == [("memory",)]


def test_duckdb_that_cannot_be_read(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "broken.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\xff" * 5000)
    with pytest.raises(InputError, match=r"broken.duckdb cannot be opened as a DuckDB database"):
        open_location(engine, tmp_path / "broken.duckdb")


def test_duckdb_that_another_program_holds(engine: Engine, tmp_path: Path) -> None:
    path = _duckdb(tmp_path / "held.duckdb", "CREATE TABLE orders AS SELECT 1 AS id")
    program = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=r"held.duckdb cannot be opened.*Close the program that uses it"):
            open_location(engine, path)
        holder.communicate("")
