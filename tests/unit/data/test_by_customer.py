"""A clean Parquet file is summarised where it lies, and to the last digit as by the way of all other files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keepers as kp
from keepers.data.by_number import WRITTEN, Bounds, Ids, customers_by_number
from keepers.data.engine import Engine
from keepers.data.naming import PLACEHOLDER_IDS
from keepers.data.normalise import EMPTY_WORDS
from keepers.data.orders import Orders
from keepers.domain.time import ObservationWindow
from keepers.simulate.store import simulate_store
from keepers.summaries.summary import Summary, summarise

Row = tuple[Any, dt.date | dt.datetime | None, float | None]


def parquet(path: Path, rows: list[Row], customer: str = "VARCHAR", date: str = "DATE", amount: str = "DOUBLE") -> Path:
    """A file of customer, date, amount."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t (customer_id {customer}, date {date}, amount {amount})")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    connection.close()
    return path


def straight(orders: Orders) -> bool:
    """Whether orders were left where they lie."""
    return "READ_PARQUET" in str(orders.engine.rows(f"EXPLAIN SELECT DISTINCT day FROM {orders.name}"))


def sorted_beside(orders: Orders) -> bool:
    """Whether ids were numbers, and purchases sorted as whole numbers."""
    return orders._by_customer is not None and orders._by_customer.settled


def by_the_long_way(path: Path) -> Orders:
    """The same orders by way of a frame, which is copied and grouped by customer and day."""
    frame = duckdb.connect().sql(f"SELECT * FROM '{path}'").df()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keepers.data.plain.customers_by_number", lambda *_: None)
        orders = Orders.from_frame(frame, amount="amount" if "amount" in frame else None)
    assert orders.histories_sql(orders.last_day) is None
    return orders


def rows_of(summary: Summary) -> list[tuple[Any, ...]]:
    return summary.engine.rows(f"SELECT * FROM {summary.name} ORDER BY customer_key")


def agree(path: Path) -> None:
    orders, other = kp.read_orders(path), by_the_long_way(path)
    assert straight(orders)
    one, two = summarise(orders), summarise(other)
    assert rows_of(one) == rows_of(two)
    types = [[row[:2] for row in s.engine.rows(f"DESCRIBE {s.sql}")] for s in (one, two)]
    assert types[0] == types[1]
    assert (orders.first_day, orders.last_day) == (other.first_day, other.last_day)
    middle = orders.first_day + (orders.last_day - orders.first_day) / 2
    if middle > orders.first_day:
        earlier = ObservationWindow(calibration_end=middle)
        assert rows_of(summarise(orders, earlier)) == rows_of(summarise(other, earlier))


def test_cdnow(tmp_path: Path, cdnow_path: Path) -> None:
    read = kp.read_orders(cdnow_path)
    path = tmp_path / "cdnow.parquet"
    read.engine.execute(
        f"COPY (SELECT customer_key AS customer_id, day AS date, amount FROM {read.name}) TO '{path}' (FORMAT parquet)"
    )
    agree(path)
    assert rows_of(summarise(kp.read_orders(path))) == rows_of(summarise(read))


