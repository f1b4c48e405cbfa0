"""Runs of a project look after customers: alerts once, segments that are followed, promises that are kept or not."""

from __future__ import annotations

import csv
import datetime as dt
from typing import Any

import pytest

from keepers.data.engine import Engine, literal
from keepers.domain.alert import AlertStatus
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.run import run
from keepers.simulate import demo_store

NOW = dt.datetime(2026, 10, 1, 9, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two runs of one project: sixty days before the end of the data, and at it."""
    folder = tmp_path_factory.mktemp("project")
    store = demo_store(seed=6, customers=300)
    store.write(folder / "files", layout="parquet", only=("orders", "refunds", "persons", "engagement"))
    begin_project(Project(folder, ("files",)))
    project = project_of(folder)
    assert project is not None
    found: dict[str, Any] = {"folder": folder, "project": project}
    for name, as_of in (("first", store.last_day - dt.timedelta(days=60)), ("second", None)):
        options = RunOptions(
            into=folder / name, model="mbg-nbd", backtest=False, keep=False, project=project, as_of=as_of,
            report=False, result_columns="all",
        )  # fmt: skip
        found[name] = run(project.locations, options, now=lambda: NOW).summary
        with project.open_state() as state, state.reading() as books:
            found[f"{name} alerts"] = books.alerts.listed(None)
    return found


def test_alerts_are_raised_once(runs: dict[str, Any]) -> None:
    first, second = (runs[f"{name} alerts"] for name in ("first", "second"))
    assert 0 < len(first) <= 50
    assert {one.status for one in first} == {AlertStatus.OPEN}
    assert len(second) > len(first)
    open_now = [one for one in second if one.status is AlertStatus.OPEN]
    assert len({(one.proposal.customer_key, one.proposal.cause) for one in open_now}) == len(open_now)
    with (runs["folder"] / "second" / "alerts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["id"]) for row in rows] == [one.number for one in second if one.status is AlertStatus.OPEN]
    assert all(row["name"] and row["why"].endswith(".") and row["owner"] == "owner" for row in rows)


def test_groups_are_compared_with_those_of_the_earlier_run(runs: dict[str, Any]) -> None:
    engine, folder = Engine(), runs["folder"]
    first, second = (
        f"read_parquet({literal(str(folder / name / 'customers.parquet'))})" for name in ("first", "second")
    )
    wrong = engine.row(
        f"SELECT count(*) FILTER (now.rfm_group_previous IS DISTINCT FROM was.rfm_group) FROM {second} AS now "
        f"LEFT JOIN {first} AS was USING (customer_key)"
    )[0]
    assert wrong == 0
    assert "rfm_group_previous" not in {row[0] for row in engine.rows(f"DESCRIBE SELECT * FROM {first}")}
    moves = {one["division"]: one["moves"] for one in runs["second"]["keeping"]["segment_moves"]}
    assert set(moves) == {"rfm", "behaviour", "tier"}
    for division in moves.values():
        assert sum(one["customers"] for one in division if one["now"]) == runs["second"]["store"]["customers"]
        assert sum(one["customers"] for one in division if one["before"]) == runs["first"]["store"]["customers"]
    assert runs["first"]["keeping"]["segment_moves"] == []


def test_promises_are_graded(runs: dict[str, Any]) -> None:
    assert runs["first"]["keeping"]["promises"] == []
    (promise,) = runs["second"]["keeping"]["promises"]
    assert promise["customers"] == runs["first"]["store"]["customers"]
    assert promise["orders_said"] == pytest.approx(promise["orders_got"], rel=0.5)
    assert promise["whole"] is False


def test_thresholds_hold_for_a_month(runs: dict[str, Any]) -> None:
    with runs["project"].open_state() as state, state.reading() as books:
        day = dt.date.fromisoformat(runs["second"]["store"]["last_day"])
        rule = books.divisions.rule("behaviour", day)
        assert rule is not None
        assert rule["frozen_on"] == day.isoformat()
        earlier = books.divisions.rule("rfm:quintiles", day - dt.timedelta(days=1))
        assert earlier is not None
        assert earlier["frozen_on"] == runs["first"]["store"]["last_day"]
