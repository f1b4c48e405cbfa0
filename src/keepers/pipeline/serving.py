"""From a folder of results to the values that the running system serves, without a moment in which there are none."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, literal
from keepers.domain.errors import InputError
from keepers.domain.ports import Progress, silent
from keepers.pipeline.base_bands import bands_of
from keepers.pipeline.kept import FOLDER
from keepers.pipeline.live_values import Meaning, columns_of, meaning_of, value_of
from keepers.pipeline.subscriber_list import FILE, has_subscribers
from keepers.storage.live import live_row
from keepers.storage.state import Books, State
from keepers.summaries.base_files import live
from keepers.summaries.customer_base import CustomerBase

_AT_ONCE = 5_000
"""Rows of one transaction: others can write between two of them."""

_IN_COLUMNS = {
    "probability_alive": "probability_alive", "expected_orders": "expected_orders", "money_at_risk": "money_at_risk",
    "state": "customer_state", "tier": "clv_tier", "rfm_group": "rfm_group", "segment": "behaviour_segment",
    "channel": "first_channel", "country": "first_country",
}  # fmt: skip
"""Columns of live customers and what a run calls them."""

_NOT_KEPT = ("customer_key", "name", "email", "first_order_date", "last_order_date", "orders", "revenue", "frequency")


def known_as(system: str, external_id: str) -> str:
    """What an address or id is kept as, from which it cannot be read; as kept orders have it.

    >>> known_as("email", "a@b")
    '3116354844812556927'
    """
    digest = hashlib.md5(f"{system}|{external_id}".encode(), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "little"))


def serve_result(
    state: State, folder: Path, base_event: int, now: dt.datetime, progress: Progress = silent,
    begins: Callable[[Books], object] = lambda _: None,
) -> int:  # fmt: skip
    """Let the values of a folder of results be those that are served; gives the number of the generation.

    Parameters
    ----------
    state : State
        Where live values stand.
    folder : Path
        What `keepers.run` wrote, with the orders kept (as it does with a report).
    base_event : int
        The last received event that was among the run's orders.
    now : datetime
        The present moment.
    progress : Progress
        Told of the share that is done.
    begins : callable
        Called in the transaction from which on whoever is erased is left out; raises where nothing is to be served.

    Raises
    ------
    InputError
        If the folder is no result of orders or subscriptions, or kept no orders.
    """
    table = folder / "customers.parquet"
    if not table.exists() and has_subscribers(folder):
        return _serve_subscribers(state, folder, base_event, now, begins)
    if not table.exists() or not (folder / FOLDER).is_dir():
        raise InputError(
            f"The result in {folder} has no customers with kept orders. Run `keepers run` with orders and with --keep."
        )
    base = CustomerBase.open(folder / FOLDER)
    engine = Engine()
    try:
        engine.execute(f"CREATE VIEW customers AS SELECT * FROM read_parquet({literal(str(table))})")
        columns = [name for name, _ in engine.described("customers")]
        # A second horizon has its columns behind those of the run's own.
        value = next((name for name in columns if name.startswith("clv_predicted_") and f"{name}_low" in columns), "")
        meaning = meaning_of(folder, _thresholds(engine, value), value or "clv_predicted_12m", _contribution(base))
        if not all(name in columns for reach in meaning.reaches for name in columns_of(reach)):
            meaning = replace(meaning, also=None)
        others = {one.name: _thresholds(engine, value_of(one), 100) for one in meaning.reaches if not one.own}
        meaning = replace(meaning, other_thresholds=others)
        with state.writing() as books:
            begins(books)
            generation = books.live.begin(
                str(folder),
                base.facts.last_day,
                now,
                meaning.to_dict(),
                base_event,
                bands_of(meaning, base.facts.last_day),
            )
        total = int(engine.row("SELECT count(*) FROM customers")[0])
        done = 0
        for rows in _histories(engine, base, folder, columns):
            with state.writing() as books:
                some = _remembered(books, rows)
                if some:
                    books.live.fill(generation, [_live(row, columns, meaning, now) for row in some])
                books.live.name([_person(row) for row in some if row.get("name") or row.get("email")])
            done += len(rows)
            progress("Publishing values", done / max(total, 1))
        for rows in _subscribers(engine, folder):
            with state.writing() as books:
                books.live.name(_remembered(books, rows))
        for names in _identities(engine, base, folder):
            with state.writing() as books:
                some = _remembered(books, [{"customer_key": key, "known": name} for name, key in names.items()])
                books.live.know({one["known"]: one["customer_key"] for one in some}, anew=True)
        with state.writing() as books:
            books.live.publish(generation)
        with state.writing() as books:
            books.live.forget_retired()
        state.settle()
    finally:
        engine.close()
    return generation


def _serve_subscribers(
    state: State, folder: Path, base_event: int, now: dt.datetime, begins: Callable[[Books], object]
) -> int:
    """The same for a business that has subscribers alone: its lists of customers are empty."""
    meaning = meaning_of(folder, (), "clv_predicted_12m", 1.0)
    store = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["store"]
    engine = Engine()
    try:
        engine.execute("CREATE VIEW customers AS SELECT ''::VARCHAR AS customer_key WHERE false")
        with state.writing() as books:
            begins(books)
            last_day = dt.date.fromisoformat(store["last_day"])
            generation = books.live.begin(str(folder), last_day, now, meaning.to_dict(), base_event)
        for rows in _subscribers(engine, folder):
            with state.writing() as books:
                books.live.name(_remembered(books, rows))
        with state.writing() as books:
            books.live.publish(generation)
        with state.writing() as books:
            books.live.forget_retired()
    finally:
        engine.close()
    return generation


def _histories(engine: Engine, base: CustomerBase, folder: Path, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Every customer with the history and what the run says, some at a time."""
    kept = live(folder / FOLDER, "customers", base.facts.segments)
    mean = "kept.monetary_value, kept.monetary_value_all"
    names = [*columns, "monetary_value", "monetary_value_all"]
    order = "SELECT row_number() OVER (ORDER BY customer_key) AS place, * FROM customers"
    engine.execute(
        f"CREATE TABLE to_serve AS SELECT customer.*, {mean} FROM ({order}) AS customer "
        f"INNER JOIN ({kept}) AS kept ON kept.customer_key = customer.customer_key"
    )
    last = int(engine.row("SELECT coalesce(max(place), 0) FROM to_serve")[0])
    for start in range(0, last, _AT_ONCE):
        listed = ", ".join(f'"{name}"' for name in names)
        rows = engine.rows(f"SELECT {listed} FROM to_serve WHERE place > {start} AND place <= {start + _AT_ONCE}")
        yield [dict(zip(names, row, strict=True)) for row in rows]


