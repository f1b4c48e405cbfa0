"""Texts and whole numbers are taken from where the engine lays them, without a library for it."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from keepers.data.engine import Engine
from keepers.domain.errors import EngineError


@pytest.fixture
def engine() -> Engine:
    return Engine(threads=1)


def read(engine: Engine, sql: str) -> list[tuple[str, int]] | None:
    """All rows; None where a text is empty."""
    rows: list[tuple[str, int]] = []
    for texts, numbers in engine.texts_and_numbers(sql):
        if texts is None:
            return None
        data = texts.data.tobytes()
        written = [data[begin:end].decode() for begin, end in pairwise(texts.ends.tolist())]
        rows += zip(written, numbers.tolist(), strict=True)
    return rows


def test_rows_are_those_of_the_query(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    sql = "SELECT repeat('né', (i % 9)::INTEGER) || i::VARCHAR AS t, i - 7 AS n FROM range({rows}) AS r(i)"
    assert read(engine, sql.format(rows=0)) == []
    for rows in (1, 5, 300_000):
        assert sorted(read(engine, sql.format(rows=rows)) or []) == sorted(engine.rows(sql.format(rows=rows)))


def test_an_empty_text_is_told(engine: Engine) -> None:
    assert read(engine, "SELECT * FROM (VALUES ('a', 1::BIGINT), (NULL, 2::BIGINT)) AS made(t, n)") is None
    assert read(engine, "SELECT * FROM (VALUES ('a', 1::BIGINT), ('', 2::BIGINT)) AS made(t, n)") == [("a", 1), ("", 2)]


def test_the_engine_is_there_for_other_questions_though_reading_ended_early(engine: Engine) -> None:
    found = engine.texts_and_numbers("SELECT i::VARCHAR AS t, i AS n FROM range(900000) AS r(i)")
    assert next(found)[1].size > 0
    del found
    assert engine.rows("SELECT 1") == [(1,)]


def test_a_failure_on_the_way_is_said(engine: Engine) -> None:
    text = "CASE WHEN i = 800000 THEN error('the disk is full') ELSE 'a' END"
    sql = f"SELECT {text} AS t, i AS n FROM range(900000) AS r(i)"
    with pytest.raises(EngineError, match=r"stopped on the way: .*the disk is full"):
        read(engine, sql)
