"""A project: what keepers.toml says, and what runs in its folder remember."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.errors import ConfigError
from keepers.domain.ports import silent
from keepers.domain.sales_team import LeadRules
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.reading import read_files
from unit.cli.conftest import Keepers, keepers, shop_rows, write_csv

__all__ = ["keepers"]


def test_what_init_writes_is_read_again(tmp_path: Path) -> None:
    said = Project(
        tmp_path, ("orders.csv", 'with "quotes".csv', "postgresql://u@h/shop"), ("ads.csv",), 'A "good" shop', "EUR",
        margin="35%", into="out", leads=LeadRules(12.5, people={"Ada": 20, 'B "Ben"': 5}, left_out=("score",)),
        acquisition=AcquisitionRules(9.0, 2.5, 1200.0), channels={'IG "story"': "meta ads"},
    )  # fmt: skip
    begin_project(said)
    assert project_of(tmp_path) == said
    assert said.locations == [
        str(tmp_path / "orders.csv"), str(tmp_path / 'with "quotes".csv'), "postgresql://u@h/shop",
        str(tmp_path / "ads.csv"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="is there already"):
        begin_project(said)
    begin_project(Project(tmp_path), replace=True)
    assert project_of(tmp_path) == Project(tmp_path)
    assert project_of(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('sources = "orders.csv"\n', "is a list of files"),
        ("[stores]\n", r"`stores` is not known here. There are `sources` and the sections \[store\]"),
        ("[store]\nnane = 'x'\n", r"has no `nane`. It may say: name"),
        ("[value]\nmargin = true\n", "should be a share"),
        ("[alerts]\ndue_days = 1.5\n", "should be a whole number"),
        ("[alerts]\nmost = -1\n", "is negative"),
        ("[acquisition]\nratio = '3:1'\n", "should be a number"),
        ("[acquisition]\npayback_months = 0\n", "must be above 0"),
        ("[acquisition]\noverhead = -5\n", "zero or more"),
        ("[acquisition]\nlook_back_days = 2.5\n", "a whole number of days, 1 to 365"),
        ("[channels]\nfb = 3\n", "should be a text: what it shall be called"),
        ("[service]\nGold = 'much'\n", "what serving such a customer costs a year"),
        ("[leads]\npeople = 20\n", "should be a table"),
        ("[money]\nrates = 1.1\n", "such as { EUR = 1, USD = 0.92 }"),
        ("[money]\nrates = { USD = 0 }\n", "what one unit of it is worth"),
        ("[money]\nrates = { dollar = 1.1 }\n", "should be a currency"),
        ("[leads]\npeople = { Ada = 'many' }\n", "whole numbers of leads a week"),
        ("[leads]\ncost = -1\n", "zero or more"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "keepers.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        project_of(tmp_path)


def _rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(folder / ".keepers" / "state.db")) as database:
        return database.execute(sql).fetchall()


def test_runs_of_a_project_are_remembered_and_others_are_not(keepers: Keepers, tmp_path: Path) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    quick = ("--model", "bg-nbd", "--no-backtest", "--no-report", "-q")
    assert keepers("run", *quick).code == 2, "nothing to read"
    assert keepers("run", "orders.csv", *quick).code == 0
    assert not (tmp_path / ".keepers").exists()
    assert keepers("init", "orders.csv", "--margin", "35%", "--into", "out", "--name", "Fern").code == 0
    assert keepers("init").code == 2
    done = keepers("run", *quick)
    assert done.code == 0, done.err
    assert "Fern" in done.out
    assert (tmp_path / "out" / "customers.parquet").exists()
    (first,) = _rows(tmp_path, "SELECT kind, rows, snapshot, basis FROM published_scores")
    assert first[0] == "customers"
    assert first[3] == "contribution margin"
    assert (tmp_path / ".keepers" / "snapshots" / str(first[2])).exists()
    # The command line goes before the file.
    assert keepers("run", "orders.csv", "--into", "other", "--margin", "50%", *quick).code == 0
    assert (tmp_path / "other" / "summary.json").exists()
    assert len(_rows(tmp_path, "SELECT id FROM runs")) == 2


def test_a_run_that_fails_is_not_remembered(keepers: Keepers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    assert keepers("init", "orders.csv").code == 0

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keepers.data.staged_folder._exchange", fail)
    assert keepers("run", "--model", "bg-nbd", "--no-backtest", "--no-report", "-q").code == 5
    assert _rows(tmp_path, "SELECT id FROM runs") == []
    assert os.listdir(tmp_path / ".keepers" / "snapshots") == []


def test_alerts_need_a_project(keepers: Keepers) -> None:
    done = keepers("alerts")
    assert done.code == 2
    assert "keepers init" in done.err
    assert keepers("init").code == 0
    assert "no open alerts" in keepers("alerts").out
    assert keepers("alerts", "--json").out == '{ "alerts": [] }'
    assert "no alert 3" in keepers("alerts", "done", "3", "--outcome", "called").err


def test_a_source_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path / "orders.csv", shop_rows())
    (tmp_path / "keepers.toml").write_text('sources = ["{env:SHOP_ORDERS}"]\n')
    project = project_of(tmp_path)
    assert project is not None

    def orders() -> int:
        return read_files(project.locations, RunOptions(project=project), silent).reconciliation.orders

    monkeypatch.delenv("SHOP_ORDERS", raising=False)
    with pytest.raises(ConfigError, match="SHOP_ORDERS of the environment, which is not set"):
        orders()
    monkeypatch.setenv("SHOP_ORDERS", "orders.csv")
    assert orders() == 300
