"""Sorted hashes count values as the engine does."""

from __future__ import annotations

import pytest

from keepers.data import distinct
from keepers.data.distinct import filled_and_distinct
from keepers.data.engine import Engine

VALUES = {
    "all differ": ["'A' || n", "n", "n::DOUBLE / 7"],
    "one comes again late": ["'A' || least(n, 9998)", "CASE WHEN n = 9999 THEN 5000 ELSE n END"],
    "alike from the start": ["'A' || n // 3", "n % 10"],
    "one is empty": ["CASE WHEN n = 9000 THEN NULL ELSE 'A' || n END", "nullif(n, 0)"],
    "several are empty": ["CASE WHEN n > 9000 THEN NULL ELSE n END"],
}


@pytest.mark.parametrize(("what", "value"), [(what, value) for what, values in VALUES.items() for value in values])
def test_as_the_engine_counts(what: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(threads=1)
    relation = "(SELECT range AS n FROM range(10000))"
    exact = engine.row(f"SELECT count({value}), count(DISTINCT {value}) FROM {relation}")
    assert filled_and_distinct(engine, value, relation, 10_000) == exact
    monkeypatch.setattr(distinct, "_FEW", 0)
    asked: list[str] = []
    monkeypatch.setattr(Engine, "whole_numbers", _kept(asked, Engine.whole_numbers))
    assert filled_and_distinct(engine, value, relation, 10_000) == exact
    assert bool(asked) == (what not in {"alike from the start"} and value != "nullif(n, 0)")
    assert filled_and_distinct(engine, value, relation, None) == exact
    engine.close()


def _kept(asked: list[str], whole_numbers):  # type: ignore[no-untyped-def]
    def wrapped(engine: Engine, sql: str):  # type: ignore[no-untyped-def]
        asked.append(sql)
        return whole_numbers(engine, sql)

    return wrapped