@pytest.fixture(scope="module")
def store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders of a simulated store, some of whose customers buy several times a day."""
    path = tmp_path_factory.mktemp("store") / "orders.parquet"
    store = simulate_store(800, seed=5, end=dt.date(2025, 6, 30), start=dt.date(2023, 1, 1))
    orders = store.tables["orders"].name
    store.engine.execute(
        f"COPY (SELECT customer_key AS customer_id, occurred_at AS date, amount::DOUBLE AS amount FROM {orders} UNION "
        f"ALL SELECT customer_key, occurred_at + INTERVAL 1 MINUTE, 3.25 FROM {orders} WHERE hash(order_id) % 3 = 0) "
        f"TO '{path}' (FORMAT parquet)"
    )
    store.engine.close()
    return path


def test_a_store(store_file: Path) -> None:
    agree(store_file)


def test_cells_are_known_where_purchases_were_sorted(store_file: Path) -> None:
    orders = kp.read_orders(store_file)
    later = kp.ObservationWindow(end=orders.last_day + dt.timedelta(9))
    for window in (None, later):
        one, two = summarise(orders, window), summarise(by_the_long_way(store_file), window)
        assert one.celled is not None
        assert two.celled is None
        found, grouped = one.keyed_cells(), two.keyed_cells()
        for name in ("x", "t_x", "T", "weight"):
            assert (getattr(found.cells, name) == getattr(grouped.cells, name)).all()
        joined = f"{one.celled.relation} AS summary INNER JOIN found AS cell ON cell.cell = summary.cell"
        one.engine.from_columns("found", {"cell": one.celled.number, **found.key})
        wrong = " OR ".join(f"cell.{name} <> summary.{name}" for name in found.key)
        assert one.engine.row(f"SELECT count(*), count(*) FILTER ({wrong}) FROM {joined}") == (len(one), 0)
    cut = kp.ObservationWindow(calibration_end=orders.last_day - dt.timedelta(90))
    assert summarise(orders, cut).celled is None


def test_values_of_a_store(store_file: Path) -> None:
    one, two = summarise(kp.read_orders(store_file)), summarise(by_the_long_way(store_file))
    assert one.celled is not None
    buying, spending = kp.ParetoNBD().fit(two), kp.GammaGamma().fit(two)
    found = [
        values.engine.rows(f"SELECT * FROM {values.name} ORDER BY customer_key")
        for values in (kp.lifetime_value(buying, spending, summary) for summary in (one, two))
    ]
    assert found[0] == found[1]


def test_keys_of_stored_values_are_written_when_somebody_asks(store_file: Path) -> None:
    summary = summarise(kp.read_orders(store_file))
    lazy = kp.lifetime_value(kp.BGNBD().fit(summary), kp.GammaGamma().fit(summary), summary, columns="main")
    once = lazy.stored()
    twice = once.stored()
    engine = summary.engine
    types, rows = (
        [engine.rows(sql.format(values.name)) for values in (lazy, once, twice)]
        for sql in ("DESCRIBE {}", "SELECT * FROM {} ORDER BY customer_key")
    )
    assert types[0] == types[1] == types[2]
    assert rows[0] == rows[1] == rows[2]
    keys = "SELECT data_type FROM duckdb_columns() WHERE table_name LIKE 'valued%' AND column_name = '{}'"
    assert engine.rows(keys.format("customer_key")) == []
    assert engine.rows(keys.format("number")) == [("INTEGER",)] * 2


def test_models_answer_for_each_customer_of_a_file(store_file: Path) -> None:
    one, two = summarise(kp.read_orders(store_file)), summarise(by_the_long_way(store_file))
    buying, spending = kp.BGNBD().fit(two), kp.GammaGamma().fit(two)
    for ask in (buying.probability_alive, spending.expected_spend):
        answers = [ask(summary) for summary in (one, two)]
        found = [table.engine.rows(f"SELECT * FROM {table.name} ORDER BY customer_key") for table in answers]
        assert found[0] == found[1]
    attributes = {"id": ["1", "2"], "channel": ["ads", "shop"]}
    again = summarise(kp.read_orders(store_file))
    assert rows_of(again.with_columns(attributes)) == rows_of(two.with_columns(attributes))


def test_a_store_with_refunds_goes_the_long_way(store_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "refunds.parquet"
    duckdb.sql(
        f"COPY (FROM '{store_file}' UNION ALL SELECT customer_id, date + INTERVAL 3 DAY, -amount FROM '{store_file}' "
        f"WHERE hash(customer_id) % 4 = 0) TO '{path}' (FORMAT parquet)"
    )
    orders = kp.read_orders(path)
    assert not straight(orders)
    assert not orders.settled
    assert rows_of(summarise(orders)) == rows_of(summarise(by_the_long_way(path)))


DAY = dt.date(2024, 3, 1)


@pytest.mark.parametrize("key", [" 7", "7 ", "7.0", "'7", "null", "N/A", "", None, "guest"])
def test_ids_that_do_not_stand_as_they_are_go_the_long_way(key: str | None, tmp_path: Path) -> None:
    rows: list[Row] = [("7", DAY, 5.0), ("8", DAY + dt.timedelta(3), 6.0), ("7", DAY + dt.timedelta(9), 1.0)]
    path = parquet(tmp_path / "ids.parquet", [*rows, (key, DAY + dt.timedelta(5), 2.0)])
    orders = kp.read_orders(path)
    assert not straight(orders)
    assert {row[0] for row in rows_of(summarise(orders))} == {"7", "8"}


@pytest.mark.parametrize("wrong", [("7", None, 1.0), ("7", DAY, None), ("7", DAY, float("nan")), ("7", DAY, -1.0),
                                   ("7", dt.date(2999, 1, 1), 1.0)])  # fmt: skip
def test_rows_that_are_not_clean_go_the_long_way(wrong: Row, tmp_path: Path) -> None:
    rows: list[Row] = [(str(n), DAY + dt.timedelta(n), 5.0 + n) for n in range(30)]
    assert straight(kp.read_orders(parquet(tmp_path / "clean.parquet", rows)))
    assert not straight(kp.read_orders(parquet(tmp_path / "odd.parquet", [*rows, wrong])))


@pytest.mark.parametrize(
    ("customer", "date", "amount"),
    [
        ("BIGINT", "DATE", "DOUBLE"),
        ("INTEGER", "TIMESTAMP", "DECIMAL(10, 2)"),
        ("VARCHAR", "TIMESTAMP", "DOUBLE"),
        ("VARCHAR", "DATE", "INTEGER"),
    ],
)
def test_types(customer: str, date: str, amount: str, tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    rows: list[Row] = [
        (int(who), DAY + dt.timedelta(int(day)), float(paid))
        for who, day, paid in zip(
            chance.integers(0, 20, 200), chance.integers(0, 300, 200), chance.integers(0, 90, 200)
        )
    ]
    agree(parquet(tmp_path / "typed.parquet", rows, customer, date, amount))


def test_without_money(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.sql(
        f"COPY (SELECT 'c' || (i % 7) AS customer_id, DATE '2024-01-01' + (i * i % 90)::INTEGER AS date "
        f"FROM range(60) AS t(i)) TO '{path}' (FORMAT parquet)"
    )
    orders = kp.read_orders(path)
    assert straight(orders)
    assert not orders.has_money
    assert rows_of(summarise(orders)) == rows_of(summarise(by_the_long_way(path)))


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c d", "1", "2"]),
            st.dates(dt.date(1965, 1, 1), dt.date(1971, 1, 1)) | st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 9)),
            st.decimals(0, 500, places=2).map(float),
        ),
        min_size=2,
        max_size=150,
    )
)
def test_any_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = parquet(tmp_path_factory.mktemp("any") / "rows.parquet", rows)
    one, two = kp.read_orders(path), by_the_long_way(path)
    assert rows_of(summarise(one)) == rows_of(summarise(two))


def test_the_account_is_the_same(store_file: Path) -> None:
    one, two = (kp.read(path) for path in (store_file, store_file))
    assert one.reconciliation.customers == len(summarise(one.orders))
    plain = one.reconciliation.to_dict()
    assert plain["orders"] == len(one.orders)
    assert plain == two.reconciliation.to_dict()


FORMS: dict[str, Callable[[int], Any]] = {
    "number": lambda n: n,
    "below zero": lambda n: n - 9,
    "long": lambda n: n * 1_111_111_111_111_111_111 - 2**62,
    "text": str,
    "letters": lambda n: f"cus_{n * 997}",
    "zeros": lambda n: f"{n * 997:06d}",
    "letters and zeros": lambda n: f"C{n * 11:03d}",
    "long text": lambda n: f"{10**17 + n * 10**15}",
}


@pytest.mark.parametrize("form", FORMS)
def test_ids_that_are_numbers(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(len(form))
    who, on, paid = chance.integers(0, 8, 150), chance.choice([0, 1, 2, 30, 800], 150), chance.integers(0, 90_000, 150)
    finest = 10_000 if form in {"long", "zeros"} else 100
    rows: list[Row] = [
        (FORMS[form](int(who[n])), DAY + dt.timedelta(int(on[n])), int(paid[n]) / finest) for n in range(150)
    ]
    path = parquet(tmp_path / "rows.parquet", rows, "BIGINT" if isinstance(rows[0][0], int) else "VARCHAR")
    orders = kp.read_orders(path)
    assert sorted_beside(orders)
    agree(path)
    monkeypatch.setattr("keepers.data.plain.customers_by_number", lambda *_: None)
    other = kp.read_orders(path)
    assert not sorted_beside(other)
    assert rows_of(summarise(orders)) == rows_of(summarise(other))
    assert orders._by_customer is not None
    assert other._by_customer is not None
    assert orders._by_customer.totals[:6] == other._by_customer.totals[:6]


@pytest.mark.parametrize(
    ("written", "odd"),
    [
        ("100", "1e2"), ("7", "+7"), ("7", "007"), ("7", "-7"), ("7", "7."), ("7", "1_0"), ("12", "9" * 19),
        ("C07", "C7"), ("C07", "C 7"), ("C07", "C+7"), ("C07", "c07"), ("C07", "D07"), ("C07", "C7e0"), ("C07", "C007"),
        ("C7", "C07"), ("C7", "ann"), ("7", "ann"),
    ],
)  # fmt: skip
def test_ids_that_are_not_written_like_the_others(written: str, odd: str) -> None:
    engine = Engine(threads=1)
    ids = Ids.like([written, written])
    assert ids is not None
    for other in (odd, written):
        values = f"('{written}', DATE '2024-03-01', 1.5), ('{other}', DATE '2024-03-02', 2.0)"
        rows = f"(SELECT * FROM (VALUES {values}) AS made(customer_key, day, amount))"
        found = customers_by_number(engine, rows, Bounds.of(engine, rows, ids, True), ids, True)
        assert (found is None) == (other == odd)
    assert found is not None
    assert engine.rows(f"SELECT customer_key, orders, days, cell FROM {found.table}") == [(written, 2, 2, 0)]
    engine.close()


def test_ids_that_are_found_odd_later_are_grouped_by_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepers.data.by_number._SAMPLE", 1)
    rows: list[Row] = [(who, DAY + dt.timedelta(n % 3), 1.5) for n in range(5) for who in ("100", "1e2")]
    orders = kp.read_orders(parquet(tmp_path / "odd.parquet", rows))
    assert orders._by_customer is not None
    assert not sorted_beside(orders)
    assert [row[:2] for row in rows_of(summarise(orders))] == [("100", 2), ("1e2", 2)]


def test_ids_may_be_longer_than_those_that_were_looked_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepers.data.by_number._SAMPLE", 1)
    for late in ("C2147483648", "C99999999999"):
        rows: list[Row] = [(who, DAY + dt.timedelta(n % 3), 1.5) for n in range(5) for who in ("C1", late)]
        orders = kp.read_orders(parquet(tmp_path / f"{late}.parquet", rows))
        assert sorted_beside(orders)
        assert [row[:2] for row in rows_of(summarise(orders))] == [("C1", 2), (late, 2)]


@pytest.mark.parametrize("form", ["number", "long"])
def test_portions_that_are_summed_ahead(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Row] = [(FORMS[form](n % 8), DAY + dt.timedelta(n % 5), n / 4) for n in range(90)]
    path = parquet(tmp_path / "rows.parquet", rows, "BIGINT")
    at_once = rows_of(summarise(kp.read_orders(path)))
    for name in ("_IN_A_PORTION", "_AT_ONCE"):
        monkeypatch.setattr(f"keepers.numerics.packed_purchases.{name}", 5)
    for name in ("_MANY", "PORTION"):
        monkeypatch.setattr(f"keepers.data.by_number.{name}", 5)
    assert rows_of(summarise(kp.read_orders(path))) == at_once


def test_files_that_are_copied_are_summarised_likewise(tmp_path: Path) -> None:
    rows: list[Row] = [(str(n % 8), DAY + dt.timedelta(n % 5), n / 4) for n in range(90)]
    path = parquet(tmp_path / "rows.parquet", rows)
    duckdb.sql(f"COPY (FROM '{path}') TO '{tmp_path / 'rows.csv'}' (HEADER)")
    orders = kp.read_orders(tmp_path / "rows.csv")
    assert sorted_beside(orders)
    assert not straight(orders)
    assert rows_of(summarise(orders)) == rows_of(summarise(by_the_long_way(path)))
    assert kp.read(tmp_path / "rows.csv").reconciliation.largest_customer in {("0", 12), ("1", 12)}


def test_numbers_without_money(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.sql(
        f"COPY (SELECT i % 7 AS customer_id, DATE '2024-01-01' + (i * i % 90)::INTEGER AS date FROM range(60) AS t(i)) "
        f"TO '{path}' (FORMAT parquet)"
    )
    orders = kp.read_orders(path)
    assert sorted_beside(orders)
    assert rows_of(summarise(orders)) == rows_of(summarise(by_the_long_way(path)))


@pytest.mark.parametrize("customer", ["BIGINT", "SMALLINT", "VARCHAR", "DOUBLE", "FLOAT", "DECIMAL(12, 0)"])
def test_minus_one_is_nobody_in_a_column_of_numbers_too(customer: str, tmp_path: Path) -> None:
    rows: list[Row] = [(who, dt.date(2024, 1, day), 5.0) for day in range(1, 20) for who in (-1, -2, 0, day % 5)]
    orders = kp.read_orders(parquet(tmp_path / "orders.parquet", rows, customer))
    found = [row[0] for row in rows_of(summarise(orders))]
    assert [key.removesuffix(".0") for key in found] == ["-2", "0", "1", "2", "3", "4"]


def test_minus_one_as_a_spreadsheet_writes_it_is_nobody_too(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount\n" + "".join(f"{n % 3 - 1}.0,2024-01-{n:02},5\n" for n in range(1, 20)))
    assert [row[0] for row in rows_of(summarise(kp.read_orders(path)))] == ["0", "1"]


@pytest.mark.parametrize(("paid", "beside"), [(9e11, True), (9e12, False)])
def test_more_money_than_whole_numbers_hold(paid: float, beside: bool, tmp_path: Path) -> None:
    rows: list[Row] = [(n % 2, DAY + dt.timedelta(n), paid) for n in range(10)]
    path = parquet(tmp_path / "rich.parquet", rows, "BIGINT")
    orders = kp.read_orders(path)
    assert sorted_beside(orders) == beside
    assert [float(row[-1]) for row in rows_of(summarise(orders))] == [5 * paid] * 2


def test_little_memory_leaves_sorting_to_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Row] = [(n % 20, DAY + dt.timedelta(n % 90), 1.0) for n in range(300)]
    path = parquet(tmp_path / "rows.parquet", rows, "BIGINT")
    monkeypatch.setattr(Engine, "memory_limit", 300 * 24 - 1)
    assert not sorted_beside(kp.read_orders(path))
    monkeypatch.setattr(Engine, "memory_limit", 300 * 24)
    assert sorted_beside(kp.read_orders(path))


def test_no_word_for_nobody_is_written_like_a_number() -> None:
    assert not [word for word in (*EMPTY_WORDS, *PLACEHOLDER_IDS) if WRITTEN.fullmatch(word)]


def test_order_numbers_are_not_read_for_what_does_not_need_them(tmp_path: Path) -> None:
    path = tmp_path / "numbered.parquet"
    duckdb.sql(
        f"COPY (SELECT i % 7 AS customer_id, DATE '2024-01-01' + i::INTEGER AS date, i + 0.5 AS amount, '#' || i AS "
        f"order_id FROM range(60) AS t(i)) TO '{path}' (FORMAT parquet)"
    )
    orders = kp.read_orders(path)
    assert sorted_beside(orders)
    plan = str(orders.engine.rows(f"EXPLAIN SELECT sum(amount) FROM {orders.name}"))
    assert "READ_PARQUET" in plan
    assert "Join" not in plan
