"""What the features of many customers cost, from the canonical tables of a store, into docs/performance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
from pathlib import Path

from benchmarks.measure import in_own_process
from benchmarks.stores import MADE
from keepers.data.engine import literal, quoted
from keepers.simulate import demo_store

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- features table: begin -->", "<!-- features table: end -->"
SIMULATED = 50_000
"""Customers that are simulated; larger stores are copies of them with keys of their own."""
TASKS = {
    "at": "features at a day",
    "handed_over": "the same, handed over as numbers",
    "at_age": "features at the age of 28 days",
}


def main() -> None:
    """Make a store, measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench features", description=__doc__)
    parser.add_argument("customers", nargs="*", type=int, default=[100_000, 1_000_000], help="how many")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    for customers in asked.customers:
        folder, events = _store(customers)
        for task, words in TASKS.items():
            found = in_own_process("features_peer", task, folder)
            cost = f"{found.seconds:.1f} s | {found.cpu:.1f} s | {found.peak_mb:,.0f} MB"
            what = f"{found.result['customers']:,} | {found.result['features']:,}"
            rows.append(f"| {customers:,} | {events:,} | {words} | {what} | {cost} |")
            print(rows[-1], flush=True)
    if not asked.no_write:
        _write(rows)


def _store(customers: int) -> tuple[Path, int]:
    """A folder with the canonical tables of a store, and how many rows they have together."""
    folder = MADE / f"features-{customers}"
    folder.mkdir(parents=True, exist_ok=True)
    store = demo_store(customers=min(customers, SIMULATED))
    copies = max(1, customers // SIMULATED)
    total = 0
    for name, table in store.tables.items():
        keyed = [
            column for column in table.columns if column in ("customer_key", "referrer_key", "order_id", "event_id")
        ]
        changed = ", ".join(f"{column} || '-' || copy AS {column}" for column in keyed)
        several = copies if keyed and "customer_key" in keyed else 1
        replaced = f"REPLACE ({changed})" if several > 1 else ""
        target = literal(str(folder / f"{name}.parquet"))
        store.engine.execute(
            f"COPY (SELECT * EXCLUDE (copy) {replaced} FROM {quoted(table.name)}, range({several}) AS made(copy)) "
            f"TO {target} (FORMAT parquet)"
        )
        total += several * len(table)
    store.engine.close()
    return folder, total


def _write(rows: list[str]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
        "| customers | rows of all tables | task | rows | features | wall time | CPU time | peak memory |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
