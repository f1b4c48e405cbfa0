"""Delimited text into the engine: by its own parallel reader where the text is clean, patiently where it is not."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import NoRowsError, RawTable, Rejections, distinct_names
from keepers.data.readers.clean_csv import load_numbered
from keepers.data.readers.scratch import scratch_file
from keepers.data.readers.text import TextFile, first_lines, open_text, survey, transcode
from keepers.data.readers.tolerant import rewrite
from keepers.data.sniff import WHITESPACE, Layout, layout_of, parsed
from keepers.data.totals import total_rows
from keepers.domain.errors import InputError

_EXACT_LINES_BELOW = 64 << 20
_CHECKED_ROWS = 50
_APPROXIMATE = "There are empty lines between the rows; line numbers do not count them."
_SHOWN = {"\t": "tab", WHITESPACE: "blanks"}


@dataclass(frozen=True, slots=True)
class _Text:
    """A text on disk together with what is known of it; `lines` is of the copy where it is one."""

    path: Path
    file: TextFile
    lines: int
    layout: Layout
    names: tuple[str, ...]
    source: str


def read_delimited(
    engine: Engine, path: Path, source: str, delimiter: str | None = None, encoding: str | None = None
) -> RawTable:
    """Read one delimited text file.

    Parameters
    ----------
    engine : Engine
        Where the table is made.
    path : Path
        The file.
    source : str
        The name to show for it.
    delimiter, encoding : str, optional
        Where they are known; found out otherwise.

    Raises
    ------
    InputError
        The file is empty, has a header only, no columns can be made out, or it is not in the encoding that was named.
    """
    try:
        return _read(engine, path, source, delimiter, encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source} is no {error.encoding} text: byte {error.object[error.start]:#04x} is none of its characters. "
            "Leave `encoding` out to have it found."
        ) from error


def _read(engine: Engine, path: Path, source: str, delimiter: str | None, encoding: str | None) -> RawTable:
    file = survey(path, encoding)
    lines = first_lines(path, file)
    layout = _layout(lines, source, delimiter)
    text = _Text(path, file, file.lines, layout, distinct_names(list(layout.names)), source)
    raw = None
    if layout.delimiter != WHITESPACE and not layout.pads:
        with _utf8(engine, text) as clean:
            raw = _straight(engine, clean, lines)
    return _patiently(engine, text) if raw is None else raw


def _layout(lines: list[str], source: str, delimiter: str | None) -> Layout:
    filled = [line for line in lines if line.strip()]
    if not filled:
        raise NoRowsError(f"{source} is empty. Export it again; an export that failed often leaves an empty file.")
    layout = layout_of(lines, delimiter)
    if layout is None:
        shown = filled[0].strip()[:80]
        if delimiter is None:
            raise InputError(
                f"{source}: no columns were found. Its first line is {shown!r}. Columns must be separated by comma, "
                "semicolon, tab or |; save it as CSV, or name the separator with `delimiter`."
            )
        raise InputError(_wrong_delimiter(lines, source, delimiter, shown))
    if layout.rows == 0 and layout.header and len(filled) <= layout.skipped + 1:
        raise NoRowsError(
            f"{source} has a header line and no rows. Choose a longer period when exporting, and export again."
        )
    return layout


def _wrong_delimiter(lines: list[str], source: str, delimiter: str, shown: str) -> str:
    better = layout_of(lines)
    name = _SHOWN.get(delimiter, delimiter)
    text = f"{source}: the separator {name!r} gives no columns. Its first line is {shown!r}. "
    if better is None:
        return text + "Look into the file to see what separates its columns."
    return (
        text + f"It looks like {_SHOWN.get(better.delimiter, better.delimiter)!r}; leave `delimiter` out to use that."
    )


@contextlib.contextmanager
def _utf8(engine: Engine, text: _Text) -> Iterator[_Text]:
    if text.file.plain:
        yield text
        return
    with scratch_file(engine, ".txt") as copy:
        yield dataclasses.replace(text, path=copy, lines=transcode(text.path, text.file, copy).lines)


def _straight(engine: Engine, text: _Text, lines: list[str]) -> RawTable | None:
    """Through the engine's parallel reader; None where it would lose rows, or lose count of the lines."""
    layout = text.layout
    stored = engine.new_name("raw_rows")
    fields = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in text.names)
    options = (
        f"auto_detect = false, columns = {{{fields}}}, delim = {literal(layout.delimiter)}, quote = '\"', "
        f"escape = '\"', new_line = {literal(_line_end(lines))}, header = false, skip = {layout.first_row - 1}"
    )
    try:
        with engine.in_order():
            engine.create(stored, f"SELECT * FROM read_csv({literal(str(text.path))}, {options})")
    except duckdb.Error:
        engine.drop(stored)
        return None
    lines_of = _line_numbers(engine, stored, text) if _begins_as(engine, stored, text, lines) else None
    if lines_of is None:
        engine.drop(stored)
        return None
    table = engine.new_name("raw")
    listed = ", ".join(quoted(name) for name in text.names)
    if not lines_of.breaks:
        engine.execute(
            f"CREATE VIEW {quoted(table)} AS SELECT rowid + {layout.first_row} AS _row, {listed} FROM {quoted(stored)}"
        )
    else:
        engine.create(
            table,
            f"SELECT numbered._row, {listed} FROM {quoted(stored)} AS stored JOIN (SELECT rowid AS position, "
            f"rowid + {layout.first_row} + coalesce(sum({lines_of.breaks}) OVER (ORDER BY rowid ROWS BETWEEN "
            f"UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS _row FROM {quoted(stored)}) AS numbered "
            "ON numbered.position = stored.rowid",
        )
        engine.drop(stored)
        stored = ""
    return _finished(engine, text, table, stored, Rejections(), lines_of.note)


