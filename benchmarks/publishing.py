"""What it takes to publish the values of a run to the running system, and to ask it what looks at everybody."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.stores import orders_file
from keepers.data.engine import Engine, literal
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.storage.live_lists import Filter
from keepers.storage.state import Books, State

_NOW = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
_NAMES = "['Anna', 'Bernd', 'Clara', 'Dario', 'Elif', 'Frida', 'Goran', 'Hanne', 'Ivo', 'Jana', 'Kaya', 'Lukas']"
_SURNAMES = "['Maier', 'Schulz', 'Okafor', 'Lindt', 'Novak', 'Peric', 'Quast', 'Rossi', 'Sato', 'Tanner', 'Ude']"


def main() -> None:
    """Publish the same run twice, as the second finds an earlier one to replace, and print what each took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publishing", description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where the run is kept for another time")
    parser.add_argument("--url", help="a PostgreSQL database instead of SQLite")
    parser.add_argument("--times", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as beside:
        folder = asked.folder or Path(beside)
        result = _result(folder, asked.customers)
        with State(Path(beside) / "project", asked.url) as state:
            for _ in range(asked.times):
                _timed("published", lambda: serve_result(state, result, 0, _NOW))
            _questions(state)


def _result(folder: Path, customers: int) -> Path:
    """A run over orders with an address, a name, a channel and a country each; made once where it is kept."""
    into, orders = folder / f"result-{customers}", folder / f"orders-{customers}.parquet"
    if not into.exists():
        folder.mkdir(parents=True, exist_ok=True)
        engine = Engine()
        drawn = literal(str(orders_file("100k" if customers <= 100_000 else "1m")))
        engine.execute(
            f"COPY (SELECT customer_id, date, amount, 'c' || customer_id || '@shop.example' AS email, "
            f"{_NAMES}[1 + (hash(customer_id) % 12)::INT] || ' ' || "
            f"{_SURNAMES}[1 + (hash(customer_id, 1) % 11)::INT] AS name, "
            "'channel ' || (hash(customer_id, 2) % 10) AS channel, "
            "['DE', 'AT', 'CH', 'FR', 'IT', 'ES', 'PT', 'NL', 'BE', 'PL', 'CZ', 'DK', 'SE']"
            "[1 + (hash(customer_id, 3) % 13)::INT] AS country "
            f"FROM {drawn} WHERE customer_id IN (SELECT DISTINCT customer_id FROM {drawn} ORDER BY hash(customer_id) "
            f"LIMIT {customers})) TO {literal(str(orders))} (FORMAT parquet)"
        )
        engine.close()
        run([str(orders)], RunOptions(into=into, model="bg-nbd", backtest=False, report=False, keep=True, csv=False))
    return into


def _questions(state: State) -> None:
    with state.reading() as books:
        current = books.live.current()
        assert current is not None
        number, early = current.number, current.as_of - dt.timedelta(days=3650)
        for words in ("er", "schulz", "c1"):
            _timed(f"search for {words!r}", partial(_found, books, number, Filter(search=words, persons=True)))
        _timed("list of those since a day", partial(_found, books, number, Filter(won_since=early)))


def _found(books: Books, generation: int, chosen: Filter) -> int:
    return books.lists(generation).page(chosen).total


def _timed(what: str, work: Callable[[], Any]) -> None:
    before, began = _cpu(), time.perf_counter()
    found = work()
    wall, cpu = time.perf_counter() - began, _cpu() - before
    print(f"{what}: {found:,}; {cpu:.2f} s of CPU, {wall:.2f} s; load {os.getloadavg()[0]:.1f}", flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
