"""A lean run on tables of PostgreSQL and Spark beside DuckDB's on the same orders, by number of customers."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.drawn_orders import CUSTOMERS, copied_folder, orders_folder
from keepers.data.engine import Engine, literal
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run

PAGE = Path(__file__).parents[1] / "docs" / "warehouse.md"
BEGIN, END = "<!-- warehouses table: begin -->", "<!-- warehouses table: end -->"
SIZES = ("10k", "100k", "1m")
LEAN: dict[str, Any] = {"model": "bg-nbd", "backtest": False, "report": False, "csv": False}


def main() -> None:
    """Put the orders where each engine has its tables, run, print, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warehouses", description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(CUSTOMERS))
    parser.add_argument("--postgres", help="URL of a database in which the schema keepers_benchmark may be made")
    parser.add_argument("--spark", help="for example spark://local[2]; JAVA_HOME names Java 17 or later")
    parser.add_argument("--spark-memory", default="4g", help="of its driver, which in local mode does all the work")
    parser.add_argument("--copies", type=int, help="measure the first size also so many times over: the same histories")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    stores = [(size, CUSTOMERS[size], orders_folder(size)) for size in asked.sizes]
    if asked.copies:
        few, times = asked.sizes[0], asked.copies
        stores.append((f"{few}_{times}_times", times * CUSTOMERS[few], copied_folder(few, times)))
    for size, customers, folder in stores:
        here, seconds = _timed([str(folder)], {})
        label = f"{customers:,}" + (f" (the first ones {asked.copies} times over)" if size.endswith("times") else "")
        rows.append(_row(label, "DuckDB, files", seconds, seconds, here))
        if asked.postgres:
            load = _load(asked.postgres, size, folder)
            found, taken = _timed([f"keepers_benchmark.orders_{size}"], {"engine": asked.postgres}, load)
            _agree(here, found)
            rows.append(_row(label, "PostgreSQL", taken, seconds, found))
        if asked.spark:
            settings = {"spark.driver.memory": asked.spark_memory, "spark.sql.shuffle.partitions": "8"}
            settings |= {"spark.ui.enabled": "false", "spark.sql.warehouse.dir": tempfile.mkdtemp()}
            options = {"engine": asked.spark, "engine_options": {"config": settings}}
            found, taken = _timed([f"parquet.{folder}"], options)
            _agree(here, found)
            rows.append(_row(label, "Spark, local", taken, seconds, found))
    if not asked.no_write:
        _write(rows)


def _timed(
    orders: list[str], options: dict[str, Any], before: Callable[[], None] = lambda: None
) -> tuple[dict[str, Any], float]:
    """The summary of a run and its wall time."""
    before()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        found = run(orders, RunOptions(into=Path(folder) / "result", **LEAN, **options)).summary
        return found, time.perf_counter() - started


def _agree(here: dict[str, Any], there: dict[str, Any]) -> None:
    mine, other = (one["equity"]["total"]["value"] for one in (here, there))
    if abs(mine - other) > 1e-9 * mine:
        raise AssertionError(f"{there['engine']['engine']} says {other}, DuckDB {mine}")


def _load(url: str, size: str, folder: Path) -> Callable[[], None]:
    """Copies the orders into a table of the database."""

    def load() -> None:
        import psycopg

        with tempfile.TemporaryDirectory() as scratch, psycopg.connect(url) as connection:
            file = Path(scratch) / "orders.csv"
            engine = Engine()
            rows = f"SELECT customer_id, CAST(date AS DATE), amount FROM read_parquet({literal(f'{folder}/*.parquet')})"
            engine.execute(f"COPY ({rows}) TO {literal(str(file))} (FORMAT csv, HEADER false)")
            engine.close()
            table = f"keepers_benchmark.orders_{size}"
            connection.execute("CREATE SCHEMA IF NOT EXISTS keepers_benchmark")
            connection.execute(f"DROP TABLE IF EXISTS {table}".encode())
            connection.execute(f"CREATE TABLE {table} (customer_id text, date date, amount numeric(12, 2))".encode())
            statement = f"COPY {table} FROM STDIN (FORMAT csv)".encode()
            with connection.cursor() as cursor, cursor.copy(statement) as copy, file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    copy.write(block)
            connection.execute(f"ANALYZE {table}".encode())

    return load


def _row(customers: str, engine: str, seconds: float, embedded: float, found: dict[str, Any]) -> str:
    left = found.get("engine", {}).get("rows_fetched")
    cells = [customers, engine, f"{seconds:.1f} s", f"{seconds / embedded:.1f}"]
    cells.append("" if left is None else f"{left:,}")
    row = "| " + " | ".join(cells) + " |"
    print(row, flush=True)
    return row


def _write(rows: list[str]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
        "| customers | engine | wall time | times DuckDB's | rows that reached the driver |\n|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
