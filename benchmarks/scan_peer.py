"""The physical limit: what the engine alone needs to read the same files, and to group them by customer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import Clock, main


def _files(file: Path) -> str:
    return f"read_parquet('{file / '*.parquet' if file.is_dir() else file}')"


def scan(file: Path) -> tuple[Clock, dict[str, Any]]:
    """Read every value of the three columns once."""
    connection = duckdb.connect()
    clock = Clock()
    found = connection.execute(
        f"SELECT count(*), max(customer_id), count(DISTINCT date), sum(amount) FROM {_files(file)}"
    ).fetchone()
    assert found is not None
    return clock.after({"orders": found[0]})


def group(file: Path) -> tuple[Clock, dict[str, Any]]:
    """One row a customer: orders, first and last day, money."""
    connection = duckdb.connect()
    clock = Clock()
    found = connection.execute(
        "SELECT count(*), sum(orders) FROM (SELECT customer_id, count(*) AS orders, min(date), max(date), sum(amount) "
        f"FROM {_files(file)} GROUP BY customer_id)"
    ).fetchone()
    assert found is not None
    return clock.after({"customers": found[0]})


if __name__ == "__main__":
    main({"scan": scan, "group": group})
