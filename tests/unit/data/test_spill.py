"""Temporary folders: gone with their owner, and cleared at the next start where the owner was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from keepers.data.engine import Engine
from keepers.data.spill import Spill, process_lives

WAITING = """
import sys, time
from keepers.data.spill import Spill
spill = Spill()
print(spill.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def owner() -> tuple[subprocess.Popen[str], Path]:
    """A process that owns a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def ended(process: subprocess.Popen[str], kill: bool = False) -> None:
    """End it, and let go of its pipes."""
    if kill:
        process.send_signal(signal.SIGKILL)
    process.communicate()


def test_an_engine_leaves_nothing(home: Path) -> None:
    engine = Engine()
    (folder,) = home.iterdir()
    (folder / "spilled").write_text("much")
    assert engine.scratch == str(folder)
    engine.close()
    assert list(home.iterdir()) == []


def test_what_a_killed_program_left_goes_at_the_next_start(home: Path) -> None:
    process, folder = owner()
    ended(process, kill=True)
    assert folder.exists()
    spill = Spill()
    assert list(home.iterdir()) == [spill.path]
    spill.cleanup()


def test_folders_of_living_programs_stay(home: Path) -> None:
    process, folder = owner()
    Spill().cleanup()
    assert folder.exists()
    ended(process)
    # Seen from where its process has another number, a folder is its owner's as long as the lock is held.
    process, folder = owner()
    moved = folder.rename(home / f"keepers-{_no_process()}-elsewhere")
    Spill().cleanup()
    assert moved.exists()
    ended(process)
    Spill().cleanup()
    assert not moved.exists()


def test_other_folders_stay(home: Path) -> None:
    others = [home / "keepers-notes", home / f"keepers-{_no_process()}-", home / f"other-{_no_process()}-x"]
    for folder in others:
        folder.mkdir()
    Spill().cleanup()
    assert all(folder.exists() for folder in others)


def test_living_and_dead() -> None:
    assert process_lives(os.getpid())
    assert not process_lives(_no_process())


def _no_process() -> int:
    """The number of a process that is over."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid
