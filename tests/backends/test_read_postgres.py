"""Tables of a real PostgreSQL server arrive whole, in their types, by URL."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from keepers.data.connect import open_location
from keepers.data.engine import Engine
from keepers.domain.errors import InputError

UTC = dt.UTC


@pytest.fixture(scope="module")
def shop(postgres_url: str) -> Iterator[str]:
    """A shop's database: orders with every type that matters, a table of another schema, one without rows."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("""
            CREATE TABLE orders (
                id bigint, "Customer Name" text, placed timestamptz, day date, at timestamp, total numeric(12, 2),
                weight numeric, paid boolean, items smallint, share double precision, key uuid, tags text[], notes text
            )""")
        connection.execute("""
            INSERT INTO orders VALUES
            (1, 'Ada, "the" first', '2026-01-01 12:00+02', '2026-01-01', '2026-01-01 12:00', 1234.50,
             0.123456789012345678, true, 2, 0.1, '00000000-0000-0000-0000-000000000001', ARRAY['vip', 'a,b'],
             E'two\nlines'),
            (2, '', NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL),
            (3, 'Ünal', '1997-01-01 00:00+00', '1997-01-01', 'infinity', -5, 7, NULL, 0, 'NaN', NULL, '{}', '')""")
        connection.execute("CREATE SCHEMA sales")
        connection.execute(
            'CREATE TABLE sales."Order Lines" AS SELECT i AS id, i * 2 AS amount FROM generate_series(1, 5) i'
        )
        connection.execute("CREATE TABLE nothing (id int)")
        connection.execute("CREATE VIEW paid_orders AS SELECT id, total FROM orders WHERE paid")
        connection.execute("CREATE TABLE strange (id int, amount numeric(9, 2))")
        connection.execute("INSERT INTO strange VALUES (1, 'NaN'), (2, 3.50)")
    yield postgres_url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; DROP SCHEMA sales CASCADE; CREATE SCHEMA public")


@pytest.fixture
def engine() -> Engine:
    return Engine(threads=2)


def test_types_and_values_arrive(engine: Engine, shop: str) -> None:
    (raw,) = open_location(engine, f"{shop}&table=orders")
    assert (raw.kind, raw.typed, raw.rows, raw.columns[1]) == ("postgresql", True, 3, "Customer Name")
    assert dict(engine.rows(f"SELECT column_name, column_type FROM (DESCRIBE {raw.sql})")) == {
        "_row": "BIGINT",
        "id": "BIGINT",
        "Customer Name": "VARCHAR",
        "placed": "TIMESTAMP WITH TIME ZONE",
        "day": "DATE",
        "at": "TIMESTAMP",
        "total": "DECIMAL(12,2)",
        "weight": "VARCHAR",
        "paid": "BOOLEAN",
        "items": "SMALLINT",
        "share": "DOUBLE",
        "key": "UUID",
        "tags": "VARCHAR",
        "notes": "VARCHAR",
    }
    first, second, third = engine.rows(f"{raw.sql} ORDER BY _row")
    assert first == (
        1,
        1,
        'Ada, "the" first',
        dt.datetime(2026, 1, 1, 10, tzinfo=UTC),
        dt.date(2026, 1, 1),
        dt.datetime(2026, 1, 1, 12),
        Decimal("1234.50"),
        "0.123456789012345678",
        True,
        2,
        0.1,
        UUID(int=1),
        '{vip,"a,b"}',
        "two\nlines",
    )
    assert second[:4] == (2, 2, "", None)
    assert second[4:] == (None, None, None, None, False, None, None, None, None, None)
    assert (third[2], third[13]) == ("Ünal", "")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("&table=sales.Order%20Lines", ["sales.Order Lines"]),
        ("#sales.Order%20Lines", ["sales.Order Lines"]),
        ("&table=public.orders", ["orders"]),
        ("&table=ORDERS", ["orders"]),
        ("#orders,paid_orders", ["orders", "paid_orders"]),
    ],
)
def test_tables_are_named_in_several_ways(engine: Engine, shop: str, how: str, expected: list[str]) -> None:
    raws = open_location(engine, f"{shop}{how}")
    assert [raw.source.rpartition(", table ")[2] for raw in raws] == expected


def test_without_a_table_the_tables_are_listed(engine: Engine, shop: str) -> None:
    with pytest.raises(
        InputError, match=r"5 tables.*\?table=nothing.*orders, paid_orders, strange, sales\.Order Lines"
    ):
        open_location(engine, shop)


def test_a_table_that_is_not_there(engine: Engine, shop: str) -> None:
    with pytest.raises(InputError, match=r"no table 'order'.*There are: nothing, orders"):
        open_location(engine, f"{shop}#order")


def test_a_table_without_rows(engine: Engine, shop: str) -> None:
    with pytest.raises(InputError, match=r"table nothing has no rows"):
        open_location(engine, f"{shop}#nothing")


def test_values_beyond_the_engines_types_come_as_text(engine: Engine, shop: str) -> None:
    (raw,) = open_location(engine, f"{shop}#strange")
    assert engine.rows(f"{raw.sql} ORDER BY _row") == [(1, "1", "NaN"), (2, "2", "3.50")]
    assert "as text" in raw.notes[0]


def test_nobody_answers(engine: Engine) -> None:
    with pytest.raises(InputError, match=r"Check that the server runs") as caught:
        open_location(engine, "postgresql://ada:secret@127.0.0.1:1/shop?table=orders")
    assert "secret" not in str(caught.value)
    assert "postgresql://ada@127.0.0.1:1/shop" in str(caught.value)


def test_nothing_is_written(engine: Engine, shop: str) -> None:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS 'DELETE FROM orders RETURNING 1'")
        connection.execute("CREATE VIEW trap AS SELECT spoil() AS x")
        with pytest.raises(InputError, match=r"read-only"):
            open_location(engine, f"{shop}#trap")
        connection.execute("DROP VIEW trap")
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3,)


def test_two_hundred_thousand_rows_arrive_in_seconds(engine: Engine, shop: str) -> None:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("""
            CREATE TABLE many AS SELECT i AS id, 'customer ' || i % 1000 AS customer,
            date '2024-01-01' + i % 700 AS day, (i % 10000)::numeric(12, 2) / 100 AS amount
            FROM generate_series(1, 200000) i""")
    start = time.perf_counter()
    (raw,) = open_location(engine, f"{shop}#many")
    assert time.perf_counter() - start < 20
    assert engine.row(f"SELECT count(*), sum(id), max(_row) FROM ({raw.sql})") == (200_000, 20_000_100_000, 200_000)
