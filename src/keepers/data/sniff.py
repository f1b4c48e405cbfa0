"""How a delimited text is laid out, judged from its first lines: delimiter, header, and what the columns hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from keepers.data.records import records_of

_HEADER_WITHIN = 60
_MOST_LINES = 200
_COMMON_DELIMITERS = (",", ";", "\t", "|")
_RARE_DELIMITERS = ("^", "~", "\x01", "\x1f", "¦", "§")
WHITESPACE = " "

_NUMBER = re.compile(
    r"[-+(]*\s*(?:[A-Z]{3}\s?|[^\w\s,.;()+-]{1,3}\s?)?[-+]?"
    r"\d{1,3}(?:[\d.,' \u00a0\u202f]*\d)?"
    r"[)%]?\s?(?:[A-Z]{3}|[^\w\s]{1,2})?\)?"
)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[-/. ]+(?:\d{1,2}|[^\W\d]{3,9}\.?)[-/., ]+\d{2,4}(?:[ ,T].*)?"
    r"|[^\W\d]{3,9}\.? \d{1,2},? \d{4}(?:[ ,].*)?"
)
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PATTERNS = (("time", _TIME), ("date", _DATE), ("number", _NUMBER), ("email", _EMAIL))
_YEAR = re.compile(r"(?:19|20)\d\d")
_FLAG = frozenset({"true", "false", "yes", "no", "y", "n", "ja", "nein"})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a delimited text is laid out.

    Attributes
    ----------
    delimiter : str
        The character between fields; a blank stands for any run of blanks.
    names : tuple of str
        Column names as the header has them (maybe empty or repeated); empty strings where there is no header.
    header : bool
        Whether a header was found.
    first_row : int
        Line number of the first data row.
    width : int
        Number of fields in a row.
    classes : tuple of str
        What each column mostly holds in the sample: "number", "date", "time", "email", "flag", "text" or "empty".
    pads : bool
        Whether short rows are a habit of the file (a program that drops empty last fields) and are filled up.
    skips_blanks : bool
        Whether a blank stands between delimiter and opening quote.
    skipped : int
        Non-empty lines before the header.
    rows : int
        Data rows in the sample.
    share : float
        Share of the sample's data rows that have `width` fields.
    """

    delimiter: str
    names: tuple[str, ...]
    header: bool
    first_row: int
    width: int
    classes: tuple[str, ...]
    pads: bool = False
    skips_blanks: bool = False
    skipped: int = 0
    rows: int = 0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]

    @property
    def blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@lru_cache(maxsize=65536)
def cell_class(cell: str) -> str:
    """What a cell holds: "empty", "number", "date", "time", "email", "flag" or "text".

    >>> [cell_class(cell) for cell in ("", "$1,200.50", "31/12/2026", "a@b.co", "Order ID")]
    ['empty', 'number', 'date', 'email', 'text']
    """
    text = cell.strip()
    if not text:
        return "empty"
    if len(text) > 64:
        return "text"
    for name, pattern in _PATTERNS:
        if pattern.fullmatch(text):
            return name
    return "flag" if text.lower() in _FLAG else "text"


def layout_of(lines: Sequence[str], delimiter: str | None = None) -> Layout | None:
    """The layout of a delimited text from its first lines; None where no delimiter gives columns.

    Parameters
    ----------
    lines : sequence of str
        The first lines of the text, line ends kept.
    delimiter : str, optional
        The delimiter where it is known (a blank for any run of blanks).

    Examples
    --------
    >>> layout = layout_of(["Orders of 2026\\n", "\\n", "id;amount\\n", "1;2,50\\n"])
    >>> layout.delimiter, layout.names, layout.first_row
    (';', ('id', 'amount'), 4)
    """
    if delimiter is not None:
        return _layout_by(lines, delimiter)
    for candidates in (_COMMON_DELIMITERS, _RARE_DELIMITERS):
        found = [
            (score, layout)
            for each in candidates
            if any(each in line for line in lines)
            and (layout := _layout_by(lines, each)) is not None
            and (score := _score(layout, lines)) > 0
        ]
        if found:
            return max(found, key=lambda pair: pair[0])[1]
    layout = _layout_by(lines, WHITESPACE)
    if layout is None or layout.rows < 2:
        return None
    telling = sum(each not in {"text", "empty"} for each in layout.classes)
    return layout if layout.share > 0.95 or (layout.share > 0.6 and 2 * telling > layout.width) else None


def parsed(lines: Sequence[str], layout: Layout) -> list[list[str]]:
    """The data rows of the sample up to the first one that does not fit; the last one, maybe cut, is left out."""
    rows: list[list[str]] = []
    for record in _records(lines, layout.delimiter)[:-1]:
        if record.line < layout.first_row or record.blank:
            continue
        cells = _without_empty_end(record.cells)
        if len(cells) > layout.width:
            break
        rows.append(cells + [""] * (layout.width - len(cells)))
    return rows


def _layout_by(lines: Sequence[str], delimiter: str) -> Layout | None:
    return _layout(_records(lines, delimiter), delimiter, _skips_blanks(lines, delimiter))


