"""What adding new orders to a result costs beside a run over all orders, into docs/performance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
from pathlib import Path

from benchmarks.measure import in_own_process
from benchmarks.stores import MADE, SIZES, orders_file
from keepers.data.engine import Engine, literal

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- update table: begin -->", "<!-- update table: end -->"
TASKS = {
    "lean": "lean run over the history",
    "keeping": "the same, orders kept for updates",
    "update": "`keepers update`: new orders, all customers valued anew",
    "rerun": "lean run over all orders instead",
    "add": "new orders into the kept base alone",
    "summarise": "summary of all orders instead",
}


def main() -> None:
    """Split orders into those of before and the newest, measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench updates", description=__doc__)
    parser.add_argument("sizes", nargs="*", default=["100k", "1m"], help=f"of {', '.join(SIZES)}")
    parser.add_argument("--new", type=int, default=10_000, help="so many newest orders are new")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    for size in asked.sizes:
        folder, before = _split(size, asked.new)
        for task, words in TASKS.items():
            found = in_own_process("update_peer", task, folder)
            whole = task not in ("add", "summarise")
            seconds, cpu = (found.whole_seconds, found.whole_cpu) if whole else (found.seconds, found.cpu)
            cost = f"{seconds:.2f} s | {cpu:.2f} s | {found.peak_mb:,.0f} MB"
            rows.append(f"| {SIZES[size]:,} | {before:,} | {asked.new:,} | {words} | {cost} |")
            print(rows[-1], flush=True)
            print(f"  {found.result}", flush=True)
        shutil.rmtree(folder)
    if not asked.no_write:
        _write(rows)


def _split(size: str, new: int) -> tuple[Path, int]:
    """A folder with the orders of before, the newest, and all."""
    source = literal(str(orders_file(size)))
    folder = MADE / f"updates-{size}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    engine = Engine()
    orders = int(engine.row(f"SELECT count(*) FROM read_parquet({source})")[0])
    numbered = f"SELECT *, row_number() OVER (ORDER BY date, customer_id, amount) AS place FROM read_parquet({source})"
    for name, where in (
        ("before", f"place <= {orders - new}"), ("since", f"place > {orders - new}"), ("all", "TRUE"),
    ):  # fmt: skip
        target = literal(str(folder / f"{name}.parquet"))
        engine.execute(f"COPY (SELECT * EXCLUDE (place) FROM ({numbered}) WHERE {where}) TO {target} (FORMAT parquet)")
    engine.close()
    return folder, orders - new


def _write(rows: list[str]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
        "| customers | orders before | new orders | task | wall time | CPU time | peak memory |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
