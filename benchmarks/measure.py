"""One measurement: a task in a process of its own, with its time, CPU and peak memory."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "benchmark:"
ROOT = Path(__file__).parents[1]
_EVERY = 0.2


@dataclass(frozen=True)
class Measured:
    """What a task cost."""

    seconds: float
    """Wall time of the task itself, without what prepared it."""
    cpu: float
    """CPU seconds of the task, all threads."""
    peak_mb: float
    """Peak resident memory of the whole process, in MB."""
    whole_seconds: float
    """Wall time of the process, start-up included."""
    whole_cpu: float
    """CPU seconds of the process, start-up included."""
    result: dict[str, Any]
    """What the task reports of its result, to be compared between peers."""


def in_own_process(peer: str, task: str, file: Path, repeat: int = 1) -> Measured:
    """Run a task in a fresh Python; of several runs the quickest counts, as the machine's noise only adds."""
    return min((_once(peer, task, file) for _ in range(repeat)), key=lambda m: m.seconds)


@dataclass(frozen=True)
class Limit:
    """The most that a peer may take before it is ended."""

    minutes: float = float("inf")
    gigabytes: float = float("inf")


@dataclass(frozen=True)
class Ended:
    """A task that was ended because it went over its limit."""

    why: str
    """What it went over: "over 20 min"."""
    seconds: float
    """Wall time until then."""


def within(peer: str, task: str, file: Path, limit: Limit, python: Path | None = None) -> Measured | Ended:
    """Run a task in a fresh Python, perhaps of another environment, and end it where it takes more than its limit."""
    return _watched(peer, task, file, limit, python)


def _once(peer: str, task: str, file: Path) -> Measured:
    found = _watched(peer, task, file, Limit(), None)
    assert isinstance(found, Measured)
    return found


def _watched(peer: str, task: str, file: Path, limit: Limit, python: Path | None) -> Measured | Ended:
    left_out = ("PYTHONDONTWRITEBYTECODE", *(() if python is None else ("PYTHONPATH",)))
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    command = [str(python or sys.executable), "-W", "ignore", "-m", f"benchmarks.{peer}", task, str(file)]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=complained, env=environment, cwd=ROOT)
        with _watching(process, limit) as over:
            process.wait()
        whole = time.perf_counter() - started
        if over:
            return Ended(over[0], whole)
        said.seek(0)
        line = next((line for line in said if line.startswith(MARK)), None)
        if process.returncode or line is None:
            complained.seek(0)
            raise RuntimeError(f"{peer} {task} failed:\n{complained.read()[-2000:]}")
    return Measured(whole_seconds=whole, **json.loads(line.removeprefix(MARK)))


@contextlib.contextmanager
def _watching(process: subprocess.Popen[bytes], limit: Limit) -> Iterator[list[str]]:
    """End a process that goes over its limit; the list then says what it went over."""
    over: list[str] = []
    done = threading.Event()
    started = time.perf_counter()

    def watch() -> None:
        while not over and not done.wait(_EVERY):
            why = _over(process.pid, time.perf_counter() - started, limit)
            if why is not None:
                over.append(why)
                process.kill()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield over
    finally:
        done.set()
        watcher.join()


def _over(process: int, seconds: float, limit: Limit) -> str | None:
    if seconds > 60 * limit.minutes:
        return f"over {limit.minutes:g} min"
    with contextlib.suppress(OSError, StopIteration):
        if peak_mb(process) > 1024 * limit.gigabytes:
            return f"over {limit.gigabytes:g} GB"
    return None


class Clock:
    """Measures the part of a process that counts; a peer's module uses it around its task."""

    def __init__(self) -> None:
        self.measured = (0.0, 0.0)
        """Wall and CPU seconds from the start to the result."""
        self._cpu = _cpu()
        self._wall = time.perf_counter()

    def after(self, result: dict[str, Any]) -> tuple[Clock, dict[str, Any]]:
        """What a task gives back once its result is there, before it lets go of its data: no peer waits for that."""
        self.measured = time.perf_counter() - self._wall, _cpu() - self._cpu
        return self, result


def peak_mb(process: int | str = "self") -> float:
    """The most resident memory that a process had so far, in MB.

    The kernel's own mark where there is one: `ru_maxrss` begins with what the starting process had in memory.
    """
    status = Path(f"/proc/{process}/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(tasks: dict[str, Callable[[Path], tuple[Clock, dict[str, Any]]]]) -> None:
    """Run the task named on the command line and print what it cost; called by a peer's module."""
    task, file = sys.argv[1], Path(sys.argv[2])
    clock, result = tasks[task](file)
    seconds, cpu = clock.measured
    measured = {"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb(), "whole_cpu": _cpu(), "result": result}
    print(MARK + json.dumps(measured))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
