"""Runs that do not end well: interrupted, killed, and on a full disk; the earlier result is always whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

STEPS = ("Opening", "Backtest", "Writing")
_PATIENCE = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, cdnow_path: Path) -> Path:
    """A folder with the CDNOW sample and an earlier result."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(cdnow_path, folder / "orders.txt")
    subprocess.run([*command(folder), "--model", "nbd", "--no-backtest", "--quiet"], check=True, capture_output=True)
    return folder


@pytest.fixture
def before(home: Path) -> Iterator[dict[str, bytes]]:
    """The earlier result, which the test may not change."""
    found = contents(home / "result")
    yield found
    assert contents(home / "result") == found


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, and of folders in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(home: Path) -> list[str]:
    """A whole run, into the folder of the earlier result."""
    return [sys.executable, "-m", "keepers", "run", str(home / "orders.txt"), "--into", str(home / "result")]


def stopped(home: Path, step: str, number: signal.Signals, **environment: str) -> tuple[int, str]:
    """Start a run and send it a signal in the middle of a step; gives its code and what it said."""
    said = home / "said.txt"
    words = command(home) if step == "Backtest" else [*command(home), "--model", "bg-nbd", "--no-backtest"]
    with said.open("w", encoding="utf-8") as errors:
        run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **environment})
        until = time.monotonic() + _PATIENCE
        while step not in said.read_text(encoding="utf-8") and run.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(random.Random(step).random() / 20)
        run.send_signal(number)
        code = run.wait(timeout=_PATIENCE)
    text = said.read_text(encoding="utf-8")
    said.unlink()
    return code, text


def others(home: Path) -> list[str]:
    """Whatever lies in the folder besides the orders and the result."""
    return sorted(path.name for path in home.iterdir() if path.name not in ("orders.txt", "result"))


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("step", STEPS)
def test_ctrl_c_leaves_nothing_behind(home: Path, step: str) -> None:
    code, text = stopped(home, step, signal.SIGINT)
    assert code == 130, text
    assert "keepers: interrupted. Nothing was changed" in text
    assert "Traceback" not in text
    assert others(home) == []


@pytest.mark.usefixtures("before")
def test_being_ended_is_like_ctrl_c(home: Path) -> None:
    code, text = stopped(home, "Backtest", signal.SIGTERM)
    assert (code, "interrupted" in text, others(home)) == (130, True, [])


def test_a_rerun_after_a_kill_is_clean(home: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(home, tmp_path / "place"))
    before = (place / "result" / "summary.json").read_bytes()
    code, _ = stopped(place, "Writing", signal.SIGKILL, TMPDIR=str(tmp_path))
    assert code == -signal.SIGKILL
    assert (place / "result" / "summary.json").read_bytes() == before
    assert len(others(place)) == 1
    again = [*command(place), "--model", "mbg-nbd", "--no-backtest", "--quiet"]
    assert len(list(tmp_path.glob("keepers-*"))) == 1
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(again, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert others(place) == []
    assert list(tmp_path.glob("keepers-*")) == []
    assert (place / "result" / "summary.json").read_bytes() != before


@pytest.mark.parametrize("words", [["run", "--help"], ["check", "orders.txt", "--json"], ["check", "orders.txt"]])
def test_a_reader_who_leaves_early(home: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "keepers", *words], stdout=writing, stderr=subprocess.PIPE, text=True, cwd=home,
        check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if not line.endswith("...")] == []


FULL = r"""
set -u
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77
shift; disk=$1; shift
if [ "$1" = earlier ]; then
  shift; "$@" --into "$disk/result" --no-report --no-csv --quiet > /dev/null || exit 78
  cksum "$disk"/result/*
fi
"$@" --into "${INTO:-$disk/result}" --quiet > /dev/null
echo "code $?"
ls -A "$disk"
[ -e "$disk/result" ] && cksum "$disk"/result/*
exit 0
"""


def on_a_small_disk(disk: Path, size: str, words: list[str], **environment: str) -> tuple[list[str], str]:
    """Run with a disk of that size mounted at a place, in a space of mounts of its own; gives lines and errors."""
    if shutil.which("unshare") is None:
        pytest.skip("needs `unshare` to mount a small disk")
    disk.mkdir()
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", FULL, "sh", size, str(disk), *words],
        capture_output=True, text=True, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"this machine does not let a user mount a disk: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("size", ["60k", "700k"])
def test_a_full_disk(home: Path, tmp_path: Path, size: str) -> None:
    words = [*command(home)[:-2], "--model", "nbd", "--no-backtest"]
    lines, errors = on_a_small_disk(tmp_path / "disk", size, words)
    assert lines == ["code 5"], errors
    assert errors.startswith(("keepers: The disk is full", "keepers: The results could not be written"))
    assert "Free some" in errors
    assert "exception_type" not in errors


def test_a_full_disk_keeps_the_earlier_result(home: Path, tmp_path: Path) -> None:
    words = ["earlier", *command(home)[:-2], "--model", "nbd", "--no-backtest"]
    lines, errors = on_a_small_disk(tmp_path / "disk", "1100k", words)
    middle = lines.index("code 5")
    assert lines[middle + 1] == "result"
    assert lines[:middle] == lines[middle + 2 :]
    assert "Free some" in errors


def test_no_room_for_temporary_files(home: Path, tmp_path: Path) -> None:
    disk, into = tmp_path / "disk", tmp_path / "result"
    words = [*command(home)[:-2], "--model", "nbd", "--no-backtest"]
    lines, errors = on_a_small_disk(disk, "60k", words, TMPDIR=str(disk), INTO=str(into))
    assert lines == ["code 5"], errors
    assert "point TMPDIR to another disk" in errors
    assert not into.exists()
