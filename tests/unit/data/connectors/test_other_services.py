"""Stripe, WooCommerce and HubSpot: what is pulled reads as their exports do, and changes of old items are found."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keepers.data.connectors import walk
from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.data.read import Dataset, read
from keepers.domain.errors import EngineError
from keepers.domain.ports import silent
from services import Answer, Crm, Payments, Server, Wordpress, serving

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)


def _pull(kind: str, server: Server, folder: Path, size: int = 3, now: dt.datetime = NOW) -> Pulled:
    settings = {
        "stripe": {"key": "rk_test_0123456789", "address": server.base},
        "woocommerce": {"shop": server.base, "key": "ck", "secret": "cs"},
        "hubspot": {"token": "pat-0123456789", "address": server.base},
    }[kind]
    return pull_service(SERVICES[kind], Connection("one", settings, page_size=size), folder, now, silent)


def _read(folder: Path, now: dt.datetime = NOW) -> Dataset:
    return read(folder, now=now.replace(tzinfo=None))


def _seconds(day: str) -> int:
    return int(dt.datetime.fromisoformat(f"{day}T15:00:00+00:00").timestamp())


def _charge(name: str, day: str, amount: int, email: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"ch_{name}", "created": _seconds(day), "amount": amount, "amount_refunded": 0, "currency": "usd",
        "status": "succeeded", "captured": True, "refunded": False, "customer": f"cus_{email}", "livemode": True,
        "billing_details": {"email": f"{email}@example.com", "name": None}, "invoice": None, "description": None,
    } | more  # fmt: skip


def test_stripe_reads_as_its_export_and_finds_later_refunds(tmp_path: Path) -> None:
    price = {"id": "price_1", "nickname": "Box", "unit_amount": 1900, "recurring": {"interval": "month"}}
    account = Payments(
        {
            "charges": [
                _charge("ok", "2026-10-01", 150_000, "belen"),
                _charge("parcial", "2026-08-20", 100_000, "pablo"),
                _charge("no", "2026-09-30", 5_000, "pablo", status="failed", captured=False),
                _charge("yen", "2026-09-30", 5_000, "test", livemode=False),
                *[_charge(f"old{n}", f"2026-08-{n + 1:02d}", 1_000, f"p{n}") for n in range(8)],
            ],
            "customers": [
                {"id": "cus_belen", "created": _seconds("2026-08-01"), "email": "belen@example.com", "name": "Belén"}
            ],
            "subscriptions": [
                {
                    "id": "sub_1", "created": _seconds("2026-08-01"), "customer": "cus_belen", "status": "active",
                    "currency": "usd", "start_date": _seconds("2026-08-01"), "livemode": True,
                    "items": {"data": [{"quantity": 1, "price": price}]},
                }
            ],
            "invoices": [
                {
                    "id": "in_1", "created": _seconds("2026-09-01"), "amount_paid": 20_000, "currency": "usd",
                    "paid_out_of_band": True, "customer": "cus_belen", "customer_email": "belen@example.com",
                    "charge": None, "livemode": True,
                }
            ],
        }
    )  # fmt: skip
    with serving(account) as server:
        assert _pull("stripe", server, tmp_path).rows == {"payments": 13, "customers": 1, "subscriptions": 1}
        assert server.asked[0].headers["stripe-version"].startswith("2025-")
        dataset = _read(tmp_path)
        assert {source.format for source in dataset.sources} == {
            "stripe payments", "stripe customers", "stripe subscriptions",
        }  # fmt: skip
        told = dataset.reconciliation
        # The charges that count, and the invoice that was paid elsewhere.
        assert (told.orders, told.amount("net")) == (11, Decimal("2780.00"))
        # A month later part of an old charge goes back. The list of charges is not asked for as far back as that.
        account.lists["charges"][1]["amount_refunded"] = 30_000
        refund = {"id": "re_1", "charge": "ch_parcial", "amount": 30_000, "created": _seconds("2026-11-18")}
        account.lists["refunds"] = [refund]
        later = NOW + dt.timedelta(days=1)
        assert _pull("stripe", server, tmp_path, now=later).changed == 1
        assert all("created[gte]" in one.params for one in server.asked if one.path == "/v1/charges")
        dataset = _read(tmp_path, later)
        assert dataset.reconciliation.amount("net") == Decimal("2480.00")
        rows = dataset.engine.rows(f"SELECT occurred_at::DATE, amount FROM {dataset.tables['refunds'].name}")
        assert [(str(day), amount) for day, amount in rows] == [("2026-11-18", Decimal("300.0000"))]


def test_stripe_goes_on_behind_the_last_charge_that_came(tmp_path: Path) -> None:
    account = Payments({"charges": [_charge(f"{n}", f"2026-08-{n + 1:02d}", 1_000, f"p{n}") for n in range(20)]})
    with serving(account) as server:
        server.troubles = [None, None, *[Answer({}, 500)] * walk.ATTEMPTS]
        with pytest.raises(EngineError, match="goes on where it was"):
            _pull("stripe", server, tmp_path)
        # Newest first: what comes meanwhile is before the place where the walk goes on.
        account.lists["charges"].append(_charge("new", "2026-08-30", 1_000, "p99"))
        asked = len(server.asked)
        assert _pull("stripe", server, tmp_path).rows == {"payments": 20}
        assert server.asked[asked].params["starting_after"] == "ch_14"
        # Where it was interrupted is no longer known: from the beginning.
        server.troubles = [None, *[Answer({}, 500)] * walk.ATTEMPTS]
        with pytest.raises(EngineError):
            _pull("stripe", server, tmp_path)
        account.lists["charges"] = [one for one in account.lists["charges"] if one["id"] != "ch_18"]
        asked = len(server.asked)
        assert _pull("stripe", server, tmp_path).rows == {"payments": 21}
        assert [one.params.get("starting_after") for one in server.asked[asked : asked + 2]] == ["ch_18", None]


def _order(number: int, at: str, email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    return {
        "id": number, "number": str(number), "status": "completed", "currency": "EUR", "date_created_gmt": at,
        "date_modified_gmt": at, "date_paid_gmt": at, "total": "59.50", "total_tax": "9.50", "shipping_total": "0.00",
        "discount_total": "0.00", "customer_id": 0, "coupon_lines": [{"code": "FALL5"}], "refunds": [],
        "billing": {"email": email, "first_name": "Ada", "last_name": "E", "country": "DE", "phone": ""},
        "shipping": {"country": "DE"},
        "line_items": [{"name": "Pot", "quantity": 2, "price": 25, "total": "50.00", "sku": "POT"}],
    } | more  # fmt: skip


def test_woocommerce_loses_no_order_that_moves_while_pages_are_read(tmp_path: Path) -> None:
    orders = [_order(n, f"2026-09-01T10:00:{n:02d}", f"p{n % 4}@example.com") for n in range(20)]
    orders += [_order(100 + n, "2026-09-02T10:00:00", "bulk@example.com") for n in range(9)]
    shop = Wordpress(orders, [{"id": n, "email": f"p{n}@example.com", "role": "customer"} for n in range(1, 8)])
    moved = iter([0, 1, 2])

    def move(_: int) -> None:
        # Meanwhile somebody edits an order of the first page: it goes to the end, and all others move up.
        if (number := next(moved, None)) is not None:
            orders[number]["date_modified_gmt"] = f"2026-09-03T00:00:{number:02d}"

    shop.before_page = move
    with serving(shop) as server:
        pulled = _pull("woocommerce", server, tmp_path, size=4)
    assert pulled.rows == {"orders": 29, "customers": 7}
    told = _read(tmp_path)
    assert {source.format for source in told.sources} == {"woocommerce advanced", "woocommerce customers"}
    assert (told.reconciliation.orders, told.reconciliation.amount("net")) == (29, Decimal("1450.00"))


def test_woocommerce_refunds_have_their_own_time(tmp_path: Path) -> None:
    orders = [_order(n, f"2026-09-01T10:00:{n:02d}", f"p{n}@example.com") for n in range(5)]
    shop = Wordpress(orders)
    with serving(shop) as server:
        _pull("woocommerce", server, tmp_path)
        orders[1] |= {"date_modified_gmt": "2026-10-05T09:00:00", "refunds": [{"id": 77, "total": "-11.90"}]}
        shop.refunds[1] = [{"id": 77, "amount": "11.90", "date_created_gmt": "2026-10-05T09:00:00"}]
        assert _pull("woocommerce", server, tmp_path).rows == {"orders": 5, "refunds": 1}
        assert _pull("woocommerce", server, tmp_path).changed == 0
    dataset = _read(tmp_path)
    days = dataset.engine.rows(f"SELECT occurred_at::DATE, order_id FROM {dataset.tables['refunds'].name}")
    assert [(str(day), order) for day, order in days] == [("2026-10-05", "1")]
    # Of 11.90 given back of 59.50 with 9.50 tax, 10 are revenue.
    assert dataset.reconciliation.amount("net") == Decimal("240.00")


def _object(number: int, changed: str, field: str = "hs_lastmodifieddate", **properties: Any) -> dict[str, Any]:
    at = f"2026-09-01T00:00:{number % 60:02d}.500Z"
    return {"id": str(number), "properties": {"createdate": at, field: changed, **properties}, "archived": False}


def test_hubspot_reads_beyond_what_a_search_gives_with_names_of_owners_and_stages(tmp_path: Path) -> None:
    def changed(number: int) -> str:
        return f"2026-09-01T{number // 60:02d}:{number % 60:02d}:00.123Z"

    account = Crm(
        objects={
            "contacts": [
                _object(n, changed(n), "lastmodifieddate", email=f"c{n}@example.com", firstname="C", lastname=f"{n}",
                        hubspot_owner_id="5", hs_lead_status="NEW", lifecyclestage="lead")
                for n in range(40)
            ],
            "deals": [
                _object(700 + n, changed(n), dealname=f"Deal {n}", dealstage=stage, amount="1000", hubspot_owner_id="5",
                        closedate=f"2026-09-{10 + n}T00:00:00Z")
                for n, stage in enumerate(["117", "118", "open", "117"])
            ],
        },
        owners=[{"id": "5", "firstName": "Sam", "lastName": "Sales"}],
        pipelines=[{"id": "p", "label": "Vertrieb", "stages": [
            {"id": "117", "label": "Unter Dach und Fach", "metadata": {"isClosed": "true", "probability": "1.0"}},
            {"id": "118", "label": "Nix", "metadata": {"isClosed": "true", "probability": "0.0"}},
            {"id": "open", "label": "Angebot", "metadata": {"isClosed": "false", "probability": "0.4"}},
        ]}],
        belonging={("700", "contacts"): ["1"], ("702", "contacts"): ["4"], ("703", "contacts"): ["2", "3"],
                   ("700", "companies"): ["9"]},
        most=12,
    )  # fmt: skip
    with serving(account) as server:
        pulled = _pull("hubspot", server, tmp_path, size=5)
        assert pulled.rows == {"contacts": 40, "deals": 4}
        account.objects["deals"][2]["properties"] |= {
            "dealstage": "117", "hs_lastmodifieddate": "2026-10-01T00:00:00.000Z", "closedate": "2026-10-01T00:00:00Z",
        }  # fmt: skip
        assert _pull("hubspot", server, tmp_path, size=5).changed == 1
    dataset = _read(tmp_path)
    assert {source.format for source in dataset.sources} == {"hubspot contacts", "hubspot deals"}
    stages = dataset.engine.rows(f"SELECT * FROM '{tmp_path}/deals.parquet' ORDER BY 1")
    assert [row[2] for row in stages] == ["Closed Won", "Closed Lost", "Closed Won", "Closed Won"]
    assert [row[8] for row in stages] == ["Sam Sales"] * 4
    assert [row[10] for row in stages] == ["1", None, "4", "2;3"]
    assert dataset.reconciliation.amount("net") == Decimal("3000.00")


_QUIET = """
import os, socket, sys
from pathlib import Path
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and address[1] != int(sys.argv[2]):
        raise SystemExit(f"somebody else was asked: {address}")
    return real(self, address)
