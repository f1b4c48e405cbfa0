"""The whole way gives the same on every engine, and only distinct histories leave it."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

import keepers as kp
from backends.conftest import Warehouse
from backends.shop import NOW, beyond_a_run, everything, rows, same, seen
from keepers.data.engine import Engine
from keepers.data.in_place import orders_in_place
from keepers.data.options import ReadOptions
from keepers.domain.errors import ConfigError, InputError


def _embedded(columns: dict[str, Any]) -> Engine:
    engine = Engine(threads=2)
    engine.from_columns("orders", {**columns, "total": np.array(columns["total"])})
    return engine


def test_whole_way_agrees_with_the_embedded_engine(postgres_warehouse: Warehouse) -> None:
    with contextlib.closing(_embedded(rows())) as engine:
        expected = everything(engine, "orders")
    postgres_warehouse.fill("orders", rows())
    with contextlib.closing(postgres_warehouse.connect()) as engine:
        found = everything(engine, postgres_warehouse.table)
    _same_but_for_the_name(expected, found)


def _same_but_for_the_name(expected: dict[str, Any], found: dict[str, Any]) -> None:
    for file in found["account"]["files"]:
        file["source"] = "orders"
    same(expected, found)


def test_what_a_run_does_not_ask_agrees_under_spark(spark_warehouse: Warehouse) -> None:
    columns = rows(60, 8)
    with contextlib.closing(_embedded(columns)) as engine:
        expected = beyond_a_run(engine, "orders")
    spark_warehouse.fill("orders", columns)
    with contextlib.closing(spark_warehouse.connect()) as engine:
        same(expected, beyond_a_run(engine, spark_warehouse.table))
        _rows_that_leave_are_those_of(engine, spark_warehouse.table)
        summary = kp.summarise(seen(engine, spark_warehouse.table))
        _come_here(summary)


def test_rows_that_leave_do_not_grow_with_customers(postgres_warehouse: Warehouse) -> None:
    postgres_warehouse.fill("orders", rows(60, 8))
    with contextlib.closing(postgres_warehouse.connect()) as engine:
        _rows_that_leave_are_those_of(engine, postgres_warehouse.table)


def _rows_that_leave_are_those_of(engine: Engine, table: str) -> None:
    """Of eight times as many customers with the same histories, exactly as many rows as the embedded engine gives."""
    with contextlib.closing(_embedded(rows(60))) as small:
        expected, cells, customers = _fetched(small, "orders")
    found = _fetched(engine, table)
    # The embedded engine hands over histories as whole numbers, one a customer, which are sorted beside it.
    assert found == (expected + cells, cells, 8 * customers)
    assert expected <= 30


def _fetched(engine: Engine, table: str) -> tuple[int, int, int]:
    """Rows that left the engine from orders to values, distinct histories, and customers."""
    orders = seen(engine, table)
    before = engine.rows_fetched
    summary = kp.summarise(orders)
    buying, asked = kp.BGNBD().fit(summary), ("probability_alive", "expected_orders")
    values = kp.lifetime_value(buying, None, summary, kp.months(12), columns=asked).stored()
    customers = len(values)
    return engine.rows_fetched - before, summary.cells().size, customers


def test_values_come_here_when_they_are_asked_for(postgres_warehouse: Warehouse) -> None:
    postgres_warehouse.fill("orders", rows(40))
    with contextlib.closing(postgres_warehouse.connect()) as engine:
        _come_here(kp.summarise(seen(engine, postgres_warehouse.table)))


def _come_here(summary: Any) -> None:
    frame = summary.to_polars()
    assert frame.height == summary.customers
    assert {"T", "T_days", "customer_key"} <= set(frame.columns)
    assert str(frame.schema["first_day"]) == "Date"
    with pytest.raises(ConfigError, match="Customers do not leave"):
        kp.GammaGamma().fit(summary).expected_spend(summary)


def test_moments_are_days_of_the_business(warehouse: Warehouse) -> None:
    moments = np.array(["2025-03-01T23:30:00", "2025-03-01T10:00:00"], dtype="datetime64[us]")
    warehouse.fill("orders", {"customer_id": ["a", "b"], "created_at": moments, "total": [1.0, 2.0]})
    with contextlib.closing(warehouse.connect()) as engine:
        days = {}
        for zone in (None, "Europe/Berlin"):
            orders = orders_in_place(engine, warehouse.table, ReadOptions(now=NOW, time_zone=zone)).orders
            days[zone] = [
                str(row[0]) for row in engine.rows(f"SELECT day FROM ({orders.sql}) AS o ORDER BY customer_key")
            ]
    assert days == {None: ["2025-03-01", "2025-03-01"], "Europe/Berlin": ["2025-03-02", "2025-03-01"]}


@pytest.mark.parametrize("warehouse", ["postgresql"], indirect=True)
def test_lines_of_an_order_are_one(warehouse: Warehouse) -> None:
    day = np.array(["2025-03-01", "2025-03-01", "2025-04-01"], dtype="datetime64[D]")
    warehouse.fill(
        "orders", {"order_id": [1, 1, 2], "customer_id": ["a", "a", "a"], "date": day, "total": [1.5, 2.0, 3.0]}
    )
    with contextlib.closing(warehouse.connect()) as engine:
        summary = kp.summarise(seen(engine, warehouse.table, columns={"amount": "total"}))
        (row,) = engine.rows(f"SELECT orders, revenue, frequency FROM ({summary.sql}) AS s")
    assert (row[0], float(row[1]), row[2]) == (2, 6.5, 1)


def test_a_table_that_is_not_there_is_named(warehouse: Warehouse) -> None:
    with contextlib.closing(warehouse.connect()) as engine, pytest.raises(InputError, match=r"shop\.purchases"):
        seen(engine, "shop.purchases")


@pytest.mark.parametrize("warehouse", ["postgresql"], indirect=True)
def test_columns_that_cannot_be_used_are_named(warehouse: Warehouse) -> None:
    warehouse.fill("orders", {"customer_id": ["a"], "date": ["last week"], "total": [1.0]})
    with contextlib.closing(warehouse.connect()) as engine:
        with pytest.raises(InputError, match=r"`date` of shop\.orders is VARCHAR"):
            seen(engine, warehouse.table, columns={"date": "date"})
        with pytest.raises(ConfigError, match="--rate is for files"):
            seen(engine, warehouse.table, rates={"EUR": 1.1})


@pytest.mark.parametrize("warehouse", ["postgresql"], indirect=True)
def test_attributes_are_joined_there(warehouse: Warehouse) -> None:
    warehouse.fill("orders", rows(60))
    with contextlib.closing(warehouse.connect()) as engine:
        summary = kp.summarise(seen(engine, warehouse.table))
        keys = [row[0] for row in engine.rows(f"SELECT customer_key FROM ({summary.sql}) AS s")]
        joined = summary.with_columns({"id": keys, "group": [key[-4] for key in keys], "age": np.arange(len(keys)) % 3})
        cells = joined.cells()
        assert cells.customers == len(keys)
        assert cells.attributes is not None
        assert cells.attributes.names == ("group", "age")
