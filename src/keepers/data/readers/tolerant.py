"""The patient way through a delimited text: record by record, with true line numbers, putting broken rows aside."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from keepers.data.raw_table import Rejections
from keepers.data.records import records_of
from keepers.data.sniff import WHITESPACE, Layout, cell_class

_TELLING = frozenset({"number", "date", "time", "email"})


def rewrite(stream: TextIO, layout: Layout, target: Path) -> Rejections:
    """Write every whole record to a clean CSV, its line number first; the others are put aside.

    Parameters
    ----------
    stream : text stream
        The text from its first line, line ends untouched.
    layout : Layout
        How it is laid out.
    target : Path
        The clean CSV, without header.

    Returns
    -------
    Rejections
        The rows put aside.
    """
    rejections = Rejections()
    for _ in range(layout.first_row - 1):
        next(stream, None)
    records = (
        _split(stream, layout, rejections) if layout.delimiter == WHITESPACE else _parse(stream, layout, rejections)
    )
    with target.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        for line, cells in records:
            write((line, *cells))
    return rejections


def _split(stream: TextIO, layout: Layout, rejections: Rejections) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(stream, start=layout.first_row):
        cells = line.split()
        if len(cells) == layout.width:
            yield number, cells
        elif cells:
            rejections.add_wrong_width(number, line, len(cells), layout.width)


def _parse(stream: TextIO, layout: Layout, rejections: Rejections) -> Iterator[tuple[int, list[str]]]:
    width = layout.width
    fewest = 2 if layout.pads else width
    for number, lines, cells in records_of(
        stream, layout.delimiter, layout.first_row - 1, layout.skips_blanks, swallows=partial(_swallowed, layout)
    ):
        if cells is None:
            rejections.add(number, "".join(lines), "a quote is opened and not closed")
            continue
        given = found = len(cells)
        while found > width and not cells[found - 1].strip():
            found -= 1
        if found == width or fewest <= given < width:
            if any(cells):
                yield number, (cells[:found] + [""] * (width - found))
        elif any(cell.strip() for cell in cells):
            rejections.add_wrong_width(number, "".join(lines), found, width)


def _swallowed(layout: Layout, lines: Sequence[str]) -> bool:
    """Whether a line inside a quoted field is a row in its own right, so that a stray quote ate it."""
    for line in lines:
        try:
            cells = next(csv.reader([line], delimiter=layout.delimiter, strict=True), [])
        except csv.Error:
            continue
        if len(cells) != layout.width or any('"' in cell for cell in cells):
            continue
        held = [(cell_class(cell), expected) for cell, expected in zip(cells, layout.classes) if expected in _TELLING]
        if any(mine == expected for mine, expected in held) and all(
            mine in {expected, "empty"} for mine, expected in held
        ):
            return True
    return False
