"""Tables of databases and files elsewhere: only what is new or changed is read, and it is whole."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keepers.data.connectors import database, walk
from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.database import DatabaseSource, SourceTable, pull_database
from keepers.data.connectors.files import FileSource, pull_files
from keepers.data.connectors.forget import forget
from keepers.data.connectors.kept import Kept
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.data.read import read
from keepers.domain.errors import ConfigError, EngineError, InputError
from keepers.domain.ports import silent
from services import Answer, Payments, Question, serving

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as made:
        made.execute(
            "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id TEXT, order_date TIMESTAMP, "
            "amount DECIMAL(10, 2), updated_at TIMESTAMP)"
        )
        rows = [_row(n, f"2026-09-{1 + n % 28:02d} 10:00:00.000000") for n in range(100)]
        made.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
        made.commit()
        yield made


def _row(number: int, at: str, amount: float = 10.5) -> tuple[Any, ...]:
    return number, f"c{number % 9}", at, amount, at


def _pull(tmp_path: Path, anew: bool = False, **more: Any) -> Pulled:
    table = SourceTable(**{"name": "orders", "cursor": "updated_at", **more})
    source = DatabaseSource("erp", f"sqlite:///{tmp_path}/shop.db", (table,), chunk=30)
    return pull_database(source, tmp_path / "out", NOW, silent, anew)


def test_a_table_is_read_on_from_its_cursor_and_changed_rows_replace_what_they_were(
    shop: sqlite3.Connection, tmp_path: Path
) -> None:
    first = _pull(tmp_path)
    assert (first.changed, first.rows) == (100, {"orders": 100})
    assert _pull(tmp_path).changed == 0
    shop.execute("UPDATE orders SET amount = 99.25, updated_at = '2026-10-01 00:00:00.000000' WHERE order_id = 5")
    # In the very moment of the last one that was read.
    shop.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", _row(200, "2026-09-28 10:00:00.000000"))
    shop.commit()
    again = _pull(tmp_path)
    assert (again.changed, again.rows) == (2, {"orders": 101})
    told = read(tmp_path / "out", now=NOW.replace(tzinfo=None)).reconciliation
    assert (told.orders, str(told.amount("net"))) == (101, "1149.2500")


def test_a_new_column_is_empty_before_and_gone_rows_go_when_read_anew(shop: sqlite3.Connection, tmp_path: Path) -> None:
    _pull(tmp_path)
    shop.execute("ALTER TABLE orders ADD COLUMN channel TEXT")
    shop.execute("INSERT INTO orders VALUES (300, 'c1', '2026-10-02 00:00:00', 5, '2026-10-02 00:00:00.000000', 'web')")
    shop.execute("DELETE FROM orders WHERE order_id < 10")
    shop.commit()
    assert _pull(tmp_path).rows == {"orders": 101}
    assert _pull(tmp_path, anew=True).rows == {"orders": 91}
    assert _pull(tmp_path, cursor=None).rows == {"orders": 91}


def test_a_column_that_is_gone_is_empty_in_what_comes(shop: sqlite3.Connection, tmp_path: Path) -> None:
    _pull(tmp_path)
    shop.execute("ALTER TABLE orders DROP COLUMN customer_id")
    shop.execute("INSERT INTO orders VALUES (300, '2026-10-02 00:00:00', 5, '2026-10-02 00:00:00.000000')")
    shop.commit()
    assert (_pull(tmp_path).changed, _pull(tmp_path).rows) == (1, {"orders": 101})


def test_a_table_that_breaks_while_it_is_read_is_said(shop: sqlite3.Connection, tmp_path: Path) -> None:
    shop.execute("CREATE VIEW broken AS SELECT order_id, json(customer_id) AS said FROM orders")
    shop.commit()
    with pytest.raises(InputError, match="broken cannot be read: malformed JSON"):
        _pull(tmp_path, name="broken", cursor=None)


@pytest.mark.usefixtures("shop")
def test_a_pull_that_broke_goes_on_behind_its_last_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = database._latest, []

    def latest(piece: Any, column: str) -> Any:
        seen.append(piece.num_rows)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return real(piece, column)

    monkeypatch.setattr(database, "_latest", latest)
    with pytest.raises(KeyboardInterrupt):
        _pull(tmp_path)
    seen += [0, 0, 0]
    assert _pull(tmp_path).rows == {"orders": 100}
    # Rows before the last part's newest were not read again.
    assert sum(seen[6:]) < 60


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"cursor": "changed"}, "no column changed. It has: order_id"),
        ({"key": ("id",)}, "no column id"),
        ({"name": "order"}, "no table order"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    table = SourceTable(**{"name": "orders", "cursor": "updated_at", **more})
    source = DatabaseSource("erp", f"sqlite:///{tmp_path}/shop.db", (table,))
    with pytest.raises((ConfigError, InputError), match=told):
        pull_database(source, tmp_path / "out", NOW, silent)


def test_a_database_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    source = DatabaseSource("erp", "postgresql://ada:hush0123@127.0.0.1:1/shop", (SourceTable("orders"),))
    with pytest.raises(InputError, match="cannot be read") as raised:
        pull_database(source, tmp_path, NOW, silent)
    assert "hush0123" not in str(raised.value)
    assert "hush0123" not in repr(source)


ORDERS = "customer,date,amount,order_id\nada,2026-09-01,10.00,1\nbo,2026-09-02,12.00,2\n"


def test_files_are_copied_when_they_are_new_or_changed(tmp_path: Path) -> None:
    place, out = tmp_path / "share", tmp_path / "out"
    (place / "2026").mkdir(parents=True)
    (place / "2026" / "orders.csv").write_text(ORDERS)
    (place / ".hidden").write_text("no")

    def pull(url: str = str(place)) -> Pulled:
        return pull_files(FileSource("share", url), out, silent)

    assert (pull().changed, pull().changed) == (1, 0)
    (place / "2026" / "orders.csv").write_text(ORDERS + "cy,2026-09-03,5.00,3\n")
    (place / "more.csv").write_text(ORDERS.replace(",1\n", ",11\n").replace(",2\n", ",12\n"))
    assert pull().changed == 2
    assert read(out, now=NOW.replace(tzinfo=None)).reconciliation.orders == 5
    assert pull(f"{place}/*/orders.csv").changed == 0
    with pytest.raises(InputError, match="no file like"):
        pull(f"{place}/*.xlsx")


def test_a_bucket_is_a_file_system_like_others(tmp_path: Path) -> None:
    import fsspec

    bucket = fsspec.filesystem("memory")
    bucket.pipe("/bucket/exports/orders.csv", ORDERS.encode())
    source = FileSource("bucket", "memory://bucket/exports/*.csv")
    assert pull_files(source, tmp_path, silent).files == 1
    assert (tmp_path / "orders.csv").read_text() == ORDERS
    with pytest.raises(ConfigError, match="library of their own"):
        pull_files(FileSource("x", "nowhere://bucket/a.csv"), tmp_path, silent)


def test_a_web_address_is_asked_whether_its_file_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)
    text = {"now": ORDERS}

    def answer(asked: Question) -> Answer:
        if asked.headers.get("authorization") != "Bearer hush0123":
            return Answer({}, 403)
        tag = f'"{len(text["now"])}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(b"", 304)
        return Answer(text["now"].encode(), headers={"ETag": tag})

    with serving(answer) as server:
        source = FileSource("web", f"{server.base}/export/orders.csv?x=1", {"Authorization": "Bearer hush0123"})

        def pull() -> int:
            return pull_files(source, tmp_path, silent).changed

        server.troubles = [Answer({}, 503)]
        assert (pull(), pull()) == (1, 0)
        text["now"] += "cy,2026-09-03,5.00,3\n"
        assert pull() == 1
        assert (tmp_path / "orders.csv").read_text() == text["now"]
        with pytest.raises(InputError, match="403"):
            pull_files(FileSource("web", f"{server.base}/o.csv"), tmp_path, silent)
        server.troubles = [Answer({}, 500)] * walk.ATTEMPTS
        with pytest.raises(EngineError, match="Try later"):
            pull()


def test_a_person_is_forgotten_in_what_was_pulled(shop: sqlite3.Connection, tmp_path: Path) -> None:
    shop.execute("UPDATE orders SET customer_id = 'Ada@Shop.Example' WHERE order_id < 3")
    shop.commit()
    _pull(tmp_path)
    assert forget(tmp_path / "out", "erp", "sql", ["ada@shop.example"]) == 3
    at = 1_760_000_000

    def charge(name: str, who: str) -> dict[str, Any]:
        told = {"id": name, "created": at, "customer": who, "amount": 100, "currency": "usd"}
        return told | {"status": "succeeded", "captured": True}

    customers = [{"id": "cus_ada", "created": at, "email": "ada@shop.example"}, {"id": "cus_bo", "created": at}]
    charges = [charge("ch_0", "cus_ada"), charge("ch_1", "cus_bo"), charge("ch_2", "cus_ada")]
    account = Payments({"customers": customers, "charges": charges})
    with serving(account) as server:
        settings = {"key": "rk_test_0123456789", "address": server.base}
        out = tmp_path / "pays"
        pull_service(SERVICES["stripe"], Connection("pays", settings), out, NOW, silent)
        # Pages of a pull that was interrupted name her too.
        account.lists["charges"].append(
            {"id": "ch_9", "created": 9, "customer": "cus_ada", "amount": 1, "currency": "usd"}
        )
        server.troubles = [None, Answer({}, 400)]
        with pytest.raises(InputError):
            pull_service(SERVICES["stripe"], Connection("pays", settings, page_size=2), out, NOW, silent)
        # Two charges and their customer, and a charge of the page that came.
        assert forget(out, "pays", "stripe", ["ADA@shop.example"]) == 3 + 1
        for folder in (out, tmp_path / "out"):
            for path in folder.rglob("*.parquet"):
                told = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()
                assert "ada" not in str(told).lower(), path
        assert Kept(out).is_whole("charges")
        assert "cus_ada" not in (out / ".raw" / "charges.jsonl").read_text()
        assert duckdb.sql(f"SELECT count(*) FROM '{out}/payments.parquet'").fetchall() == [(1,)]
