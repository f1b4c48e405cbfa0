"""Vendors' sample exports, where they are present: each reads unmodified, with the totals counted by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from keepers.data.read import Dataset, read

SHARED = Path(__file__).parents[4] / "shared" / "data"
NOW = dt.datetime(2026, 11, 21, 12, 0)

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the sample exports are not beside this checkout")

SALES = [
    # file, format, customers, counted orders, revenue, refunds, net, currency
    ("shopify/orders_export_1.csv", "shopify orders", 2, 3, "88.00", "4.00", "84.00", "USD"),
    ("shopify/orders_export_nl_eur.csv", "shopify orders", 1, 1, "100.90", "0", "100.90", "EUR"),
    ("shopify/payment_transactions_export_1.csv", "shopify transactions", 0, 0, "0", "0", "0", "USD"),
    ("stripe/payments_usd_refunds.csv", "stripe payments", 2, 3, "4000.00", "1800.00", "2200.00", "USD"),
    ("stripe/unified_payments_connect_2026.csv", "stripe payments", 0, 0, "0", "0", "0", "USD"),
    ("stripe/application_fees_decimal_comma.csv", "stripe application fees", 2, 2, "0.75", "0", "0.75", "EUR"),
    ("gumroad/sales.csv", "gumroad sales", 3, 3, "32.00", "8.00", "24.00", "USD"),
    ("paypal/activity_en_usdates_eur.csv", "paypal activity", 1, 1, "1250.00", "0", "1250.00", "EUR"),
    ("paypal/activity_refund_crlf.csv", "paypal activity", 2, 2, "1599.99", "500.00", "1099.99", "USD"),
    ("square/transactions_2026.csv", "square transactions", 1, 1, "27.00", "0", "27.00", "USD"),
    ("square/items_salon_2026.csv", "square items", 0, 0, "0", "0", "0", "USD"),
]


def _read(name: str, **options: object) -> Dataset:
    return read(SHARED / "exports" / name, now=NOW, **options)


@pytest.mark.parametrize(("name", "format_", "customers", "orders", "revenue", "refunds", "net", "currency"), SALES)
def test_a_sample_of_sales_reads_unmodified(
    name: str, format_: str, customers: int, orders: int, revenue: str, refunds: str, net: str, currency: str
) -> None:
    dataset = _read(name)
    account = dataset.reconciliation
    assert dataset.sources[0].format == format_
    assert dataset.sources[0].confidence == 1.0
    assert (account.customers, account.orders) == (customers, orders)
    assert account.amount("revenue") == Decimal(revenue)
    assert -account.amount("refunded") == Decimal(refunds)
    assert account.amount("net") == Decimal(net)
    assert dataset.currency == currency
    assert account.rows_quarantined == 0
    parts = [line for line in account.charged if line.key != "file"]
    assert sum(line.amount for line in parts) == account.amount("file")
    assert sum(line.rows for line in parts) == account.count("file")


def test_shopify_orders_have_their_lines_time_and_status() -> None:
    dataset = _read("shopify/orders_export_1.csv")
    orders = {
        row[0]: row[1:]
        for row in dataset.engine.rows(
            "SELECT order_id, status, day, occurred_at, amount, gross, discount_code FROM orders"
        )
    }
    assert orders["#1001"] == (
        "paid", dt.date(2026, 9, 3), dt.datetime(2026, 9, 3, 14, 14), Decimal("47"), Decimal("56.29"), "FALL5",
    )  # fmt: skip
    assert orders["#1003"][0] == "void"
    assert len(dataset.tables["order_lines"]) == 5
    refund = dataset.engine.row("SELECT order_id, amount, day FROM refunds")
    assert refund == ("#1004", Decimal("4"), dt.date(2026, 9, 12))


def test_a_refund_is_not_known_before_its_day() -> None:
    orders = _read("paypal/activity_refund_crlf.csv").orders
    before = orders.engine.row(f"SELECT sum(amount) FROM ({orders.purchases_sql('2026-09-11')})")[0]
    after = orders.engine.row(f"SELECT sum(amount) FROM ({orders.purchases_sql('2026-09-12')})")[0]
    assert (before, after) == (Decimal("1599.99"), Decimal("1099.99"))


def test_paypal_holds_withdrawals_and_pending_payments_are_no_sales() -> None:
    account = _read("paypal/activity_en_usdates_eur.csv").reconciliation
    assert (account.count("other"), account.amount("other")) == (2, Decimal("-1010"))
    assert (account.count("pending"), account.amount("pending")) == (1, Decimal("5"))


def test_square_dates_are_utc_moments_and_local_days() -> None:
    engine = _read("square/transactions_2026.csv").engine
    assert engine.row("SELECT occurred_at, day FROM orders WHERE order_id = 'SQA1x'") == (
        dt.datetime(2026, 9, 13, 14, 2, 11),
        dt.date(2026, 9, 13),
    )
    assert engine.row("SELECT order_id, amount, day FROM refunds") == ("SQB2y", Decimal("12"), dt.date(2026, 9, 20))


def test_a_business_time_zone_moves_days() -> None:
    engine = _read("shopify/orders_export_nl_eur.csv", time_zone="Pacific/Auckland").engine
    assert engine.row("SELECT day, occurred_at FROM orders") == (
        dt.date(2026, 5, 1),
        dt.datetime(2026, 5, 1, 7, 59),
    )
    engine = _read("stripe/payments_usd_refunds.csv", time_zone="Pacific/Auckland").engine
    assert engine.row("SELECT day FROM orders WHERE order_id = 'ch_ok'") == (dt.date(2026, 10, 2),)


def test_payments_of_known_orders_count_once() -> None:
    shop = SHARED / "exports" / "shopify"
    account = read(
        shop / "orders_export_1.csv",
        shop / "payment_transactions_export_1.csv",
        shop / "customers_export_2024.csv",
        now=NOW,
    ).reconciliation
    assert account.amount("net") == Decimal("84")
    assert (account.count("merged"), account.amount("merged")) == (2, Decimal("81.29"))


def test_samples_that_are_no_sales_become_their_tables() -> None:
    customers = _read("shopify/customers_export_2024.csv")
    assert customers.engine.rows(
        "SELECT customer_key, claimed_orders, claimed_revenue, accepts_marketing, country, tags FROM customers "
        "ORDER BY 1"
    ) == [
        ("7210448301122", 6, Decimal("7790.44"), False, "US", "retail, ag-exempt"),
        ("7210448301123", 2, Decimal("154.29"), True, "US", "retail"),
    ]
    short = _read("shopify/customers_export_short.csv")
    assert len(short.tables["customers"]) == 2
    assert short.engine.row("SELECT phone FROM persons WHERE name = 'Lina Lund'") == ("+46761234567",)
    stripe = _read("stripe/customers.csv")
    assert stripe.engine.row("SELECT sum(claimed_revenue) FROM customers") == (Decimal("174.45"),)
    mailchimp = _read("mailchimp/audience_2015.csv")
    assert mailchimp.engine.rows("SELECT purpose, granted, occurred_at FROM consents") == [
        ("email", True, dt.datetime(2015, 3, 16, 14, 40, 47))
    ]


def test_leads_deals_and_spend() -> None:
    contacts = _read("hubspot/contacts_export.csv")
    assert contacts.engine.rows("SELECT lead_id, channel, status, day FROM leads ORDER BY 1")[0] == (
        "1", "ORGANIC_SEARCH", "NEW", dt.date(2024, 1, 15),
    )  # fmt: skip
    both = read(SHARED / "exports/hubspot/contacts_export.csv", SHARED / "exports/hubspot/deals_export.csv", now=NOW)
    assert len(both.tables["leads"]) == 5
    deals = both.engine.rows("SELECT amount, stage, customer_key FROM leads WHERE lead_id = '7001'")
    assert deals == [(Decimal("15000"), "Proposal", "8001")]
    leads = _read("salesforce/leads.csv")
    assert leads.engine.rows("SELECT lead_id, won FROM leads ORDER BY 1") == [
        ("00Q1", None),
        ("00Q2", None),
        ("00Q3", False),
    ]
    spend = _read("ads/meta_ads_export_total_row.csv")
    days = "SELECT day, sum(amount), any_value(currency), any_value(channel) FROM spend GROUP BY 1 ORDER BY 1"
    assert spend.engine.rows(days) == [
        (dt.date(2026, 9, 20), Decimal("12.5"), "USD", "meta"),
        (dt.date(2026, 9, 21), Decimal("1015"), "USD", "meta"),
    ]  # fmt: skip


def test_events_become_visits_and_undated_purchases_are_put_aside() -> None:
    page_view = _read("ga4/ga4_bigquery_page_view.jsonl")
    visit = page_view.engine.row("SELECT visitor_id, occurred_at, day, device, page FROM visits")
    assert visit[:4] == (
        "1146540.1921992520", dt.datetime(2021, 1, 28, 1, 40, 22, 695757), dt.date(2021, 1, 28), "desktop",
    )  # fmt: skip
    assert not page_view.has_orders
    fragment = _read("ga4/ga4_purchase_ecommerce_fragment.json").reconciliation
    assert (fragment.amount("quarantined"), fragment.quarantine[0].reason) == (Decimal("16"), "it has no date")
    segment = _read("segment/ecommerce_v2_examples.js").reconciliation
    assert segment.count("quarantined") == 2


def test_online_retail_is_accounted_for_to_the_cent() -> None:
    dataset = read(SHARED / "uci_online_retail_2010-12_to_2011-06.csv.gz", now=NOW)
    account = dataset.reconciliation
    assert account.files[0].rows_read == 245_903
    assert account.amount("file") == Decimal("4397950.761")
    assert sum(line.amount for line in account.charged if line.key != "file") == Decimal("4397950.761")
    assert account.customers == 2959
    assert account.orders == 8784
    assert account.amount("revenue") == Decimal("3950285.931")
    assert account.amount("net") == Decimal("3708330.961")
    given_back = account.given_back
    assert given_back[0].amount == sum(line.amount for line in given_back[1:]) == Decimal("-282882.39")
    # The two largest orders of the file were cancelled by the same customers within days.
    engine = dataset.engine
    assert engine.row("SELECT sum(amount) FROM refunds WHERE order_id = '541431'") == (Decimal("77183.6"),)
    orders = dataset.orders
    purchases = orders.purchases_sql(orders.last_day)
    assert engine.row(f"SELECT sum(amount), min(amount) FROM ({purchases})") == (Decimal("3708330.961"), Decimal("0"))


def test_the_same_file_twice_changes_nothing() -> None:
    path = SHARED / "exports/stripe/payments_usd_refunds.csv"
    once, twice = read(path, now=NOW), read(path, path, now=NOW)
    assert twice.reconciliation.amount("net") == once.reconciliation.amount("net")
    assert len(twice.orders) == len(once.orders)
    ids = "SELECT event_id FROM orders ORDER BY 1"
    assert once.engine.rows(ids) == twice.engine.rows(ids)
