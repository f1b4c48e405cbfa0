"""One measurement: a task in a process of its own, with its time, CPU and peak memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "benchmark:"


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


def _once(peer: str, task: str, file: Path) -> Measured:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.{peer}", task, str(file)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    whole = time.perf_counter() - started
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if done.returncode or line is None:
        raise RuntimeError(f"{peer} {task} failed:\n{done.stderr[-2000:]}")
    return Measured(whole_seconds=whole, **json.loads(line.removeprefix(MARK)))


class Clock:
    """Measures the part of a process that counts; a peer's module uses it around its task."""

    def __init__(self) -> None:
        self._cpu = _cpu()
        self._wall = time.perf_counter()

    def stop(self) -> tuple[float, float]:
        """Wall and CPU seconds since the start."""
        return time.perf_counter() - self._wall, _cpu() - self._cpu


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
    seconds, cpu = clock.stop()
    measured = {"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb(), "whole_cpu": _cpu(), "result": result}
    print(MARK + json.dumps(measured))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
