"""Contracts of a kept base are those of all files read together: of each what the newest file says."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import keepers as kp
from keepers.data.engine import Engine, template
from keepers.data.normalise import fill
from keepers.data.others import CONTRACT_KNOWN_BY
from keepers.data.table import Table
from keepers.domain.columns import SUBSCRIPTIONS
from keepers.summaries.base_subscriptions import kept_contracts, merge_contracts, write_contracts

START = dt.date(2024, 1, 1)


@dataclass(frozen=True)
class Told:
    """A contract as one file tells of it; days count from `START`."""

    number: int | None
    customer: str | None
    plan: str
    began: int
    lasted: int | None
    price: int


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def table(engine: Engine, file: int, rows: tuple[Told, ...]) -> Table:
    """The canonical table of a file."""
    name = engine.create_empty(SUBSCRIPTIONS, engine.new_name("subscriptions"))
    told = []
    for place, row in enumerate(rows):
        ended = None if row.lasted is None else day(row.began + row.lasted)
        number = None if row.number is None else f"sub_{row.number}"
        told.append(
            [f"event {file} {place}", f"Stripe subscriptions: {file}.csv", number, day(row.began), day(0), row.customer,
             day(row.began), number or f"row {place}", row.plan, "active" if ended is None else "cancelled",
             day(row.began), None, ended, "month", None, row.price, "EUR", None]
        )  # fmt: skip
    if told:
        engine.connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(told[0]))})", told)
    return Table(engine, name)


def together(engine: Engine, files: list[tuple[Told, ...]]) -> Table:
    """All files as the reading puts them together."""
    parts = [f"SELECT *, {n} AS file_no FROM {table(engine, n, rows).name}" for n, rows in enumerate(files)]
    sql = fill(
        template("keepers.data.sql", "newest_contracts"),
        contracts=" UNION ALL ".join(parts),
        known_by=CONTRACT_KNOWN_BY,
    )
    return Table(engine, engine.create(engine.new_name("together"), sql))


def content(found: Table) -> list[tuple[Any, ...]]:
    columns = "source_id, customer_key, plan, status, started_on, ended_on, amount, source"
    return sorted(found.engine.rows(f"SELECT {columns} FROM {found.name}"), key=str)


contracts = st.builds(
    Told,
    st.none() | st.integers(1, 5),
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from(["small", "large"]),
    st.integers(0, 60),
    st.none() | st.integers(0, 90),
    st.integers(1, 3),
)


def unlike(row: Told) -> object:
    """By what a row is told from the others of its file."""
    return row.number or (row.customer, row.plan, row.began)


files = st.lists(st.lists(contracts, min_size=1, max_size=5, unique_by=unlike).map(tuple), min_size=2, max_size=4)


@settings(max_examples=7, deadline=None, derandomize=True, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(files)
def test_deliveries_are_the_files_together(files: list[tuple[Told, ...]]) -> None:
    engine = Engine()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        write_contracts(table(engine, 0, files[0]), folder)
        for number, rows in enumerate(files[1:], start=1):
            known = kept_contracts(folder, engine)
            assert known is not None
            before = len(known)
            changes = merge_contracts(engine, folder, folder, table(engine, number, rows), None)
            assert changes is not None
            assert changes.delivered == len(rows)
            assert sum(changes.to_dict().values()) == 2 * len(rows)
            after = kept_contracts(folder, engine)
            assert after is not None
            assert len(after) == before + changes.new
        found = kept_contracts(folder, engine)
        assert found is not None
        whole = together(engine, files)
        named = [row for row in content(found) if row[1] is not None or row[0] is not None]
        assert named == [row for row in content(whole) if row[1] is not None or row[0] is not None]


def test_summaries_are_those_of_all_files(tmp_path: Path) -> None:
    engine = Engine()
    first = (
        Told(1, "a", "small", 0, None, 2),
        Told(2, "b", "large", 10, None, 3),
        Told(None, "c", "small", 5, None, 1),
    )
    second = (Told(1, "a", "small", 0, 70, 2), Told(3, "d", "large", 80, None, 3), Told(None, "c", "small", 5, 60, 1))
    write_contracts(table(engine, 0, first), tmp_path)
    changes = merge_contracts(engine, tmp_path, tmp_path, table(engine, 1, second), None)
    assert changes is not None
    assert (changes.new, changes.changed, changes.repeated, changes.older) == (1, 2, 0, 0)
    found = kept_contracts(tmp_path, engine)
    assert found is not None
    window = kp.ObservationWindow(calibration_end=day(100))
    rows = [
        kp.summarise_subscriptions(one, window).to_polars().sort("customer_key").to_dicts()
        for one in (found, together(engine, [first, second]))
    ]
    assert rows[0] == rows[1]
    assert [row["ended"] for row in rows[0]] == [True, False, True, False]


def test_an_older_export_changes_nothing(tmp_path: Path) -> None:
    engine = Engine()
    write_contracts(table(engine, 0, (Told(1, "a", "small", 0, 70, 2), Told(2, "b", "large", 80, None, 3))), tmp_path)
    changes = merge_contracts(engine, tmp_path, tmp_path, table(engine, 1, (Told(1, "a", "small", 0, None, 2),)), None)
    assert changes is not None
    assert changes.older == 1
    found = kept_contracts(tmp_path, engine)
    assert found is not None
    assert engine.row(f"SELECT count(ended_on), count(*) FROM {found.name}") == (1, 2)


def test_customers_who_are_one_have_their_contracts_together(tmp_path: Path) -> None:
    engine = Engine()
    write_contracts(
        table(engine, 0, (Told(1, "a", "small", 0, None, 2), Told(None, "b", "large", 9, None, 3))), tmp_path
    )
    keys = engine.from_columns("other_keys", {"old_key": ["b", "x"], "customer_key": ["a", "a"]})
    merge_contracts(engine, tmp_path, tmp_path, table(engine, 1, (Told(None, "x", "large", 9, 40, 3),)), keys)
    found = kept_contracts(tmp_path, engine)
    assert found is not None
    assert engine.rows(f"SELECT customer_key, ended_on IS NULL FROM {found.name} ORDER BY plan") == [
        ("a", False), ("a", True),
    ]  # fmt: skip


def test_a_base_without_contracts_takes_none(tmp_path: Path) -> None:
    engine = Engine()
    assert (
        merge_contracts(engine, tmp_path, tmp_path, table(engine, 1, (Told(1, "a", "small", 0, None, 2),)), None)
        is None
    )
    assert kept_contracts(tmp_path, engine) is None
