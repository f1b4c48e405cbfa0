"""A run with spend, touches and leads: what it says of acquisition, and what it leaves unsaid without them."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.money import Margin
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.simulate import demo_store

PAGE = (Path(__file__).parents[3] / "docs" / "acquisition.md").read_text(encoding="utf-8")
OTHERS = frozenset({"attribution", "budget", "leads"})
"""Parts of the summary that other tests hold to their chapters."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("acquired")
    store = demo_store(customers=400)
    store.write(home / "shop", "csv", only=("orders", "refunds", "customers", "spend", "leads"))
    options = RunOptions(
        into=home / "result", model="bg-nbd", backtest=False, margin=Margin(0.45),
        acquisition=AcquisitionRules(overhead=300.0), channels={"Paid search": "search ads"},
    )  # fmt: skip
    run([str(path) for path in sorted((home / "shop").iterdir())], options)
    return home


def summary_of(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "result" / "summary.json").read_text(encoding="utf-8"))
    return found


def named(part: str) -> set[str]:
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return set(re.findall(r"\w+", " ".join(cells)))


def test_the_table_of_channels_has_the_columns_of_the_page(home: Path) -> None:
    columns = PAGE.split("## Columns of channels")[1].split("##")[0]
    rows = [line.split("|")[1] for line in columns.splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    table = home / "result" / "channels.parquet"
    assert [row[0] for row in duckdb.sql(f"DESCRIBE '{table}'").fetchall()] == documented
    with (home / "result" / "channels.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == documented
    dimensions = {row[0] for row in duckdb.sql(f"SELECT DISTINCT dimension FROM '{table}'").fetchall()}
    assert dimensions == {"channel", "campaign", "first_product", "discount_code", "cohort"}


def test_the_summary_and_the_file_say_the_same(home: Path) -> None:
    found = summary_of(home)["acquisition"]["channels"]
    rows = {row["label"]: row for row in found["rows"]}
    assert "search ads" in rows
    assert "paid search" not in rows
    table = home / "result" / "channels.parquet"
    for label, spend, customers, loaded in duckdb.sql(
        f"SELECT label, spend, new_customers, cac_loaded FROM '{table}' WHERE dimension = 'channel' AND label <> 'all'"
    ).fetchall():
        assert rows[label]["spend"] == spend
        assert rows[label]["cac_loaded"] == loaded
        if spend:
            assert rows[label]["cac"] == pytest.approx(rows[label]["cost"] / customers)
    paid = sum(row["spend"] or 0.0 for row in rows.values())
    assert found["total"]["spend"] == pytest.approx(paid)
    assert found["total"]["cost_loaded"] > found["total"]["cost"]
    assert {claim["channel"] for claim in found["claims"]["rows"]} == {"search ads", "paid social", "influencers"}


def test_every_key_stands_on_the_page(home: Path) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for item in value.values() for key in keys(item)}
        return {key for item in value for key in keys(item)} if isinstance(value, list) else set()

    found = {key: value for key, value in summary_of(home)["acquisition"].items() if key not in OTHERS}
    tables = set(found["channels"].pop("told_by"))
    assert keys(found) <= named(PAGE)
    assert tables <= {"customers", "leads", "orders", "touches"}


def test_leads_have_a_list_with_the_columns_and_keys_of_the_page(home: Path) -> None:
    found = summary_of(home)["acquisition"]["leads"]
    assert found["leads"] == found["won"] + found["lost"] + found["open"]
    assert found["customers_with_money"] > 0
    chapter = PAGE.split("## Columns of leads")[1].split("## Keys of leads")[0]
    rows = [line.split("|")[1] for line in chapter.splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    table = home / "result" / "leads.parquet"
    assert [row[0] for row in duckdb.sql(f"DESCRIBE '{table}'").fetchall()] == documented
    with (home / "result" / "leads.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == documented
    assert duckdb.sql(f"SELECT count(*) FROM '{table}'").fetchall() == [(found["open"],)]
    capacity = found["this_week"].pop("capacity")
    assert found["this_week"]["room"] == sum(capacity.values())

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for item in value.values() for key in keys(item)}
        return {key for item in value for key in keys(item)} if isinstance(value, list) else set()

    assert keys(found) <= named(PAGE.split("## Keys of leads")[1].split("\n## ")[0])
    assert "Whom to call first?" in (home / "result" / "report.html").read_text(encoding="utf-8")


def test_orders_alone_say_nothing_of_acquisition(home: Path, tmp_path: Path) -> None:
    options = RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False, report=False)
    done = run([str(home / "shop" / "orders.csv")], options)
    assert done.summary["acquisition"] is None
    assert not (tmp_path / "result" / "channels.parquet").exists()


def test_leads_without_spend_name_the_file_that_is_missing(home: Path, tmp_path: Path) -> None:
    options = RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False, report=False)
    done = run([str(home / "shop" / name) for name in ("orders.csv", "customers.csv", "leads.csv")], options)
    found = done.summary["acquisition"]
    assert any("A file of marketing spend" in note for note in found["notes"])
    assert all(row["cac"] is None and row["payback_probability"] is None for row in found["channels"]["rows"])
    assert found["channels"]["total"]["customers"] == done.summary["store"]["customers"]
