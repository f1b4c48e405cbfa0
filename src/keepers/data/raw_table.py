"""A table as a source gives it: nothing interpreted, every row traceable to its line."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.data.engine import Engine, quoted
from keepers.domain.errors import InputError


class NoRowsError(InputError):
    """A source is what it should be, only without rows; among other files it is left out, alone it is an error."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that could not be read as a row of its table, for the quarantine.

    Attributes
    ----------
    line : int
        Line number in the source (1 is the file's first line), or ordinal where a source has no lines.
    text : str
        The row as written, cut at 2,000 characters.
    reason : str
        Why it was rejected, for a person to read: "3 fields where 12 are expected".
    """

    line: int
    text: str
    reason: str


MOST_REJECTED_KEPT = 10_000
_MOST_TEXT = 2_000


class Rejections:
    """Collects rejected rows: all are counted, the first 10,000 are kept."""

    def __init__(self) -> None:
        self.rows: list[RejectedRow] = []
        self.count = 0

    def add(self, line: int, text: str, reason: str) -> None:
        """Put one row aside."""
        self.count += 1
        if len(self.rows) < MOST_REJECTED_KEPT:
            self.rows.append(RejectedRow(line, text.rstrip("\r\n")[:_MOST_TEXT], reason))

    def add_wrong_width(self, line: int, text: str, found: int, width: int) -> None:
        """Put a row aside that has another number of fields than its table."""
        self.add(line, text, f"{found} field{'s' if found != 1 else ''} where {width} are expected")


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table of one source, in the engine.

    The engine's relation `table` has the column ``_row`` (BIGINT) first and then `columns`. Text sources (delimited,
    Excel, JSON, SQLite) have VARCHAR columns only: text as written, surrounding blanks kept, decimal commas untouched,
    and NULL where the cell was empty. `typed` sources (Parquet, DuckDB, PostgreSQL) keep the types of the source.

    ``_row`` is the line number in the file for delimited text (a record whose quoted field has line breaks counts from
    its first line), the sheet's row number for Excel, and the ordinal of the record (from 1) for everything else.
    Rows that look like totals ("Total", "Gesamt" in the first or the last rows) stay in the table; `totals` has their
    ``_row`` numbers, and the reader of the table puts them aside.

    Attributes
    ----------
    table : str
        Name of the table or view in the engine.
    columns : tuple of str
        Names as written (blanks around them and a byte order mark taken off), repeated ones (compared without case,
        as the engine does) numbered: "Tags", "Tags (2)"; unnamed ones "column_3".
    source : str
        Name to show: "orders.csv", "book.xlsx, sheet Orders", "shop.zip/orders.csv", "shop.sqlite, table orders".
    kind : str
        "delimited", "excel", "parquet", "json", "track calls", "sqlite", "duckdb" or "postgresql".
    first_row : int
        Line number of the first data row.
    header : bool
        Whether the names come from the source; False when they were made up ("column_1", ...).
    typed : bool
        Whether columns keep the source's types.
    rows : int or None
        Number of rows in the table; None where only a scan would tell.
    notes : tuple of str
        What was noticed while reading, a sentence each.
    totals : tuple of int
        ``_row`` of rows that look like totals.
    rejected : tuple of RejectedRow
        Rows that are not in the table, at most 10,000 of them; `rejected_count` has all.
    rejected_count : int
        How many rows were rejected.
    stored : str
        Name of the engine's table beneath, where `table` is a view on it; `drop` forgets both.
    lasting : bool
        Whether `table` is a view on a file that stays where it is.
    """

    table: str
    columns: tuple[str, ...]
    source: str
    kind: str
    first_row: int = 2
    header: bool = True
    typed: bool = False
    rows: int | None = None
    notes: tuple[str, ...] = ()
    totals: tuple[int, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    stored: str = ""
    lasting: bool = False

    @property
    def sql(self) -> str:
        """A query that gives ``_row`` and every column."""
        return f"SELECT * FROM {quoted(self.table)}"

    def drop(self, engine: Engine) -> None:
        """Forget the table and free its memory."""
        if self.stored:
            engine.execute(f"DROP VIEW IF EXISTS {quoted(self.table)}")
        engine.drop(self.stored or self.table)


def distinct_names(written: list[str]) -> tuple[str, ...]:
    """Column names that the engine can tell apart.

    >>> distinct_names(["Email", " email ", "", "_row"])
    ('Email', 'email (2)', 'column_3', '_row (2)')
    """
    taken = {"_row"}
    names = []
    for position, raw in enumerate(written, start=1):
        stem = " ".join(raw.replace("\ufeff", "").split()) or f"column_{position}"
        name, number = stem, 2
        while name.lower() in taken:
            name, number = f"{stem} ({number})", number + 1
        taken.add(name.lower())
        names.append(name)
    return tuple(names)
