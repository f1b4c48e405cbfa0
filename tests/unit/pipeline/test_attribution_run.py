"""A run with touches: the files and the summary of contacts, experiments of the configuration, and what is missing."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keepers.acquisition.attribution.credits import METHODS
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.channel_trial import ChannelTrial
from keepers.domain.errors import ConfigError
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import project_of
from keepers.pipeline.run import run
from keepers.simulate import demo_store

PAGE = (Path(__file__).parents[3] / "docs" / "acquisition.md").read_text(encoding="utf-8")
TRIALS = (
    ChannelTrial(
        "paid search",
        dt.date(2025, 1, 1),
        dt.date(2026, 6, 30),
        customers=200,
        brought=10,
        brought_low=5,
        brought_high=15,
    ),
    ChannelTrial("paid social", dt.date(2026, 3, 1), dt.date(2026, 3, 28), places=("Nowhere",)),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("attributed")
    demo_store(customers=400).write(home / "shop", "csv", only=("orders", "customers", "touches"))
    options = RunOptions(
        into=home / "result", model="bg-nbd", backtest=False, report=False, channel_trials=TRIALS,
        acquisition=AcquisitionRules(look_back_days=20),
    )  # fmt: skip
    run([str(path) for path in sorted((home / "shop").iterdir())], options)
    return home


def told(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "result" / "summary.json").read_text(encoding="utf-8"))["acquisition"]
    return found


def test_the_files_have_the_columns_of_the_page_and_every_method(home: Path) -> None:
    columns = PAGE.split("### Columns of attribution")[1].split("##")[0]
    rows = [line.split("|")[1] for line in columns.splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    table = home / "result" / "attribution.parquet"
    assert [row[0] for row in duckdb.sql(f"DESCRIBE '{table}'").fetchall()] == documented
    with (home / "result" / "attribution.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == documented
    sums = duckdb.sql(
        f"SELECT method, sum(value), sum(customers), sum(share) FROM '{table}' GROUP BY method"
    ).fetchall()
    assert {row[0] for row in sums} == set(METHODS)
    found = told(home)["attribution"]
    for _, value, customers, share in sums:
        assert value == pytest.approx(found["total"])
        assert customers == pytest.approx(found["customers"])
        assert share == pytest.approx(1.0)


def test_every_key_of_the_summary_stands_on_the_page(home: Path) -> None:
    cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `attribution")]
    documented = set(re.findall(r"\w+", " ".join(cells)))
    found = told(home)["attribution"]
    used = {*found, *found["methods"][0], *found["methods"][0]["credits"][0]}
    assert used <= documented
    assert found["customers"] + found["customers_left_out"] <= 400
    assert found["look_back_days"] == 20


def test_experiments_of_the_configuration_are_used_or_it_is_said_why_not(home: Path) -> None:
    found = told(home)
    methods = {
        one["method"]: {row["channel"]: row for row in one["credits"]} for one in found["attribution"]["methods"]
    }
    caused = methods["incremental"]
    assert caused["paid search"]["evidence"] == "experimental"
    assert caused["paid search"]["customers"] < 0.5 * methods["last"]["paid search"]["customers"]
    assert caused["paid social"]["evidence"] == "adjusted"
    assert any("paid social could not be used" in note for note in found["notes"])
    assert any("study, 2025-01-01" in note for note in found["attribution"]["notes"])


def test_the_configuration_names_experiments(tmp_path: Path) -> None:
    file = tmp_path / "keepers.toml"
    file.write_text(
        '[[channel_experiments]]\nchannel = "ads"\nplaces = ["Bavaria"]\nsince = 2026-03-01\nuntil = 2026-03-28\n\n'
        '[[channel_experiments]]\nchannel = "mail"\nholdout = "no mail"\n'
    )
    project = project_of(tmp_path)
    assert project is not None
    assert project.channel_trials == (
        ChannelTrial("ads", dt.date(2026, 3, 1), dt.date(2026, 3, 28), ("Bavaria",)),
        ChannelTrial("mail", holdout="no mail"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[channel_experiments]]\nholdout = "x"', "needs a channel"),
        ('[[channel_experiments]]\nchannel = "ads"\nwhere = "x"', "has no `where`"),
        ('[[channel_experiments]]\nchannel = "ads"', "needs one of: `places`"),
        ('[[channel_experiments]]\nchannel = "ads"\nplaces = ["x"]', "needs its days"),
        ('[[channel_experiments]]\nchannel = "ads"\nplaces = "x"', "should be a list of texts"),
        ('[[channel_experiments]]\nchannel = "ads"\nplaces = ["x"]\nsince = "May"', "should be a day"),
        ('[[channel_experiments]]\nchannel = "ads"\ncustomers = "many"', "should be a number"),
        ('[channel_experiments]\nchannel = "ads"', "tables of a list"),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "keepers.toml").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(said)):
        project_of(tmp_path)


def test_without_touches_it_is_said_what_brings_them(tmp_path: Path) -> None:
    demo_store(customers=60).write(tmp_path / "shop", "csv", only=("orders", "spend"))
    options = RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False, report=False)
    run([str(path) for path in sorted((tmp_path / "shop").iterdir())], options)
    found = told(tmp_path)
    assert found["attribution"] is None
    assert any(
        "there are no touches. A file with date, visitor or customer, and channel" in note for note in found["notes"]
    )
    assert not (tmp_path / "result" / "attribution.csv").exists()
