"""Refunds at their own time, set against the order they take back, never more than was paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from keepers.data.read import Dataset

Reader = Callable[..., Dataset]
LINES = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"


def _refunds(dataset: Dataset) -> list[tuple[object, ...]]:
    return dataset.engine.rows("SELECT order_id, day, amount FROM refunds ORDER BY day, order_id NULLS LAST, amount")


def _net(dataset: Dataset, day: str) -> Decimal:
    return dataset.engine.row(f"SELECT coalesce(sum(amount), 0) FROM ({dataset.orders.purchases_sql(day)})")[0]


def test_returned_articles_go_to_the_latest_earlier_line_of_the_article(reading: Reader) -> None:
    dataset = reading(
        LINES + "1,10A,CUP,5,2025-01-01 10:00:00,2.00,C1\n1,10B,POT,1,2025-01-01 10:00:00,9.00,C1\n"
        "2,10A,CUP,3,2025-01-05 10:00:00,2.00,C1\n3,10A,CUP,9,2025-01-06 10:00:00,2.00,C2\n"
        "C4,10A,CUP,-2,2025-01-09 10:00:00,2.00,C1\nC5,10B,POT,-1,2025-01-10 10:00:00,9.00,C1\n"
        "C6,10A,CUP,-3,2025-01-11 10:00:00,2.00,C3\n"
    )
    assert _refunds(dataset) == [
        ("2", dt.date(2025, 1, 9), Decimal("4")),
        ("1", dt.date(2025, 1, 10), Decimal("9")),
        (None, dt.date(2025, 1, 11), Decimal("6")),
    ]
    assert (_net(dataset, "2025-01-08"), _net(dataset, "2025-01-09"), _net(dataset, "2025-01-11")) == (
        Decimal("43"), Decimal("39"), Decimal("30"),
    )  # fmt: skip
    assert dataset.reconciliation.given_back[0].amount == Decimal("-19")


def test_a_return_before_any_purchase_belongs_to_no_order(reading: Reader) -> None:
    dataset = reading(LINES + "C1,10A,CUP,-2,2025-01-01 10:00:00,2.00,C1\n2,10A,CUP,5,2025-01-05 10:00:00,2.00,C1\n")
    assert _refunds(dataset) == [(None, dt.date(2025, 1, 1), Decimal("4"))]
    assert any(finding.key == "unmatched refunds" for finding in dataset.reconciliation.findings)


def test_a_wholly_returned_order_stops_counting_on_that_day(reading: Reader) -> None:
    dataset = reading(
        LINES + "1,10A,CUP,5,2025-01-01 10:00:00,2.00,C1\n2,10A,CUP,1,2025-02-01 10:00:00,2.00,C1\n"
        "C3,10A,CUP,-1,2025-02-03 10:00:00,2.00,C1\n"
    )
    count = "SELECT count(*) FROM ({})"
    engine, orders = dataset.engine, dataset.orders
    assert engine.row(count.format(orders.purchases_sql("2025-02-02"))) == (2,)
    assert engine.row(count.format(orders.purchases_sql("2025-02-03"))) == (1,)
    account = dataset.reconciliation
    assert (account.count("revenue"), account.count("net")) == (2, 1)


def test_postage_and_fees_are_no_revenue(reading: Reader) -> None:
    dataset = reading(
        LINES + "1,10A,CUP,5,2025-01-01 10:00:00,2.00,C1\n1,POST,POSTAGE,1,2025-01-01 10:00:00,18.00,C1\n"
        "2,AMAZONFEE,AMAZON FEE,-1,2025-01-02 10:00:00,100.00,\n3,D,Discount,-1,2025-01-03 10:00:00,1.50,C1\n"
        "4,10A,CUP,-30,2025-01-04 10:00:00,0.00,\n"
    )
    account = dataset.reconciliation
    assert account.amount("revenue") == Decimal("10")
    assert account.amount("shipping") == Decimal("-18")
    assert account.amount("other") == Decimal("-100")
    assert account.amount("net") == Decimal("8.5")
    assert account.orders == 1


def test_negative_rows_of_a_plain_table_are_refunds(reading: Reader) -> None:
    dataset = reading(
        "customer,date,amount\na,2025-01-01,50\na,2025-01-10,30\na,2025-01-12,-50\na,2025-01-15,-10\nb,2025-01-16,20\n"
        "b,2025-01-20,-25\n"
    )
    # The refund of 50 goes to the order of 50, not to the latest; of b's 25 only the 20 that were paid.
    amounts = [(row[1], row[2]) for row in _refunds(dataset)]
    assert amounts == [
        (dt.date(2025, 1, 12), Decimal("50")),
        (dt.date(2025, 1, 15), Decimal("10")),
        (dt.date(2025, 1, 20), Decimal("20")),
        (dt.date(2025, 1, 20), Decimal("5")),
    ]
    assert _net(dataset, "2025-01-31") == Decimal("20")
    assert dataset.reconciliation.amount("net") == Decimal("20")


def test_a_refund_with_tax_and_postage_takes_back_revenue_only(reading: Reader) -> None:
    dataset = reading("shopify_orders.csv")
    assert dataset.engine.row("SELECT amount FROM refunds WHERE order_id = '#2002'") == (Decimal("30"),)


def test_of_a_partial_refund_the_tax_was_never_revenue(reading: Reader) -> None:
    """What an order's row says was given back has tax in it, as what it says was charged has."""
    head = "order_id,email,date,net_amount,tax,total,refunded\n"
    dataset = reading(f"{head}1,a@x.test,2025-01-01,100,19,119,11.90\n2,b@x.test,2025-01-02,50,9.50,59.50,59.50\n")
    account = dataset.reconciliation
    assert [row[2] for row in _refunds(dataset)] == [Decimal("10"), Decimal("50")]
    assert (account.amount("revenue"), account.amount("net")) == (Decimal("150"), Decimal("90"))
    # Rows that say their own tax are taken at their word, and prices with tax inside are revenue as they are.
    rows = "order_id,email,date,type,reference,net_amount,tax,total\n1,a@x.test,2025-01-01,sale,,100,12,112\n"
    told = reading(f"{rows}2,a@x.test,2025-02-01,refund,1,-20,-1.40,-21.40\n")
    assert [row[:1] + row[2:] for row in _refunds(told)] == [("1", Decimal("20"))]
    inside = reading(f"{head}1,a@x.test,2025-01-01,119,19,119,11.90\n")
    assert [row[2] for row in _refunds(inside)] == [Decimal("11.9")]


