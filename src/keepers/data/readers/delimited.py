"""Delimited text into the engine: by its own parallel reader where the text is clean, patiently where it is not."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.data.readers.clean_csv import load_numbered
from keepers.data.readers.scratch import scratch_file
from keepers.data.readers.straight import DelimitedRows, DelimitedText, read_straight
from keepers.data.readers.text import first_lines, open_text, survey, transcode
from keepers.data.readers.tolerant import rewrite
from keepers.data.sniff import WHITESPACE, Layout, layout_of
from keepers.data.totals import total_rows
from keepers.domain.errors import InputError

_SHOWN = {"\t": "tab", WHITESPACE: "blanks"}


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
    text = DelimitedText(path, file, layout, distinct_names(list(layout.names)), source)
    rows = None
    if layout.delimiter != WHITESPACE and not layout.pads:
        with _utf8(engine, text) as clean:
            rows = read_straight(engine, clean, lines)
    return _finished(engine, text, _patiently(engine, text) if rows is None else rows)


def _layout(lines: list[str], source: str, delimiter: str | None) -> Layout:
    filled = [line for line in lines if line.strip()]
    if not filled:
        raise NoRowsError(f"{source} is empty. Export it again; an export that failed often leaves an empty file.")
    layout = layout_of(lines, delimiter)
    if layout is None:
        raise InputError(f"{source}: {_no_columns(lines, filled[0].strip(), delimiter)}")
    if layout.rows == 0 and layout.header and len(filled) <= layout.skipped + 1:
        raise NoRowsError(
            f"{source} has a header line and no rows. Choose a longer period when exporting, and export again."
        )
    return layout


def _no_columns(lines: list[str], first: str, delimiter: str | None) -> str:
    """Why no columns were found, and what to do."""
    shown = repr(first[:80])
    if delimiter is not None:
        better = layout_of(lines)
        name = _SHOWN.get(delimiter, delimiter)
        text = f"the separator {name!r} gives no columns. Its first line is {shown}. "
        if better is None:
            return text + "Look into the file to see what separates its columns."
        likely = _SHOWN.get(better.delimiter, better.delimiter)
        return text + f"It looks like {likely!r}; leave `delimiter` out to use that."
    likely = max(",;\t|", key=first.count)
    if first.count(likely) >= 2:
        return (
            f"no row fits the header. The first line has {first.count(likely) + 1} fields separated by "
            f"{_SHOWN.get(likely, likely)!r}, the rows below have more or fewer: {shown}. Export it again."
        )
    return (
        f"no columns were found. Its first line is {shown}. Columns must be separated by comma, semicolon, tab or |; "
        "save it as CSV, or name the separator with `delimiter`."
    )


@contextlib.contextmanager
def _utf8(engine: Engine, text: DelimitedText) -> Iterator[DelimitedText]:
    if text.file.plain:
        yield text
        return
    with scratch_file(engine, ".txt") as copy:
        transcode(text.path, text.file, copy)
        yield dataclasses.replace(text, path=copy, file=survey(copy))


def _patiently(engine: Engine, text: DelimitedText) -> DelimitedRows:
    """Record by record in Python, then into the engine."""
    with scratch_file(engine, ".csv") as clean:
        with open_text(text.path, text.file) as stream:
            rejections = rewrite(stream, text.layout, clean)
        return DelimitedRows(load_numbered(engine, clean, text.names), rejections=rejections)


def _finished(engine: Engine, text: DelimitedText, rows: DelimitedRows) -> RawTable:
    layout, rejections = text.layout, rows.rejections
    if layout.header:
        _put_repeated_headers_aside(engine, text, rows)
    count = int(engine.row(f"SELECT count(*) FROM {quoted(rows.table)}")[0])
    if not count:
        reason = rejections.rows[0].reason if rejections.rows else "there are no rows below the header"
        raise NoRowsError(
            f"{text.source} has no row that can be read: {reason}. Look at the file, and export it again."
        )
    return RawTable(
        table=rows.table,
        columns=text.names,
        source=text.source,
        kind="delimited",
        first_row=layout.first_row,
        header=layout.header,
        rows=count,
        notes=tuple(_notes(text, rows)),
        totals=total_rows(engine, rows.table, text.names, layout.classes),
        rejected=tuple(rejections.rows),
        rejected_count=rejections.count,
        stored=rows.stored,
    )


def _put_repeated_headers_aside(engine: Engine, text: DelimitedText, rows: DelimitedRows) -> None:
    """Files put one after the other repeat their header among the rows."""
    same = " AND ".join(
        f"trim({quoted(name)}) = {literal(written.strip())}"
        for name, written in zip(text.names, text.layout.names)
        if written.strip()
    )
    for (line,) in engine.rows(f"SELECT _row FROM {quoted(rows.table)} WHERE {same} ORDER BY _row"):
        rows.rejections.add(int(line), text.layout.delimiter.join(text.layout.names), "the header line again")
        position = f"rowid = {int(line) - text.layout.first_row}" if rows.stored else f"_row = {int(line)}"
        engine.execute(f"DELETE FROM {quoted(rows.stored or rows.table)} WHERE {position}")


def _notes(text: DelimitedText, rows: DelimitedRows) -> Iterator[str]:
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
    if rows.rejections.count:
        yield f"{rows.rejections.count:,} of its rows could not be read and stand aside."
    if rows.note:
        yield rows.note
