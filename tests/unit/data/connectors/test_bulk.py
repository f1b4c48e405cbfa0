"""The first pull of a large shop takes files that Shopify makes, and comes to what pages come to."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keepers.data.connectors import bulk, walk
from keepers.data.connectors.forget import forget
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.data.connectors.shopify import SERVICE
from keepers.domain.errors import EngineError
from keepers.domain.ports import silent
from services import Answer, Server, Shop, serving, shopify_line, shopify_order

NOW = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
OFTEN = dataclasses.replace(
    SERVICE,
    resources=tuple(
        dataclasses.replace(one, bulk=dataclasses.replace(one.bulk, least=5), ids=dataclasses.replace(
            one.ids, bulk=dataclasses.replace(one.ids.bulk, least=5)))
        for one in SERVICE.resources if one.bulk is not None and one.ids is not None and one.ids.bulk is not None
    ),
)  # fmt: skip
"""Shopify, with files of short lists already."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)
    monkeypatch.setattr(bulk, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(bulk, "PART", 7)


@pytest.fixture
def shop() -> Shop:
    lines = [shopify_line(f"Thing {number}", 1, "1.00", f"T-{number}") for number in range(30)]
    money = {"shopMoney": {"amount": "1.00", "currencyCode": "USD"}}
    refunds = [{"id": str(n), "createdAt": "2026-10-01T00:00:00Z", "totalRefundedSet": money} for n in range(9)]
    orders = [shopify_order(number, f"p{number % 7}@example.com") for number in range(24)]
    orders.append(shopify_order(50, total="30.00", lines=lines, refunds=refunds, totalRefundedSet="9.00"))
    orders.append(shopify_order(51, lines=[]))
    return Shop(orders=orders)


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    with serving(shop) as made:
        yield made


def _pull(server: Server, folder: Path, often: bool = True, now: dt.datetime = NOW, **more: Any) -> Pulled:
    settings = {"shop": "fernhollow", "token": "shpat_0123456789", "address": server.base}
    service = OFTEN if often else SERVICE
    return pull_service(service, Connection("shop", settings, page_size=4), folder, now, silent, **more)


def _tables(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {path.stem: duckdb.sql(f"SELECT * FROM '{path}'").fetchall() for path in sorted(folder.glob("*.parquet"))}


def _asked(server: Server, word: str) -> int:
    return sum(word in one.body["query"] for one in server.asked if one.body)


def test_a_file_comes_to_what_pages_come_to(server: Server, shop: Shop, tmp_path: Path) -> None:
    assert _pull(server, tmp_path / "pages", often=False).rows == {"orders": 55, "refunds": 9}
    assert not shop.files, "a small shop is read by pages"
    pages = _asked(server, "query Orders")
    assert _pull(server, tmp_path / "file").rows == {"orders": 55, "refunds": 9}
    assert len(shop.files) == 1
    assert _asked(server, "query Orders") == pages
    assert _tables(tmp_path / "file") == _tables(tmp_path / "pages")
    assert not list((tmp_path / "file" / ".raw").glob("orders.[li]*"))
    # What changed while the file was made is asked for by the next pull, which reads pages.
    shop.orders[2] |= {"updatedAt": "2026-11-01T00:00:05Z", "displayFinancialStatus": "VOIDED"}
    again = _pull(server, tmp_path / "file")
    assert 1 <= again.changed <= 3, "it, and those of the last minutes, whose items are written otherwise in a file"
    assert len(shop.files) == 1
    assert _tables(tmp_path / "file")["orders"] != _tables(tmp_path / "pages")["orders"]
    # So does everything that is read anew.
    del shop.orders[-2:]
    assert _pull(server, tmp_path / "file", anew=True).rows == {"orders": 24}
    assert len(shop.files) == 2


def test_a_pull_that_was_killed_waits_for_the_same_file_and_takes_in_the_rest(
    server: Server, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PATIENCE", -1.0)
    with pytest.raises(EngineError, match="not made yet"):
        _pull(server, tmp_path)
    monkeypatch.setattr(bulk, "PATIENCE", 60.0)
    # The service fails while the file is fetched, and the process is killed after two parts.
    server.troubles = [None, None, *[Answer(b"", 500)] * walk.ATTEMPTS]
    with pytest.raises(EngineError, match="cannot be had"):
        _pull(server, tmp_path)
    real, seen = bulk.BulkReading.pages, []

    def dying(self: bulk.BulkReading, *given: Any) -> Iterator[Any]:
        for items in real(self, *given):
            seen.append(len(items))
            if len(seen) == 3:
                raise KeyboardInterrupt
            yield items

    monkeypatch.setattr(bulk.BulkReading, "pages", dying)
    with pytest.raises(KeyboardInterrupt):
        _pull(server, tmp_path)
    monkeypatch.setattr(bulk.BulkReading, "pages", real)
    downloads = sum(one.path.startswith("/files/") for one in server.asked)
    assert _pull(server, tmp_path).rows == {"orders": 55, "refunds": 9}
    assert sum(one.path.startswith("/files/") for one in server.asked) == downloads, "it is fetched once"
    assert len(shop.files) == 1


def test_a_person_is_forgotten_in_a_file_that_is_being_taken_in(
    server: Server, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bulk.BulkReading.pages

    def dying(self: bulk.BulkReading, *given: Any) -> Iterator[Any]:
        yield next(real(self, *given))
        raise KeyboardInterrupt

    monkeypatch.setattr(bulk.BulkReading, "pages", dying)
    with pytest.raises(KeyboardInterrupt):
        _pull(server, tmp_path)
    monkeypatch.setattr(bulk.BulkReading, "pages", real)
    forget(tmp_path, "shop", "shopify", ["p3@example.com"])
    assert not any(b"p3@example.com" in path.read_bytes() for path in (tmp_path / ".raw").iterdir())
    assert _pull(server, tmp_path).rows["orders"] > 50
    assert len(shop.files) == 1


def test_pages_are_read_where_no_file_is_made(server: Server, shop: Shop, tmp_path: Path) -> None:
    shop.busy = True
    assert _pull(server, tmp_path / "busy").rows == {"orders": 55, "refunds": 9}
    assert not shop.files
    # A job that fails in the middle of waiting, too; an interrupted reading by pages goes on by pages.
    shop.busy = False
    server.troubles = [None] * 3
    _failing(shop)
    assert _pull(server, tmp_path / "failed").rows == {"orders": 55, "refunds": 9}
    assert _tables(tmp_path / "failed") == _tables(tmp_path / "busy")


def _failing(shop: Shop) -> None:
    class Files(list):  # type: ignore[type-arg]
        def append(self, file: Any) -> None:
            file.failed = True
            super().append(file)

    shop.files = Files()


def test_ids_are_compared_by_a_file(server: Server, shop: Shop, tmp_path: Path) -> None:
    _pull(server, tmp_path)
    del shop.orders[:3]
    later = NOW + dt.timedelta(days=31)
    pulled = _pull(server, tmp_path, now=later)
    assert pulled.rows["orders"] == 52
    assert not any(
        "query Ids" in one.body["query"] and "orders(" in one.body["query"] for one in server.asked if one.body
    )
    assert b"updatedAt" not in shop.files[-1].lines


def test_orders_that_came_while_a_file_of_ids_was_waited_for_stay(
    server: Server, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _pull(server, tmp_path).rows["orders"] == 55
    monkeypatch.setattr(bulk, "_OLDEST", dt.timedelta(days=40))
    monkeypatch.setattr(bulk, "PATIENCE", -1.0)
    with pytest.raises(EngineError, match="not made yet"):
        _pull(server, tmp_path, now=NOW + dt.timedelta(days=31))
    monkeypatch.setattr(bulk, "PATIENCE", 60.0)
    came = {"createdAt": "2026-12-04T10:00:00Z", "updatedAt": "2026-12-04T10:00:00Z"}
    shop.orders += [shopify_order(number, **came) for number in (60, 61, 62)]
    del shop.orders[0]
    assert _pull(server, tmp_path, now=NOW + dt.timedelta(days=32)).rows["orders"] == 58
    assert len(shop.files) == 2, "the file that was begun is taken in, which knows neither"
    assert _pull(server, tmp_path, now=NOW + dt.timedelta(days=64)).rows["orders"] == 57
