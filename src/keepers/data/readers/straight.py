"""Delimited text through the engine's own parallel reader, with the line number of every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import MOST_REJECTED_KEPT, Rejections
from keepers.data.readers.text import TextFile
from keepers.data.sniff import Layout, parsed

_EXACT_LINES_BELOW = 64 << 20
_REJECTS_ABOVE = 4 << 20
_CHECKED_ROWS = 50
_APPROXIMATE = "There are empty lines between the rows; line numbers do not count them."
_WRONG_WIDTH = ("MISSING COLUMNS", "TOO MANY COLUMNS")


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """A delimited text on disk together with what is known of it."""

    path: Path
    file: TextFile
    layout: Layout
    names: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class DelimitedRows:
    """Its rows in the engine: a table with ``_row``, or a view of that kind on a `stored` table in the file's order."""

    table: str
    stored: str = ""
    rejections: Rejections = field(default_factory=Rejections)
    note: str = ""


def read_straight(engine: Engine, text: DelimitedText, lines: Sequence[str]) -> DelimitedRows | None:
    """Read UTF-8 text at the engine's speed; None where it would lose rows, or lose count of the lines.

    Rows stand in the order of the file, so that a row's line number is its position where nothing else takes lines.
    Line breaks inside fields before a row are added up, and so are rows that were rejected. Empty lines between rows
    cannot be seen here: a small file is given back for that reason, and in a large one the numbers do not count them.

    Parameters
    ----------
    engine : Engine
        Where the rows go.
    text : DelimitedText
        What to read.
    lines : sequence of str
        Its first lines, against which the first rows are checked.
    """
    stored = engine.new_name("raw_rows")
    rejections = Rejections()
    try:
        _load(engine, stored, text, lines)
    except duckdb.Error:
        rejected = _load_but_rejects(engine, stored, text, lines)
        if rejected is None:
            engine.drop(stored)
            return None
        rejections = rejected
    numbers = _line_numbers(engine, stored, text, rejections) if _begins_as(engine, stored, text, lines) else None
    if numbers is None:
        engine.drop(stored)
        return None
    table = engine.new_name("raw")
    listed = ", ".join(quoted(name) for name in text.names)
    if not numbers.query:
        number = f"rowid + {text.layout.first_row}"
        engine.execute(f"CREATE VIEW {quoted(table)} AS SELECT {number} AS _row, {listed} FROM {quoted(stored)}")
        return DelimitedRows(table, stored, rejections, numbers.note)
    engine.create(
        table,
        f"SELECT numbered._row, {listed} FROM {quoted(stored)} AS stored "
        f"JOIN ({numbers.query}) AS numbered ON numbered.position = stored.rowid",
    )
    engine.drop(stored)
    return DelimitedRows(table, "", rejections, numbers.note)


def _load(engine: Engine, stored: str, text: DelimitedText, lines: Sequence[str], more: str = "") -> None:
    layout = text.layout
    fields = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in text.names)
    with engine.in_order():
        engine.create(
            stored,
            f"SELECT * FROM read_csv({literal(str(text.path))}, auto_detect = false, columns = {{{fields}}}, "
            f"delim = {literal(layout.delimiter)}, quote = '\"', escape = '\"', new_line = '{_line_end(lines)}', "
            f"header = false, skip = {layout.first_row - 1}{more})",
        )


def _line_end(lines: Sequence[str]) -> str:
    # As escapes: the engine's option takes their names.
    return "\\r\\n" if lines[0].endswith("\r\n") else "\\r" if lines[0].endswith("\r") else "\\n"


def _load_but_rejects(engine: Engine, stored: str, text: DelimitedText, lines: Sequence[str]) -> Rejections | None:
    """Load a large text without its rows of the wrong width; None where something else is wrong with it."""
    if text.path.stat().st_size < _REJECTS_ABOVE:
        return None
    rejects, scans = engine.new_name("rejects"), engine.new_name("reject_scans")
    try:
        more = f", ignore_errors = true, store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{scans}'"
        _load(engine, stored, text, lines, more)
        if engine.row(f"SELECT count(*) FROM {rejects} WHERE error_type NOT IN {_WRONG_WIDTH}") != (0,):
            return None
        rejections = Rejections()
        query = (
            "SELECT line, any_value(csv_line), any_value(regexp_extract(error_message, 'Found: (\\d+)', 1)) "
            f"FROM {rejects} GROUP BY line"
        )
        for line, raw, found in engine.rows(f"{query} ORDER BY line LIMIT {MOST_REJECTED_KEPT}"):
            rejections.add_wrong_width(int(line), str(raw), int(found), text.layout.width)
        rejections.count = int(engine.row(f"SELECT count(*) FROM ({query})")[0])
    except duckdb.Error:
        return None
    finally:
        engine.drop(rejects)
        engine.drop(scans)
    # Where to insert more lines than are kept is no longer known.
    return rejections if 0 < rejections.count <= MOST_REJECTED_KEPT else None