socket.socket.connect = connect
import datetime as dt
from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import pull_service
settings = {"key": "rk_test_0123456789", "address": f"http://127.0.0.1:{sys.argv[2]}"}
pull_service(SERVICES["stripe"], Connection("s", settings), Path(sys.argv[1]), dt.datetime.now(dt.UTC), lambda *_: None)
"""


def test_nobody_else_hears_of_a_pull_and_nothing_lies_outside_its_folder(tmp_path: Path) -> None:
    home, work, out = (tmp_path / name for name in ("home", "work", "out"))
    home.mkdir()
    work.mkdir()
    with serving(Payments({"charges": [_charge("a", "2026-08-01", 1_000, "p")]})) as server:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("DLT", "RUNTIME", "XDG"))}
        done = subprocess.run(
            [sys.executable, "-c", _QUIET, str(out), server.base.rpartition(":")[2]], cwd=work, capture_output=True,
            env={**environment, "HOME": str(home)}, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert not list(home.rglob("*"))
    assert not list(work.rglob("*"))
    assert (out / "payments.parquet").exists()
    held = "".join(path.read_text(errors="replace") for path in out.rglob("*") if path.is_file())
    assert "rk_test" not in held


def _same(pulled: Path, exports: Path) -> None:
    """Pulled tables say what the service's own exports of the same say."""
    by_pull, by_export = _read(pulled), _read(exports)
    # Refunds with a day each are in no export.
    assert {one.format for one in by_pull.sources} - {"stripe refunds"} == {one.format for one in by_export.sources}
    assert set(by_pull.tables) == set(by_export.tables)
    for name, table in by_export.tables.items():
        if name == "quarantine":  # It tells of lines of files.
            continue
        passed_over = {"source", "event_id", "source_id", "lead_event_id"}
        if name == "refunds" and "stripe refunds" in {one.format for one in by_pull.sources}:
            passed_over |= {"occurred_at", "names_order", "restates", "told"}
        columns = [column for column, _ in by_export.engine.described(table.name) if column not in passed_over]
        listed = ", ".join(f'"{column}"' for column in columns)
        both = [
            sorted(map(str, one.engine.rows(f"SELECT {listed} FROM {one.tables[name].name}")))
            for one in (by_pull, by_export)
        ]
        assert both[0] == both[1], name