def _score(layout: Layout, lines: Sequence[str]) -> float:
    """How well a delimiter explains the text; quotes and blanks out of place, and titles above, speak against it."""
    if layout.share < 0.5 and not (layout.header and layout.share * layout.rows >= 2):
        return 0.0
    cells = [cell for record in _records(lines[:200], layout.delimiter) for cell in record.cells if cell]
    stray = sum('"' in cell for cell in cells) / max(1, len(cells))
    blank = sum(cell[0] == " " for cell in cells) / max(1, len(cells))
    return (
        layout.share
        + 0.3 * layout.header
        + min(layout.width, 20) / 100
        - 0.5 * stray
        - 0.5 * blank
        - 0.1 * (layout.skipped > 0)
    )


def _records(lines: Sequence[str], delimiter: str) -> list[_Record]:
    if delimiter == WHITESPACE:
        return [_Record(number, line.split()) for number, line in enumerate(lines, start=1)]
    found = records_of(lines, delimiter, 0, _skips_blanks(lines, delimiter), _MOST_LINES)
    return [_Record(number, cells) for number, _, cells in found if cells is not None]


def _skips_blanks(lines: Sequence[str], delimiter: str) -> bool:
    mark = f'{delimiter} "'
    return any(mark in line for line in lines[:200])


def layout_of_rows(rows: Sequence[tuple[int, list[str]]]) -> Layout | None:
    """The layout of rows that are split already, such as a sheet's, each with its number."""
    return _layout([_Record(number, cells) for number, cells in rows], "", False)


def _layout(records: list[_Record], delimiter: str, skips_blanks: bool) -> Layout | None:
    filled = [record for record in records if not record.blank]
    widths = [len(record.cells) for record in filled if len(record.cells) >= 2]
    if not widths:
        return None
    width = _body_width(widths)
    fullest = max(len(_without_empty_end(record.cells)) for record in filled if len(record.cells) == width)
    start = _header_position(filled, width, fullest)
    if start is None:
        return None
    head = filled[start]
    body = filled[start + 1 :]
    held = [len(_without_empty_end(record.cells)) for record in body if len(record.cells) == width]
    width = max([len(head.cells), *held])
    header = _is_header(head.cells, [record.cells for record in body[:500]])
    data = body if header else filled[start:]
    fits = [record for record in data if len(_without_empty_end(record.cells)) <= width <= len(record.cells)]
    short = sum(1 for record in data if 2 <= len(record.cells) < width)
    names = tuple((head.cells + [""] * width)[:width]) if header else ("",) * width
    pads = bool(data) and short >= 2 and short >= 0.2 * len(data) and short + len(fits) >= 0.9 * len(data)
    return Layout(
        delimiter=delimiter,
        names=names,
        header=header,
        first_row=data[0].line if data else head.line + 1,
        width=width,
        classes=_column_classes([record.cells for record in data[:500]], width),
        pads=pads,
        skips_blanks=skips_blanks,
        skipped=start,
        rows=len(data),
        share=(len(fits) + short * pads) / len(data) if data else 1.0,
    )


def _body_width(widths: list[int]) -> int:
    """The most frequent width; of several, that of the first row of columns, which is the header's."""
    counts = Counter(widths)
    most = max(counts.values())
    return widths[0] if counts[widths[0]] == most else max(width for width, count in counts.items() if count == most)


def _without_empty_end(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _header_position(filled: list[_Record], width: int, fullest: int) -> int | None:
    """The first row as wide as the body and mostly filled: titles, comments and group headings come before it.

    It is narrower than the body only where rows end in a delimiter, which leaves the body's last field empty.
    """
    best: tuple[int, int] | None = None
    for position, record in enumerate(filled[:_HEADER_WITHIN]):
        held = sum(1 for cell in record.cells if cell.strip())
        if len(_without_empty_end(record.cells)) > width + 1 or len(record.cells) < min(width, fullest):
            continue
        if held >= 0.6 * width:
            return position
        if best is None or held > best[1]:
            best = (position, held)
    return None if best is None else best[0]


def _is_header(head: list[str], body: list[list[str]]) -> bool:
    classes = [cell_class(cell) for cell in head]
    told = [each for each in classes if each != "empty"]
    if not told or len({cell.strip().lower() for cell in head if cell.strip()}) < 0.5 * len(told):
        return False
    if not body:
        return all(each in {"text", "flag"} for each in told)
    below = _column_classes(body, len(head))
    score = 0.0
    for position, (mine, theirs) in enumerate(zip(classes, below)):
        if mine == "empty" or theirs == "empty":
            continue
        plain = mine in {"text", "flag"} or _is_year_above(
            head[position], [row[position] for row in body[:50] if position < len(row)]
        )
        if theirs in {"text", "flag"}:
            values = {row[position].strip() for row in body if position < len(row)}
            repeated = len(values) < len(body) and head[position].strip() in values
            score -= 1.0 if not plain else 0.5 * repeated
        else:
            score += 1.0 if plain else -1.0
    return score > 0 or (score == 0 and all(each in {"text", "flag"} for each in told))


def _is_year_above(cell: str, body: list[str]) -> bool:
    """A year as a column's name, above values that are none."""
    return _YEAR.fullmatch(cell.strip()) is not None and not any(_YEAR.fullmatch(each.strip()) for each in body)


def _column_classes(rows: list[list[str]], width: int) -> tuple[str, ...]:
    found = []
    for position in range(width):
        counts = Counter(cell_class(row[position]) for row in rows if position < len(row))
        counts.pop("empty", None)
        if not counts:
            found.append("empty")
            continue
        name, count = counts.most_common(1)[0]
        found.append(name if count >= 0.6 * sum(counts.values()) else "text")
    return tuple(found)
