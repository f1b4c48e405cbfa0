"""Handles on tables: users' frames go in with their types and come out in the same kind, whole or not at all."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from keepers.data.engine import Engine
from keepers.data.table import Table, register_frame
from keepers.domain.errors import EngineError, InputError

MOMENT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
UTC = dt.UTC


@pytest.fixture
def engine() -> Engine:
    return Engine(threads=2)


def _polars() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": ["x", None, "ü"],
            "whole": [1, 2, 3],
            "gaps": [1, None, 3],
            "floating": [1.5, float("nan"), None],
            "day": [dt.date(2026, 1, 1), None, dt.date(2026, 1, 3)],
            "moment": [MOMENT.astimezone(UTC), None, MOMENT.astimezone(UTC)],
            "kind": pl.Series(["a", "b", None], dtype=pl.Categorical),
            "truth": [True, None, False],
        }
    )


def _pandas() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": ["x", None, "ü"],
            "whole": [1, 2, 3],
            "gaps": [1.0, np.nan, 3.0],
            "floating": [1.5, np.nan, np.nan],
            "day": [dt.date(2026, 1, 1), None, dt.date(2026, 1, 3)],
            "moment": pd.to_datetime(["2026-01-01 12:00", None, "2026-01-01 12:00"]).tz_localize("Etc/GMT-2"),
            "kind": pd.Categorical(["a", "b", None]),
            "truth": pd.array([True, None, False], dtype="boolean"),
        },
        index=[7, 8, 9],
    )


def _pandas_nullable() -> pd.DataFrame:
    frame = _pandas()
    return frame.assign(gaps=pd.array([1, None, 3], dtype="Int64"))


def _pandas_arrow() -> pd.DataFrame:
    return _pandas_nullable().convert_dtypes(dtype_backend="pyarrow")


def _dict() -> dict[str, Any]:
    frame = _polars()
    arrays: dict[str, Any] = {name: frame[name].to_list() for name in frame.columns}
    arrays["whole"] = np.array([1, 2, 3])
    arrays["day"] = np.array(["2026-01-01", "NaT", "2026-01-03"], dtype="datetime64[D]")
    return arrays


def _relation() -> duckdb.DuckDBPyRelation:
    return duckdb.connect().from_arrow(_polars().to_arrow())


def _lazy() -> pl.LazyFrame:
    return _polars().lazy()


def _arrow() -> pa.Table:
    return _polars().to_arrow()


def _reader() -> pa.RecordBatchReader:
    return _polars().to_arrow().to_reader()


@pytest.mark.parametrize(
    "make",
    [_polars, _lazy, _pandas, _pandas_nullable, _pandas_arrow, _arrow, _reader, _relation, _dict],
    ids=lambda make: make.__name__.strip("_"),
)
def test_frames_of_every_kind_go_in(engine: Engine, make: Callable[[], Any]) -> None:
    table = register_frame(engine, make())
    assert table.columns == ("text", "whole", "gaps", "floating", "day", "moment", "kind", "truth")
    kinds = dict(
        zip(table.columns, engine.row(f"SELECT {', '.join(f'typeof({c})' for c in table.columns)} FROM ({table.sql})"))
    )
    assert kinds["text"] == kinds["kind"] == "VARCHAR"
    assert kinds["whole"] == "BIGINT"
    assert kinds["gaps"] in {"BIGINT", "INTEGER"}
    assert kinds["day"] == "DATE"
    assert kinds["moment"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["truth"] == "BOOLEAN"
    at = MOMENT.astimezone(UTC)
    rows = engine.rows(f"{table.sql} ORDER BY whole")
    assert [row[:5] for row in rows] == [
        ("x", 1, 1, 1.5, dt.date(2026, 1, 1)),
        (None, 2, None, None, None),
        ("ü", 3, 3, None, dt.date(2026, 1, 3)),
    ]
    assert [row[5] for row in rows] == [at, None, at]
    assert [row[6:] for row in rows] == [("a", True), ("b", None), (None, False)]


def test_a_table_of_the_engine_is_itself_and_of_another_engine_is_copied(engine: Engine) -> None:
    table = register_frame(engine, {"a": [1, 2], "s": ["x", None]})
    assert register_frame(engine, table) is table
    other = Engine(threads=1)
    copy = register_frame(other, table)
    engine.close()
    assert other.rows(copy.sql) == [(1, "x"), (2, None)]


def test_a_relation_of_the_engine_itself_goes_in(engine: Engine) -> None:
    table = register_frame(engine, engine.relation("SELECT range AS a FROM range(3)"))
    assert engine.rows(table.sql) == [(0,), (1,), (2,)]


def test_changing_the_frame_afterwards_changes_nothing(engine: Engine) -> None:
    held = np.array([1, 2, 3])
    frame = pd.DataFrame({"a": held})
    table = register_frame(engine, frame)
    frame.loc[0, "a"] = 99
    held[0] = 99
    assert engine.rows(table.sql) == [(1,), (2,), (3,)]


def test_fractions_with_gaps_stay_fractions(engine: Engine) -> None:
    table = register_frame(engine, pd.DataFrame({"a": [1.5, np.nan], "b": [1.0, 2.0], "none": [np.nan, np.nan]}))
    assert engine.row(f'SELECT typeof(a), typeof(b), typeof("none") FROM ({table.sql})') == ("DOUBLE",) * 3


def test_column_names_that_are_no_texts(engine: Engine) -> None:
    assert register_frame(engine, pd.DataFrame([[1, 2]])).columns == ("0", "1")


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([[1, 2]], columns=["Email", "email"]), pl.DataFrame({"Email": [1], "email": [2]})],
    ids=["pandas", "polars"],
)
def test_names_that_differ_only_in_case_are_refused(engine: Engine, frame: Any) -> None:
    with pytest.raises(InputError, match="'Email' and 'email'"):
        register_frame(engine, frame)


@pytest.mark.parametrize("thing", [5, "orders.csv", [1, 2], None, object()])
def test_what_is_no_table_is_refused(engine: Engine, thing: Any) -> None:
    with pytest.raises(InputError, match="is not a table"):
        register_frame(engine, thing)


@pytest.mark.parametrize("frame", [pd.DataFrame(), pl.DataFrame(), {}], ids=["pandas", "polars", "dict"])
def test_a_frame_without_columns_is_refused(engine: Engine, frame: Any) -> None:
    with pytest.raises(InputError, match="column"):
        register_frame(engine, frame)


def test_a_frame_without_rows_keeps_its_columns(engine: Engine) -> None:
    table = register_frame(engine, pd.DataFrame({"a": pd.Series([], dtype=object), "b": pd.Series([], dtype=float)}))
    assert (table.columns, len(table)) == (("a", "b"), 0)


def test_it_comes_out_in_every_kind(engine: Engine) -> None:
    table = register_frame(engine, _polars())
    assert table.to_polars()["text"].to_list() == ["x", None, "ü"]
    assert table.to_polars()["gaps"].to_list() == [1, None, 3]
    assert table.to_pandas()["whole"].tolist() == [1, 2, 3]
    assert table.to_pandas()["text"].tolist()[::2] == ["x", "ü"]
    assert table.to_arrow()["day"].to_pylist() == [dt.date(2026, 1, 1), None, dt.date(2026, 1, 3)]
    assert table.to_numpy()["text"].tolist() == ["x", None, "ü"]
    assert (len(table), repr(table)) == (3, f"Table({table.name!r}, 3 rows)")


def test_files_are_whole_or_not_there(engine: Engine, tmp_path: Path) -> None:
    table = register_frame(engine, {"a": [1, 2]})
    assert engine.rows(f"SELECT * FROM '{table.write_parquet(tmp_path / 't.parquet')}'") == [(1,), (2,)]
    assert table.write_csv(tmp_path / "t.csv").read_text() == "a\n1\n2\n"
    missing = Table(engine, "never_made")
    with pytest.raises(duckdb.Error):
        missing.write_parquet(tmp_path / "u.parquet")
    with pytest.raises((EngineError, duckdb.Error)):
        table.write_csv(tmp_path / "no folder" / "t.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


def test_no_library_is_loaded_that_the_user_did_not_load() -> None:
    # Version 1 of the engine loads pandas, where it is installed, to look at texts.
    program = """
