"""A team's state in PostgreSQL, in a backup and back, and from a file into a team's database."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from backends.conftest import _with_database
from keepers.domain.errors import ConfigError
from keepers.pipeline.backup import back_up, restore
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.project import Project, project_of
from unit.pipeline.test_backup import rows_of
from unit.storage.service_books import fill_service

NOW = dt.datetime(2026, 3, 4, 9, 0, tzinfo=dt.UTC)


def _project(folder: Path, url: str | None) -> Project:
    folder.mkdir()
    begin_project(Project(folder, name="Tea", state_url=url))
    made = project_of(folder)
    assert made is not None
    return made


@pytest.mark.parametrize("from_file", [True, False])
def test_a_backup_fills_an_empty_database_and_no_other(postgres_url: str, tmp_path: Path, from_file: bool) -> None:
    name = f"keepers_{'file' if from_file else 'server'}"
    first = None if from_file else _with_database(postgres_url.replace("/shop?", "/postgres?"), f"{name}_1")
    second = _with_database(postgres_url.replace("/shop?", "/postgres?"), f"{name}_2")
    project = _project(tmp_path / "one", first)
    with project.open_state() as state:
        fill_service(state)
        before = rows_of(state)
    path = back_up(project, tmp_path / "kept.tar.gz", NOW).path
    if from_file:
        # The file goes into a team's database, as soon as its keepers.toml names one.
        (tmp_path / "one" / "keepers.toml").write_text(f'sources = []\n[state]\nurl = "{second}"\n')
        moved = project_of(tmp_path / "one")
        assert moved is not None
        with moved.open_state() as state:
            state.fill_from(tmp_path / "one" / ".keepers" / "state.db")
            assert rows_of(state) == before
        return
    with pytest.raises(ConfigError, match="holds a state already"):
        restore(path, tmp_path / "two")
    assert not (tmp_path / "two").exists()
    told = (tmp_path / "one" / "keepers.toml").read_text()
    with project.open_state() as state, state.writing() as books:
        for table in reversed(list(before)):
            books.connection.exec_driver_sql(f"DELETE FROM {table}")
    restore(path, tmp_path / "two")
    restored = project_of(tmp_path / "two")
    assert restored is not None
    assert (tmp_path / "two" / "keepers.toml").read_text() == told
    assert not (tmp_path / "two" / ".keepers" / "state.db").exists()
    with restored.open_state() as state:
        after = rows_of(state)
        assert {name: rows for name, rows in after.items() if name != "generations"} == {
            name: rows for name, rows in before.items() if name != "generations"
        }
        # Numbers go on after those that came back.
        with state.writing() as books:
            assert books.inbox.add([("m9", "page", "{}")], NOW) == 1
            assert books.inbox.last() > max(int(row[0]) for row in before["received_events"])  # type: ignore[call-overload]
