"""What is deleted at a service goes here: told by its trash, or found by comparing what there is."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keepers.data.connectors import walk
from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.database import DatabaseSource, SourceTable, pull_database
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.domain.errors import EngineError
from keepers.domain.ports import silent
from services import Answer, Crm, Server, Shop, Wordpress, serving, shopify_order

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)


def _pull(kind: str, server: Server, folder: Path, days: int = 0, every: int = 30) -> Pulled:
    settings = {
        "shopify": {"shop": "fernhollow", "token": "shpat_0123456789", "address": server.base},
        "woocommerce": {"shop": server.base, "key": "ck", "secret": "cs"},
        "hubspot": {"token": "pat-0123456789", "address": server.base},
    }[kind]
    connection = Connection("one", settings, page_size=6, compare_every=every)
    return pull_service(SERVICES[kind], connection, folder, NOW + dt.timedelta(days=days), silent)


def _woo(number: int, day: int) -> dict[str, Any]:
    at = f"2026-09-{day:02d}T10:00:00"
    return {
        "id": number, "number": str(number), "status": "completed", "date_created_gmt": at, "date_modified_gmt": at,
        "billing": {"email": f"p{number}@example.com"}, "line_items": [{"name": "Pot", "quantity": 1, "total": "9.00"}],
        "total": "9.00", "total_tax": "0.00", "shipping_total": "0.00", "currency": "EUR", "refunds": [],
    }  # fmt: skip


def test_what_lies_in_the_trash_of_a_shop_does_not_count_and_what_is_restored_does(tmp_path: Path) -> None:
    shop = Wordpress([_woo(n, n + 1) for n in range(20)])
    with serving(shop) as server:
        assert _pull("woocommerce", server, tmp_path).rows == {"orders": 20}
        binned = shop.orders.pop(4)
        shop.trash.append(binned | {"status": "trash", "date_modified_gmt": "2026-11-20T10:00:00"})
        again = _pull("woocommerce", server, tmp_path)
        assert (again.changed, again.rows) == (1, {"orders": 19})
        assert _pull("woocommerce", server, tmp_path).changed == 0
        # The trash is emptied: the order stays gone.
        restored = shop.trash.pop()
        assert _pull("woocommerce", server, tmp_path).rows == {"orders": 19}
        shop.orders.append(restored | {"status": "completed", "date_modified_gmt": "2026-11-20T11:00:00"})
        assert _pull("woocommerce", server, tmp_path).rows == {"orders": 20}
        assert _pull("woocommerce", server, tmp_path).rows == {"orders": 20}
    held = "".join(path.read_text(errors="replace") for path in (tmp_path / ".raw").glob("orders_gone*"))
    assert "example.com" not in held


def test_deleted_contacts_go(tmp_path: Path) -> None:
    def contact(number: int, day: int = 1) -> dict[str, Any]:
        changed = f"2026-09-{day:02d}T10:00:{number:02d}.000Z"
        return {"id": str(number), "properties": {"email": f"c{number}@example.com", "lastmodifieddate": changed}}

    account = Crm(objects={"contacts": [contact(n) for n in range(30)]})
    with serving(account) as server:
        assert _pull("hubspot", server, tmp_path).rows == {"contacts": 30}
        gone = account.objects["contacts"][3:6]
        del account.objects["contacts"][3:6]
        account.archived["contacts"] = [one | {"archived": True, "archivedAt": "2026-11-20T00:00:00Z"} for one in gone]
        assert _pull("hubspot", server, tmp_path).rows == {"contacts": 27}
        # Three months later nobody tells of them any more, and they stay gone.
        account.archived.clear()
        assert _pull("hubspot", server, tmp_path).rows == {"contacts": 27}


def test_ids_are_compared_now_and_then(tmp_path: Path) -> None:
    shop = Shop(orders=[shopify_order(number) for number in range(28)])
    with serving(shop) as server:
        _pull("shopify", server, tmp_path)
        del shop.orders[:2]
        asked = len(server.asked)
        assert _pull("shopify", server, tmp_path, days=29).rows == {"orders": 28}
        assert not any("query Ids" in one.body["query"] for one in server.asked[asked:])
        assert _pull("shopify", server, tmp_path, days=40, every=0).rows == {"orders": 28}
        # A comparison that breaks takes nothing out, and is done by the next pull.
        server.troubles = [*[None] * 4, *[Answer({}, 500)] * walk.ATTEMPTS]
        with pytest.raises(EngineError):
            _pull("shopify", server, tmp_path, days=31)
        pulled = _pull("shopify", server, tmp_path, days=31)
        assert (pulled.changed, pulled.rows, pulled.notes) == (2, {"orders": 26}, ())
        asked = len(server.asked)
        _pull("shopify", server, tmp_path, days=32)
        assert not any("query Ids" in one.body["query"] for one in server.asked[asked:])
        # A token that sees less than it did is no shop that deleted its orders.
        del shop.orders[:20]
        pulled = _pull("shopify", server, tmp_path, days=90)
        assert pulled.rows == {"orders": 26}
        assert "20 of 26 orders are not listed any more" in pulled.notes[0]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A shop's database without tables."""
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        yield connection


