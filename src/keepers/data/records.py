"""Records of delimited text one by one, a quote that is never closed costing its own line and no more."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

_MOST_LINES = 1000

# The number of its first line, its lines as they are, and its cells; None for a line whose quote is never closed.
Record = tuple[int, Sequence[str], list[str] | None]


class _UnclosedQuoteError(Exception):
    """A quoted field runs on and on."""


class _Feed:
    """Gives `csv.reader` one line at a time, and can take the lines of a record back."""

    def __init__(self, lines: Iterable[str], before: int, most_lines: int) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._most_lines = most_lines
        self.line = before
        self.under_way: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.under_way) >= self._most_lines:
            raise _UnclosedQuoteError
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self.ended = True
                raise
        self.line += 1
        if "\0" in line:
            line = line.replace("\0", "")
        self.under_way.append(line)
        return line

    def take_back(self) -> Record:
        """Give all lines of the record under way but its first one again; that one is a record of its own, broken."""
        first, *others = self.under_way
        self._again.extendleft(reversed(others))
        self.line -= len(others)
        self.under_way = []
        self.ended = False
        return self.line, [first], None


def records_of(
    lines: Iterable[str],
    delimiter: str,
    before: int = 0,
    skips_blanks: bool = False,
    most_lines: int = _MOST_LINES,
    swallows: Callable[[Sequence[str]], bool] | None = None,
) -> Iterator[Record]:
    """Records of a delimited text.

    Parameters
    ----------
    lines : iterable of str
        The text's lines, line ends kept.
    delimiter : str
        One character.
    before : int
        How many lines of the text come before these.
    skips_blanks : bool
        Whether a blank stands between a delimiter and an opening quote.
    most_lines : int
        Lines that a record may have; a quote that stays open for longer is taken for a stray one.
    swallows : function of lines, optional
        Whether a record of several lines must have swallowed rows, by its lines after the first.
    """
    feed = _Feed(lines, before, most_lines)
    while True:
        reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=skips_blanks)
        try:
            for cells in reader:
                held = feed.under_way
                # A whole last record is given without asking for a line beyond it.
                if feed.ended or (len(held) > 1 and swallows is not None and swallows(held[1:])):
                    yield feed.take_back()
                    break
                yield feed.line - len(held) + 1, held, cells
                feed.under_way = []
            else:
                return
        except (_UnclosedQuoteError, csv.Error):
            yield feed.take_back()
