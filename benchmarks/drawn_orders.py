"""Orders of any number of customers, drawn some at a time and written as Parquet, for measuring what size costs."""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.stores import END, MADE
from keepers.data.engine import Engine, literal

CUSTOMERS = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000, "3m": 3_000_000, "10m": 10_000_000, "30m": 30_000_000}
"""Sizes by name. Thirty million customers place a hundred million orders."""

FILES = {"10k": 1, "100k": 1, "1m": 1, "3m": 4, "10m": 4, "30m": 8}
DAYS = 730
LAW = {"r": 0.553, "alpha": 6.2, "s": 0.606, "beta": 11.669}
"""Pareto/NBD in weeks: that of the CDNOW sample, but buying more often, so that a customer places 3.3 orders."""

SPEND = {"p": 6.25, "q": 3.74, "gamma": 15.44}
_AT_ONCE = 500_000
_MEMORY = "4GB"


def orders_folder(size: str, seed: int = 1) -> Path:
    """A folder with the orders of so many customers, made once and kept: customer_id, date, amount.

    Each file holds a stretch of time in the order of its days, as exports do, so that a customer's orders are spread
    over files and row groups.
    """
    folder = MADE / f"drawn-{size}"
    if not folder.exists():
        MADE.mkdir(exist_ok=True)
        beside = folder.with_suffix(".part")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        # In a process of its own, whose memory goes with it.
        words = [sys.executable, "-m", "benchmarks.drawn_orders", size, str(beside), "--seed", str(seed)]
        subprocess.run(words, check=True)
        beside.replace(folder)
    return folder


def copied_folder(size: str, times: int) -> Path:
    """The orders of a store so many times over, each time by others: more customers with the same histories."""
    folder = MADE / f"drawn-{size}-{times}-times"
    if not folder.exists():
        beside = folder.with_suffix(".part")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        engine = Engine(memory_limit=_MEMORY)
        engine.execute(
            f"""COPY (SELECT customer_id || '-' || copy AS customer_id, date, amount
                      FROM read_parquet({literal(f"{orders_folder(size)}/*.parquet")}), range({times}) AS copies(copy)
                      ORDER BY date) TO {literal(str(beside / "orders-1.parquet"))} (FORMAT parquet)"""
        )
        engine.close()
        beside.replace(folder)
    return folder


def drawn(customers: int, seed: int) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Orders of some customers at a time: number of the customer, day since the first one, amount in cents.

    Customers come on any day of two years alike, buy at random moments at a rate of their own until they leave, and
    spend around a mean of their own.
    """
    for begin in range(0, customers, _AT_ONCE):
        rng = np.random.default_rng([seed, begin])
        some = min(_AT_ONCE, customers - begin)
        first = rng.integers(0, DAYS, some)
        rate = rng.gamma(LAW["r"], 1.0 / LAW["alpha"], some) / 7.0
        with np.errstate(divide="ignore", over="ignore"):
            leaves = rng.standard_exponential(some) / (rng.gamma(LAW["s"], 1.0 / LAW["beta"], some) / 7.0)
        stays = np.minimum(leaves, DAYS - 1 - first)
        again = np.repeat(np.arange(some), rng.poisson(rate * stays))
        later = first[again] + np.ceil(rng.random(again.size) * stays[again]).astype(np.int64)
        who = np.concatenate([np.arange(some), again])
        mean = SPEND["gamma"] / rng.standard_gamma(SPEND["q"], some)
        cents = np.rint(100 * rng.standard_gamma(SPEND["p"], who.size) * mean[who])
        yield {
            "customer": (who + begin).astype(np.int32),
            "day": np.minimum(np.concatenate([first, later]), DAYS - 1).astype(np.int32),
            "cents": np.maximum(cents, 1).astype(np.int64),
        }


def write_orders(customers: int, files: int, folder: Path, seed: int) -> None:
    """Draw, and write so many files, each of a stretch of time."""
    engine = Engine(memory_limit=_MEMORY)
    engine.execute("CREATE TABLE drawn (customer INTEGER, day INTEGER, cents INTEGER)")
    for columns in drawn(customers, seed):
        fresh = engine.from_columns("fresh", columns)
        engine.execute(f"INSERT INTO drawn SELECT customer, day, cents FROM {fresh}")
    start = f"DATE {literal((END - dt.timedelta(days=DAYS - 1)).isoformat())}"
    for place in range(files):
        since, until = DAYS * place // files, DAYS * (place + 1) // files
        engine.execute(
            f"""COPY (SELECT printf('C%08d', customer) AS customer_id, CAST({start} + day AS TIMESTAMP) AS date,
                             cents / 100 AS amount
                      FROM drawn WHERE day >= {since} AND day < {until} ORDER BY day, customer)
                TO {literal(str(folder / f"orders-{place + 1}.parquet"))} (FORMAT parquet)"""
        )
    engine.close()


def main() -> None:
    """Write a folder; `orders_folder` calls this in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drawn_orders", description=__doc__)
    parser.add_argument("size", choices=list(CUSTOMERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    write_orders(CUSTOMERS[asked.size], FILES[asked.size], asked.folder, asked.seed)


if __name__ == "__main__":
    main()
