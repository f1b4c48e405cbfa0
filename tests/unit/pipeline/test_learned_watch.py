"""The weekly look at learned value: silent where customers are as they were, a run with its reason where not."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import pytest

import keepers as kp
from keepers.evaluation import compare
from keepers.pipeline import scoring
from keepers.pipeline.learned_watch import last_day
from keepers.pipeline.live_drift import ask_where_it_drifts
from keepers.pipeline.looks import Look, looks_of
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project
from keepers.pipeline.serving import serve_result
from keepers.simulate import Newsletters, StorePlan, simulate_store
from keepers.storage.state import State

CUT, LAST = dt.date(2026, 7, 22), dt.date(2026, 9, 30)
NOW = dt.datetime(2026, 10, 1, 9, tzinfo=dt.UTC)
FILES = {"orders.csv": "date", "engagement.csv": "day"}


def copied(source: Path, target: Path, where: str, replaced: str = "") -> None:
    """Some rows of the files, on request some columns of the orders changed."""
    target.mkdir(exist_ok=True)
    for name, day in FILES.items():
        columns = f"* REPLACE ({replaced})" if replaced and name == "orders.csv" else "*"
        duckdb.sql(
            f"COPY (SELECT {columns} FROM read_csv('{source / name}', all_varchar=true) "
            f"WHERE {where.format(day=f'left({day}, 10)')}) TO '{target / name}' (HEADER)"
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a shop's files held ten weeks ago, what they hold now, and the result of a run then."""
    home = tmp_path_factory.mktemp("learned")
    store = simulate_store(1200, 3, StorePlan(people=True, newsletters=Newsletters()), start="2024-07-01", end=LAST)
    store.write(home / "all", layout="csv", only=("orders", "engagement"))
    copied(home / "all", home / "then", f"{{day}} <= '{CUT}'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "competitor", lambda: kp.LearnedValue("hurdle", rounds=20, folds=2))
        patch.setattr(scoring, "early_competitor", lambda: kp.EarlyValue((7,), rounds=5))
        choose = compare.choose_model
        patch.setattr(compare, "choose_model", lambda *a, **k: choose(*a, **{**k, "origins": 1}))
        options = RunOptions(
            into=home / "result", learned=True, csv=False, model="mbg-nbd", report=False, keep=True, season=False
        )
        kp.run([str(home / "then")], options)
    return home


def looked(home: Path, made: Path, source: str) -> tuple[dict[str, Look], str]:
    """What the look finds with a folder of files as the sources, and why a run was asked for."""
    shutil.copytree(made / "result", home / "result")
    project = Project(home, sources=(str(made / source),), name="Tea")
    with State(home) as state:
        serve_result(state, home / "result", 0, dt.datetime(2026, 7, 23, tzinfo=dt.UTC))
        for _ in range(2):
            ask_where_it_drifts(state, NOW.date(), NOW, project)
        with state.reading() as books:
            jobs = books.jobs.listed()
    looks = looks_of(home / "result")
    assert looks is not None
    assert len(jobs) < 2, "an alarm asks once"
    return {one.of: one for one in looks.looks}, jobs[0].why if jobs else ""


def test_customers_who_are_as_they_were_ask_for_nothing(made: Path, tmp_path: Path) -> None:
    assert last_day(made / "result") == CUT
    found, why = looked(tmp_path, made, "all")
    assert set(found) == {"orders", "features", "learned"}
    for name in ("features", "learned"):
        one = found[name]
        assert (one.judged, one.alarm, one.refit) == (True, False, False), one.sentence
    assert why == ""
    assert "70 days since the run" in found["learned"].sentence


def test_other_newcomers_and_money_that_stays_away_ask_for_a_run(made: Path, tmp_path: Path) -> None:
    """Whoever came since spends five times as much, and seven in eight of those who were there stay away."""
    file = f"read_csv('{made / 'then' / 'orders.csv'}', all_varchar=true)"
    then = f"SELECT customer_id FROM {file} WHERE customer_id IS NOT NULL"
    more = ", ".join(
        f"CASE WHEN customer_id IN ({then}) THEN {name} ELSE CAST(5 * CAST({name} AS DOUBLE) AS VARCHAR) END AS {name}"
        for name in ("gross", "tax", "shipping", "discount", "amount")
    )
    away = f"({{day}} <= '{CUT}' OR customer_id NOT IN ({then}) OR hash(customer_id) % 8 = 0)"
    copied(made / "all", made / "changed", away, more)
    found, why = looked(tmp_path, made, "changed")
    for name in ("features", "learned"):
        one = found[name]
        assert (one.judged, one.alarm, one.refit) == (True, True, True), one.sentence
        assert one.sentence in why
    assert "Newcomers of 2026-07-23 and later differ, after 28 days" in why
    assert "less came than learned value said" in why


def test_sources_that_end_with_the_run_tell_nothing(made: Path, tmp_path: Path) -> None:
    found, why = looked(tmp_path, made, "then")
    assert not found["features"].judged
    assert not found["learned"].judged
    assert found["learned"].sentence == f"The sources hold no order after {CUT}, the last day of the run."
    assert why == ""
