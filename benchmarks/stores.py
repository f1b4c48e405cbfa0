"""The orders that benchmarks run on: CDNOW as it was, and simulated stores of stated size."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import subprocess
import sys
from pathlib import Path

from keepers.data.engine import Engine, literal

MADE = Path(__file__).parent / "made"
SIZES = {"cdnow": 2_357, "100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
END = dt.date(2026, 6, 30)


def orders_file(name: str) -> Path:
    """A Parquet file with columns customer_id, date, amount; made once and kept."""
    MADE.mkdir(exist_ok=True)
    file = MADE / f"{name}.parquet"
    if not file.exists():
        beside = file.with_suffix(".part")
        # In a process of its own, whose memory goes with it.
        subprocess.run([sys.executable, "-m", "benchmarks.stores", name, str(beside)], check=True)
        beside.replace(file)
    return file


def _cdnow(_: str, file: Path) -> None:
    distribution = importlib.metadata.distribution("lifetimes")
    sample = next(f for f in distribution.files or () if f.name == "CDNOW_sample.txt")
    engine = Engine()
    engine.execute(
        "COPY (SELECT part[2] AS customer_id, strptime(part[3], '%Y%m%d') AS date, part[5]::DOUBLE AS amount FROM ("
        "SELECT string_split_regex(trim(line), '\\s+') AS part FROM ("
        f"SELECT unnest(string_split(content, chr(10))) AS line FROM read_text({literal(str(sample.locate()))})) "
        f"WHERE trim(line) <> '')) TO {literal(str(file))} (FORMAT parquet)"
    )
    engine.close()


def _simulated(name: str, file: Path) -> None:
    from keepers.simulate.store import simulate_store

    store = simulate_store(SIZES[name], seed=1, end=END, start=END - dt.timedelta(days=729))
    orders = store.tables["orders"]
    store.engine.execute(
        "COPY (SELECT customer_key AS customer_id, day::TIMESTAMP AS date, amount::DOUBLE AS amount "
        f"FROM {orders.name} ORDER BY occurred_at) TO {literal(str(file))} (FORMAT parquet)"
    )
    store.engine.close()


if __name__ == "__main__":
    (_cdnow if sys.argv[1] == "cdnow" else _simulated)(sys.argv[1], Path(sys.argv[2]))