def _line_end(lines: list[str]) -> str:
    # As escapes: the engine's option takes their names.
    return "\\r\\n" if lines[0].endswith("\r\n") else "\\r" if lines[0].endswith("\r") else "\\n"


def _begins_as(engine: Engine, stored: str, text: _Text, lines: list[str]) -> bool:
    """Whether the engine read the first rows as the sample was read."""
    expected = parsed(lines, text.layout)[:_CHECKED_ROWS]
    found = engine.rows(f"SELECT * FROM {quoted(stored)} WHERE rowid < {len(expected)} ORDER BY rowid")
    return [tuple(cell or None for cell in cells) for cells in expected] == found


@dataclass(frozen=True, slots=True)
class _LineNumbers:
    """How many line breaks a row's fields hold, as an expression (empty: none), and whether that explains all lines."""

    breaks: str = ""
    note: str = ""


def _line_numbers(engine: Engine, stored: str, text: _Text) -> _LineNumbers | None:
    """How to number the rows; None where only the patient way can tell.

    Rows stand in the order of the file, so that without line breaks inside fields a row's number is its position. With
    such fields the line breaks before a row are added up. Empty lines between rows cannot be seen here: a small file is
    read patiently then, and in a large one the numbers are too low by the empty lines before a row.
    """
    rows = int(engine.row(f"SELECT count(*) FROM {quoted(stored)}")[0])
    spare = text.lines - (text.layout.first_row - 1) - rows
    if spare == 0:
        return _LineNumbers()
    large = text.path.stat().st_size > _EXACT_LINES_BELOW
    listed = ", ".join(f"bool_or(contains({quoted(name)}, chr(10)))" for name in text.names)
    broken = [name for name, has in zip(text.names, engine.row(f"SELECT {listed} FROM {quoted(stored)}")) if has]
    if not broken:
        return _LineNumbers(note=_APPROXIMATE) if large else None
    breaks = " + ".join(
        f"coalesce(length({quoted(name)}) - length(replace({quoted(name)}, chr(10), '')), 0)" for name in broken
    )
    explained = int(engine.row(f"SELECT sum({breaks}) FROM {quoted(stored)}")[0]) == spare
    if not (explained or large) or _swallowed(engine, stored, text, broken):
        return None
    return _LineNumbers(breaks, "" if explained else _APPROXIMATE)


