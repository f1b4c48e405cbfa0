"""From a folder of results to the values that the running system serves, without a moment in which there are none."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from keepers.data.engine import Engine, literal
from keepers.domain.errors import InputError
from keepers.domain.ports import Progress, silent
from keepers.pipeline.base_bands import bands_of
from keepers.pipeline.kept import FOLDER
from keepers.pipeline.learned_said import LEARNED
from keepers.pipeline.live_rows import NAMED, make_live_rows
from keepers.pipeline.live_values import columns_of, meaning_of, value_of
from keepers.pipeline.subscriber_list import FILE, has_subscribers
from keepers.storage.generation import FORGOTTEN_AS
from keepers.storage.live_indexes import INDEXES
from keepers.storage.live_persons import Person
from keepers.storage.state import Books, State
from keepers.summaries.base_files import live
from keepers.summaries.customer_base import CustomerBase

_AT_ONCE = 25_000
"""Rows of one transaction: others can write between two of them."""


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
        learned = meaning.value.replace("clv_predicted_", LEARNED)
        meaning = replace(meaning, learned=learned if learned in columns else "")
        others = {one.name: _thresholds(engine, value_of(one), 100) for one in meaning.reaches if not one.own}
        meaning = replace(meaning, other_thresholds=others)
        with state.writing() as books:
            begins(books)
            generation = books.live.begin(str(folder), base.facts.last_day, now, meaning.to_dict(), base_event)
        last = make_live_rows(engine, base, folder, columns, meaning, now)
        stretches = list(_stretches(last))
        todo, done = len(stretches) + len(INDEXES), 0
        for stretch in stretches:
            with state.writing() as books:
                which = f"{stretch} AND {_remembered(books, generation)}"
                books.live.fill(generation, engine, which)
                books.live.name(_persons(engine, "live_customers", f"{which} AND {NAMED}"))
            done += 1
            progress("Publishing values", done / todo)
        _name_subscribers(state, engine, folder, generation)
        for names, stretch in _identities(engine, base, folder):
            with state.writing() as books:
                books.live.know_all(
                    engine, f"{names} WHERE {stretch} AND {_remembered(books, generation)} ORDER BY known_as"
                )
        for index in INDEXES:
            with state.writing() as books:
                books.live.index(generation, index)
            done += 1
            progress("Publishing values", done / todo)
        with state.writing() as books:
            books.live.count(generation, bands_of(meaning, base.facts.last_day), engine, _remembered(books, generation))
            books.live.publish(generation)
        _forget_retired(state)
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
        _name_subscribers(state, engine, folder, generation)
        with state.writing() as books:
            books.live.publish(generation)
        _forget_retired(state)
    finally:
        engine.close()
    return generation


def _forget_retired(state: State) -> None:
    left = True
    while left:
        with state.writing() as books:
            left = books.live.forget_retired(_AT_ONCE)
    state.settle()


def _stretches(last: int) -> Iterator[str]:
    """Conditions on `place`, one a transaction."""
    for start in range(0, last, _AT_ONCE):
        yield f"place > {start} AND place <= {start + _AT_ONCE}"


def _remembered(books: Books, generation: int) -> str:
    """The condition on rows of those who were not erased since these values began to be written: files still have
    them.

    Raises
    ------
    EngineError
        Another process began to write those of another run.
    """
    forgotten = books.live.still_filling(generation).forgotten
    if not forgotten:
        return "true"
    return f"{FORGOTTEN_AS} NOT IN ({', '.join(literal(one) for one in forgotten)})"


def _persons(engine: Engine, table: str, which: str) -> list[Person]:
    found = engine.rows(f"SELECT customer_key, name, email FROM {table} WHERE {which} ORDER BY customer_key")
    return [(key, name, email) for key, name, email in found]


def _name_subscribers(state: State, engine: Engine, folder: Path, generation: int) -> None:
    """Name subscribers, who may never have ordered."""
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
    for stretch in _stretches(int(engine.row("SELECT count(*) FROM subscribers_to_name")[0])):
        with state.writing() as books:
            books.live.name(_persons(engine, "subscribers_to_name", f"{stretch} AND {_remembered(books, generation)}"))


def _identities(engine: Engine, base: CustomerBase, folder: Path) -> Iterator[tuple[str, str]]:
    """A query of all names with their keys, and a condition for each stretch of it."""
    known = live(folder / FOLDER, "identities", base.facts.segments)
    # In the order of the texts, as they lie in an index of the store.
    engine.execute(
        "CREATE TABLE known AS SELECT row_number() OVER (ORDER BY known_as) AS place, known_as, customer_key FROM "
        f"(SELECT CAST(known_as AS VARCHAR) AS known_as, max(customer_key) AS customer_key FROM ({known}) AS known "
        "GROUP BY 1) AS known"
    )
    for stretch in _stretches(int(engine.row("SELECT count(*) FROM known")[0])):
        yield "SELECT known_as, customer_key FROM known", stretch


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