def test_an_order_is_not_given_back_twice(reading: Reader) -> None:
    """The shop's export says 35 was given back, and the payments have the row of it: one refund, on its day."""
    payments = (
        "Transaction Date,Type,Order,Card Brand,Card Source,Payout Status,Payout Date,Amount,Fee,Net,Checkout,"
        "Payment Method Name,Presentment Amount,Presentment Currency,Currency\n"
        "2025-03-02 10:00:00 +0100,charge,#2002,visa,online,paid,2025-03-04,35.00,1,34,,card,35.00,EUR,EUR\n"
        "2025-03-20 10:00:00 +0100,refund,#2002,visa,online,paid,2025-03-22,-35.00,0,-35,,card,-35.00,EUR,EUR\n"
    )
    dataset = reading("shopify_orders.csv", payments)
    assert dataset.engine.rows("SELECT day, amount FROM refunds WHERE order_id = '#2002'") == [
        (dt.date(2025, 3, 20), Decimal("30"))
    ]
    assert dataset.reconciliation.amount("net") == Decimal("60")


def test_payments_of_another_service_are_merged_with_the_shops_orders(reading: Reader) -> None:
    shop = "order_id,email,date,total,currency\n1,ann@pay.test,2024-05-01,120,EUR\n2,ben@pay.test,2024-05-03,96,EUR\n"
    dataset = reading(shop, "stripe_payments.csv")
    account = dataset.reconciliation
    assert account.count("merged") == 2
    # What Stripe knows of a refund of an order is kept, at its own day.
    assert dataset.engine.rows("SELECT order_id, day, amount FROM refunds WHERE order_id = '2'") == [
        ("2", dt.date(2024, 6, 1), Decimal("24"))
    ]


def test_overlapping_exports_and_newer_versions(reading: Reader) -> None:
    older = "order_id,email,date,total,status\n1,a@x.test,2025-01-01,10,paid\n2,b@x.test,2025-01-02,20,pending\n"
    newer = "order_id,email,date,total,status\n2,b@x.test,2025-01-02,20,paid\n3,a@x.test,2025-02-01,30,paid\n"
    for files in ((older, newer), (newer, older)):
        account = reading(*files).reconciliation
        assert (account.orders, account.amount("net"), account.count("merged")) == (3, Decimal("60"), 1)


def test_equal_rows_of_two_files_count_once_and_of_one_file_twice(reading: Reader) -> None:
    january = "customer,date,amount\na,2025-01-01,5\na,2025-01-01,5\nb,2025-01-31,6\n"
    february = "customer,date,amount\nb,2025-01-31,6\na,2025-02-01,7\n"
    assert reading(january).reconciliation.amount("net") == Decimal("16")
    assert reading(january, february).reconciliation.amount("net") == Decimal("23")
    assert reading(january, january).reconciliation.amount("net") == Decimal("16")


def test_the_same_events_have_the_same_ids_when_read_again(reading: Reader) -> None:
    for layout in ("shopify_orders.csv", "woo_advanced.csv", "stripe_payments.csv"):
        once, again = (
            {table: engine.rows(f"SELECT event_id FROM {table} ORDER BY 1") for table in ("orders", "refunds")}
            for engine in (reading(layout).engine for _ in range(2))
        )
        assert once == again
        assert len(set(once["orders"])) == len(once["orders"])


def test_identical_lines_are_kept_or_left_out(reading: Reader) -> None:
    cup = "1,10A,CUP,5,2025-01-01 10:00:00,2.00,C1\n"
    text = f"{LINES}{cup}{cup}2,10A,CUP,1,2025-01-02 10:00:00,2.00,C2\n"
    kept = reading(text).reconciliation
    assert kept.amount("net") == Decimal("22")
    assert any(finding.key == "identical lines" for finding in kept.findings)
    dropped = reading(text, duplicate_lines="drop").reconciliation
    assert (dropped.amount("net"), dropped.amount("identical"), dropped.amount("file")) == (
        Decimal("12"), Decimal("10"), Decimal("22"),
    )  # fmt: skip
