"""The whole way gives the same on every engine, and only distinct histories leave it."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

import keepers as kp
from backends.conftest import Warehouse
from backends.shop import NOW, everything, rows, same, seen
from keepers.data.engine import Engine
from keepers.data.in_place import orders_in_place
from keepers.data.options import ReadOptions
from keepers.domain.errors import ConfigError, InputError


@pytest.fixture(scope="module")
def embedded() -> dict[str, Any]:
    """What the embedded engine finds."""
    engine = Engine(threads=2)
    columns = rows()
    engine.from_columns("orders", {**columns, "total": np.array(columns["total"])})
    return everything(engine, "orders")


def test_whole_way_agrees_with_the_embedded_engine(warehouse: Warehouse, embedded: dict[str, Any]) -> None:
    warehouse.fill("orders", rows())
    with contextlib.closing(warehouse.connect()) as engine:
        found = everything(engine, warehouse.table)
    account = found["account"]
    for file in account["files"]:
        file["source"] = "orders"
    same(embedded, found)


def test_rows_that_leave_do_not_grow_with_customers(warehouse: Warehouse) -> None:
    fetched, cells = [], []
    for copies in (1, 8):
        warehouse.fill("orders", rows(60, copies))
        with contextlib.closing(warehouse.connect()) as engine:
            orders = seen(engine, warehouse.table)
            before = engine.rows_fetched
            summary = kp.summarise(orders)
            values = kp.lifetime_value(kp.BGNBD().fit(summary), None, summary, kp.months(12)).stored()
            customers = len(values)
            fetched.append(engine.rows_fetched - before)
            cells.append((summary.cells().size, customers))
    (small_cells, small), (large_cells, large) = cells
    assert large == 8 * small
    assert small_cells == large_cells
    assert fetched[0] == fetched[1] <= small_cells + 30


def test_values_come_here_when_they_are_asked_for(warehouse: Warehouse) -> None:
    warehouse.fill("orders", rows(40))
    with contextlib.closing(warehouse.connect()) as engine:
        summary = kp.summarise(seen(engine, warehouse.table))
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
    warehouse.fill("orders", rows(10))
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