def test_stripe_says_what_its_exports_say(tmp_path: Path) -> None:
    out, exports = tmp_path / "out", tmp_path / "exports"
    exports.mkdir()
    (exports / "payments.csv").write_text(
        "id,Created date (UTC),Amount,Amount Refunded,Refunded date (UTC),Currency,Status,Mode,Customer ID,"
        "Customer Email,Description\n"
        "ch_ok,2026-10-01 15:00:00,1500.00,0.00,,usd,Paid,Live,cus_belen,belen@example.com,\n"
        "ch_dev,2026-09-28 15:00:00,1500.00,1500.00,2026-10-02 15:00:00,usd,Refunded,Live,cus_belen,"
        "belen@example.com,Lamp\n"
        "ch_parcial,2026-09-29 15:00:00,1000.00,300.00,2026-10-03 15:00:00,usd,Paid,Live,cus_pablo,"
        "pablo@example.com,\n"
        "ch_no,2026-09-30 15:00:00,50.00,0.00,,usd,Failed,Live,cus_pablo,pablo@example.com,\n"
    )
    (exports / "customers.csv").write_text(
        "id,Email,Name,Created (UTC),Total Spend\ncus_belen,belen@example.com,Belén,2026-08-01 15:00:00,\n"
    )
    account = Payments(
        {
            "charges": [
                _charge("ok", "2026-10-01", 150_000, "belen"),
                _charge(
                    "dev", "2026-09-28", 150_000, "belen", amount_refunded=150_000, refunded=True, description="Lamp"
                ),
                _charge("parcial", "2026-09-29", 100_000, "pablo", amount_refunded=30_000),
                _charge("no", "2026-09-30", 5_000, "pablo", status="failed", captured=False),
            ],
            "refunds": [
                {"id": "re_1", "charge": "ch_dev", "amount": 150_000, "created": _seconds("2026-10-02")},
                {"id": "re_2", "charge": "ch_parcial", "amount": 30_000, "created": _seconds("2026-10-03")},
            ],
            "customers": [
                {"id": "cus_belen", "created": _seconds("2026-08-01"), "email": "belen@example.com", "name": "Belén"}
            ],
        }
    )
    with serving(account) as server:
        _pull("stripe", server, out)
    _same(out, exports)


