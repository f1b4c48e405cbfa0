"""Reading plain tables of orders: the CDNOW sample, generic files, and users' frames."""

from __future__ import annotations

import datetime as dt
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from keepers.data import reading
from keepers.data.account import account_for_sales
from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.data.read import read
from keepers.domain.errors import InputError


def test_cdnow_is_recognised_by_content_alone(cdnow_path: Path) -> None:
    dataset = read(cdnow_path)
    account = dataset.reconciliation
    assert len(dataset.orders) == 6919
    assert account.customers == 2357
    assert account.amount("net") == Decimal("244091.94")
    assert (dataset.orders.first_day, dataset.orders.last_day) == (dt.date(1997, 1, 1), dt.date(1998, 6, 30))


def test_an_account_drawn_up_in_another_thread_is_the_same(cdnow_path: Path) -> None:
    beside, later = read(cdnow_path), read(cdnow_path)
    with beside.accounting():
        months = beside.orders.engine.row("SELECT count(DISTINCT month(day)) FROM orders WHERE counted")
    assert months == (12,)
    assert beside.reconciliation.to_dict() == later.reconciliation.to_dict()
    assert beside.currency == later.currency
    with beside.accounting():
        assert beside.reconciliation.customers == 2357


def test_what_fails_beside_an_account_is_told(cdnow_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def drawn(engine: Engine, *more: Any) -> str:
        currency = account_for_sales(engine, *more)
        begun.set()
        engine.rows("SELECT count(*) FROM range(1000000000) AS many(one) WHERE hash(one) = 7")
        return currency

    def fails() -> None:
        begun.wait()
        time.sleep(0.1)
        raise KeyError

    dataset = read(cdnow_path)
    with monkeypatch.context() as slow:
        slow.setattr(reading, "account_for_sales", drawn)
        with pytest.raises(KeyError), dataset.accounting():
            fails()
    assert len(dataset.orders) == 6919
    assert dataset.reconciliation.to_dict() == read(cdnow_path).reconciliation.to_dict(), "no half of an account stays"


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


def test_two_readings_in_one_engine_do_not_disturb_each_other() -> None:
    engine = Engine()
    first = Orders.from_frame({"customer_id": np.array(["a"]), "date": np.array(["2026-01-01"])}, engine=engine)
    second = Orders.from_frame(
        {"customer_id": np.array(["b", "c"]), "date": np.array(["2026-01-01", "2026-01-02"])}, engine=engine
    )
    assert (len(first), len(second)) == (1, 2)
    assert first.engine.rows(first.purchases_sql())[0][0] == "a"


def test_a_column_named_by_hand_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email,shop_id,date,total,net paid\nx@y.test,S1,2026-01-01,10,8\nz@y.test,S1,2026-01-02,10,8\n")
    dataset = read(path, columns={"customer": "shop_id", "amount": "net paid"})
    assert dataset.reconciliation.customers == 1
    assert dataset.reconciliation.amount("net") == Decimal("16")
    by_address = read(path, columns={"customer": "email"})
    assert by_address.reconciliation.customers == 2
    assert "@" not in str(by_address.engine.rows("SELECT customer_key FROM orders"))


def test_a_frame_without_the_column_says_what_it_has() -> None:
    with pytest.raises(InputError, match=r"no column 'who'\. It has: customer, date"):
        Orders.from_frame(pd.DataFrame({"customer": ["a"], "date": ["2026-01-01"]}), customer="who")


def test_a_frame_with_refunds_goes_the_long_way() -> None:
    frame = pd.DataFrame({"who": ["a", "a"], "on": ["2026-01-01", "2026-02-01"], "paid": [10.0, -4.0]})
    orders = Orders.from_frame(frame, customer="who", date="on", amount="paid", currency="EUR")
    assert orders.currency == "EUR"
    assert orders.engine.rows(orders.purchases_sql("2026-01-31"))[0][2] == Decimal("10")
    assert orders.engine.rows(orders.purchases_sql())[0][2] == Decimal("6")


def test_a_frame_with_rows_that_cannot_be_used_is_refused() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2026-01-01", None]})
    with pytest.raises(InputError, match=r"rows that cannot be used \(1 rows: it has no date\)"):
        Orders.from_frame(frame)
