"""Run the benchmarks and write the table of docs/performance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path

import duckdb

from benchmarks.measure import Measured, in_own_process
from benchmarks.stores import SIZES, orders_file

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- benchmark table: begin -->", "<!-- benchmark table: end -->"
PEER = "lifetimes_peer"
TASKS = {
    "summary": "orders in Parquet to summary",
    "fit_bg_nbd": "fit BG/NBD",
    "fit_pareto_nbd": "fit Pareto/NBD",
    "predict": "P(alive), 52 weeks, discounted value",
    "predict_all": "the same, all forty columns with intervals",
    "whole": "whole job: file to scored Parquet",
    "whole_main": "the same, main columns with intervals and tiers",
    "full_run": "`keepers run`: backtests, all models, CSV, report",
}
PEERS_TASK = {"predict_all": "predict", "whole_main": "whole"}
"""Tasks that the peer has no more for than another one."""

WITH_START_UP = {"whole", "whole_main", "full_run"}
"""Jobs that a person starts: they begin with the program, whoever's it is."""

SLOW_FOR_PEER = {("fit_pareto_nbd", "1m")}
"""What takes a peer the better part of an hour; run with --all."""


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("sizes", nargs="*", default=["cdnow", "100k", "1m"], help=f"of {', '.join(SIZES)}")
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS), help="only these")
    parser.add_argument("--repeat", type=int, default=1, help="the quickest of so many runs counts")
    parser.add_argument("--all", action="store_true", help="also what takes a peer very long")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    for size in asked.sizes:
        file = orders_file(size)
        done: dict[str, Measured] = {}
        for task in asked.tasks:
            ours = in_own_process("keepers_peer", task, file, asked.repeat)
            theirs = None
            if task != "full_run" and (asked.all or (task, size) not in SLOW_FOR_PEER):
                same = PEERS_TASK.get(task, task)
                theirs = done.get(same) or in_own_process(PEER, same, file)
                done[same] = theirs
            rows.append(_row(size, task, ours, theirs))
            print(rows[-1], flush=True)
            print(f"  keepers   {ours.result}", flush=True)
            if theirs is not None:
                print(f"  lifetimes {theirs.result}", flush=True)
    if not asked.no_write:
        _write(rows)


def _row(size: str, task: str, ours: Measured, theirs: Measured | None) -> str:
    seconds, cpu = _cost(ours, task)
    cells = [f"{SIZES[size]:,}", TASKS[task], f"{seconds:.2f} s, {cpu:.2f} s CPU, {ours.peak_mb:,.0f} MB"]
    if theirs is None:
        cells += ["", "", "", ""]
    else:
        peers, peers_cpu = _cost(theirs, task)
        cells += [
            f"{peers:.2f} s, {peers_cpu:.2f} s CPU, {theirs.peak_mb:,.0f} MB",
            _times(peers / seconds),
            _times(peers_cpu / cpu),
            f"{ours.peak_mb / theirs.peak_mb:.2f}",
        ]
    return "| " + " | ".join(cells) + " |"


def _times(ratio: float) -> str:
    """A ratio to two digits."""
    return f"{float(f'{ratio:.2g}'):g}"


def _cost(found: Measured, task: str) -> tuple[float, float]:
    return (found.whole_seconds, found.whole_cpu) if task in WITH_START_UP else (found.seconds, found.cpu)


def _write(rows: list[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB "
        f"{duckdb.__version__}, lifetimes {version('lifetimes')}; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
        "| customers | task | Keepers | lifetimes | times faster | by CPU | memory ratio |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
