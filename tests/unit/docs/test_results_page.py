"""docs/reference/results.md names every column and every key of a result, and none that no result has."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from demo_shop import ServedDemo, served_demo
from keepers.cli.main import app
from keepers.pipeline.summary_file import FILES

ON_ENGINES = "engine."
"""Keys of runs on a database or cluster; `tests/backends` holds these runs to the page."""

IN_PROJECTS = "rfm_group_previous"
"""A column of runs in a project, which `tests/unit/pipeline/test_keeping_run.py` makes."""

ELSEWHERE = {
    "model-early.json",
    "model-learned.json",
    "model-mix.json",
    "next_plans.csv",
    "next_plans.parquet",
    "segment_moves.csv",
}
"""Files of runs that learn, of projects, or of plans that were changed often: tests in `tests/unit/pipeline`."""

CHAPTERS = (
    "offers", "drivers", "loyalty.", "acquisition.", "season.", "subscriptions.next_plans.", "subscriptions.plans_made",
)  # fmt: skip
"""Parts of the summary whose keys stand in chapters of their own, to which tests of runs hold them."""

PAGE = "\n" + (Path(__file__).parents[3] / "docs" / "reference" / "results.md").read_text(encoding="utf-8")


def named_in_tables(after: str, until: str) -> set[str]:
    """What stands between backticks in the first cells of the tables of a part of the page."""
    part = PAGE.split(f"\n{after}\n")[1].split(f"\n{until}")[0] if until else PAGE.split(f"\n{after}\n")[1]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for cell in cells for written in re.findall(r"`([^`]+)`", cell) for name in spelled_out(written)}


def spelled_out(written: str) -> list[str]:
    """The keys that ``a.{b, c}.d`` stands for."""
    found = re.fullmatch(r"(.*)\{([^}]+)\}(.*)", written)
    return [f"{found[1]}{part.strip()}{found[3]}" for part in found[2].split(",")] if found else [written]


def paths(value: Any, path: str = "") -> set[str]:
    """Every leaf of plain values by its path; an empty list or a null is a leaf of its own."""
    if isinstance(value, dict) and value:
        return {leaf for key, item in value.items() for leaf in paths(item, f"{path}.{key}" if path else key)}
    if isinstance(value, list) and value:
        inside = f"{path}[]"
        return {leaf for item in value for leaf in (paths(item, inside) if isinstance(item, dict) else {inside})}
    return {path}


def pattern(documented: str) -> re.Pattern[str]:
    """A documented path as what it matches: a name stands for whatever an object's key may be."""
    parts = re.split(r"(<[^>]+>)", documented)
    return re.compile("".join(".+" if part.startswith("<") else re.escape(part) for part in parts))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> ServedDemo:
    """The demo to its end, which is made once for all that is to be seen of it."""
    return served_demo(tmp_path_factory.mktemp("demo"), 150)


@pytest.fixture(scope="module")
def results(demo: ServedDemo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of results of a simulated shop, of a table with a broken row and no money, and of an untested model."""
    home = tmp_path_factory.mktemp("results")
    plain = home / "plain.csv"
    rng = np.random.default_rng(3)
    days = np.datetime64("2024-01-01") + rng.integers(0, 400, 400)
    with plain.open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file)
        written.writerow(["customer", "date"])
        written.writerows(zip((f"c{n}" for n in rng.integers(0, 120, 400)), days.astype(str), strict=True))
        written.writerow(["c1", "no day at all"])
    commands = {
        "plain": ["run", str(plain), "--quiet", "--horizon", "26weeks"],
        "untested": ["run", str(plain), "--quiet", "--model", "bg-nbd", "--no-backtest", "--no-report", "--no-csv"],
    }
    commands["updated"] = [*commands["untested"], "--keep"]
    for name, command in commands.items():
        done = CliRunner().invoke(app, [*command, "--into", str(home / name)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    again = CliRunner().invoke(app, ["update", str(home / "updated"), str(plain), "--quiet"], catch_exceptions=False)
    assert again.exit_code == 0, again.output
    assert "The models are fitted to orders up to" in " ".join(again.output.split())
    return {"demo": demo.folder, **{name: home / name for name in commands}}


def summaries(results: dict[str, Path]) -> set[str]:
    """All paths of all summaries; the test of subscriptions has the keys of that of orders."""
    read = [json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in results.values()]
    found = {path for summary in read for path in paths(summary)}
    own = "subscriptions.backtest"
    return {path.replace(f"{own}.", "backtest.") for path in found} | {own for path in found if path.startswith(own)}


def test_the_demo_ends_with_a_dashboard_on_which_orders_come_in(demo: ServedDemo) -> None:
    assert "What your customers are worth" in demo.first_page
    assert demo.received >= 2
    assert demo.code == 0
    assert (demo.folder / "report.html").exists()


def test_every_key_is_documented(results: dict[str, Path]) -> None:
    documented = {path: pattern(path) for path in named_in_tables("## Keys of summary.json", "")}
    unknown = [
        path
        for path in sorted(summaries(results))
        if not path.startswith(CHAPTERS)
        and not any(
            known.fullmatch(path) or written.startswith((f"{path}.", f"{path}[]"))
            for written, known in documented.items()
        )
    ]
    assert unknown == []


def test_every_documented_key_exists(results: dict[str, Path]) -> None:
    found = summaries(results)
    missing = [
        written
        for written in sorted(named_in_tables("## Keys of summary.json", ""))
        # A list may be empty in all of these shops, and an object stands by its keys.
        if not written.startswith(ON_ENGINES)
        and not any(
            pattern(written).fullmatch(path) or path.startswith(f"{written}.") or written == f"{path}[]"
            for path in found
        )
    ]
    assert missing == []


def test_columns_are_those_of_the_page(results: dict[str, Path]) -> None:
    documented = named_in_tables("## Columns of customers", "## Columns of subscribers")
    found = set()
    for name, folder in results.items():
        columns = [row[0] for row in duckdb.sql(f"DESCRIBE '{folder / 'customers.parquet'}'").fetchall()]
        found |= {re.sub(r"_26w\b|_26w_", lambda match: match[0].replace("26w", "12m"), column) for column in columns}
        if name == "demo":
            with (folder / "customers.csv").open(encoding="utf-8-sig", newline="") as file:
                assert next(csv.reader(file)) == columns
    assert found == documented - {IN_PROJECTS}


def test_columns_of_subscribers_are_those_of_the_page(results: dict[str, Path]) -> None:
    documented = named_in_tables("## Columns of subscribers", "## Keys of summary.json")
    file = results["demo"] / "subscribers.parquet"
    assert {row[0] for row in duckdb.sql(f"DESCRIBE '{file}'").fetchall()} == documented


def test_the_files_are_those_of_the_page(results: dict[str, Path]) -> None:
    documented = {
        name for name in named_in_tables("# Results", "## Columns of customers") if "." in name or name in FILES
    }
    assert documented == set(FILES)
    assert {path.name for path in results["demo"].iterdir()} == documented - ELSEWHERE
    assert {path.name for path in results["untested"].iterdir()} == {
        "customers.parquet", "model-buying.json", "summary.json",
    }  # fmt: skip