def test_woocommerce_says_what_its_export_says(tmp_path: Path) -> None:
    out, exports = tmp_path / "out", tmp_path / "exports"
    exports.mkdir()
    head = (
        "Order Number,Order Status,Order Date,Paid Date,Customer User ID,First Name (Billing),Last Name (Billing),"
        "Email (Billing),Country Code (Billing),SKU,Name,Quantity,Item Cost,Order Line (w/o tax),Coupons Used,"
        "Cart Discount Amount,Order Tax Amount,Order Shipping Amount,Order Total Amount,Currency\n"
    )
    line = (
        "{n},completed,2026-09-01T10:00:0{n}Z,2026-09-01T10:00:0{n}Z,0,Ada,E,p{n}@example.com,DE,POT,Pot,2,25,50.00,FALL5,"
        "0.00,9.50,0.00,59.50,EUR\n"
    )
    (exports / "orders.csv").write_text(head + "".join(line.format(n=n) for n in range(5)))
    shop = Wordpress([_order(n, f"2026-09-01T10:00:{n:02d}", f"p{n}@example.com") for n in range(5)])
    with serving(shop) as server:
        _pull("woocommerce", server, out)
    _same(out, exports)


def test_hubspot_says_what_its_exports_say(tmp_path: Path) -> None:
    out, exports = tmp_path / "out", tmp_path / "exports"
    exports.mkdir()
    (exports / "contacts.csv").write_text(
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lifecycle Stage,Lead Status,Original Source,"
        "Create Date,Country/Region\n"
        "1,Alice,Johnson,alice@hubspot-demo.com,+1 555-2001,Sam Sales,lead,NEW,ORGANIC_SEARCH,2024-01-15T10:00:00Z,US\n"
        "2,Bob,Smith,,+1 555-2002,Sam Sales,lead,OPEN,PAID_SEARCH,2024-01-16T11:30:00Z,US\n"
    )
    (exports / "deals.csv").write_text(
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,Associated Company IDs,"
        "Associated Contact IDs,Original Source\n"
        "7001,Bluebay,Closed Won,Vertrieb,15000,2026-09-10T00:00:00Z,2026-09-01T00:00:00Z,Sam Sales,9001,1;2,"
        "PAID_SEARCH\n"
        "7002,Harbour,Angebot,Vertrieb,2500,,2026-09-01T00:00:00Z,Sam Sales,,2,\n"
    )
    stages = [
        {"id": "won", "label": "Dach und Fach", "metadata": {"isClosed": "true", "probability": "1.0"}},
        {"id": "open", "label": "Angebot", "metadata": {"isClosed": "false", "probability": "0.4"}},
    ]
    people = {"1": ("Alice", "Johnson", "alice@hubspot-demo.com", "+1 555-2001", "NEW", "ORGANIC_SEARCH", "15T10:00"),
              "2": ("Bob", "Smith", None, "+1 555-2002", "OPEN", "PAID_SEARCH", "16T11:30")}  # fmt: skip
    account = Crm(
        objects={
            "contacts": [
                {"id": key, "properties": {
                    "firstname": one[0], "lastname": one[1], "email": one[2], "phone": one[3], "hs_lead_status": one[4],
                    "hs_analytics_source": one[5], "createdate": f"2024-01-{one[6]}:00Z", "country": "US",
                    "lifecyclestage": "lead", "hubspot_owner_id": "5", "lastmodifieddate": "2026-01-01T00:00:00Z"}}
                for key, one in people.items()
            ],
            "deals": [
                _object(7001, "2026-09-10T00:00:00Z", dealname="Bluebay", dealstage="won", amount="15000",
                        closedate="2026-09-10T00:00:00Z", hubspot_owner_id="5", hs_analytics_source="PAID_SEARCH"),
                _object(7002, "2026-09-10T00:00:01Z", dealname="Harbour", dealstage="open", amount="2500",
                        hubspot_owner_id="5"),
            ],
        },
        owners=[{"id": "5", "firstName": "Sam", "lastName": "Sales"}],
        pipelines=[{"id": "p", "label": "Vertrieb", "stages": stages}],
        belonging={("7001", "contacts"): ["1", "2"], ("7002", "contacts"): ["2"], ("7001", "companies"): ["9001"]},
    )  # fmt: skip
    for deal in account.objects["deals"]:
        deal["properties"]["createdate"] = "2026-09-01T00:00:00Z"
    with serving(account) as server:
        _pull("hubspot", server, out)
    _same(out, exports)


def test_a_lost_dispute_takes_its_money_on_its_own_day(tmp_path: Path) -> None:
    disputes = [
        {"id": f"dp_{n}", "charge": f"ch_{n}", "amount": 10_000, "created": _seconds("2026-10-05"), "status": status}
        for n, status in enumerate(["lost", "won", "needs_response"])
    ]
    charges = [_charge(f"{n}", "2026-09-01", 10_000, f"p{n}") for n in range(3)]
    with serving(Payments({"charges": charges, "disputes": disputes})) as server:
        _pull("stripe", server, tmp_path)
    dataset = _read(tmp_path)
    assert dataset.reconciliation.amount("net") == Decimal("200.00")
    rows = dataset.engine.rows(f"SELECT occurred_at::DATE, amount FROM {dataset.tables['refunds'].name}")
    assert [(str(day), amount) for day, amount in rows] == [("2026-10-05", Decimal("100.0000"))]
