"""Orders pulled from Shopify are those of its export, and a pull loses nothing whatever goes wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keepers.data.connectors import walk
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.data.connectors.shopify import SERVICE
from keepers.data.read import Dataset, read
from keepers.domain.errors import ConfigError, EngineError, InputError, KeepersError
from keepers.domain.ports import silent
from services import Answer, Server, Shop, serving, shopify_line, shopify_order

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)


@pytest.fixture
def shop() -> Shop:
    return Shop(orders=[shopify_order(number, f"p{number % 7}@example.com") for number in range(25)])


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    with serving(shop) as made:
        yield made


def _pull(server: Server, folder: Path, size: int = 4, **more: Any) -> Pulled:
    settings = {"shop": "fernhollow", "token": "shpat_0123456789", "address": server.base}
    return pull_service(SERVICE, Connection("shop", settings, page_size=size), folder, NOW, silent, **more)


def _read(folder: Path) -> Dataset:
    return read(folder, now=NOW.replace(tzinfo=None))


def test_the_same_orders_as_the_export_give_the_same_tables(server: Server, shop: Shop, tmp_path: Path) -> None:
    ada: dict[str, Any] = {"email": "ada@example.com", "billingAddress": {"name": "Ada Example", "countryCodeV2": "US"}}
    fern = shopify_line("Botanical Fern Print", 2, "16.00", "FERN-1")
    shop.orders = [
        shopify_order(
            1, **ada, total="47.00", totalShippingPriceSet="6.00", totalTaxSet="3.29", totalPriceSet="56.29",
            totalDiscountsSet="5.00", discountCodes=["FALL5"], createdAt="2026-09-03T14:14:00Z",
            lines=[fern, shopify_line("Canvas Tote Bag", 1, "20.00", "TOTE-1")],
        ),
        shopify_order(2, "bo@example.com", createdAt="2026-09-10T13:00:00Z"),
        shopify_order(
            3, "cy@example.com", "16.00", displayFinancialStatus="VOIDED", createdAt="2026-09-12T16:00:00Z",
            cancelledAt="2026-09-12T17:00:00Z",
        ),
        shopify_order(
            4, **ada, total="16.00", totalShippingPriceSet="4.00", totalPriceSet="20.00", totalRefundedSet="4.00",
            displayFinancialStatus="PARTIALLY_REFUNDED", createdAt="2026-08-20T12:00:00Z",
        ),
        shopify_order(5, test=True),
    ]  # fmt: skip
    export = tmp_path / "orders_export_1.csv"
    export.write_text(
        "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Country,Cancelled at,"
        "Refunded Amount,Id,Source\n"
        "#1001,ada@example.com,paid,USD,47.00,6.00,3.29,56.29,FALL5,5.00,2026-09-03 10:14:00 -0400,2,"
        "Botanical Fern Print,16.00,FERN-1,Ada Example,US,,0.00,5550000001,web\n"
        "#1001,ada@example.com,,,,,,,,,,1,Canvas Tote Bag,20.00,TOTE-1,,,,,,\n"
        "#1002,bo@example.com,paid,USD,25.00,0.00,0.00,25.00,,0.00,2026-09-10 09:00:00 -0400,1,Speckled Mug,25.00,"
        "MUG-1,,,,0.00,5550000002,web\n"
        "#1003,cy@example.com,voided,USD,16.00,0.00,0.00,16.00,,0.00,2026-09-12 12:00:00 -0400,1,Speckled Mug,16.00,"
        "MUG-1,,,2026-09-12 13:00:00 -0400,0.00,5550000003,web\n"
        "#1004,ada@example.com,partially_refunded,USD,16.00,4.00,0.00,20.00,,0.00,2026-08-20 08:00:00 -0400,1,"
        "Speckled Mug,16.00,MUG-1,Ada Example,US,,4.00,5550000004,web\n"
    )
    _pull(server, tmp_path / "pulled")
    by_export, by_pull = read(export, now=NOW.replace(tzinfo=None)), _read(tmp_path / "pulled")
    assert [source.format for source in by_pull.sources] == ["shopify orders"]
    assert set(by_pull.tables) == set(by_export.tables)
    for table in by_export.tables:
        assert _rows(by_pull, table) == _rows(by_export, table), table
    assert by_pull.reconciliation.amount("net") == by_export.reconciliation.amount("net") == Decimal("84.00")


def _rows(dataset: Dataset, table: str) -> list[str]:
    engine, name = dataset.engine, dataset.tables[table].name
    names = [one for one, _ in engine.described(name) if one not in ("source", "source_id", "event_id")]
    return sorted(map(str, engine.rows(f"SELECT {', '.join(names)} FROM {name}")))


def test_later_refunds_change_old_orders_at_their_own_time(server: Server, shop: Shop, tmp_path: Path) -> None:
    first = _pull(server, tmp_path)
    assert (first.changed, first.rows) == (25, {"orders": 25})
    assert _read(tmp_path).reconciliation.amount("net") == 625
    asked = len(server.asked)
    written = (tmp_path / "orders.parquet").stat().st_mtime_ns
    assert _pull(server, tmp_path).rows == {"orders": 25}
    assert (tmp_path / "orders.parquet").stat().st_mtime_ns == written, "nothing was new, and nothing is written"
    # What changed lately is asked for again, not everything.
    assert len(server.asked) - asked == 3
    refund = {"id": "r1", "createdAt": "2026-11-02T09:00:00Z", "totalRefundedSet": shop.orders[3]["totalPriceSet"]}
    shop.orders[3] |= {
        "updatedAt": "2026-11-02T09:00:01Z", "displayFinancialStatus": "REFUNDED", "refunds": [refund],
        "totalRefundedSet": shop.orders[3]["totalPriceSet"],
    }  # fmt: skip
    shop.orders.append(shopify_order(26, createdAt="2026-11-03T09:00:00Z", updatedAt="2026-11-03T09:00:00Z"))
    again = _pull(server, tmp_path)
    assert (again.changed, again.rows) == (2, {"orders": 26, "refunds": 1})
    dataset = _read(tmp_path)
    assert dataset.reconciliation.amount("net") == 625
    days = dataset.engine.rows(f"SELECT occurred_at::DATE, amount FROM {dataset.tables['refunds'].name}")
    assert [(str(day), amount) for day, amount in days] == [("2026-11-02", Decimal("25.0000"))]


def test_orders_with_more_lines_and_refunds_than_an_answer_holds_are_whole(
    server: Server, shop: Shop, tmp_path: Path
) -> None:
    lines = [shopify_line(f"Thing {number}", 1, "1.00", f"T-{number}") for number in range(130)]
    money = {"shopMoney": {"amount": "1.00", "currencyCode": "USD"}}
    refunds = [{"id": str(n), "createdAt": "2026-10-01T00:00:00Z", "totalRefundedSet": money} for n in range(9)]
    shop.orders = [shopify_order(1, total="130.00", lines=lines, refunds=refunds, totalRefundedSet="9.00")]
    assert _pull(server, tmp_path).rows == {"orders": 130, "refunds": 9}


def test_products_with_more_variants_than_an_answer_holds_are_whole(server: Server, shop: Shop, tmp_path: Path) -> None:
    cost = {"unitCost": {"amount": "4.00", "currencyCode": "USD"}}
    kinds = [{"sku": f"S-{number}", "price": "9.00", "inventoryItem": cost} for number in range(140)]
    product = {"id": "gid://shopify/Product/1", "handle": "shirt", "title": "Shirt", "productType": "", "vendor": ""}
    shop.products = [product | {"updatedAt": "2026-09-01T00:00:00Z", "kinds": kinds}]
    assert _pull(server, tmp_path).rows["products"] == 140


def test_a_busy_or_failing_service_is_waited_for(server: Server, tmp_path: Path) -> None:
    throttled = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    server.troubles = [
        Answer({}, 429, {"Retry-After": "1"}), None, Answer({}, 503), Answer({}, 502), None, Answer(throttled), None,
        Answer(b"<html>", 500),
    ]  # fmt: skip
    assert _pull(server, tmp_path).rows == {"orders": 25}


def test_a_pull_that_broke_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.troubles = [None, None, None, None, *[Answer({}, 500)] * walk.ATTEMPTS]
    with pytest.raises(EngineError, match="7 times in a row"):
        _pull(server, tmp_path)
    asked = len(server.asked)
    # Half a page was written when the process was killed.
    pages = tmp_path / ".raw" / "orders.jsonl"
    pages.write_bytes(pages.read_bytes() + b'{"key": "gid://shop')
    assert _pull(server, tmp_path).rows == {"orders": 25}
    assert "2026-09-1" in server.asked[asked].body["variables"]["query"]
    assert _read(tmp_path).reconciliation.orders == 25


def test_a_repeated_page_counts_once(server: Server, shop: Shop, tmp_path: Path) -> None:
    shop.orders += shop.orders[:8]
    assert _pull(server, tmp_path).rows == {"orders": 25}


def test_reading_anew_forgets_what_the_service_has_no_longer(server: Server, shop: Shop, tmp_path: Path) -> None:
    _pull(server, tmp_path)
    del shop.orders[:5]
    assert _pull(server, tmp_path).rows == {"orders": 25}
    assert _pull(server, tmp_path, anew=True).rows == {"orders": 20}


def test_what_is_refused_is_said_without_the_token(server: Server, shop: Shop, tmp_path: Path) -> None:
    shop.token = "another"
    with pytest.raises(ConfigError, match=r"token is refused.*read_all_orders") as raised:
        _pull(server, tmp_path)
    assert "shpat" not in str(raised.value)
    shop.token = "shpat_0123456789"
    with pytest.raises(ConfigError, match="https"):
        pull_service(
            SERVICE, Connection("shop", {"token": "a", "address": "http://shop.example"}), tmp_path, NOW, silent
        )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"data": {"orders": None}}, "something else than the list"),
        ({"data": {"orders": {"nodes": [{"name": "#1"}]}}}, "something else than the list"),
        ({"errors": [{"message": "Field 'refunds' doesn't exist on type 'Order'"}]}, "Field 'refunds' doesn't exist"),
    ],
)
def test_a_changed_interface_is_said(body: Any, told: str, server: Server, tmp_path: Path) -> None:
    server.troubles = [None, Answer(body)]
    with pytest.raises(InputError, match=told):
        _pull(server, tmp_path)


def test_new_fields_are_kept_and_missing_ones_are_empty(server: Server, shop: Shop, tmp_path: Path) -> None:
    for order in shop.orders:
        order["brandNew"] = {"deep": [1, 2]}
        del order["sourceName"]
    assert _pull(server, tmp_path).rows == {"orders": 25}
    dataset = _read(tmp_path)
    assert dataset.reconciliation.orders == 25
    engine = dataset.orders.engine
    assert engine.row(f"SELECT count(*) FROM '{tmp_path}/.raw/orders.parquet' WHERE doc LIKE '%brandNew%'") == (25,)


def test_a_list_that_may_not_be_read_is_passed_over(server: Server, tmp_path: Path) -> None:
    _pull(server, tmp_path)
    denied = {"errors": [{"message": "Access denied for products field.", "extensions": {"code": "ACCESS_DENIED"}}]}
    server.troubles = [None, None, Answer(denied)]
    assert "Access denied" in _pull(server, tmp_path).notes[0]


def test_items_of_another_moment_than_the_mark_are_read_again(server: Server, shop: Shop, tmp_path: Path) -> None:
    _pull(server, tmp_path)
    items = (tmp_path / ".raw" / "orders.parquet").read_bytes()
    shop.orders.append(shopify_order(26, updatedAt="2026-11-03T09:00:00Z"))
    _pull(server, tmp_path)
    # A copy of the folder that was made between two files of one pull.
    (tmp_path / ".raw" / "orders.parquet").write_bytes(items)
    assert _pull(server, tmp_path).rows == {"orders": 26}
    server.troubles = [None, None, *[Answer({}, 500)] * walk.ATTEMPTS]
    with pytest.raises(EngineError):
        _pull(server, tmp_path, anew=True)
    (tmp_path / ".raw" / "orders.jsonl").write_bytes(b'{"key": "gid')
    assert _pull(server, tmp_path).rows == {"orders": 26}


def test_a_token_does_not_follow_to_another_address(server: Server, tmp_path: Path) -> None:
    with serving(lambda _: Answer({"data": {}})) as other:
        server.troubles = [Answer({}, 301, {"Location": f"{other.base}/admin"})]
        with pytest.raises(ConfigError, match="sends to http"):
            _pull(server, tmp_path)
        assert not other.asked


def test_an_app_asks_for_its_token(server: Server, tmp_path: Path) -> None:
    settings = {"shop": "s", "client_id": "0a", "client_secret": "shh-0123", "address": server.base}
    assert pull_service(SERVICE, Connection("s", settings), tmp_path, NOW, silent).rows == {"orders": 25}
    assert server.asked[0].body["grant_type"] == "client_credentials"


def test_one_pull_of_a_source_at_a_time(server: Server, tmp_path: Path) -> None:
    def meanwhile(_: str, __: float | None) -> None:
        with pytest.raises(KeepersError, match="already"):
            _pull(server, tmp_path)

    settings = {"shop": "s", "token": "shpat_0123456789", "address": server.base}
    pull_service(SERVICE, Connection("s", settings), tmp_path, NOW, meanwhile)


def test_an_earlier_day_brings_the_stretch_that_is_missing_and_no_more(server: Server, tmp_path: Path) -> None:
    """Orders 0 to 24 changed on the first to the 25th of September."""

    def pull(since: dt.date | None) -> Pulled:
        settings = {"shop": "fernhollow", "token": "shpat_0123456789", "address": server.base}
        return pull_service(SERVICE, Connection("shop", settings, since, page_size=4), tmp_path, NOW, silent)

    assert pull(dt.date(2026, 9, 16)).rows == {"orders": 10}
    asked = len(server.asked)
    server.troubles = [None, None, *[Answer({}, 500)] * walk.ATTEMPTS]
    with pytest.raises(EngineError):
        pull(dt.date(2026, 9, 6))
    # The stretch goes on where it was, from the day that was asked for then; then comes what is earlier still.
    assert pull(dt.date(2026, 9, 3)).rows == {"orders": 23}
    orders = [one.body["variables"]["query"] for one in server.asked[asked:] if "orders(" in one.body["query"]]
    assert max(orders[1:3]) < "updated_at:>='2026-09-1"
    assert pull(None).rows == {"orders": 25}
    asked = len(server.asked)
    assert pull(None).changed == 0
    assert len(server.asked) - asked == 3
