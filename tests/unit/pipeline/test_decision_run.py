"""A run with offers among its files: what it writes, what it says, and that it claims nothing without a control."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.pipeline.update import update
from keepers.simulate import demo_store

FILES = ("orders", "refunds", "treatments", "assignments", "touches", "referrals")
PAGE = (Path(__file__).parents[3] / "docs" / "offers.md").read_text(encoding="utf-8")


def shop(folder: Path, customers: int = 300) -> list[str]:
    return [str(path) for path in demo_store(customers=customers).write(folder / "shop", "csv", only=FILES)]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("decided")
    run(shop(home), RunOptions(into=home / "result", model="bg-nbd", backtest=False))
    return home / "result"


def read(query: str) -> tuple[list[str], list[Any]]:
    with duckdb.connect() as connection:
        found = connection.execute(query)
        return [column[0] for column in found.description or []], found.fetchall()


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


def test_everybody_has_a_row_for_each_experiment(result: Path) -> None:
    names, rows = read(f"SELECT * FROM '{result / 'offers.parquet'}'")
    _, customers = read(f"SELECT * FROM '{result / 'customers.parquet'}'")
    assert names == re.findall(r"^\| `(\w+)`", PAGE.split("## Columns of offers")[1].split("##")[0], re.M)
    assert len(rows) == len(customers) * len(summary_of(result)["offers"])
    with (result / "offers.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == names


def test_the_summary_says_what_was_found_and_nothing_is_chosen_that_is_not_proven(result: Path) -> None:
    found = summary_of(result)
    assert [one["experiment"] for one in found["offers"]] == ["late summer thank-you", "spring win-back"]
    for one in found["offers"]:
        assert one["evidence"] == "experimental"
        assert all(effect["low"] < effect["gain"] < effect["high"] for effect in one["effects"])
        if not one["personalised"]:
            assert "does not ship" in one["verdict"]
    _, chosen = read(f"SELECT * FROM '{result / 'offers.parquet'}' WHERE offer <> 'nothing' AND NOT held_out")
    assert len(chosen) == sum(sum(one["chosen"].values()) for one in found["offers"])
    drivers = found["drivers"]
    assert {driver["grade"] for driver in drivers["adjusted"]} == {"adjusted"}
    assert {driver["grade"] for driver in drivers["experimental"]} == {"experimental"}


def test_every_key_stands_on_the_page_of_offers(result: Path) -> None:
    part = PAGE.split("## Keys of summary.json")[1]
    named = set(
        re.findall(r"\w+", " ".join(line.split("|")[1] for line in part.splitlines() if line.startswith("| `")))
    )

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for item in value.values() for key in keys(item)}
        return {key for item in value for key in keys(item)} if isinstance(value, list) else set()

    found = summary_of(result)
    offers = {key for one in found["offers"] for key in one["chosen"]}
    kinds = set(found["next_products"]["kinds"])
    said = keys(found["offers"]) | keys(found["drivers"]) | keys(found["next_products"])
    assert said - offers - kinds <= named


def test_everybody_has_a_next_product_that_nothing_proves_without_an_experiment(result: Path) -> None:
    names, rows = read(f"SELECT * FROM '{result / 'next_products.parquet'}'")
    assert names == re.findall(r"^\| `(\w+)`", PAGE.split("## Columns of next products")[1].split("##")[0], re.M)
    found = summary_of(result)["next_products"]
    assert found["customers"] == len(rows)
    assert sum(found["kinds"].values()) == sum(row[names.index("next_product")] is not None for row in rows)
    assert {row[names.index("evidence")] for row in rows} <= {"predictive", None}
    assert found["proven"] == 0
    page = (result / "report.html").read_text(encoding="utf-8")
    assert 'id="next"' in page
    assert "is not known until it is tested" in page


def test_the_report_has_both_sections(result: Path) -> None:
    page = (result / "report.html").read_text(encoding="utf-8")
    assert 'id="offers"' in page
    assert 'id="drivers"' in page
    assert "late summer thank-you" in page
    assert "Only an experiment proves" in page


def test_an_update_keeps_offers_as_they_were_decided_and_says_where_nothing_learned_is_left(
    result: Path, tmp_path: Path
) -> None:
    before = summary_of(result)
    before["learned"] = {"used": True}
    (tmp_path / "result").mkdir()
    shutil.copytree(result, tmp_path / "result", dirs_exist_ok=True)
    (tmp_path / "result" / "summary.json").write_text(json.dumps(before), encoding="utf-8")
    new = tmp_path / "new.csv"
    customer = read(f"SELECT min(customer_key) FROM '{result / 'customers.parquet'}'")[1][0][0]
    new.write_text(f"customer,date,amount\n{customer},2026-10-20,25.00\n", encoding="utf-8")
    for times in range(2):
        after = update(tmp_path / "result", [str(new)]).summary
        assert after["offers"] == before["offers"]
        assert after["drivers"] == before["drivers"]
        assert after["decided_on"] == before["store"]["last_day"]
        assert (tmp_path / "result" / "offers.parquet").read_bytes() == (result / "offers.parquet").read_bytes()
        said = " ".join(after["update"]["remarks"])
        assert after["next_products"] == before["next_products"]
        assert f"Offers, drivers and next products are those of {before['store']['last_day']}" in said
        assert ("Learned value is not there any more" in said) == (times == 0)
        assert "offers.csv" in {file["name"] for file in after["files"]}


def test_offers_to_everybody_prove_nothing(tmp_path: Path) -> None:
    files = shop(tmp_path, 160)
    treatments = next(Path(file) for file in files if "treatments" in file)
    lines = treatments.read_text(encoding="utf-8").splitlines()
    treatments.write_text("\n".join(line for line in lines if "control" not in line) + "\n", encoding="utf-8")
    done = run(files, RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False))
    assert done.summary["offers"] == []
    assert not (tmp_path / "result" / "offers.csv").exists()
    assert done.report is not None
    assert "nobody was held back" in done.report.read_text(encoding="utf-8")
