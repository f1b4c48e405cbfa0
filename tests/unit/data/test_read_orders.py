"""Reading plain tables of orders: the CDNOW sample, generic files, and users' frames."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pandas as pd

from keepers.data.orders import Orders
from keepers.data.read import read


def test_cdnow_is_recognised_by_content_alone(cdnow_path: Path) -> None:
    dataset = read(cdnow_path)
    account = dataset.reconciliation
    assert len(dataset.orders) == 6919
    assert account.customers == 2357
    assert account.amount("net") == Decimal("244091.94")
    assert (dataset.orders.first_day, dataset.orders.last_day) == (dt.date(1997, 1, 1), dt.date(1998, 6, 30))


def test_a_frame_becomes_orders() -> None:
    frame = pd.DataFrame(
        {"who": ["a", "a", "b"], "on": ["2026-01-01", "2026-02-01", "2026-03-01"], "paid": [1.5, 2, 3]}
    )
    orders = Orders.from_frame(frame, customer="who", date="on", amount="paid")
    found = sorted(orders.engine.rows(orders.purchases_sql("2026-02-01")))
    assert found == [
        ("a", dt.date(2026, 1, 1), Decimal("1.5"), None),
        ("a", dt.date(2026, 2, 1), Decimal("2"), None),
    ]


def test_a_frame_without_money_has_purchases_without_amounts() -> None:
    frame = pd.DataFrame({"customer_id": [7, 8], "date": pd.to_datetime(["2026-01-01", "2026-03-01"])})
    orders = Orders.from_frame(frame)
    assert not orders.has_money
    assert orders.engine.rows(orders.purchases_sql()) == [
        ("7", dt.date(2026, 1, 1), None, None),
        ("8", dt.date(2026, 3, 1), None, None),
    ]
