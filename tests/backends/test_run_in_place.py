"""`keepers run` on tables in place: results as tables, whole or not at all, and a rerun that is clean."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

import keepers as kp
from backends.conftest import Warehouse
from backends.shop import NOW, rows, same
from keepers.data.engine import Engine, literal
from keepers.domain.errors import ConfigError, EngineError, InputError, KeepersError
from keepers.domain.time import weeks
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import RunResult, run


def carry_out(warehouse: Warehouse, folder: Path, **options: Any) -> RunResult:
    """A run that names its model, which is quick."""
    chosen = RunOptions(
        **{
            "into": folder / "result", "model": "bg-nbd", "backtest": False, "report": False,
            "engine": warehouse.url, "engine_options": warehouse.options, **options,
        }
    )  # fmt: skip
    return run([warehouse.table], chosen, now=lambda: NOW.replace(tzinfo=dt.UTC))


@pytest.fixture
def shop(postgres_warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse with orders and no results."""
    _clear(postgres_warehouse)
    postgres_warehouse.fill("orders", rows(60))
    yield postgres_warehouse
    _clear(postgres_warehouse)


def _clear(warehouse: Warehouse) -> None:
    with contextlib.closing(warehouse.connect()) as engine:
        warehouse.drop_results(engine)


def _customers(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """What others see of the last run."""
    return warehouse.look("SELECT customer_key, clv_predicted_12m FROM keepers.customers ORDER BY customer_key")


def _left(warehouse: Warehouse) -> list[str]:
    """Tables of ours in the warehouse, those of working names included."""
    return sorted(warehouse.tables())


def test_customers_are_published_and_a_rerun_takes_their_place(shop: Warehouse, tmp_path: Path) -> None:
    first = carry_out(shop, tmp_path)
    assert sorted(path.name for path in first.folder.iterdir()) == [
        "model-buying.json", "model-spend.json", "summary.json",
    ]  # fmt: skip
    said = json.loads((first.folder / "summary.json").read_text())["engine"]
    assert set(said) == {"engine", "address", "run", "tables", "rows_fetched"}, "as docs/reference/results.md says"
    assert said["tables"] == {"customers": "keepers.customers", "run": "keepers.run"}
    before = _customers(shop)
    assert len(before) == first.summary["store"]["customers"]
    assert sum(row[1] for row in before) == pytest.approx(first.summary["equity"]["total"]["value"], rel=1e-9)
    second = carry_out(shop, tmp_path)
    run_name = second.summary["engine"]["run"]
    assert _left(shop) == ["customers", f"customers_{run_name}", "run", f"run_{run_name}"]
    assert shop.look("SELECT run FROM keepers.run") == [(run_name,)]
    assert _customers(shop) == before


def test_other_columns_take_the_place_too(shop: Warehouse, tmp_path: Path) -> None:
    carry_out(shop, tmp_path)
    result = carry_out(shop, tmp_path, horizon=weeks(26))
    (total,) = shop.look("SELECT sum(clv_predicted_26w) FROM keepers.customers")[0]
    assert total == pytest.approx(result.summary["equity"]["total"]["value"], rel=1e-9)


def test_orders_may_stand_in_several_tables(shop: Warehouse, tmp_path: Path) -> None:
    whole = carry_out(shop, tmp_path)
    before, columns = _customers(shop), rows(60)
    early = columns["order_number"] % 2 == 0
    shop.fill("early", {name: column[early] for name, column in columns.items()})
    late = {name: column[~early] for name, column in columns.items()}
    shop.fill("late", {**late, "note": late["status"]})
    options = RunOptions(into=tmp_path / "parts", model="bg-nbd", backtest=False, report=False, engine=shop.url)
    parts = run(["shop.early", "shop.late"], options, now=lambda: NOW.replace(tzinfo=dt.UTC))
    assert _customers(shop) == before
    assert parts.summary["equity"] == whole.summary["equity"]
    assert any("left out: note" in note for file in parts.summary["data"]["files"] for note in file["notes"])


def test_a_report_is_made_of_tables_in_place(shop: Warehouse, tmp_path: Path) -> None:
    result = carry_out(shop, tmp_path, report=True)
    assert result.report is not None
    assert result.summary["tiers"]
    assert result.summary["data"]["files"][0]["rows_read"] == len(rows(60)["total"])


def test_a_table_that_is_missing_changes_nothing(shop: Warehouse, tmp_path: Path) -> None:
    carry_out(shop, tmp_path)
    before, left = _customers(shop), _left(shop)
    with pytest.raises(InputError, match=r"shop\.no_such"):
        run(["shop.no_such"], RunOptions(into=tmp_path / "result", engine=shop.url, engine_options=shop.options))
    assert (_customers(shop), _left(shop)) == (before, left)


def test_a_base_is_kept_of_files_only(shop: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave --keep out"):
        carry_out(shop, tmp_path, keep=True)


def test_a_failure_at_the_end_leaves_the_last_result(
    shop: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out(shop, tmp_path)
    before, left = _customers(shop), _left(shop)
    summary = (tmp_path / "result" / "summary.json").read_text()

    def broken(*_: Any) -> str:
        return "SELECT 1 / CAST(0 AS BIGINT) AS run, * FROM no_such_table"

    monkeypatch.setattr("keepers.pipeline.warehouse_results._run_row", broken)
    with pytest.raises(KeepersError):
        carry_out(shop, tmp_path)
    assert (_customers(shop), _left(shop)) == (before, left)
    assert (tmp_path / "result" / "summary.json").read_text() == summary
    monkeypatch.undo()
    carry_out(shop, tmp_path)
    assert _customers(shop) == before


def test_the_chosen_model_and_all_results_are_those_of_the_embedded_engine(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    columns = rows(span=50)
    # Money given back is an order of its own in a table in place, and an event of its own in a file.
    columns["total"] = np.abs(columns["total"])
    with contextlib.closing(Engine(threads=2)) as engine:
        engine.from_columns("orders", {**columns, "total": np.array(columns["total"])})
        engine.execute(f"COPY orders TO {literal(str(tmp_path / 'orders.parquet'))} (FORMAT parquet)")
    options = RunOptions(into=tmp_path / "here", name="shop", csv=False)
    here = run([str(tmp_path / "orders.parquet")], options, now=lambda: NOW.replace(tzinfo=dt.UTC))
    _clear(warehouse)
    warehouse.fill("orders", columns)
    options = replace(options, into=tmp_path / "there", engine=warehouse.url, engine_options=warehouse.options)
    there = run([warehouse.table], options, now=lambda: NOW.replace(tzinfo=dt.UTC))
    assert here.summary["backtest"]["winner"]
    assert there.report is not None
    # What was read is told in different words, and warnings are found in the embedded engine alone.
    apart = {"data", "files", "engine", "keeping"}
    same(*({key: value for key, value in one.summary.items() if key not in apart} for one in (here, there)))
    with contextlib.closing(Engine(threads=1)) as engine:
        file = f"read_parquet({literal(str(here.folder / 'customers.parquet'))})"
        names = [name for name in engine.columns(f"SELECT * FROM {file} LIMIT 0") if name not in _OF_THE_RUN]
        listed = ", ".join(names)
        expected = engine.rows(f"SELECT {listed} FROM {file} ORDER BY customer_key")
    found = warehouse.look(f"SELECT {listed} FROM keepers.customers ORDER BY customer_key")
    for place, name in enumerate(names):
        same(*([_plain(row[place]) for row in rows_] for rows_ in (expected, found)), name)
    if warehouse.name == "spark":
        _publish_is_whole_or_nothing(warehouse)
    _clear(warehouse)


_OF_THE_RUN = ("clv_scored_at", "clv_model_version")


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _publish_is_whole_or_nothing(warehouse: Warehouse) -> None:
    """A run that fails at its last table leaves what was there, and the next one takes its place and cleans up."""
    before, left = _customers(warehouse), _left(warehouse)
    with contextlib.closing(warehouse.connect()) as engine:
        one = {"customers": "SELECT 'a' AS customer_key, 1.5 AS clv_predicted_12m"}
        with pytest.raises(KeepersError):
            engine.publish({**one, "run": "SELECT * FROM no_such_table"}, "20260301t120000_000000")
        assert (_customers(warehouse), _left(warehouse)) == (before, left)
        name = "20260301t130000_000000"
        engine.publish({**one, "run": "SELECT 'r' AS run"}, name)
    assert _left(warehouse) == ["customers", f"customers_{name}", "run", f"run_{name}"]
    assert [str(row[0]) for row in _customers(warehouse)] == ["a"]


def test_a_disk_that_fills_up_under_spark_says_so(spark_warehouse: Warehouse, tmp_path: Path) -> None:
    _clear(spark_warehouse)
    spark_warehouse.fill("orders", rows(60))
    spark_warehouse.look(
        "CREATE OR REPLACE VIEW shop.fragile AS SELECT `Customer ID`, ordered_at, CASE WHEN order_number = 20 "
        "THEN raise_error('java.io.IOException: No space left on device') ELSE total END AS total FROM shop.orders"
    )
    options = RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False, engine=spark_warehouse.url)
    with pytest.raises(EngineError, match=r"A disk of spark://local\[2\] is full"):
        run(["shop.fragile"], options)
    assert _left(spark_warehouse) == []
    assert not (tmp_path / "result").exists()
    _clear(spark_warehouse)


class TestPostgres:
    """What only a server can do to a run."""

    @pytest.fixture
    def server(self, postgres_warehouse: Warehouse) -> Iterator[psycopg.Connection[Any]]:
        """Its owner's own connection, with orders in place and a user who may not do everything."""
        _clear(postgres_warehouse)
        postgres_warehouse.fill("orders", rows(60))
        with psycopg.connect(postgres_warehouse.url, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS clerk")
            connection.execute("CREATE ROLE clerk LOGIN")
            yield connection
            connection.execute("DROP OWNED BY clerk")
            connection.execute("DROP ROLE clerk")
        _clear(postgres_warehouse)

    @pytest.fixture
    def clerk(self, postgres_warehouse: Warehouse, server: psycopg.Connection[Any]) -> Warehouse:
        """The warehouse as a user without rights sees it."""
        del server
        return postgres_warehouse.of_user(postgres_warehouse.url.replace("keeper@", "clerk@"))

    def test_a_lost_connection_leaves_the_last_result(
        self, postgres_warehouse: Warehouse, server: psycopg.Connection[Any], tmp_path: Path
    ) -> None:
        carry_out(postgres_warehouse, tmp_path)
        before, left = _customers(postgres_warehouse), _left(postgres_warehouse)

        def cut(step: str, share: float | None = None) -> None:
            del share
            if step.startswith("Publishing"):
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'keepers'"
                )

        options = RunOptions(
            into=tmp_path / "result", model="bg-nbd", backtest=False, report=False, engine=postgres_warehouse.url
        )
        with pytest.raises(EngineError, match="No connection to postgresql://keeper@/market"):
            run(["shop.orders"], options, progress=cut)
        assert (_customers(postgres_warehouse), _left(postgres_warehouse)) == (before, left)
        carry_out(postgres_warehouse, tmp_path)
        assert _customers(postgres_warehouse) == before

    def test_rights_that_are_missing_are_named_one_after_the_other(
        self, clerk: Warehouse, server: psycopg.Connection[Any], tmp_path: Path
    ) -> None:
        with pytest.raises(EngineError, match=r"permission denied for database market.*GRANT CREATE ON DATABASE"):
            carry_out(clerk, tmp_path)
        server.execute("CREATE SCHEMA keepers")
        with pytest.raises(EngineError, match="GRANT CREATE, USAGE ON SCHEMA keepers"):
            carry_out(clerk, tmp_path)
        server.execute("GRANT CREATE, USAGE ON SCHEMA keepers TO clerk")
        with pytest.raises(EngineError, match="permission denied for schema shop"):
            carry_out(clerk, tmp_path)
        server.execute("GRANT USAGE ON SCHEMA shop TO clerk")
        with pytest.raises(InputError, match=r"GRANT SELECT ON shop\.orders TO clerk"):
            carry_out(clerk, tmp_path)
        server.execute("GRANT SELECT ON shop.orders TO clerk")
        assert carry_out(clerk, tmp_path).summary["store"]["customers"] > 50

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("53100", "The disk of postgresql://keeper@/market is full"),
            ("53200", "short of memory"),
            ("57014", "Raise statement_timeout"),
        ],
    )
    def test_a_server_without_room_or_time_says_so(
        self, postgres_warehouse: Warehouse, server: psycopg.Connection[Any], tmp_path: Path, code: str, words: str
    ) -> None:
        server.execute(f"""
            CREATE OR REPLACE FUNCTION shop.fails(bigint) RETURNS bigint LANGUAGE plpgsql AS $$
            BEGIN
                IF $1 = 20 AND current_setting('application_name') = 'keepers'
                   AND EXISTS (SELECT 1 FROM pg_class WHERE relname LIKE 'summary%') THEN
                    RAISE EXCEPTION 'no room' USING ERRCODE = '{code}';
                END IF;
                RETURN $1;
            END $$""")
        server.execute('CREATE OR REPLACE VIEW shop.fragile AS SELECT "Customer ID", ordered_at, '
                       "total, shop.fails(order_number) AS order_number FROM shop.orders")  # fmt: skip
        options = RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False, engine=postgres_warehouse.url)
        with pytest.raises(EngineError, match=words):
            run(["shop.fragile"], options)
        assert _left(postgres_warehouse) == []
        assert not (tmp_path / "result").exists()

    def test_somebody_who_reads_the_last_result_is_named(
        self, postgres_warehouse: Warehouse, server: psycopg.Connection[Any], tmp_path: Path
    ) -> None:
        carry_out(postgres_warehouse, tmp_path)
        server.execute("CREATE VIEW shop.board AS SELECT sum(clv_predicted_12m) FROM keepers.customers")
        before = _customers(postgres_warehouse)
        carry_out(postgres_warehouse, tmp_path)
        with pytest.raises(EngineError, match=r"something reads the last one.*shop\.board"):
            carry_out(postgres_warehouse, tmp_path, horizon=weeks(26))
        assert _customers(postgres_warehouse) == before

    def test_a_server_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EngineError, match=r"No connection to postgresql://ada@127\.0\.0\.1:1/shop"):
            kp.connect("postgresql://ada:secret@127.0.0.1:1/shop")
        del tmp_path
