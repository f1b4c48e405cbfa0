"""The files a store writes are read back as what they were written from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from keepers.data.read import read
from keepers.domain.errors import ConfigError
from keepers.simulate import Store, StorePlan, simulate_store
from keepers.simulate.export_files import SHOP_TABLES

ORDERS = """SELECT order_id, day, occurred_at, status, counted, voided_on, currency, gross, tax, shipping, discount,
    amount, channel, country, discount_code FROM {} ORDER BY order_id"""
REFUNDS = "SELECT order_id, day, amount FROM {} ORDER BY order_id"


@pytest.fixture(scope="module")
def folder(demo: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "files"
    demo.write(folder, truth=True)
    return folder


def test_shopify_files_are_read_back_to_the_cent_and_the_second(demo: Store, folder: Path) -> None:
    again = read(folder / "orders_export.csv", folder / "payment_transactions_export.csv")
    assert again.engine.rows(ORDERS.format(again.orders.name)) == demo.engine.rows(
        ORDERS.format(demo.tables["orders"].name)
    )
    assert again.orders.refunds is not None
    assert again.engine.rows(REFUNDS.format(again.orders.refunds.name)) == demo.engine.rows(
        REFUNDS.format(demo.tables["refunds"].name)
    )
    same_people = """SELECT list(order_id ORDER BY order_id) AS o FROM {} WHERE customer_key IS NOT NULL
        GROUP BY customer_key ORDER BY o"""
    assert again.engine.rows(same_people.format(again.orders.name)) == demo.engine.rows(
        same_people.format(demo.tables["orders"].name)
    )
    for as_of in ("2025-03-31", "2026-09-30"):
        total = "SELECT count(*), sum(amount) FROM ({})"
        assert again.engine.row(total.format(again.orders.purchases_sql(as_of))) == demo.engine.row(
            total.format(demo.orders.purchases_sql(as_of))
        )


def test_everything_that_is_read_of_a_shop_is_what_the_store_holds(demo: Store, tmp_path: Path) -> None:
    demo.write(tmp_path, only=SHOP_TABLES)
    again = read(tmp_path)
    assert not len(again.tables["quarantine"])
    sums = {
        "orders": "count(*), sum(amount), sum(gross), sum(contribution)",
        "refunds": "count(*), sum(amount)",
        "order_lines": "count(*), sum(quantity)",
        "products": "count(*), sum(price), sum(unit_cost)",
        "customers": "count(*), sum(claimed_orders), sum(claimed_revenue)",
        "persons": "count(*), count(DISTINCT email)",
        "leads": "count(*), count(*) FILTER (won), count(*) FILTER (NOT won), sum(amount), max(closed_on)",
        "accounts": "count(*), count(DISTINCT domain)",
        "spend": "count(*), sum(amount), count(DISTINCT channel), count(DISTINCT campaign), sum(clicks)",
        "subscriptions": "count(*), sum(amount), min(started_on), max(ended_on), count(DISTINCT status)",
        "touches": "count(*), count(DISTINCT visitor_id), count(DISTINCT channel), sum(cost)",
        "engagement": "count(*), count(DISTINCT kind), count(DISTINCT customer_key)",
        "feedback": "count(*), sum(score), count(text), count(DISTINCT kind)",
        "referrals": "count(*), count(*) FILTER (converted), sum(incentive_cost)",
        "treatments": "count(*), count(DISTINCT offer), sum(cost), sum(propensity)",
    }
    for name, query in sums.items():
        ours, theirs = demo.tables[name], again.tables[name]
        assert again.engine.row(f"SELECT {query} FROM {theirs.name}") == demo.engine.row(
            f"SELECT {query} FROM {ours.name}"
        ), name


def test_the_orders_export_has_shopifys_columns_and_its_habit_of_one_row_a_line(folder: Path) -> None:
    with (folder / "orders_export.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows[0]) == 79
    later = [row for row, before in zip(rows[1:], rows[:-1], strict=True) if row["Name"] == before["Name"]]
    assert later
    assert all(row["Total"] == "" and row["Created at"] == "" and row["Lineitem name"] for row in later)
    stamps = {row["Created at"][-5:] for row in rows if row["Created at"]}
    assert stamps == {"-0400", "-0500"}


def test_everything_an_owner_has_is_written(demo: Store, folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {
        "orders_export.csv", "payment_transactions_export.csv", "customers_export.csv", "products_export.csv",
        "marketing_spend.csv", "leads.csv", "touches.csv", "engagement.csv", "feedback.csv", "referrals.csv",
        "subscriptions_export.csv", "companies_export.csv", "visits.csv", "exposures.csv", "treatments.csv",
        "truth.parquet",
    } <= names  # fmt: skip
    with (folder / "leads.csv").open(newline="", encoding="utf-8") as lines:
        leads = list(csv.DictReader(lines))
    assert len(leads) == len(demo.tables["leads"])
    assert all(lead["Company size"] and lead["Email"].endswith("example") for lead in leads)
    truth = demo.engine.row(f"SELECT count(*), count(DISTINCT customer_key) FROM '{folder}/truth.parquet'")
    assert truth == (3200, 3200)


def test_plain_files_are_read_back(demo: Store, tmp_path: Path) -> None:
    demo.write(tmp_path, "csv")
    again = read(tmp_path / "orders.csv", time_zone=None)
    query = "SELECT count(*), sum(amount), count(DISTINCT customer_key), sum(gross) FROM {} WHERE counted"
    assert again.engine.row(query.format(again.orders.name)) == demo.engine.row(
        query.format(demo.tables["orders"].name)
    )


def test_a_store_of_orders_alone_writes_a_clean_table(tmp_path: Path) -> None:
    store = simulate_store(400, 1, StorePlan(currency="EUR"))
    (written,) = store.write(tmp_path / "new" / "folder", "csv")
    assert written.read_text(encoding="utf-8").splitlines()[0] == "customer_id,date,order_id,currency,amount,channel"
    again = read(written)
    query = "SELECT customer_key, day, order_id, amount, currency FROM {} ORDER BY order_id"
    assert again.engine.rows(query.format(again.orders.name)) == store.engine.rows(
        query.format(store.tables["orders"].name)
    )
    (shopify,) = store.write(tmp_path, "shopify")
    assert len(read(shopify).orders) == len(store.tables["orders"])


def test_parquet_holds_the_tables_as_they_are(demo: Store, tmp_path: Path) -> None:
    demo.write(tmp_path, "parquet")
    for name, table in demo.tables.items():
        different = demo.engine.row(
            f"""SELECT count(*) FROM ((SELECT * FROM {table.name} EXCEPT ALL SELECT * FROM '{tmp_path}/{name}.parquet')
                UNION ALL (SELECT * FROM '{tmp_path}/{name}.parquet' EXCEPT ALL SELECT * FROM {table.name}))"""
        )
        assert different == (0,), name


def test_some_files_can_be_left_out(demo: Store, tmp_path: Path) -> None:
    written = demo.write(tmp_path, only=("orders", "refunds", "spend"))
    assert [path.name for path in written] == [
        "orders_export.csv", "payment_transactions_export.csv", "marketing_spend.csv"
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="has no table profits"):
        demo.write(tmp_path, only=("profits",))


def test_files_are_all_written_or_none(tmp_path: Path) -> None:
    store = simulate_store(50, 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("keep me")
    store.engine.drop(store.tables["orders"].name)
    with pytest.raises(Exception, match="simulated_orders"):
        store.write(tmp_path / "out", "parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_an_unknown_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="shopify, csv, parquet"):
        simulate_store(20, 1).write(tmp_path, "excel")
