"""The engine: results leave nothing half fetched, values keep their kinds, failures come in words."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from keepers.data.engine import Engine, literal, quoted
from keepers.domain.errors import ConfigError, EngineError, InputError


@pytest.fixture
def engine() -> Engine:
    return Engine(threads=2)


def test_a_row_leaves_the_connection_free_for_the_next_statement(engine: Engine) -> None:
    assert engine.row("SELECT * FROM range(5000)") == (0,)
    engine.from_columns("after", {"a": np.arange(3)})
    assert engine.rows("SELECT sum(a) FROM after") == [(3,)]


def test_a_query_that_nobody_fetched_does_not_block_what_comes_next(engine: Engine) -> None:
    engine.execute("SELECT * FROM range(100000)")
    engine.from_columns("after", {"a": np.arange(3)})
    engine.execute("SELECT * FROM range(100000)")
    assert engine.relation("SELECT * FROM after").fetchall() == [(0,), (1,), (2,)]


def test_no_row_is_an_error(engine: Engine) -> None:
    with pytest.raises(EngineError, match="no row"):
        engine.row("SELECT 1 WHERE false")


def test_missing_values_come_out_as_nan_nat_and_none(engine: Engine) -> None:
    got = engine.columns(
        "SELECT * FROM (VALUES (1, 1.5, 'a', true, DATE '2026-01-01', TIMESTAMP '2026-01-01 10:00:00', 1.5),"
        " (NULL, NULL, NULL, NULL, NULL, NULL, NULL)) AS t(whole, floating, word, truth, day, moment, money)"
    )
    assert np.isnan(got["whole"][1])
    assert np.isnan(got["floating"][1])
    assert got["word"].tolist() == ["a", None]
    assert np.isnan(got["truth"][1])
    assert np.isnat(got["day"][1])
    assert np.isnat(got["moment"][1])
    assert np.isnan(got["money"][1])


def test_whole_numbers_without_gaps_stay_whole(engine: Engine) -> None:
    assert engine.columns("SELECT range AS a FROM range(3)")["a"].dtype == np.int64


def test_parameters_by_name_and_by_position(engine: Engine) -> None:
    assert engine.row("SELECT $a + 1", {"a": 1}) == (2,)
    assert engine.row("SELECT ? || 'x'", ["O'Neill"]) == ("O'Neillx",)


@pytest.mark.parametrize(
    ("column", "expected", "of"),
    [
        (np.ma.array([1, 2], mask=[False, True]), [1, None], "BIGINT"),
        (np.ma.array(["a", "b"], mask=[True, False]), [None, "b"], "VARCHAR"),
        (np.array([1.0, np.nan]), [1.0, None], "DOUBLE"),
        (np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"), [dt.date(2026, 1, 1), None], "DATE"),
        (np.array(["2026-01-01T10", "NaT"], dtype="datetime64[h]"), [dt.datetime(2026, 1, 1, 10), None], "TIMESTAMP"),
        (
            np.array(["2026-01-01T10:00:00"] * 2, dtype="datetime64[s]"),
            [dt.datetime(2026, 1, 1, 10)] * 2,
            "TIMESTAMP_S",
        ),
        (np.array([1, 2], dtype=">i4"), [1, 2], "INTEGER"),
        (np.array([1, 2], dtype=np.float16), [1.0, 2.0], "DOUBLE"),
        (np.array([b"a", "ä".encode()]), ["a", "ä"], "VARCHAR"),
        (np.array(["é", "long enough"]), ["é", "long enough"], "VARCHAR"),
        (np.array([None, None], dtype=object), [None, None], "VARCHAR"),
        (np.array([float("nan"), None], dtype=object), [None, None], "VARCHAR"),
        (np.array([Decimal("1.50"), None], dtype=object), [Decimal("1.50"), None], "DECIMAL(3,2)"),
        (["a", None], ["a", None], "VARCHAR"),
        ([1, None], [1, None], "INTEGER"),
        ([1, 2], [1, 2], "BIGINT"),
        ((dt.date(2026, 1, 1), None), [dt.date(2026, 1, 1), None], "DATE"),
        (np.arange(4)[::2], [0, 2], "BIGINT"),
    ],
)
def test_columns_of_every_kind_go_in(engine: Engine, column: object, expected: list[object], of: str) -> None:
    engine.from_columns("t", {"a column": column})
    assert [value for (value,) in engine.rows('SELECT "a column" FROM t')] == expected
    kept = engine.row('SELECT typeof("a column") FROM t')[0]
    assert kept == of or {kept, of} <= {"INTEGER", "BIGINT"}


def test_a_text_that_comes_late_among_nothing_is_kept(engine: Engine) -> None:
    engine.from_columns("t", {"a": np.array([None] * 5000 + ["x"], dtype=object)})
    assert engine.row("SELECT max(a), count(a) FROM t") == ("x", 1)


def test_rows_are_added_by_name(engine: Engine) -> None:
    engine.execute("CREATE TABLE held (a BIGINT, b VARCHAR, c DATE)")
    engine.append("held", {"b": ["x", None], "a": np.array([1, 2])})
    assert engine.rows("SELECT * FROM held ORDER BY a") == [(1, "x", None), (2, None, None)]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "at least one column"),
        ({"a": np.arange(3), "b": np.arange(4)}, "'b' has 4 rows where the first column has 3"),
        ({"a": np.zeros((2, 2))}, "2 dimensions"),
        ({"a": np.float64(1)}, "0 dimensions"),
    ],
)
def test_columns_that_are_no_table(engine: Engine, columns: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        engine.from_columns("t", columns)


def test_rows_stay_in_order_when_asked(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("n\n" + "\n".join(str(n) for n in range(300_000)))
    with engine.in_order():
        engine.create("t", f"SELECT n FROM read_csv({literal(str(path))}, header = true)")
    assert engine.row("SELECT count(*) FROM t WHERE n <> rowid") == (0,)
    assert engine.row("SELECT current_setting('preserve_insertion_order')") == (False,)


def test_drop_forgets_tables_and_views(engine: Engine) -> None:
    engine.create("t", "SELECT 1 AS a")
    engine.execute("CREATE VIEW v AS SELECT 2 AS a")
    for name in ("t", "v", "never there"):
        engine.drop(name)
    assert engine.rows("SELECT table_name FROM information_schema.tables") == []


def test_a_name_is_taken_by_a_table_or_a_view(engine: Engine) -> None:
    engine.create("t", "SELECT 1 AS a")
    engine.execute("CREATE VIEW v AS SELECT 2 AS a")
    assert [engine.is_taken(name) for name in ("t", "v", "never there")] == [True, True, False]
    assert engine.row("SELECT a FROM t") == (1,)


def test_another_thread_asks_the_same_tables(engine: Engine) -> None:
    engine.create("t", "SELECT 1 AS a")
    with engine.beside() as other, ThreadPoolExecutor(1) as pool:
        found = pool.submit(other.rows, "SELECT a, current_setting('TimeZone') FROM t")
        assert engine.row("SELECT a + 1 FROM t") == (2,)
        assert found.result() == [(1, "UTC")]
    assert engine.row("SELECT a FROM t") == (1,)


@pytest.mark.parametrize("settings", [{"threads": 0}, {"memory_limit": "plenty"}])
def test_settings_that_make_no_sense(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Engine(**settings)  # type: ignore[arg-type]


def test_settings_arrive() -> None:
    engine = Engine(memory_limit="1GB", threads=1)
    assert engine.row("SELECT current_setting('threads')") == (1,)
    assert engine.row("SELECT current_setting('memory_limit')")[0] in {"953.6 MiB", "1.0 GB"}


def test_a_full_disk_is_told_in_words(engine: Engine) -> None:
    if not Path("/dev/full").exists():
        pytest.fail("This test writes to /dev/full, a device that is always full.")
    with pytest.raises(EngineError, match=r"disk|written"):
        engine.execute("COPY (SELECT range FROM range(1000000)) TO '/dev/full' (FORMAT csv)")
    assert engine.row("SELECT 1") == (1,)


def test_no_room_to_spill_is_told_in_words() -> None:
    engine = Engine(memory_limit="50MB", threads=1)
    engine.execute("SET max_temp_directory_size = '1MB'")
    with pytest.raises(EngineError, match=r"memory|disk"):
        engine.execute("CREATE TABLE t AS SELECT hash(range) AS h, range::VARCHAR AS s FROM range(20000000) ORDER BY h")
    assert engine.row("SELECT 1") == (1,)


def test_the_spill_folder_goes_with_the_engine() -> None:
    engine = Engine()
    folder = Path(engine.scratch)
    assert folder.is_dir()
    engine.close()
    assert not folder.exists()


def test_names_and_texts_are_quoted() -> None:
    engine = Engine()
    name, text = 'a "quoted" name', "it's"
    assert engine.row(f"SELECT {literal(text)} AS {quoted(name)}") == (text,)
