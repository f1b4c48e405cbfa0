"""The patient way through a delimited text: record by record, with true line numbers, putting broken rows aside."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from keepers.data.raw_table import Rejections
from keepers.data.sniff import WHITESPACE, Layout, cell_class

_MOST_LINES_A_RECORD = 1000
_TELLING = frozenset({"number", "date", "time", "email"})


class _UnclosedQuoteError(Exception):
    """A quoted field runs on and on."""


class _Feed:
    """Gives `csv.reader` one line at a time and can take the lines of a record back."""

    def __init__(self, stream: Iterable[str], line: int) -> None:
        self._stream = iter(stream)
        self._again: deque[str] = deque()
        self.line = line
        self.under_way: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.under_way) >= _MOST_LINES_A_RECORD:
            raise _UnclosedQuoteError
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._stream)
            except StopIteration:
                self.ended = True
                raise
        self.line += 1
        if "\0" in line:
            line = line.replace("\0", "")
        self.under_way.append(line)
        return line

    def take_back(self) -> str:
        """Give all lines of the record under way but its first one again; returns the first one."""
        first, *others = self.under_way
        self._again.extendleft(reversed(others))
        self.line -= len(others)
        self.under_way = []
        self.ended = False
        return first


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
    feed = _Feed(stream, layout.first_row - 1)
    width = layout.width
    reader = _reader(feed, layout)
    while True:
        feed.under_way = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_UnclosedQuoteError, csv.Error):
            rejections.add(feed.line - len(feed.under_way) + 1, feed.take_back(), "a quote is opened and not closed")
            reader = _reader(feed, layout)
            continue
        lines = feed.under_way
        # A whole last record is given without asking for a line beyond it.
        if feed.ended or (len(lines) > 1 and _swallowed(lines[1:], layout)):
            rejections.add(feed.line - len(lines) + 1, feed.take_back(), "a quote is opened and not closed")
            reader = _reader(feed, layout)
            continue
        number = feed.line - len(lines) + 1
        found = len(cells)
        if found == width:
            if found > 1 or cells[0].strip():
                yield number, cells
            continue
        while found > width and not cells[found - 1].strip():
            found -= 1
        if found > width or (found < width and not (layout.pads and len(cells) > 1)):
            if any(cell.strip() for cell in cells):
                rejections.add_wrong_width(number, "".join(lines), found, width)
            continue
        if any(cell.strip() for cell in cells):
            yield number, (cells[:found] + [""] * (width - found))


def _reader(feed: _Feed, layout: Layout) -> Iterator[list[str]]:
    return csv.reader(feed, delimiter=layout.delimiter, skipinitialspace=layout.skips_blanks)


def _swallowed(lines: Sequence[str], layout: Layout) -> bool:
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
