"""Histories sorted as whole numbers are those that the engine would group."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.summaries import cells as grouping
from shop import shop_orders


@pytest.fixture(scope="module")
def orders() -> kp.Orders:
    return shop_orders(900, seed=6)


def test_they_are_the_same_rows_in_the_same_order(orders: kp.Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = kp.summarise(orders).keyed_cells()
    monkeypatch.setattr(grouping, "_MOST_SORTED", 0)
    slow = kp.summarise(orders).keyed_cells()
    assert quick.cells.size > 100
    for name in ("x", "t_x", "T", "weight"):
        assert np.array_equal(getattr(quick.cells, name), getattr(slow.cells, name))
    assert {name: column.dtype for name, column in quick.key.items()} == {
        name: column.dtype for name, column in slow.key.items()
    }
    assert all(np.array_equal(quick.key[name], slow.key[name]) for name in slow.key)


def test_long_histories_of_many_orders_keep_apart() -> None:
    days = np.arange("1900-01-01", "2020-01-01", dtype="datetime64[D]")
    rows = {"who": np.concatenate([np.full(days.size, "a"), ["b", "b"]]), "when": np.concatenate([days, days[[0, -1]]])}
    cells = kp.summarise(kp.Orders.from_frame(rows, customer="who", date="when")).keyed_cells()
    assert cells.key["frequency"].tolist() == [1, days.size - 1]
    assert cells.key["recency_days"].tolist() == cells.key["T_days"].tolist() == [days.size - 1] * 2
