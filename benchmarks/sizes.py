"""What size costs: 100,000 to 10 million customers, beside lifetimes and pymc-marketing; a table and a picture."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.drawn_orders import CUSTOMERS, orders_folder
from benchmarks.growth import Point, write_pictures
from benchmarks.keepers_peer import MEMORY
from benchmarks.measure import Ended, Limit, Measured, within
from benchmarks.posteriors import peers_environment

ROOT = Path(__file__).parents[1]
PAGE, ASSETS = ROOT / "docs" / "performance.md", ROOT / "docs" / "assets"
KEPT = Path(__file__).parent / "sizes.json"
BEGIN, END = "<!-- sizes table: begin -->", "<!-- sizes table: end -->"
TASKS = {
    "summary": "orders in Parquet to summary",
    "fit_bg_nbd": "fit BG/NBD",
    "fit_pareto_nbd": "fit Pareto/NBD",
    "predict": "P(alive), 52 weeks, discounted value",
    "whole": "whole job: files to scored Parquet, start-up included",
}
SCANS = {"scan": "the engine alone: read all values", "group": "the engine alone: one row a customer"}
_ALL = SCANS | TASKS
PEERS = {"keepers": "Keepers", "lifetimes": "lifetimes", "pymc_marketing": "pymc-marketing"}
MODULES = {"keepers": "keepers_peer", "lifetimes": "lifetimes_peer", "pymc_marketing": "pymc_marketing_sizes"}
SIZES = ("100k", "1m", "10m")
LARGEST, LARGEST_MEMORY = "30m", "6GB"

Cost = dict[str, Any]
"""Seconds, CPU seconds and MB of a task, or why it was ended."""


def main() -> None:
    """Measure the sizes asked for, keep what is known of others, and write the page and the pictures."""
    parser = argparse.ArgumentParser(prog="scripts/bench sizes", description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=[], choices=[*SIZES, "3m"], help="100k, 1m and 10m without it")
    parser.add_argument("--orders-100m", action="store_true", help="a hundred million orders of 30 million customers")
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS), help="only these")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS), help="only these")
    parser.add_argument("--peer-minutes", type=float, default=20, help="a peer's task is ended after so many")
    parser.add_argument(
        "--peer-memory", type=float, default=12, help="and where its process takes more than so many GB"
    )
    parser.add_argument("--table-only", action="store_true", help="write page and pictures of what was kept")
    parser.add_argument("--no-write", action="store_true", help="print and keep only")
    asked = parser.parse_args()
    known: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    sizes = list(asked.sizes or (() if asked.orders_100m or asked.table_only else SIZES))
    for size in sorted([*sizes, *([LARGEST] if asked.orders_100m else [])], key=CUSTOMERS.__getitem__):
        limit = Limit(asked.peer_minutes, asked.peer_memory)
        _measure(size, asked.tasks, asked.peers, limit, known)
        KEPT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    if not asked.no_write:
        write_page(known)


def _measure(size: str, tasks: list[str], peers: list[str], limit: Limit, known: dict[str, Any]) -> None:
    folder = orders_folder(size)
    found = known.setdefault(size, {"costs": {}})
    found["machine"] = (
        f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"lifetimes {version('lifetimes')}"
    )
    if size == LARGEST:
        os.environ[MEMORY] = LARGEST_MEMORY
    for task in SCANS:
        _keep(found, task, "keepers", within("scan_peer", task, folder, Limit()))
    for peer in peers:
        python = peers_environment() if peer == "pymc_marketing" else None
        for task in tasks:
            cost: Measured | Ended | None = None
            if peer != "keepers":
                cost = _ended_before(known, size, peer, task)
            if cost is None:
                cost = within(MODULES[peer], task, folder, Limit() if peer == "keepers" else limit, python)
            _keep(found, task, peer, cost)
    found["load"] = round(os.getloadavg()[0], 1)


def _ended_before(known: dict[str, Any], size: str, peer: str, task: str) -> Ended | None:
    """A peer's task that went over a limit with fewer customers, or whose summary did, is not tried again."""
    for other, found in known.items():
        if CUSTOMERS[other] > CUSTOMERS[size]:
            continue
        for earlier in dict.fromkeys((task, "summary")) if other == size else (task,):
            cost = found["costs"].get(earlier, {}).get(peer, {})
            if "over" in cost and (other, earlier) != (size, task):
                why = f"{cost['over']} at {CUSTOMERS[other]:,}" if other != size else f"its summary {cost['over']}"
                return Ended(why, cost["seconds"])
    return None


