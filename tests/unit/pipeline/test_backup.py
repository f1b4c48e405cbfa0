"""A project as one file and back: all of it, of one moment, held against its sums, and nothing written over."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keepers.domain.errors import ConfigError, KeepersError
from keepers.pipeline import backup
from keepers.pipeline.backup import back_up, restore
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.project import Project, project_of
from keepers.storage.schema import METADATA
from keepers.storage.state import State
from unit.storage.service_books import fill_service

NOW = dt.datetime(2026, 3, 4, 9, 0, tzinfo=dt.UTC)


def rows_of(state: State) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with state.reading() as books:
        return {
            table.name: sorted((tuple(row) for row in books.connection.execute(table.select())), key=repr)
            for table in METADATA.sorted_tables
        }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a state, results, an upload, a source of its own and one elsewhere."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "data" / "orders.csv").write_text("customer,date\nc1,2026-01-01\n")
    (tmp_path / "elsewhere.csv").write_text("customer,date\n")
    begin_project(Project(home, ("data/orders.csv", str(tmp_path / "elsewhere.csv")), name="Tea & Pots"))
    made = project_of(home)
    assert made is not None
    with made.open_state() as state:
        fill_service(state)
        (state.snapshots / "scores-1.parquet").write_bytes(b"scores")
        served = home / ".keepers" / "results" / "run-000002"
        served.mkdir(parents=True)
        (served / "summary.json").write_text("{}")
        (served.parent / "run-000001").mkdir()
        (served.parent / "run-000001" / "summary.json").write_text("old")
        with state.writing() as books:
            books.live.moved(served)
    (home / ".keepers" / "uploads").mkdir()
    (home / ".keepers" / "uploads" / "orders_export.csv").write_text("Name\n")
    (home / ".keepers" / "uploads" / ".half-written").write_text("N")
    return made


def test_everything_comes_back_somewhere_else(project: Project, tmp_path: Path) -> None:
    with project.open_state() as state:
        before = rows_of(state)
        # Somebody writes meanwhile, and is not waited for.
        with state.writing() as books:
            books.users.note("ada@example.com", "looked", "", NOW)
            done = back_up(project, tmp_path / "kept.tar.gz", NOW)
    assert done.outside == (str(tmp_path / "elsewhere.csv"),)
    assert done.path.stat().st_mode & 0o077 == 0
    again = restore(done.path, tmp_path / "new")
    assert (again.files, again.made_at) == (done.files, NOW)
    new = tmp_path / "new"
    found = {one.relative_to(new).as_posix() for one in new.rglob("*") if one.is_file()}
    assert found - {".keepers/state.db-wal", ".keepers/state.db-shm"} == {
        "keepers.toml", "data/orders.csv", ".keepers/.gitignore", ".keepers/state.db",
        ".keepers/snapshots/scores-1.parquet", ".keepers/uploads/orders_export.csv",
        ".keepers/results/run-000002/summary.json",
    }  # fmt: skip
    restored = project_of(new)
    assert restored is not None
    assert restored.name == "Tea & Pots"
    with restored.open_state() as state:
        after = rows_of(state)
        with state.reading() as books:
            generation = books.live.current()
    assert generation is not None
    assert Path(generation.folder) == (new / ".keepers" / "results" / "run-000002").resolve()
    for name in before.keys() - {"generations"}:
        assert after[name] == before[name], name


def test_sources_are_in_it_however_they_are_named(project: Project, tmp_path: Path) -> None:
    for name in ("orders_1.csv", "orders_2.csv", "customers.csv", "book.xlsx"):
        (project.folder / "data" / name).write_text(name)
    sources = ("data/orders_*.csv", "data/book.xlsx#Orders", "data/orders_1.csv", str(tmp_path / "else*.csv"))
    done = back_up(replace(project, sources=sources), tmp_path / "kept.tar.gz", NOW)
    assert done.outside == (str(tmp_path / "else*.csv"),)
    restore(done.path, tmp_path / "new")
    found = {one.name for one in (tmp_path / "new" / "data").iterdir()}
    assert found == {"orders_1.csv", "orders_2.csv", "book.xlsx"}


def test_a_file_that_changes_meanwhile_harms_no_backup(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads, pack = project.folder / ".keepers" / "uploads", backup._pack
    (uploads / "gone.csv").write_text("Name\n")

    def meanwhile(*said: Any) -> Any:
        (uploads / "orders_export.csv").write_text("Name\nmore\n")
        (uploads / "gone.csv").unlink()
        return pack(*said)

    monkeypatch.setattr(backup, "_pack", meanwhile)
    done = back_up(project, tmp_path / "kept.tar.gz", NOW)
    again = restore(done.path, tmp_path / "new")
    assert again.files == done.files
    assert (tmp_path / "new" / ".keepers" / "uploads" / "orders_export.csv").read_text() == "Name\nmore\n"


def test_a_state_in_a_file_elsewhere_comes_back_there(project: Project, tmp_path: Path) -> None:
    (project.folder / "keepers.toml").write_text(f'[state]\nurl = "sqlite:///{tmp_path / "team.db"}"\n')
    moved = project_of(project.folder)
    assert moved is not None
    with moved.open_state() as state:
        fill_service(state)
        before = rows_of(state)
    done = back_up(moved, tmp_path / "kept.tar.gz", NOW)
    for one in tmp_path.glob("team.db*"):
        one.unlink()
    restore(done.path, tmp_path / "new")
    restored = project_of(tmp_path / "new")
    assert restored is not None
    with restored.open_state() as state:
        after = rows_of(state)
    assert after["received_events"] == before["received_events"] != []
    assert not (tmp_path / "new" / ".keepers" / "state.db").exists()


def test_nothing_is_written_over(project: Project, tmp_path: Path) -> None:
    done = back_up(project, tmp_path / "kept.tar.gz", NOW)
    with pytest.raises(ConfigError, match="there already"):
        back_up(project, done.path, NOW)
    with pytest.raises(ConfigError, match=r"keepers\.toml is there already"):
        restore(done.path, project.folder)
    other = tmp_path / "other"
    (other / "data").mkdir(parents=True)
    (other / "data" / "orders.csv").write_text("mine")
    with pytest.raises(ConfigError, match=r"orders\.csv is there already"):
        restore(done.path, other)
    assert [one.name for one in other.rglob("*") if one.is_file()] == ["orders.csv"]


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign", "climbing", "newer", "absent"])
def test_what_is_no_whole_backup_leaves_nothing(project: Project, tmp_path: Path, harm: str) -> None:
    path = back_up(project, tmp_path / "kept.tar.gz", NOW).path
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-900])
    elif harm == "foreign":
        path.write_text("no archive")
    elif harm == "absent":
        path.unlink()
    else:
        _rewritten(path, harm)
    with pytest.raises(KeepersError):
        restore(path, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "climbed").exists()


def _rewritten(path: Path, harm: str) -> None:
    with tarfile.open(path) as archive:
        files = {one.name: archive.extractfile(one).read() for one in archive if one.isfile()}  # type: ignore[union-attr]
    if harm == "changed":
        files["data/orders.csv"] += b"c2,2026-01-01\n"
    elif harm == "newer":
        files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), "format": 99}).encode()
    elif harm == "climbing":
        files["../climbed"] = b"out"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
