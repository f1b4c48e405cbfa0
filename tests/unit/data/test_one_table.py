"""Several Parquet files of one table are read as one, unless the same row may be in two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import keepers as kp
from keepers.data.engine import Engine, literal
from keepers.data.orders import Orders

_ROWS = {
    "2024-01": "('ann', DATE '2024-01-05', 10.0, 'A1'), ('bob', DATE '2024-01-20', 5.0, 'A2')",
    "2024-02": "('ann', DATE '2024-02-01', 12.0, 'A3'), ('bob', DATE '2024-02-01', 7.5, 'A4')",
    "2024-03": "('ann', DATE '2024-03-09', 12.0, 'A5')",
}


def _folder(folder: Path, files: dict[str, str], columns: str = "customer_id, date, amount") -> Path:
    engine = Engine(threads=1)
    for name, rows in files.items():
        file = literal(str(folder / f"{name}.parquet"))
        values = f"(VALUES {rows}) AS made(customer_id, date, amount, order_id)"
        engine.execute(f"COPY (SELECT {columns} FROM {values}) TO {file} (FORMAT parquet)")
    engine.close()
    return folder


def _found(orders: Orders) -> list[tuple[object, ...]]:
    summary = kp.summarise(orders)
    return summary.engine.rows(
        f"SELECT customer_key, frequency, CAST(revenue AS DOUBLE) FROM ({summary.sql}) AS s ORDER BY 1"
    )


@pytest.mark.parametrize("columns", ["customer_id, date, amount", "customer_id, date, amount, order_id"])
def test_files_by_month_are_grouped_once_where_they_lie(tmp_path: Path, columns: str) -> None:
    found = kp.read(str(_folder(tmp_path, _ROWS, columns)))
    assert found.orders._by_customer is not None
    assert _found(found.orders) == [("ann", 2, 34.0), ("bob", 1, 12.5)]
    account = found.reconciliation
    assert [file.rows_read for file in account.files] == [2, 2, 1]
    assert (account.orders, account.customers, len(found.orders)) == (5, 2, 5)


@pytest.mark.parametrize("columns", ["customer_id, date, amount", "customer_id, date, amount, order_id"])
def test_rows_that_are_in_two_files_count_once(tmp_path: Path, columns: str) -> None:
    again = {**_ROWS, "again": _ROWS["2024-02"]}
    found = kp.read(str(_folder(tmp_path, again, columns)))
    assert found.orders._by_customer is None
    assert _found(found.orders) == [("ann", 2, 34.0), ("bob", 1, 12.5)]


def test_files_of_other_columns_are_told_apart(tmp_path: Path) -> None:
    _folder(tmp_path, {"2024-01": _ROWS["2024-01"]})
    _folder(tmp_path, {"2024-02": _ROWS["2024-02"]}, "customer_id, date, CAST(amount AS VARCHAR) AS amount")
    found = kp.read(str(tmp_path)).orders
    assert found._by_customer is None
    assert _found(found) == [("ann", 1, 22.0), ("bob", 1, 12.5)]
