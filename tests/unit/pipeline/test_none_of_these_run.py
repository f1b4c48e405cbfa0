"""A run on a store that no model describes: the summary and the page say so plainly."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

import keepers as kp
from keepers.pipeline.options import RunOptions


def test_a_store_whose_buying_stops(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    chance = 0.08 * np.exp(-np.arange(720) / 60.0)
    lines = ["customer_id,order_date,amount"]
    for who in range(600):
        start, own = int(rng.integers(0, 60)), rng.gamma(2.0, 0.5)
        bought = np.flatnonzero(rng.random(720) < own * chance)
        days = [start, *(day for day in bought if day > start)]
        lines += [f"c{who},{dt.date(2021, 1, 1) + dt.timedelta(int(day))},{rng.gamma(6.0, 5.0):.2f}" for day in days]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    result = kp.run([str(path)], RunOptions(into=tmp_path / "out"))
    assert result.summary["verdict"]["trust"] == "none"
    assert result.summary["verdict"]["sentence"].startswith("None of these models describes this store.")
    assert result.report is not None
    page = result.report.read_text(encoding="utf-8")
    assert "No model describes your store" in page
    assert "customers then bought far less than predicted" in page
    assert "fails the tests of fit badly" in page