def _begins_as(engine: Engine, stored: str, text: DelimitedText, lines: Sequence[str]) -> bool:
    """Whether the engine read the first rows as the sample was read."""
    expected = parsed(lines, text.layout)[:_CHECKED_ROWS]
    found = engine.rows(f"SELECT * FROM {quoted(stored)} WHERE rowid < {len(expected)} ORDER BY rowid")
    return [tuple(cell or None for cell in cells) for cells in expected] == found


@dataclass(frozen=True, slots=True)
class _LineNumbers:
    """A query for (position, ``_row``), empty where the position says it; and what to note."""

    query: str = ""
    note: str = ""


def _line_numbers(engine: Engine, stored: str, text: DelimitedText, rejections: Rejections) -> _LineNumbers | None:
    first = text.layout.first_row
    rows = int(engine.row(f"SELECT count(*) FROM {quoted(stored)}")[0])
    spare = text.file.lines - (first - 1) - rows
    if spare == 0:
        return _LineNumbers()
    large = text.path.stat().st_size > _EXACT_LINES_BELOW
    listed = ", ".join(f"bool_or(contains({quoted(name)}, chr(10)))" for name in text.names)
    broken = [name for name, has in zip(text.names, engine.row(f"SELECT {listed} FROM {quoted(stored)}")) if has]
    if rejections.count:
        return None if broken or spare != rejections.count else _past_rejects(stored, first, rows, rejections)
    if not broken:
        return _LineNumbers(note=_APPROXIMATE) if large else None
    breaks = " + ".join(
        f"coalesce(length({quoted(name)}) - length(replace({quoted(name)}, chr(10), '')), 0)" for name in broken
    )
    explained = int(engine.row(f"SELECT sum({breaks}) FROM {quoted(stored)}")[0]) == spare
    if not (explained or large) or _swallowed(engine, stored, text, broken):
        return None
    return _LineNumbers(
        f"SELECT rowid AS position, rowid + {first} + coalesce(sum({breaks}) OVER (ORDER BY rowid ROWS BETWEEN "
        f"UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS _row FROM {quoted(stored)}",
        "" if explained else _APPROXIMATE,
    )


def _past_rejects(stored: str, first: int, rows: int, rejections: Rejections) -> _LineNumbers:
    """Numbers that leave room for the rejected lines; those below the last row change none."""
    before: dict[int, int] = {}
    for number, rejected in enumerate(rejections.rows):
        position = rejected.line - first - number
        before[position] = before.get(position, 0) + 1
    if min(before) >= rows:
        return _LineNumbers()
    listed = ", ".join(f"({position}, {count})" for position, count in before.items())
    return _LineNumbers(
        f"SELECT stored.rowid AS position, stored.rowid + {first} + sum(coalesce(gaps.lines, 0)) OVER (ORDER BY "
        f"stored.rowid) AS _row FROM {quoted(stored)} AS stored LEFT JOIN (VALUES {listed}) AS gaps(position, lines) "
        "ON gaps.position = stored.rowid"
    )


def _swallowed(engine: Engine, stored: str, text: DelimitedText, broken: Sequence[str]) -> bool:
    """Whether a line inside a field has as many delimiters as a row: a stray quote may have eaten rows."""
    inner = " OR ".join(
        f"len(list_filter(string_split({quoted(name)}, chr(10))[2:-2], lambda line: "
        f"length(line) - length(replace(line, {literal(text.layout.delimiter)}, '')) >= {text.layout.width - 1})) > 0"
        for name in broken
    )
    return bool(engine.row(f"SELECT coalesce(bool_or({inner}), false) FROM {quoted(stored)}")[0])
