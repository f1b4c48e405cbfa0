"""`keepers run` on a CSV of 2 GB within a limit of memory: time, processor time and peak memory."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import peak_mb
from benchmarks.stores import MADE, orders_file
from keepers.data.engine import Engine, literal

_EVERY = 0.2


def csv_file(gigabytes: float) -> Path:
    """An export of orders of about that size: the store of 1,000,000 customers over and over, with other ids."""
    file = MADE / f"orders-{gigabytes:g}gb.csv"
    if file.exists():
        return file
    store = literal(str(orders_file("1m")))
    engine = Engine()
    bytes_a_store = engine.row(f"SELECT count(*) FROM {store}")[0] * 62
    copies = max(1, round(gigabytes * 1e9 / bytes_a_store))
    beside = file.with_suffix(".part")
    engine.execute(
        f"""COPY (SELECT printf('ORD-%012d', row_number() OVER ()) AS "Order ID",
                         customer_id || '-' || copy AS "Customer ID",
                         strftime(date + to_seconds(hash(customer_id, copy) % 86400), '%Y-%m-%d %H:%M:%S')
                             AS "Created at",
                         printf('%.2f', amount) AS "Total", 'EUR' AS "Currency", 'web' AS "Channel"
                  FROM {store}, range({copies}) AS copies(copy)) TO {literal(str(beside))} (FORMAT csv, HEADER)"""
    )
    engine.close()
    beside.replace(file)
    return file


def main() -> None:
    """Make the file, run the program on it, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.big_file", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of the file")
    parser.add_argument("--memory", default="2GB", help="the engine's limit")
    parser.add_argument("rest", nargs="*", help="further words for `keepers run`, behind --")
    asked = parser.parse_args()
    file = csv_file(asked.gigabytes)
    print(f"{file.name}: {file.stat().st_size / 1e9:.2f} GB", flush=True)
    with tempfile.TemporaryDirectory(dir=MADE) as folder:
        words = ["run", str(file), "--into", f"{folder}/result", "--memory", asked.memory, *asked.rest]
        started, before, peak = time.perf_counter(), os.times(), 0.0
        process = subprocess.Popen([sys.executable, "-m", "keepers", *words])
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(_EVERY)
        after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"exit {process.returncode}: {time.perf_counter() - started:.0f} s, {cpu:.0f} s CPU, {peak:,.0f} MB")


def _peak(process: int) -> float:
    try:
        return peak_mb(process)
    except (OSError, StopIteration):
        return 0.0


if __name__ == "__main__":
    main()
