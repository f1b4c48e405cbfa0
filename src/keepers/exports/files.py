"""Files that people and other programs open: CSV that a spreadsheet cannot mistake for formulas, and Parquet."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from keepers.data.engine import literal, quoted
from keepers.data.table import Table
from keepers.domain.errors import ConfigError

BYTE_ORDER_MARK = "\ufeff"
"""Tells a spreadsheet that the file is UTF-8; without it names such as Zoë come out garbled."""

_FORMULA = r"^[\x00-\x20]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]"
"""What a spreadsheet may take for the start of a formula, full-width signs and leading white space included."""

_ENGINE_FORMULA = r"^[\x00-\x20]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"
_FRACTIONS = ("DOUBLE", "FLOAT", "REAL", "DECIMAL")
_PLAIN = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT",
          "BOOLEAN", "DATE", "TIME")  # fmt: skip


def safe_cell(text: str) -> str:
    """A text that no spreadsheet runs as a formula: one that looks like a formula gets an apostrophe in front.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("Zoë"), safe_cell("+49 170")
    ("'=HYPERLINK(1)", 'Zoë', "'+49 170")
    """
    return f"'{text}" if re.match(_FORMULA, text) else text


def lines_for_people(rows: Iterable[Sequence[object]]) -> str:
    r"""Rows as lines of a file for spreadsheets; nothing where there is None, four digits of fractions.

    >>> lines_for_people([("Zoë", None, 2, 0.5, True, "=1+1")])
    "Zoë,,2,0.5000,yes,'=1+1\r\n"
    """
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows([_text(value) for value in row] for row in rows)
    return lines.getvalue()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return str(value) if isinstance(value, int) else safe_cell(str(value))


def write_csv_for_people(
    table: Table,
    path: str | os.PathLike[str],
    *,
    order_by: str | None = None,
    money: Collection[str] = (),
    decimals: int = 4,
    separator: str = ",",
) -> Path:
    """Write a table as a CSV that opens right in a spreadsheet.

    UTF-8 with a byte order mark; every text that could be taken for a formula starts with an apostrophe; numbers are
    rounded and never NaN (an empty cell instead); days are YYYY-MM-DD. Written beside its place and then renamed, so
    that it is whole or not there. For programs, `Table.write_parquet` keeps every digit.

    Parameters
    ----------
    table : Table
        What is written; the rows stay in the engine.
    path : path
        The file; its folder must exist.
    order_by : str, optional
        Column by which rows are sorted, largest first, empty ones last; in the engine's order otherwise.
    money : collection of str
        Columns that get two decimals.
    decimals : int
        Decimals of all other fractions.
    separator : str
        One character between cells; ";" for spreadsheets of languages with a decimal comma.

    Raises
    ------
    ConfigError
        `order_by` or `money` names a column that the table has not, or `separator` is not one character.
    EngineError
        The file cannot be written.
    """
    if len(separator) != 1 or separator in "\"'\r\n":
        raise ConfigError(f"`separator` is {separator!r}; it must be one character such as ',' or ';'.")
    types = {str(row[0]): str(row[1]) for row in table.engine.rows(f"DESCRIBE {table.sql}")}
    for wanted in (*money, *([order_by] if order_by else [])):
        if wanted not in types:
            raise ConfigError(f"There is no column `{wanted}` to write. The table has: {', '.join(types)}.")
    cells = []
    for index, (name, kind) in enumerate(types.items()):
        # The mark goes in front of the first name, so that the engine writes the file in one pass.
        header = f"{BYTE_ORDER_MARK if index == 0 else ''}{safe_cell(name)}"
        cells.append(f"{_cell(name, kind, 2 if name in money else decimals)} AS {quoted(header)}")
    order = f" ORDER BY {quoted(order_by)} DESC NULLS LAST" if order_by else ""
    target = Path(path)
    beside = target.with_name(f".{target.name}.part")
    options = f"FORMAT csv, HEADER, DELIMITER {literal(separator)}, DATEFORMAT '%Y-%m-%d'"
    try:
        with table.engine.in_order():
            table.engine.execute(
                f"COPY (SELECT {', '.join(cells)} FROM ({table.sql}) AS rows{order}) "
                f"TO {literal(str(beside))} ({options})"
            )
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _cell(name: str, kind: str, decimals: int) -> str:
    column = f"rows.{quoted(name)}"
    if kind.startswith(_FRACTIONS) and not kind.endswith("]"):
        number = f"CAST({column} AS DOUBLE)"
        return f"CASE WHEN isnan({number}) THEN NULL ELSE round({number}, {decimals}) END"
    if kind.startswith(_PLAIN) and not kind.endswith("]"):
        return column
    text = f"CAST({column} AS VARCHAR)"
    return f"CASE WHEN regexp_matches({text}, {literal(_ENGINE_FORMULA)}) THEN '''' || {text} ELSE {text} END"
