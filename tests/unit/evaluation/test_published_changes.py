"""What became of customers between two days of scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.data.engine import Engine
from keepers.evaluation.published_changes import Part, score_changes


def _scores(path: Path, columns: str, rows: str) -> Path:
    Engine().execute(f"COPY (SELECT * FROM (VALUES {rows}) AS scores ({columns})) TO '{path}' (FORMAT parquet)")
    return path


def test_the_change_of_the_total_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    columns = "customer_key, probability_alive, value"
    before = _scores(
        tmp_path / "before.parquet", columns,
        "('a', 0.9, 100.0), ('b', 0.8, 50.0), ('c', 0.3, 5.0), ('d', 0.6, 20.0), ('e', 0.7, NULL)",
    )  # fmt: skip
    now = _scores(
        tmp_path / "now.parquet", columns,
        "('a', 0.95, 120.0), ('b', 0.4, 10.0), ('c', 0.7, 30.0), ('e', 0.7, NULL), ('f', 0.8, 40.0)",
    )  # fmt: skip
    found = score_changes(before, now)
    assert (found.customers_before, found.customers_now) == (5, 5)
    assert (found.value_before, found.value_now) == (175.0, 200.0)
    assert (found.came, found.gone) == (Part(1, 40.0), Part(1, -20.0))
    assert (found.rose, found.fell) == (Part(2, 45.0), Part(1, -40.0))
    assert (found.quiet, found.back) == (Part(1, 40.0), Part(1, 25.0))
    parts = (found.came, found.gone, found.rose, found.fell)
    assert sum(one.value for one in parts) == pytest.approx(found.value_now - found.value_before)


def test_subscribers_without_prices_are_counted(tmp_path: Path) -> None:
    before = _scores(tmp_path / "before.parquet", "customer_key, state", "('a', 'active'), ('b', 'ended')")
    now = _scores(tmp_path / "now.parquet", "customer_key, state", "('a', 'ended'), ('b', 'active'), ('c', 'paused')")
    found = score_changes(before, now)
    assert (found.quiet.customers, found.back.customers, found.came.customers) == (1, 1, 1)
    assert found.value_now == 0.0
