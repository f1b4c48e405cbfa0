"""The budget in a run: its files, its keys, what a project remembers of it, and what is said where there is none."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from advertised import curves, store, values
from keepers.acquisition.budget import plan_budget
from keepers.acquisition.budget_record import write_down
from keepers.acquisition.response_file import load_curves
from keepers.data.read import Dataset
from keepers.domain.errors import ConfigError
from keepers.domain.ports import silent
from keepers.domain.time import months
from keepers.pipeline.budgeting import Budgeted, budgeted
from keepers.pipeline.memory import Memory
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.storage.state import State

NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


def made(folder: Path, memory: Any = None, without: str | None = None) -> tuple[Budgeted | None, tuple[str, ...]]:
    """A run's budget of the simulated store."""
    tables = {name: table for name, table in store().tables.items() if name != without}
    tables["orders"] = store().orders
    dataset = Dataset(store().engine, tables, [], None)  # type: ignore[arg-type]
    scored: Any = SimpleNamespace(values=values(), summary=values().facts.summary)
    return budgeted(dataset, scored, None, RunOptions(), folder, memory, NOW, silent)


def test_files_and_keys_say_the_same(tmp_path: Path) -> None:
    found, notes = made(tmp_path)
    assert found is not None
    assert found.plan is not None
    assert notes == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["budget.csv", "budget.parquet", "model-response.json"]
    said = found.to_dict()
    json.dumps(said, allow_nan=False)
    rows = duckdb.sql(f"FROM '{tmp_path / 'budget.parquet'}'").fetchall()
    names = [column[0] for column in duckdb.sql(f"DESCRIBE '{tmp_path / 'budget.parquet'}'").fetchall()]
    table = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    for one in said["plan"]["channels"]:
        assert table[one["channel"]]["planned_a_week"] == pytest.approx(one["planned_a_week"])
        assert table[one["channel"]]["evidence"] == "adjusted"
    again = load_curves(tmp_path / "model-response.json")
    assert found.plan.limits.payback == months(12)
    assert again.horizon == RunOptions().lifetime
    assert plan_budget(again, found.plan.limits).gain.value == pytest.approx(found.plan.gain.value, rel=1e-3)


def test_a_project_keeps_plans_and_what_they_earned(tmp_path: Path) -> None:
    project, results = begun(tmp_path)
    channels = len(curves().names)
    with State(tmp_path) as state, state.writing() as books:
        plan = replace(plan_budget(curves()), starts_on=store().last_day - dt.timedelta(days=40))
        write_down(books.ledger, plan, (), NOW)
    for _ in range(2):
        with Memory(project) as memory:
            found, _ = made(results, memory)
        assert found is not None
        assert {row.channel for row in found.kept} == set(curves().names)
        with State(tmp_path) as state, state.reading() as books:
            # The earlier plan is over, so that the new one is written too; once, as it stands until it is over.
            names = [name for name in books.ledger.decisions() if name.startswith("budget:")]
            assert len(names) == 2 * channels
            assert sum(len(books.ledger.outcomes(name)) for name in names) == channels
            entry = books.ledger.decision(names[0])
            assert entry is not None
            assert entry.action.key == "budget"


def begun(folder: Path) -> tuple[Project, Path]:
    """A project, and a folder for its results."""
    (folder / "keepers.toml").write_text("", encoding="utf-8")
    project = project_of(folder)
    assert project is not None
    results = folder / "results"
    results.mkdir()
    return project, results


def test_without_spend_there_is_nothing_to_plan(tmp_path: Path) -> None:
    assert made(tmp_path, without="spend") == (None, ())
    assert list(tmp_path.iterdir()) == []


def test_the_kind_of_business_is_said_in_the_project(tmp_path: Path) -> None:
    path = tmp_path / "keepers.toml"
    path.write_text('[acquisition]\nbusiness = "services"\npayback_months = 6\n', encoding="utf-8")
    project = project_of(tmp_path)
    assert project is not None
    assert project.acquisition.business == "services"
    assert project.acquisition.payback_months == 6
    path.write_text('[acquisition]\nbusiness = "circus"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="Say one of: shop, subscription, services, local"):
        project_of(tmp_path)