def _keep(found: dict[str, Any], task: str, peer: str, cost: Measured | Ended) -> None:
    kept: Cost
    if isinstance(cost, Ended):
        kept = {"over": cost.why, "seconds": round(cost.seconds, 1)}
    else:
        whole = task == "whole"
        kept = {
            "seconds": round(cost.whole_seconds if whole else cost.seconds, 3),
            "cpu": round(cost.whole_cpu if whole else cost.cpu, 3),
            "mb": round(cost.peak_mb),
            "result": cost.result,
        }
    found["costs"].setdefault(task, {})[peer] = kept
    print(f"{task:15} {peer:15} {kept}", flush=True)


def write_page(known: dict[str, Any]) -> None:
    """The table and its pictures from what was kept."""
    rows: list[str] = []
    machines: list[str] = []
    for size in sorted(known, key=CUSTOMERS.__getitem__):
        machine, load, costs = known[size]["machine"], known[size].get("load", "?"), known[size]["costs"]
        machines += [f"- {CUSTOMERS[size]:,} customers: {machine}, load average {load}."]
        rows += [_row(CUSTOMERS[size], title, costs[task]) for task, title in _ALL.items() if task in costs]
    head = (
        "| customers | task | Keepers | lifetimes | pymc-marketing | times faster than each | by CPU | memory ratio |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    series = {
        "Keepers": _line(known, "whole", "keepers"),
        "lifetimes": _line(known, "whole", "lifetimes"),
        "pymc-marketing": _line(known, "whole", "pymc_marketing"),
        "engine's scan": _line(known, "scan", "keepers"),
    }
    title = "Seconds from files of orders to scored customers, by number of customers"
    write_pictures({name: line for name, line in series.items() if line}, title, ASSETS, "growth")
    pictures = "\n".join(f"![{title}](assets/growth-{scheme}.svg#only-{scheme})" for scheme in ("light", "dark"))
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = "\n".join(["", *machines, "", head + "\n".join(rows), "", pictures, ""])
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


def _line(known: dict[str, Any], task: str, peer: str) -> list[Point]:
    costs = {CUSTOMERS[size]: found["costs"].get(task, {}).get(peer) for size, found in known.items()}
    return [
        Point(customers, cost["seconds"], "over" in cost)
        for customers, cost in sorted(costs.items())
        if cost and not ("over" in cost and (" at " in cost["over"] or cost["over"].startswith("its")))
    ]


def _row(customers: int, title: str, costs: dict[str, Cost]) -> str:
    ours = costs.get("keepers", {})
    peers = [costs.get(peer, {}) for peer in ("lifetimes", "pymc_marketing")]
    cells = [f"{customers:,}", title, *(_told(cost) for cost in (ours, *peers))]
    cells += [_ratios(ours, peers, measure) for measure in ("seconds", "cpu", "mb")]
    return "| " + " | ".join(cells) + " |"


def _told(cost: Cost) -> str:
    if not cost:
        return ""
    if "over" in cost:
        return str(cost["over"])
    return f"{cost['seconds']:.2f} s, {cost['cpu']:.2f} s CPU, {cost['mb']:,} MB"


def _ratios(ours: Cost, peers: list[Cost], measure: str) -> str:
    """What each peer took in relation to Keepers, memory the other way round; nothing where one was ended."""
    told = []
    for theirs in peers:
        if measure not in ours or measure not in theirs or "over" in theirs:
            told.append("-" if theirs else "")
        elif measure == "mb":
            told.append(f"{ours[measure] / theirs[measure]:.2f}")
        else:
            told.append(f"{float(f'{theirs[measure] / ours[measure]:.2g}'):g}")
    return ", ".join(one for one in told if one)


if __name__ == "__main__":
    main()
