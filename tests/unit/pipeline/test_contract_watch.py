"""The weekly look at contracts: silent where they end as expected, a run with its reason where they do not."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keepers.domain.errors import InputError
from keepers.pipeline.contract_watch import contracts_since
from keepers.pipeline.live_drift import ask_where_it_drifts
from keepers.pipeline.looks import looks_of
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.storage.state import State
from subscribers import subscribers

CUT, LATER = dt.date(2025, 3, 31), dt.date(2025, 7, 1)
NOW = dt.datetime(2025, 7, 1, 9, tzinfo=dt.UTC)
HEADER = ("customer", "plan", "amount", "started on", "ended on", "status", "interval")


def write(path: Path, known: dict[str, Any], until: dt.date, all_leave: dt.date | None = None) -> None:
    """The list of contracts as it was on a day; on request everybody leaves on another one."""
    rows = zip(*(known[name] for name in ("customer_key", "plan", "amount", "started_on", "ended_on")), strict=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for key, plan, amount, start, end in rows:
            leaves = all_leave.isoformat() if all_leave is not None and start < all_leave.isoformat() else end
            gone = min(filter(None, (end, leaves)), default=None)
            if start <= until.isoformat():
                ended = gone if gone is not None and gone <= until.isoformat() else ""
                out.writerow([key, plan, amount, start, ended, "canceled" if ended else "active", "month"])


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return subscribers(500, seed=4)


@pytest.fixture(scope="module")
def made(known: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders and contracts of a cut, and the result of a run."""
    home = tmp_path_factory.mktemp("made")
    lines = (f"s{n % 60:05},2025-{1 + n % 3:02}-{1 + n % 28:02},20.00\n" for n in range(300))
    (home / "orders.csv").write_text("customer,date,amount\n" + "".join(lines), encoding="utf-8")
    write(home / "contracts.csv", known, CUT)
    options = RunOptions(into=home / "result", model="bg-nbd", backtest=False, report=False, csv=False, keep=True)
    run([str(home / "orders.csv"), str(home / "contracts.csv")], options, now=lambda: NOW)
    return home


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    """A project with a copy of them."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path, sources=("orders.csv", "contracts.csv"), name="Tea")


def test_contracts_are_judged_by_what_the_sources_hold_now(project: Project, known: dict[str, Any]) -> None:
    folder = project.folder
    with pytest.raises(InputError, match="No contract is known that began after 2025-03-31"):
        contracts_since(project, folder / "result", LATER)
    write(folder / "contracts.csv", known, dt.date(2025, 6, 30))
    found = contracts_since(project, folder / "result", LATER)
    assert not found.alarm, found.sentence
    (uploads := folder / ".keepers" / "uploads").mkdir(parents=True)
    (folder / "contracts.csv").rename(uploads / "contracts.csv")
    again = contracts_since(replace(project, sources=("orders.csv",)), folder / "result", LATER)
    assert again.findings == found.findings, "uploads are sources too"


def test_an_alarm_asks_for_a_run_once_and_is_kept(project: Project, known: dict[str, Any]) -> None:
    folder = project.folder
    with State(folder) as state:
        serve_result(state, folder / "result", 0, dt.datetime(2025, 4, 1, tzinfo=dt.UTC))
        write(folder / "contracts.csv", known, dt.date(2025, 6, 30), all_leave=dt.date(2025, 4, 20))
        for _ in range(2):
            said = ask_where_it_drifts(state, LATER, NOW, project)
        with state.reading() as books:
            (job,) = books.jobs.listed()
    assert (job.kind, job.asked_by) == ("run", "drift")
    looks = looks_of(folder / "result")
    assert looks is not None
    orders, contracts = looks.looks
    assert (orders.judged, orders.refit) == (False, False)
    assert (contracts.judged, contracts.alarm, contracts.refit) == (True, True, True)
    assert job.why == contracts.sentence
    assert said.endswith(contracts.sentence)
    assert looks.day == LATER


def test_without_a_project_only_orders_are_judged(project: Project) -> None:
    with State(project.folder) as state:
        serve_result(state, project.folder / "result", 0, dt.datetime(2025, 4, 1, tzinfo=dt.UTC))
        ask_where_it_drifts(state, LATER, NOW)
    looks = looks_of(project.folder / "result")
    assert looks is not None
    assert [one.of for one in looks.looks] == ["orders"]
    (project.folder / "result" / "drift.json").write_text("{}")
    assert looks_of(project.folder / "result") is None
