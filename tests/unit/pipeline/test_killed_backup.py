"""A backup and a restore that are killed in the middle: the next leaves nothing of them, and no half is opened."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keepers.domain.errors import ConfigError
from keepers.pipeline.backup import back_up, restore
from keepers.pipeline.project import Project, project_of
from unit.pipeline.test_backup import NOW, project, rows_of

__all__ = ["project"]

KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from keepers.pipeline import backup
from keepers.pipeline.project import project_of

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def restoring(point):
    steps, rename = 0, Path.rename
    def one(self, target):
        nonlocal steps
        steps += 1
        return killed() if steps == point else rename(self, target)
    Path.rename = one
    if point == 0:
        backup._digest = killed
    elif point > 9:
        backup._brought_up = killed
    folder = into / str(point)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "mine.csv").write_text("mine")
    backup.restore(file, folder)

def backing_up(point):
    backup._manifest = killed
    backup.back_up(project_of(home), into / "kept.tar.gz", dt.datetime.now(dt.UTC))

home, file, into = (Path(one) for one in sys.argv[1:4])
for doing, points in ((restoring, sys.argv[4:]), (backing_up, [0])):
    for point in map(int, points):
        child = os.fork()
        if not child:
            doing(point)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

POINTS = ("0", "1", "2", "3", "10")
"""While files are held against their sums, before each that is put into its place, and when all are there."""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by a signal")
def test_what_a_killed_one_left_goes_and_the_next_is_whole(project: Project, tmp_path: Path) -> None:
    file = back_up(project, tmp_path / "good.tar.gz", NOW).path
    with project.open_state() as state:
        before = rows_of(state)
    into = tmp_path / "into"
    into.mkdir()
    command = [sys.executable, "-c", KILLED, str(project.folder), str(file), str(into), *POINTS]
    ends = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.split()
    assert ends == [str(-signal.SIGKILL)] * (len(POINTS) + 1)
    for point in POINTS:
        folder = into / point
        assert [one.name for one in folder.glob(".keepers-restore-*")], point
        if (folder / "keepers.toml").exists():
            with pytest.raises(ConfigError, match=f"ended in the middle.*keepers restore FILE --into {folder}"):
                project_of(folder)
        restore(file, folder)
        assert not list(folder.glob(".keepers-restore-*"))
        assert (folder / "data" / "mine.csv").read_text() == "mine"
        made = project_of(folder)
        assert made is not None
        with made.open_state() as state:
            after = rows_of(state)
        assert {name: after[name] for name in before if name != "generations"} == {
            name: before[name] for name in before if name != "generations"
        }
    assert [one.name for one in into.iterdir() if one.name.startswith(".keepers-backup-")], "customers are in it"
    back_up(project, into / "kept.tar.gz", NOW)
    assert not [one for one in into.iterdir() if one.name.startswith(".keepers-backup-")]


def test_what_a_restore_left_names_nothing_outside_its_folder(project: Project, tmp_path: Path) -> None:
    file = back_up(project, tmp_path / "good.tar.gz", NOW).path
    left = tmp_path / "new" / ".keepers-restore-999999999-x"
    (left / ".keepers").mkdir(parents=True)
    outside = tmp_path / "outside.csv"
    outside.write_text("mine")
    (left / "manifest.json").write_text(f'{{"files": {{"../outside.csv": "", "{outside}": ""}}}}')
    restore(file, tmp_path / "new")
    assert outside.read_text() == "mine"
    assert not left.exists()