def _remembered(books: Books, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of those who were not erased since these values began to be written, as the files still have them."""
    filling = books.live.filling()
    if filling is None or not filling.forgotten:
        return rows
    return [row for row in rows if not filling.forgets(row["customer_key"])]


def _live(row: dict[str, Any], columns: list[str], meaning: Meaning, now: dt.datetime) -> dict[str, Any]:
    value = meaning.value
    history = {
        "customer_key": row["customer_key"],
        "first_day": row["first_order_date"],
        "last_day": row["last_order_date"],
        "frequency": int(row["frequency"]),
        "monetary_value": row["monetary_value"],
        "monetary_value_all": row["monetary_value_all"],
        "orders": int(row["orders"]),
        "revenue": None if row.get("revenue") is None else float(row["revenue"]),
    }
    values = {name: row.get(of_run) for name, of_run in _IN_COLUMNS.items()}
    values |= {one.column: _plain(row.get(value_of(one))) for one in meaning.reaches if not one.own}
    values |= {"value": row.get(value), "value_low": row.get(f"{value}_low"), "value_high": row.get(f"{value}_high")}
    left_out = {*_NOT_KEPT, *_IN_COLUMNS.values(), *meaning.in_columns}
    return live_row(history, values, {name: _short(row[name]) for name in columns if name not in left_out}, now)


def _plain(value: Any) -> Any:
    """A value as JSON has it: no infinity, which is no number there."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value


def _short(value: Any) -> Any:
    """The same in as many digits as anybody reads: fields are most of what a customer takes in the store."""
    value = _plain(value)
    return float(f"{value:.10g}") if isinstance(value, float) else value


def _person(row: dict[str, Any]) -> dict[str, Any]:
    return {"customer_key": row["customer_key"], "name": row.get("name"), "email": row.get("email")}


def _subscribers(engine: Engine, folder: Path) -> Iterator[list[dict[str, Any]]]:
    """Names of subscribers, who may never have ordered."""
    path = folder / FILE
    if not path.exists():
        return
    engine.execute(f"CREATE VIEW subscribers AS SELECT * FROM read_parquet({literal(str(path))})")
    if not {"name", "email"} <= {name for name, _ in engine.described("subscribers")}:
        return
    engine.execute(
        "CREATE TABLE subscribers_to_name AS SELECT row_number() OVER (ORDER BY customer_key) AS place, "
        "customer_key, name, email FROM subscribers WHERE (name IS NOT NULL OR email IS NOT NULL) "
        "AND customer_key NOT IN (SELECT customer_key FROM customers)"
    )
    last = int(engine.row("SELECT coalesce(max(place), 0) FROM subscribers_to_name")[0])
    for start in range(0, last, _AT_ONCE):
        between = f"place > {start} AND place <= {start + _AT_ONCE}"
        rows = engine.rows(f"SELECT customer_key, name, email FROM subscribers_to_name WHERE {between}")
        yield [{"customer_key": key, "name": name, "email": email} for key, name, email in rows]


def _identities(engine: Engine, base: CustomerBase, folder: Path) -> Iterator[dict[str, str]]:
    known = live(folder / FOLDER, "identities", base.facts.segments)
    engine.execute(
        "CREATE TABLE known AS SELECT row_number() OVER (ORDER BY known_as) AS place, "
        f"CAST(known_as AS VARCHAR) AS known_as, customer_key FROM ({known}) AS known"
    )
    last = int(engine.row("SELECT coalesce(max(place), 0) FROM known")[0])
    for start in range(0, last, _AT_ONCE):
        between = f"place > {start} AND place <= {start + _AT_ONCE}"
        yield dict(engine.rows(f"SELECT known_as, customer_key FROM known WHERE {between}"))


def _thresholds(engine: Engine, value: str, parts: int = 1000) -> tuple[float, ...]:
    """The values at evenly spread percentiles, for ranks of values that change before the next run."""
    if not value:
        return ()
    shares = ", ".join(f"{share / parts:.3f}" for share in range(1, parts))
    known = f"{value} IS NOT NULL AND isfinite({value})"
    found = engine.row(f"SELECT quantile_cont({value}, [{shares}]) FROM customers WHERE {known}")[0]
    return () if found is None else tuple(float(one) for one in found)


def _contribution(base: CustomerBase) -> float:
    """Contribution of a unit of revenue, for orders whose costs are not known when they come."""
    margin = base.facts.margin
    if not margin.per_order:
        return 1.0
    engine = Engine()
    try:
        orders = base.orders(engine)
        row = engine.row(
            f"SELECT sum(contribution), sum(amount) FROM {orders.name} WHERE counted AND contribution IS NOT NULL"
        )
    finally:
        engine.close()
    return float(row[0] / row[1]) if row[0] is not None and row[1] else 1.0