def _swallowed(engine: Engine, stored: str, text: _Text, broken: list[str]) -> bool:
    """Whether a line inside a field has as many delimiters as a row: a stray quote may have eaten rows."""
    inner = " OR ".join(
        f"len(list_filter(string_split({quoted(name)}, chr(10))[2:-2], lambda line: "
        f"length(line) - length(replace(line, {literal(text.layout.delimiter)}, '')) >= {text.layout.width - 1})) > 0"
        for name in broken
    )
    return bool(engine.row(f"SELECT coalesce(bool_or({inner}), false) FROM {quoted(stored)}")[0])


def _patiently(engine: Engine, text: _Text) -> RawTable:
    """Record by record in Python, then into the engine."""
    with scratch_file(engine, ".csv") as clean:
        with open_text(text.path, text.file) as stream:
            rejections = rewrite(stream, text.layout, clean)
        table = load_numbered(engine, clean, text.names)
    return _finished(engine, text, table, "", rejections)


def _finished(engine: Engine, text: _Text, table: str, stored: str, rejections: Rejections, note: str = "") -> RawTable:
    layout = text.layout
    if layout.header:
        _put_repeated_headers_aside(engine, text, table, stored, rejections)
    rows = int(engine.row(f"SELECT count(*) FROM {quoted(table)}")[0])
    if not rows:
        reason = rejections.rows[0].reason if rejections.rows else "there are no rows below the header"
        raise NoRowsError(
            f"{text.source} has no row that can be read: {reason}. Look at the file, and export it again."
        )
    return RawTable(
        table=table,
        columns=text.names,
        source=text.source,
        kind="delimited",
        first_row=layout.first_row,
        header=layout.header,
        rows=rows,
        notes=tuple(_notes(text, rejections, note)),
        totals=total_rows(engine, table, text.names, layout.classes),
        rejected=tuple(rejections.rows),
        rejected_count=rejections.count,
        stored=stored,
    )


def _put_repeated_headers_aside(engine: Engine, text: _Text, table: str, stored: str, rejections: Rejections) -> None:
    """Files put one after the other repeat their header among the rows."""
    same = " AND ".join(
        f"trim({quoted(name)}) = {literal(written.strip())}"
        for name, written in zip(text.names, text.layout.names)
        if written.strip()
    )
    for (line,) in engine.rows(f"SELECT _row FROM {quoted(table)} WHERE {same} ORDER BY _row"):
        rejections.add(int(line), text.layout.delimiter.join(text.layout.names), "the header line again")
        position = f"rowid = {int(line) - text.layout.first_row}" if stored else f"_row = {int(line)}"
        engine.execute(f"DELETE FROM {quoted(stored or table)} WHERE {position}")


def _notes(text: _Text, rejections: Rejections, note: str) -> Iterator[str]:
    layout = text.layout
    if layout.delimiter != ",":
        yield f"Columns are separated by {_SHOWN.get(layout.delimiter, layout.delimiter)}."
    if text.file.note:
        yield text.file.note
    if layout.skipped == 1:
        yield "One line before the header was skipped."
    elif layout.skipped:
        yield f"{layout.skipped} lines before the header were skipped."
    if not layout.header:
        yield f"There is no header line; columns are named {text.names[0]} to {text.names[-1]}."
    if layout.pads:
        yield "Rows end early where their last fields are empty; the missing fields are empty."
    if rejections.count:
        yield f"{rejections.count:,} of its rows could not be read and stand aside."
    if note:
        yield note
