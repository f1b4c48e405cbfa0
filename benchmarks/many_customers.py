"""Fits of ten million customers simulated at day resolution, from their cells, into docs/performance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import keepers as kp
from benchmarks.measure import peak_mb
from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.simulate.histories import simulate_histories

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- ten million table: begin -->", "<!-- ten million table: end -->"
MODELS = {
    "BGNBD": ("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}),
    "ParetoNBD": ("pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}),
}
"""Each model with the law that its customers follow, which is that of the CDNOW sample (weeks)."""

AIMS = {"BGNBD": 3.0, "ParetoNBD": 10.0}
DAYS = 730
_AT_ONCE = 500_000


def day_cells(law: str, parameters: dict[str, float], customers: int, seed: int = 1) -> Cells:
    """The distinct histories of so many customers, of whom every day of two years brought equally many.

    Customers are drawn and grouped some at a time, so that memory holds the cells and not the customers.
    """
    keys: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    weight: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    rng = np.random.default_rng(seed)
    for number, begin in enumerate(range(0, customers, _AT_ONCE)):
        some = min(_AT_ONCE, customers - begin)
        ages = rng.integers(1, DAYS + 1, some) / TimeUnit.WEEK.days
        drawn = simulate_histories(law, parameters, some, ages, seed=seed * 1_000 + number, whole_days=True)
        recency, age = (np.rint(column * TimeUnit.WEEK.days).astype(np.int64) for column in (drawn.t_x, drawn.T))
        # No more than one purchase a day is seen.
        count = np.minimum(drawn.x.astype(np.int64), recency)
        fresh, times = np.unique((count * 1_024 + recency) * 1_024 + age, return_counts=True)
        merged, place = np.unique(np.concatenate([keys, fresh]), return_inverse=True)
        weight = np.bincount(place, np.concatenate([weight, times]), merged.size).astype(np.int64)
        keys = merged
    week = TimeUnit.WEEK.days
    x, t_x, T = keys >> 20, (keys >> 10) & 1_023, keys & 1_023
    return Cells(x, t_x / week, T / week, weight, TimeUnit.WEEK)


def fitted(name: str, cells: Cells) -> tuple[Any, float, float]:
    """The model with the wall and processor seconds of its fit, curvature and posterior included."""
    empty = getattr(kp, name)()
    wall, cpu = time.perf_counter(), time.process_time()
    model = empty.fit(cells)
    _ = model.posterior_.covariance
    return model, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Simulate, fit, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench ten-million", description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--repeat", type=int, default=3, help="the quickest of so many fits counts")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    for module in ("keepers.models.buying", "scipy.special"):
        __import__(module)
    rows = []
    for name in asked.models:
        law, parameters = MODELS[name]
        cells = day_cells(law, parameters, asked.customers)
        model, wall, cpu = min((fitted(name, cells) for _ in range(asked.repeat)), key=lambda found: found[2])
        told = ", ".join(f"{symbol} {value:.4f} ({parameters[symbol]})" for symbol, value in model.parameters_.items())
        cost = f"{wall:.2f} s | {cpu:.2f} s | {AIMS[name]:.0f} s | {peak_mb():,.0f} MB"
        rows.append(f"| {model.title} | {asked.customers:,} | {cells.size:,} | {cost} | {told} |")
        print(rows[-1], flush=True)
    if not asked.no_write:
        _write(rows)


def _write(rows: list[str]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {os.cpu_count()} cores, Python {platform.python_version()}; load average "
        f"{os.getloadavg()[0]:.1f} at the end.\n\n"
        "| model | customers | cells | wall time | CPU time | aim (CPU) | peak memory | found (true) |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
