"""Totals of simulated stores with and without their season, held against the truth, into docs/learned.md."""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path

import numpy as np

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.simulate import Behaviour, Store, StorePlan, demo_store, simulate_store
from keepers.simulate.season import Peak, Season
from keepers.simulate.shop import SEASON
from keepers.summaries.summary import Summary
from keepers.valuation.season import clock_of

PAGE = Path(__file__).parents[1] / "docs" / "learned.md"
BEGIN, END = "<!-- season table: begin -->", "<!-- season table: end -->"

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
CHRISTMAS = (0.8, 0.8, 0.9, 0.9, 0.9, 0.8, 0.7, 0.8, 1.0, 1.2, 1.6, 1.6)
SEASONS = {
    "none": None,
    "the demo's": SEASON,
    "Christmas, with a peak": Season(monthly=CHRISTMAS, peaks=(Peak(11, 24, 7, 1.8),)),
    "summer": Season(monthly=tuple(np.roll(CHRISTMAS, 7).tolist())),
}
DEMO = "the demo itself"
END_DAY = dt.date(2026, 12, 31)
CUTS = tuple(dt.date(2026, month, day) for month, day in ((3, 31), (6, 30), (9, 30), (12, 31)))
AHEAD = (3, 6, 12)


def main() -> None:
    """Value all stores from four days of the year, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench season", description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000, help="of each store")
    parser.add_argument("--seeds", type=int, default=3, help="stores of each kind")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    for name in [*SEASONS, DEMO]:
        started = time.process_time()
        found = np.concatenate([_errors(name, asked.customers, seed) for seed in range(1, asked.seeds + 1)])
        rows.append(f"| {name} | {_row(found)} |")
        print(rows[-1], f"{time.process_time() - started:.0f} s", flush=True)
    if not asked.no_write:
        _write(rows, asked.customers, asked.seeds)


def _errors(name: str, customers: int, seed: int) -> FloatArray:
    """Relative errors of totals from each day, shape (days, horizons, 2): every month alike, and with the season."""
    if name != DEMO:
        store = simulate_store(customers, seed, StorePlan(behaviour=LAW, season=SEASONS[name]), end=END_DAY)
        found = [_from(store, kp.summarise(store.orders, kp.ObservationWindow(end=cut))) for cut in CUTS]
        store.engine.close()
        return np.array(found)
    found = []
    for cut in CUTS:
        # What came in the demo's year after a day stands in its orders, those taken back or of one day left out.
        store = demo_store(seed, cut, customers)
        found.append(_from(store, kp.summarise(store.orders, kp.ObservationWindow(cut - dt.timedelta(days=365), cut))))
        store.engine.close()
    return np.array(found)


def _from(store: Store, summary: Summary) -> list[list[float]]:
    seasonal = kp.by_clock(summary, clock_of(summary))
    plain, clocked = kp.ParetoNBD().fit(summary), kp.ParetoNBD().fit(seasonal)
    cells = summary.keyed_cells().cells
    rows = []
    for length in AHEAD:
        ahead = kp.months(length)
        true = _true(store, summary, length)
        rows.append(
            [float(cells.weight @ one.expected_purchases(cells, ahead)) / true - 1.0 for one in (plain, clocked)]
        )
    return rows


def _true(store: Store, summary: Summary, length: int) -> float:
    """Purchases expected of each customer by the law that made them; with a holdout those that came in it."""
    cut = summary.calibration_end
    if not summary.has_holdout:
        return float(store.truth.customers.expected_purchases(kp.months(length), at=cut).sum())
    last = cut + dt.timedelta(days=round(kp.months(length).days))
    return float(
        summary.engine.row(
            f"SELECT count(*) FROM ({summary.purchase_days_sql(until=min(last, store.last_day), after=cut)}) AS bought "
            f"INNER JOIN {summary.name} AS known ON known.customer_key = bought.customer_key "
            "WHERE purchased_on IS NOT NULL"
        )[0]
    )


def _row(errors: FloatArray) -> str:
    cells = []
    for place in range(len(AHEAD)):
        plain, seasonal = np.sqrt(np.mean(errors[:, place] ** 2, axis=0))
        mean = errors[:, place].mean(axis=0)
        cells += [f"{plain:.1%} ({mean[0]:+.1%})", f"{seasonal:.1%} ({mean[1]:+.1%})"]
    return " | ".join(cells)


def _write(rows: list[str], customers: int, seeds: int) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    titles = " | ".join(f"{length} months: alike | with season" for length in AHEAD)
    head = (
        f"Measured on {dt.date.today()}: {seeds} stores of each kind with {customers:,} customers, Pareto/NBD, seen "
        "from the ends of the four quarters with two to three years behind (the demo, whose orders are held against "
        "what came, with two). Root mean square of the relative error of expected orders, and its mean in brackets; by "
        "chance alone stores of this size are off by what those without a season are.\n\n"
        f"| season | {titles} |\n|{'---|' * (1 + 2 * len(AHEAD))}\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
