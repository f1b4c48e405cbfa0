"""What services tell of refunds: each on its own day, and of each the part that is revenue."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import pull_service
from keepers.data.read import Dataset, read
from keepers.domain.ports import silent
from services import Payments, Question, Server, Shop, Wordpress, serving, shopify_order

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def _pull(kind: str, server: Server, folder: Path) -> None:
    settings = {
        "shopify": {"shop": "fernhollow", "token": "shpat_0123456789", "address": server.base},
        "stripe": {"key": "rk_test_0123456789", "address": server.base},
        "woocommerce": {"shop": server.base, "key": "ck", "secret": "cs"},
    }[kind]
    pull_service(SERVICES[kind], Connection("one", settings), folder, NOW, silent)


def _refunds(*folders: Path) -> tuple[Dataset, list[tuple[str, str]]]:
    dataset = read(*folders, now=NOW.replace(tzinfo=None))
    rows = dataset.engine.rows(
        f"SELECT occurred_at::DATE, amount FROM {dataset.tables['refunds'].name} ORDER BY occurred_at, amount"
    )
    return dataset, [(str(day), f"{amount:.2f}") for day, amount in rows]


def _seconds(day: str) -> int:
    return int(dt.datetime.fromisoformat(f"{day}T15:00:00+00:00").timestamp())


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def _part(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": False}, "nodes": list(nodes)}


def _shopify_refund(name: str, day: str, total: str, *lines: tuple[str, str], postage: str = "0") -> dict[str, Any]:
    told = [{"subtotalSet": _money(amount), "totalTaxSet": _money(tax)} for amount, tax in lines]
    ships = [] if postage == "0" else [{"subtotalAmountSet": _money(postage), "taxAmountSet": _money("0.95")}]
    return {
        "id": name, "createdAt": f"{day}T09:00:00Z", "totalRefundedSet": _money(total),
        "refundLineItems": _part(*told), "refundShippingLines": {"nodes": ships},
    }  # fmt: skip


def test_of_a_partial_refund_shopify_tells_what_is_revenue(tmp_path: Path) -> None:
    taxed: dict[str, Any] = {
        "total": "100.00", "totalTaxSet": "19.95", "totalShippingPriceSet": "5.00", "totalPriceSet": "124.95",
        "displayFinancialStatus": "PARTIALLY_REFUNDED", "updatedAt": "2026-10-20T00:00:00Z",
    }  # fmt: skip
    refunds = [
        # An article with its tax and the postage; half of what an article cost; an amount without articles.
        _shopify_refund("r1", "2026-10-01", "29.75", ("20.00", "3.80"), postage="5.00"),
        _shopify_refund("r2", "2026-10-02", "11.90", ("20.00", "3.80")),
        _shopify_refund("r3", "2026-10-03", "12.495"),
    ]
    inside: dict[str, Any] = {
        **taxed, "taxesIncluded": True, "totalShippingPriceSet": "0.00", "totalTaxSet": "15.97",
        "totalPriceSet": "100.00",
    }  # fmt: skip
    shop = Shop(
        orders=[
            shopify_order(1, **taxed, totalRefundedSet="54.145", refunds=refunds),
            # The price has its tax in it, and so has revenue.
            shopify_order(
                2,
                **inside,
                totalRefundedSet="20.00",
                refunds=[_shopify_refund("r4", "2026-10-04", "20.00", ("20.00", "3.19"))],
            ),
        ]
    )
    with serving(shop) as server:
        _pull("shopify", server, tmp_path)
        asked = [one.body["query"] for one in server.asked if "RefundDetails" in one.body["query"]]
    assert len(asked) == 2
    dataset, refunded = _refunds(tmp_path)
    share = (124.95 - 19.95) / 124.95
    assert refunded == [
        ("2026-10-01", "20.00"), ("2026-10-02", "10.00"), ("2026-10-03", f"{12.495 * share:.2f}"),
        ("2026-10-04", "20.00"),
    ]  # fmt: skip
    account = dataset.reconciliation
    assert account.amount("net") == account.amount("revenue") + account.amount("refunded")
    assert sum(month.net for month in account.months) == account.amount("net")


def test_woocommerce_tells_the_tax_of_what_came_back(tmp_path: Path) -> None:
    order = {
        "id": 1, "number": "1", "status": "completed", "date_created_gmt": "2026-09-01T10:00:00",
        "date_modified_gmt": "2026-10-05T09:00:00", "billing": {"email": "ada@example.com"}, "currency": "EUR",
        "line_items": [{"name": "Pot", "quantity": 2, "price": 50, "total": "100.00"}], "total_tax": "12.00",
        "shipping_total": "5.00", "total": "117.00", "refunds": [{"id": 77}],
    }  # fmt: skip
    refund = {
        "id": 77,
        "amount": "26.75",
        "date_created_gmt": "2026-10-05T09:00:00",
        "line_items": [{"total": "-20.00", "total_tax": "-1.40"}],
        "shipping_lines": [{"total": "-5.00", "total_tax": "-0.35"}],
    }
    with serving(Wordpress([order], refunds={1: [refund]})) as server:
        _pull("woocommerce", server, tmp_path)
    assert _refunds(tmp_path)[1] == [("2026-10-05", "20.00")]


def test_several_refunds_of_a_charge_have_a_day_each_and_count_once(tmp_path: Path) -> None:
    charge = {
        "id": "ch_1", "created": _seconds("2026-09-01"), "amount": 10_000, "amount_refunded": 5_000, "currency": "usd",
        "status": "succeeded", "captured": True, "customer": "cus_1", "livemode": True,
        "billing_details": {"email": "ada@example.com"}, "invoice": None,
    }  # fmt: skip
    account = Payments(
        {
            "charges": [charge],
            "refunds": [
                {
                    "id": "re_1",
                    "charge": "ch_1",
                    "amount": 2_000,
                    "created": _seconds("2026-09-10"),
                    "status": "succeeded",
                },
                {
                    "id": "re_2",
                    "charge": "ch_1",
                    "amount": 3_000,
                    "created": _seconds("2026-10-10"),
                    "status": "pending",
                },
                {
                    "id": "re_3",
                    "charge": "ch_1",
                    "amount": 4_000,
                    "created": _seconds("2026-10-11"),
                    "status": "failed",
                },
            ],
        }
    )
    with serving(account) as server:
        _pull("stripe", server, tmp_path / "stripe")
    dataset, refunded = _refunds(tmp_path / "stripe")
    assert refunded == [("2026-09-10", "20.00"), ("2026-10-10", "30.00")]
    assert dataset.reconciliation.amount("net") == Decimal("50.00")

    # The shop tells of the same refunds: what its payment service tells does not count again.
    def shop(asked: Question) -> Any:
        return Wordpress([order], refunds={7: refunds})(asked)

    order = {
        "id": 7, "number": "7", "status": "completed", "date_created_gmt": "2026-09-01T15:00:10",
        "date_modified_gmt": "2026-10-10T15:00:00", "billing": {"email": "ada@example.com"}, "currency": "USD",
        "line_items": [{"name": "Pot", "quantity": 1, "price": 100, "total": "100.00"}], "total_tax": "0.00",
        "shipping_total": "0.00", "total": "100.00", "refunds": [{"id": 1}, {"id": 2}],
    }  # fmt: skip
    refunds = [
        {"id": 1, "amount": "20.00", "date_created_gmt": "2026-09-10T15:00:00"},
        {"id": 2, "amount": "30.00", "date_created_gmt": "2026-10-10T15:00:00"},
    ]
    with serving(shop) as server:
        _pull("woocommerce", server, tmp_path / "shop")
    dataset, refunded = _refunds(tmp_path / "stripe", tmp_path / "shop")
    assert (dataset.reconciliation.orders, dataset.reconciliation.count("merged")) == (1, 1)
    assert refunded == [("2026-09-10", "20.00"), ("2026-10-10", "30.00")]
    assert dataset.reconciliation.amount("net") == Decimal("50.00")
