"""Files that people open: no formulas, no garbled letters, nothing half-written."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.data.engine import Engine
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, EngineError
from keepers.exports.files import safe_cell, write_csv_for_people

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=1", "+1", "-1", "@1", "-5"]
TEXTS = ["00123", "Zoë", "a=b", "日本", 'say "x", y', "two\nlines", "", "a-b"]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine of the test's own."""
    made = Engine()
    yield made
    made.close()


def written(engine: Engine, path: Path, columns: dict[str, list[object]], **options: object) -> list[list[str]]:
    """What a CSV reader gets back from a table of these columns."""
    table = Table(engine, engine.from_columns(engine.new_name("t"), columns))
    file = write_csv_for_people(table, path, **options)  # type: ignore[arg-type]
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.reader(handle, delimiter=str(options.get("separator", ","))))


def test_formulas_are_disarmed_and_texts_left_alone(engine: Engine, tmp_path: Path) -> None:
    texts = [*FORMULAS, *TEXTS]
    rows = written(engine, tmp_path / "a.csv", {"text": texts, "n": list(range(len(texts)))})
    assert rows[0] == ["text", "n"]
    got = {int(n): text for text, n in rows[1:]}
    assert [got[i] for i in range(len(FORMULAS))] == [f"'{text}" for text in FORMULAS]
    assert [got[i] for i in range(len(FORMULAS), len(texts))] == TEXTS


def test_the_engine_and_python_disarm_alike(engine: Engine, tmp_path: Path) -> None:
    texts = [*FORMULAS, *TEXTS, "\x00=1", "'=1", "％1", " +", "\x0b-2"]
    texts = [text for text in texts if "\x00" not in text]
    rows = written(engine, tmp_path / "a.csv", {"n": list(range(len(texts))), "text": texts})
    assert {int(n): text for n, text in rows[1:]} == {i: safe_cell(text) for i, text in enumerate(texts)}


def test_the_file_opens_as_utf8(engine: Engine, tmp_path: Path) -> None:
    written(engine, tmp_path / "a.csv", {"name": ["Zoë"]})
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfname")


def test_numbers_are_rounded_and_never_nan(engine: Engine, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "value": [1.23456789, -2.25, 3.0], "chance": [0.123456, 0.5, 0.25], "n": [1, 2, 3],
    }  # fmt: skip
    rows = written(engine, tmp_path / "a.csv", columns, money=["value"], order_by="n")
    assert rows[1:] == [["3.0", "0.25", "3"], ["-2.25", "0.5", "2"], ["1.23", "0.1235", "1"]]
    engine.create("holes", "SELECT 'NaN'::DOUBLE AS a, NULL::DOUBLE AS b, DATE '2024-03-01' AS d, true AS t")
    file = write_csv_for_people(Table(engine, "holes"), tmp_path / "h.csv")
    assert file.read_text(encoding="utf-8-sig").splitlines()[1] == ",,2024-03-01,true"


def test_rows_come_largest_first(engine: Engine, tmp_path: Path) -> None:
    rows = written(engine, tmp_path / "a.csv", {"v": [1.0, float("nan"), 5.0, 3.0]}, order_by="v")
    assert [row[0] if row else "" for row in rows[1:]] == ["5.0", "3.0", "1.0", ""]


def test_another_separator(engine: Engine, tmp_path: Path) -> None:
    rows = written(engine, tmp_path / "a.csv", {"a": ["x;y"], "b": [1.5]}, separator=";")
    assert rows == [["a", "b"], ["x;y", "1.5"]]


@pytest.mark.parametrize(
    "options", [{"order_by": "nope"}, {"money": ["nope"]}, {"separator": "::"}, {"separator": '"'}]
)
def test_impossible_options_are_named(engine: Engine, tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"nope|separator"):
        written(engine, tmp_path / "a.csv", {"a": ["x"]}, **options)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_the_place_is_wrong(engine: Engine, tmp_path: Path) -> None:
    table = Table(engine, engine.from_columns("t", {"a": [1]}))
    with pytest.raises(EngineError):
        write_csv_for_people(table, tmp_path / "missing" / "a.csv")
    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_no_text_starts_like_a_formula(text: str) -> None:
    safe = safe_cell(text)
    assert safe.removeprefix("'").endswith(text) or safe == text
    assert not re.match(r"[\x00-\x20]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n]", safe)
