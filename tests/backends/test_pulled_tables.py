"""Tables of a real PostgreSQL server, pulled by their time of change, with the server's own types."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import psycopg

from keepers.data.connectors.database import DatabaseSource, SourceTable, pull_database
from keepers.data.read import read
from keepers.domain.ports import silent

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def test_rows_that_change_while_others_come_are_read_once(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA sales")
        connection.execute(
            "CREATE TABLE sales.orders (order_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), customer_id text, "
            "order_date timestamptz, amount numeric(12, 2), extra jsonb, tags text[], updated_at timestamptz)"
        )
        connection.execute(
            "INSERT INTO sales.orders (customer_id, order_date, amount, extra, tags, updated_at) SELECT 'c' || n % 50, "
            "t, n, '{\"a\": 1}', ARRAY['x'], t FROM (SELECT n, '2026-09-01'::timestamptz + n * interval '1 minute' "
            "AS t FROM generate_series(1, 2000) n) s"
        )
        source = DatabaseSource("erp", postgres_url, (SourceTable("sales.orders", "updated_at"),), chunk=300)
        first = pull_database(source, tmp_path, NOW, silent)
        assert (first.changed, first.rows) == (2000, {"sales.orders": 2000})
        assert pull_database(source, tmp_path, NOW, silent).changed == 0
        connection.execute("UPDATE sales.orders SET amount = 0.50, updated_at = now() WHERE customer_id = 'c7'")
        again = pull_database(source, tmp_path, NOW, silent)
        assert (again.changed, again.rows) == (40, {"sales.orders": 2000})
        connection.execute("DROP SCHEMA sales CASCADE")
    told = read(tmp_path, now=dt.datetime(2026, 11, 30, 12)).reconciliation
    assert told.orders == 2000
    lost = sum(range(7, 2001, 50))
    assert told.amount("net") == 2000 * 2001 // 2 - lost + 20