import sys
import duckdb
import numpy as np
import polars as pl
from keepers.data.engine import Engine
from keepers.data.table import register_frame
engine = Engine(threads=1)
table = register_frame(engine, pl.DataFrame({"a": [1, None], "s": ["x", None]}))
register_frame(engine, {"a": np.array([1, 2]), "s": np.array(["x", None], dtype=object)}).to_numpy()
table.to_polars()
loaded = {name for name in ("pandas", "pyarrow", "scipy") if name in sys.modules}
assert not loaded or duckdb.__version__.startswith("1."), loaded
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)


def test_a_program_that_used_every_frame_ends_in_silence() -> None:
    program = """
from keepers.data.engine import Engine
from keepers.data.table import register_frame
engine = Engine(threads=1)
table = register_frame(engine, {"a": [1], "s": ["x"]})
frames = [table.to_polars(), table.to_pandas(), table.to_arrow(), table.to_numpy(), engine.relation(table.sql)]
tables = [register_frame(engine, frame) for frame in frames]
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


def test_a_million_rows_go_in_within_seconds(engine: Engine) -> None:
    n = 1_000_000
    texts = np.array([f"customer {i % 100_000}" for i in range(n)], dtype=object)
    frame = pd.DataFrame(
        {"customer": texts, "amount": np.arange(n, dtype=float), "gaps": np.where(np.arange(n) % 2, 1, np.nan)}
    )
    start = time.perf_counter()
    table = register_frame(engine, frame)
    assert time.perf_counter() - start < 10
    assert len(table) == n


def test_a_notebook_shows_the_first_rows_and_runs_nothing_of_them(engine: Engine) -> None:
    shown = register_frame(
        engine, {"who": [f"<b>{n}" for n in range(12)], "value": [n * 1000.5 if n else None for n in range(12)]}
    )._repr_html_()
    assert shown.startswith("<p>Table: 12 rows, the first 10</p><table><thead><tr><th>who</th><th>value</th>")
    assert "<tr><td>&lt;b&gt;0</td><td></td></tr><tr><td>&lt;b&gt;1</td><td>1,000.5</td></tr>" in shown
    assert "<b>" not in shown
    assert shown.count("<tr>") == 11