def test_keys_of_a_table_are_compared_where_that_is_wished(made: sqlite3.Connection, tmp_path: Path) -> None:
    made.execute("CREATE TABLE orders (shop TEXT, number INTEGER, amount REAL, updated_at INTEGER)")
    made.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", [(f"s{n % 2}", n, 1.0, n) for n in range(70)])
    made.commit()

    def pull(days: int = 0, every: int = 0, compare: bool = True) -> Pulled:
        table = SourceTable("orders", "updated_at", ("shop", "number"), compare)
        source = DatabaseSource("erp", f"sqlite:///{tmp_path}/shop.db", (table,), chunk=30, compare_every=every)
        return pull_database(source, tmp_path / "out", NOW + dt.timedelta(days=days), silent)

    assert pull().rows == {"orders": 70}
    made.execute("DELETE FROM orders WHERE number < 5")
    made.execute("INSERT INTO orders VALUES ('s9', 100, 1.0, 100)")
    made.commit()
    assert pull(compare=False).rows == {"orders": 71}
    assert pull(days=1, every=7).rows == {"orders": 71}
    gone = pull(days=8, every=7)
    assert (gone.changed, gone.rows) == (5, {"orders": 66})
    made.execute("DELETE FROM orders WHERE number = 9")
    made.commit()
    assert pull(days=9).rows == {"orders": 65}
    # A table that is being filled anew is not one that is empty for good.
    made.execute("DELETE FROM orders")
    made.commit()
    assert pull(days=10).rows == {"orders": 65}


def test_orders_that_a_token_sees_no_more_for_their_age_stay(tmp_path: Path) -> None:
    shop = Shop(orders=[shopify_order(number) for number in range(10)])
    with serving(shop) as server:
        _pull("shopify", server, tmp_path)
        recent = {"createdAt": "2026-12-20T14:00:00Z", "updatedAt": "2026-12-20T14:00:00Z"}
        shop.orders += [shopify_order(number, **recent) for number in range(30, 60)]
        assert _pull("shopify", server, tmp_path, days=29).rows == {"orders": 40}
        # Without the right to see all, a token sees 60 days; of these an order was deleted.
        del shop.orders[:11]
        pulled = _pull("shopify", server, tmp_path, days=31)
        assert pulled.rows == {"orders": 39}
        assert "read_all_orders" in pulled.notes[0]


def test_a_row_without_a_part_of_its_key_is_not_gone(made: sqlite3.Connection, tmp_path: Path) -> None:
    made.execute("CREATE TABLE orders (shop TEXT, number INTEGER, amount REAL, updated_at INTEGER)")
    made.executemany("INSERT INTO orders VALUES (?, ?, 1.0, ?)", [(None if n % 2 else "s", n, n) for n in range(10)])
    made.commit()
    table = SourceTable("orders", "updated_at", ("shop", "number"), compare=True)
    source = DatabaseSource("erp", f"sqlite:///{tmp_path}/shop.db", (table,))
    for days in (0, 1):
        assert pull_database(source, tmp_path / "out", NOW + dt.timedelta(days=days), silent).rows == {"orders": 10}
    made.execute("DELETE FROM orders WHERE number IN (2, 3)")
    made.commit()
    assert pull_database(source, tmp_path / "out", NOW + dt.timedelta(days=2), silent).rows == {"orders": 8}
