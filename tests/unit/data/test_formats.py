"""Every declared format on a small export in its layout: recognised, and counted as its vendor means it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from keepers.data.format import Shape
from keepers.data.formats import Format, find_format, formats, register
from keepers.data.read import Dataset
from keepers.domain.errors import ConfigError

Reader = Callable[..., Dataset]


SALES = [
    # layout, format, customers, counted, revenue, refunds, net, currency; of a partial refund the tax was no revenue
    ("shopify_orders.csv", "shopify orders", 3, 4, "155", "70", "60", "EUR"),
    ("stripe_payments.csv", "stripe payments", 3, 4, "324", "132", "192", "EUR"),
    ("paypal_german.csv", "paypal activity", 2, 2, "1349.90", "250", "1099.90", "EUR"),
    ("square_2017.csv", "square transactions", 1, 1, "1000", "50", "950", "USD"),
    ("woo_analytics.csv", "woocommerce analytics", 2, 3, "95", "20", "75", "USD"),
    ("woo_webtoffee.csv", "woocommerce webtoffee", 2, 2, "65", "3.3333", "61.6667", "PLN"),
    ("woo_advanced.csv", "woocommerce advanced", 2, 2, "60", "4.4025", "55.5975", "unspecified"),
    ("etsy.csv", "etsy orders", 2, 2, "136", "27.7778", "108.2222", "USD"),
    ("ebay_german.csv", "ebay orders", 2, 3, "1037.24", "0", "1037.24", "EUR"),
    ("bigcommerce.csv", "bigcommerce orders", 2, 2, "70", "9.1667", "60.8333", "unspecified"),
    ("segment.jsonl", "segment events", 2, 2, "65", "65", "0", "USD"),
    ("ga4_events.jsonl", "ga4 events", 1, 2, "60", "0", "60", "unspecified"),
    ("hubspot_deals_won.csv", "hubspot deals", 1, 2, "1500", "0", "1500", "unspecified"),
]


@pytest.mark.parametrize("row", SALES, ids=[row[0] for row in SALES])
def test_sales(reading: Reader, row: tuple[str, str, int, int, str, str, str, str]) -> None:
    layout, format_, customers, orders, revenue, refunds, net, currency = row
    dataset = reading(layout)
    account = dataset.reconciliation
    assert dataset.sources[0].format == format_
    assert (account.customers, account.orders) == (customers, orders)
    assert account.amount("revenue") == Decimal(revenue)
    assert -account.amount("refunded") == Decimal(refunds)
    assert account.amount("net") == Decimal(net)
    assert dataset.currency == currency
    parts = [line for line in account.charged if line.key != "file"]
    assert sum(line.amount for line in parts) == account.amount("file")
    purchases = dataset.orders.purchases_sql("2026-11-21")
    assert dataset.engine.row(f"SELECT coalesce(sum(amount), 0) FROM ({purchases})") == (Decimal(net),)
    assert sum(month.net for month in account.months) == Decimal(net)


def test_shopify_guests_cancellations_and_who_is_who(reading: Reader) -> None:
    dataset = reading("shopify_orders.csv")
    orders = dataset.orders
    rows = dataset.engine.rows
    # Nia's two spellings are one customer; Oli is known by a phone number, the last guest by nothing.
    assert rows("SELECT count(DISTINCT customer_key) FROM orders WHERE order_id IN ('#2001', '#2003')") == [(1,)]
    assert rows("SELECT order_id FROM orders WHERE customer_key IS NULL") == [("#2006",)]
    assert dataset.reconciliation.amount("unknown customer") == Decimal("8")
    # The day is the shop's own: half past eleven at night in New York stays the third of March.
    assert rows("SELECT day, occurred_at FROM orders WHERE order_id = '#2003'") == [
        (dt.date(2025, 3, 3), dt.datetime(2025, 3, 4, 4, 30))
    ]
    assert rows("SELECT voided_on FROM orders WHERE order_id = '#2005'") == [(dt.date(2025, 3, 9),)]
    before, after = (
        {row[0] for row in rows(f"SELECT day FROM ({orders.purchases_sql(day)})")}
        for day in ("2025-03-08", "2025-03-09")
    )
    assert before - after == {dt.date(2025, 3, 2), dt.date(2025, 3, 3), dt.date(2025, 3, 5)}


def test_costs_of_products_give_contributions(reading: Reader) -> None:
    dataset = reading("shopify_orders.csv", "shopify_products.csv")
    found = dict(
        dataset.engine.rows("SELECT order_id, contribution FROM orders WHERE order_id IN ('#2001', '#2003', '#2005')")
    )
    assert found == {"#2001": Decimal("39"), "#2003": Decimal("24"), "#2005": None}
    assert dataset.orders.has_contribution
    assert dataset.engine.row("SELECT product, category, unit_cost FROM products WHERE sku = 'L-2'") == (
        "Lamp", "Lighting", Decimal("12"),
    )  # fmt: skip


def test_stripe_refunds_have_their_own_day(reading: Reader) -> None:
    """A lost dispute has no day of its own here: it is known from the last day of the file."""
    dataset = reading("stripe_payments.csv")
    assert dataset.engine.rows("SELECT order_id, day, amount FROM refunds ORDER BY 1") == [
        ("ch_2", dt.date(2024, 5, 20), Decimal("60")),
        ("ch_3", dt.date(2024, 6, 1), Decimal("24")),
        ("ch_7", dt.date(2024, 6, 1), Decimal("48")),
    ]
    account = dataset.reconciliation
    assert [account.count(key) for key in ("failed", "test", "pending")] == [1, 1, 1]


def test_stripe_subscriptions(reading: Reader) -> None:
    dataset = reading("stripe_subscriptions.csv")
    assert dataset.engine.rows(
        "SELECT subscription_id, status, started_on, ended_on, trial_ends_on, amount, interval, quantity "
        "FROM subscriptions ORDER BY 1"
    ) == [
        ("sub_1", "active", dt.date(2024, 1, 1), None, None, Decimal("20"), "month", 1.0),
        (
            "sub_2",
            "cancelled",
            dt.date(2023, 1, 1),
            dt.date(2024, 1, 1),
            dt.date(2023, 1, 15),
            Decimal("400"),
            "year",
            3.0,
        ),
        ("sub_3", "trial", dt.date(2024, 5, 20), None, dt.date(2024, 6, 3), Decimal("40"), "month", 1.0),
    ]


def test_recurly_subscriptions(reading: Reader) -> None:
    dataset = reading("recurly_subscriptions.csv")
    assert dataset.sources[0].format == "recurly subscriptions"
    assert dataset.engine.rows(
        "SELECT subscription_id, customer_key, plan, status, started_on, trial_ends_on, ended_on, amount, currency "
        "FROM subscriptions ORDER BY 1"
    ) == [
        ("b964b5", "a1", "Gold", "active", dt.date(2024, 1, 4), None, None, Decimal("25"), "USD"),
        (
            "b964b6",
            "a2",
            "Basic",
            "cancelled",
            dt.date(2024, 1, 4),
            dt.date(2024, 1, 4),
            dt.date(2024, 3, 4),
            Decimal("8"),
            "USD",
        ),
        # Canceled in Recurly's words, and paid until it expires.
        ("b964b7", "a3", "Basic", "cancelled", dt.date(2024, 2, 4), None, dt.date(2024, 6, 4), Decimal("8"), "USD"),
    ]


def test_chargebee_subscriptions(reading: Reader) -> None:
    dataset = reading("chargebee_subscriptions.csv")
    assert dataset.sources[0].format == "chargebee subscriptions"
    assert dataset.engine.rows(
        "SELECT subscription_id, plan, quantity, amount, interval, status, started_on, trial_ends_on, ended_on, "
        "cancellation_reason FROM subscriptions ORDER BY 1"
    ) == [
        ("s1", "team", 3.0, Decimal("12"), "month", "active", dt.date(2024, 1, 5), None, None, None),
        (
            "s2",
            "team",
            1.0,
            Decimal("120"),
            "year",
            "cancelled",
            dt.date(2023, 2, 1),
            dt.date(2023, 2, 15),
            dt.date(2024, 2, 15),
            "not_paid",
        ),
        ("s3", "solo", 1.0, Decimal("9"), "month", "trial", dt.date(2024, 5, 20), dt.date(2024, 6, 3), None, None),
        # Not to be renewed: it runs until it is cancelled.
        ("s4", "solo", 1.0, Decimal("9"), "month", "active", dt.date(2024, 3, 20), None, None, None),
    ]


def test_wide_rows_have_lines(reading: Reader) -> None:
    dataset = reading("woo_webtoffee.csv")
    assert dataset.engine.rows("SELECT order_id, sku, product, quantity, amount FROM order_lines ORDER BY 1, 2") == [
        ("71", "SO", "Soap", 2.0, Decimal("30")),
        ("71", "TO", "Towel", 1.0, Decimal("20")),
        ("72", "TO", "Towel", 1.0, Decimal("15")),
        ("73", "TO", "Towel", 1.0, Decimal("15")),
    ]


def test_woocommerce_names_are_joined_to_addresses(reading: Reader) -> None:
    alone = reading("woo_analytics.csv")
    assert any(finding.key == "names only" for finding in alone.reconciliation.findings)
    both = reading("woo_analytics.csv", "woo_customers.csv")
    keys = dict(both.engine.rows("SELECT email, customer_key FROM persons WHERE email IS NOT NULL"))
    assert both.engine.row(
        "SELECT count(DISTINCT customer_key) FROM orders WHERE customer_key = ?", [keys["gus@woo.test"]]
    ) == (1,)
    assert not any(finding.key == "names only" for finding in both.reconciliation.findings)


def test_spend_drops_totals_and_knows_its_currency(reading: Reader) -> None:
    google = reading("google_ads.csv")
    assert google.sources[0].format == "google ads"
    assert google.engine.rows(
        "SELECT day, campaign, amount, currency, impressions, clicks FROM spend ORDER BY 1, 2"
    ) == [
        (dt.date(2026, 9, 1), "Brand", Decimal("1010.5"), "EUR", 12000, 300),
        (dt.date(2026, 9, 2), "Brand", Decimal("20"), "EUR", 900, 30),
        (dt.date(2026, 9, 2), "Generic", Decimal("5.25"), "EUR", 100, 3),
    ]
    meta = reading("meta_ads_german.csv")
    assert meta.sources[0].format == "meta ads"
    totals = "SELECT sum(amount), any_value(currency), sum(impressions), sum(claimed_value) FROM spend"
    assert meta.engine.row(totals) == (
        Decimal("1022.5"), "EUR", 6500, Decimal("177"),
    )  # fmt: skip


def test_analytics_reports_describe_channels_only(reading: Reader) -> None:
    dataset = reading("ga4_report.csv")
    assert dataset.sources[0].format == "ga4 report"
    assert dataset.engine.rows("SELECT channel, sessions, revenue FROM channel_totals ORDER BY 2 DESC") == [
        ("Organic Search", 1200.0, Decimal("2400.5")),
        ("Direct", 900.0, Decimal("800")),
    ]
    assert not dataset.has_orders


def test_crm_tables(reading: Reader) -> None:
    companies = reading("hubspot_companies.csv")
    assert companies.engine.rows("SELECT account_id, name, domain FROM accounts ORDER BY 1") == [
        ("9001", "Bluebay Ltd", "bluebay.test"),
        ("9002", "Harbour Ltd", "harbour.test"),
    ]
    zoho = reading("zoho_leads.csv")
    assert zoho.sources[0].format == "zoho leads"
    assert zoho.engine.rows("SELECT channel, status, won FROM leads ORDER BY 1") == [
        ("Referral", "Junk Lead", False),
        ("Web", "Contacted", None),
    ]
    deals = reading("hubspot_deals_won.csv", won_stages=("Verbal yes",))
    assert deals.engine.rows("SELECT lead_id, won FROM leads ORDER BY 1") == [
        ("1", True),
        ("2", True),
        ("3", False),
        ("4", True),
    ]
    assert deals.reconciliation.amount("net") == Decimal("2300")


def test_mailing_lists_carry_consents(reading: Reader) -> None:
    dataset = reading("mailchimp_2021.csv")
    assert dataset.engine.rows("SELECT granted, occurred_at FROM consents ORDER BY 2") == [
        (True, dt.datetime(2021, 1, 1, 10, 5)),
        (True, dt.datetime(2021, 1, 2, 10, 5)),
        (False, dt.datetime(2021, 6, 1, 10, 0)),
    ]


def test_events_give_orders_visits_and_touches(reading: Reader) -> None:
    dataset = reading("ga4_events.jsonl")
    assert len(dataset.tables["visits"]) == 3
    assert dataset.engine.rows("SELECT day, channel, medium, campaign FROM touches ORDER BY 1") == [
        (dt.date(2025, 1, 1), "google", "cpc", "spring"),
        (dt.date(2025, 2, 1), "(direct)", "(none)", "(direct)"),
    ]


def test_a_format_of_ones_own(reading: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.data.formats._registered", [])
    register(
        Format(
            name="tillmate sales",
            label="Tillmate sales",
            shape=Shape.SALES,
            columns={"order_id": "Bon", "customer_id": "Punktekarte", "date": "Wann", "amount": "Summe"},
            marks=("order_id", "customer_id", "date", "amount"),
        )
    )
    dataset = reading("Bon;Punktekarte;Wann;Summe\n1;007;01.02.2025;9,90\n2;008;15.02.2025;5,00\n")
    assert dataset.sources[0].format == "tillmate sales"
    assert dataset.engine.rows("SELECT customer_key, amount FROM orders ORDER BY 1") == [
        ("007", Decimal("9.9")),
        ("008", Decimal("5")),
    ]
    with pytest.raises(ConfigError, match="known already"):
        register(find_format("tillmate sales"))


def test_formats_are_declared_with_roles_that_exist() -> None:
    from keepers.data.roles import ROLES

    names = [known.name for known in formats()]
    assert len(names) == len(set(names))
    for known in formats():
        assert set(known.columns) | set(known.general) | set(known.constants) <= set(ROLES), known.name
        assert set(known.marks) <= set(known.columns), known.name
    with pytest.raises(ConfigError, match="no format 'nonsense'"):
        find_format("nonsense")
