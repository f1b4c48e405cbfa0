"""Known exports as people and programs change them: the account stays the same to the cent."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from keepers.data.read import read
from keepers.data.reconciliation import Reconciliation

LAYOUTS = Path(__file__).parent / "layouts"
NOW = dt.datetime(2026, 11, 21, 12, 0)
SALES = [
    "shopify_orders.csv", "stripe_payments.csv", "paypal_german.csv", "square_2017.csv", "woo_analytics.csv",
    "woo_webtoffee.csv", "woo_advanced.csv", "etsy.csv", "ebay_german.csv", "bigcommerce.csv",
]  # fmt: skip
Rows = list[list[str]]
_POINT = re.compile(r"^[-($]*\d{1,3}(,?\d{3})*\.\d{1,2}\)?$")
_COMMA = re.compile(r"^[-(A-Z ]*\d{1,3}(\.?\d{3})*,\d{1,2}\)?$")


def _rows(name: str) -> Rows:
    text = (LAYOUTS / name).read_text("utf-8")
    return list(csv.reader(io.StringIO(text), delimiter=";" if name == "ebay_german.csv" else ","))


def _write(rows: Rows, path: Path, delimiter: str = ",", encoding: str = "utf-8", before: str = "") -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path.write_bytes((before + out.getvalue()).encode(encoding))
    return path


def _reordered(rows: Rows, tmp_path: Path) -> Path:
    """Columns in another order and headers as a program shouts them, in another encoding with tabs between."""
    order = list(range(len(rows[0])))
    random.Random(5).shuffle(order)
    header = [f" {name.upper().replace(' ', chr(160))} " for name in rows[0]]
    moved = [[row[i] if i < len(row) else "" for i in order] for row in [header, *rows[1:]]]
    return _write(moved, tmp_path / "reordered.csv", "\t", "utf-16")


def _other_marks(rows: Rows, tmp_path: Path) -> Path:
    """The decimal mark swapped, with semicolons between: a spreadsheet of another country saved the file."""

    def swap(cell: str) -> str:
        if _POINT.match(cell):
            return cell.replace(",", "_").replace(".", ",").replace("_", ".")
        return cell.replace(".", "_").replace(",", ".").replace("_", ",") if _COMMA.match(cell) else cell

    return _write([[swap(cell) for cell in row] for row in rows], tmp_path / "marks.csv", ";", "utf-8-sig")


def _more_columns(rows: Rows, tmp_path: Path) -> Path:
    """Columns of a plugin, and its own lines before the header."""
    extra = [["Internal memo", "Score"], *([f"memo {i}", str(i)] for i in range(1, len(rows)))]
    wider = [[*row, *more] for row, more in zip(rows, extra, strict=True)]
    return _write(wider, tmp_path / "more.csv", before="# exported by a plugin\n# 2026-01-01\n")


def _account(account: Reconciliation) -> tuple[object, ...]:
    lines = [*account.charged, *account.given_back, *account.revenue]
    return (
        account.customers,
        account.orders,
        account.first_day,
        account.last_day,
        sorted((line.currency, line.key, line.rows, line.amount) for line in lines),
    )


@cache
def _original(name: str) -> tuple[str | None, tuple[object, ...]]:
    """Format and account of the export as it is, which every change is held against."""
    found = read(LAYOUTS / name, now=NOW)
    return found.sources[0].format, _account(found.reconciliation)


@pytest.mark.parametrize("name", SALES)
@pytest.mark.parametrize("change", [_reordered, _other_marks, _more_columns])
def test_the_account_stays_the_same(name: str, change: Callable[[Rows, Path], Path], tmp_path: Path) -> None:
    changed = read(change(_rows(name), tmp_path), now=NOW)
    assert (changed.sources[0].format, _account(changed.reconciliation)) == _original(name)
