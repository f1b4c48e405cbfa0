"""Sheets of Excel and OpenDocument workbooks."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import python_calamine as calamine

from keepers.data.engine import Engine, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.data.readers.clean_csv import load_numbered
from keepers.data.readers.databases import chosen_tables
from keepers.data.readers.packed import largest_unpacked, too_much
from keepers.data.readers.scratch import scratch_file
from keepers.data.sniff import Layout, layout_of_rows
from keepers.data.totals import total_rows
from keepers.domain.errors import InputError

_SAMPLE_ROWS = 500
_EXACT_DIGITS = 15

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read_excel(engine: Engine, path: Path, source: str, sheets: Sequence[str] = ()) -> list[RawTable]:
    """Read every visible sheet that is a table (or the `sheets` named) as text: dates in ISO form, numbers exact.

    Raises
    ------
    InputError
        The workbook is damaged or protected by a password, is made to fill the memory, a sheet is not there, or none is
        a table.
    """
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        if sum(one.file_size for one in archive.infolist()) > largest_unpacked(path.stat().st_size):
            raise too_much(source)
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            return _read_sheets(engine, book, source, sheets)
    except calamine.PasswordError as error:
        raise InputError(
            f"{source} is protected by a password. Open it in Excel, save a copy without the password, and give that."
        ) from error
    except calamine.CalamineError as error:
        raise InputError(
            f"{source} cannot be read as a workbook ({str(error).splitlines()[0]}). Open it in Excel and save it "
            "again, or save the sheet as CSV."
        ) from error


def _read_sheets(engine: Engine, book: calamine.CalamineWorkbook, source: str, sheets: Sequence[str]) -> list[RawTable]:
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        and (sheet.visible == calamine.SheetVisibleEnum.Visible or sheet.name in sheets)
    ]
    wanted = chosen_tables(source, visible, sheets, f"{source}#{{table}}") if sheets else tuple(visible)
    tables, others = [], []
    for name in wanted:
        table = _read_sheet(engine, book.get_sheet_by_name(name), source, len(visible) > 1)
        if table is None:
            others.append(name)
        else:
            tables.append(table)
    if not tables:
        raise NoRowsError(
            f"{source} has no sheet with a header and rows below it (sheets: {', '.join(wanted) or 'none'}). "
            "Put the table on a sheet of its own, its header in one row."
        )
    return tables


def _read_sheet(engine: Engine, sheet: calamine.CalamineSheet, source: str, several: bool) -> RawTable | None:
    rows = _rows(sheet)
    sample = list(itertools.islice(rows, _SAMPLE_ROWS))
    layout = layout_of_rows(sample)
    if layout is None or not layout.rows:
        return None
    names = distinct_names(list(layout.names))
    with scratch_file(engine, ".csv") as clean:
        with clean.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(_below_header(itertools.chain(sample, rows), layout))
        table = load_numbered(engine, clean, names)
    count = int(engine.row(f"SELECT count(*) FROM {quoted(table)}")[0])
    notes = []
    if layout.skipped:
        notes.append(f"Rows before the header (row {layout.first_row - 1}) were skipped.")
    if not layout.header:
        notes.append(f"There is no header row; columns are named {names[0]} to {names[-1]}.")
    return RawTable(
        table=table,
        columns=names,
        source=f"{source}, sheet {sheet.name}" if several else source,
        kind="excel",
        first_row=layout.first_row,
        header=layout.header,
        rows=count,
        notes=tuple(notes),
        totals=total_rows(engine, table, names, layout.classes),
    )


def _rows(sheet: calamine.CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    """The rows as text, each with its number in the sheet."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [_text(cell) for cell in cells]


def _below_header(rows: Iterable[tuple[int, list[str]]], layout: Layout) -> Iterator[list[object]]:
    for number, cells in rows:
        if number >= layout.first_row and any(cells):
            yield [number, *(cells + [""] * layout.width)[: layout.width]]


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return str(cell)


def _number(value: float) -> str:
    """A number as the sheet shows it: Excel keeps 15 digits, and what stands behind them is noise.

    >>> _number(0.1 + 0.2), _number(7210448301122.0), _number(1e21)
    ('0.3', '7210448301122', '1000000000000000000000')
    """
    if value.is_integer():
        return str(int(value))
    text = f"{value:.{_EXACT_DIGITS}g}"
    return text if "e" not in text else f"{value:.20f}".rstrip("0")
