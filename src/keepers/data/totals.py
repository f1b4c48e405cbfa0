"""Which rows of a table are totals that a program put above or below the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keepers.data.engine import Engine, quoted
from keepers.data.sniff import cell_class

_FIRST, _LAST = 3, 6
_ROUNDING = 1e-4
_BLANK = frozenset({"", "-", "--", "—"})
_TOTAL = re.compile(
    r"(?:grand|report|sub|overall|account)?[\s-]*(?:totals?|sum)(?:\s*(?:[:=(-].*|\d.*|(?:of|for) .*))?"
    r"|(?:gesamt|gesamtsumme|gesamtergebnis|summe|zwischensumme|endsumme|totaal|eindtotaal|total(?:e|es|en|i)"
    r"|total g[ée]n[ée]ral|sous-total|somme|suma|soma|somma|totale complessivo|razem|celkem|összesen|toplam|summa"
    r"|totalt|yhteensä|i alt|итого|всего|合計|总计|合计)\s*(?:[:=].*)?",
    re.IGNORECASE,
)


def says_total(cells: Sequence[str | None]) -> bool:
    """Whether a row has a word for a total, and little but numbers and blanks beside it.

    >>> says_total([None, None, "Total", None, "1027.50"]), says_total(["Total Wines Ltd", "2026-01-01", "12.00"])
    (True, False)
    """
    words = [cell.strip() for cell in cells if cell and cell_class(cell) == "text" and cell.strip() not in _BLANK]
    return bool(words) and _TOTAL.fullmatch(words[0]) is not None and 2 * len(words) <= max(2, len(cells))


def total_rows(engine: Engine, table: str, columns: Sequence[str], classes: Sequence[str]) -> tuple[int, ...]:
    """The ``_row`` numbers of totals among the first and the last rows of a raw table.

    A total says so; or it has nothing but numbers, blanks where other rows say what they are, and one of its numbers is
    the sum of the others in its column.

    Parameters
    ----------
    engine : Engine
        Where the table is.
    table : str
        Its name.
    columns, classes : sequence of str
        Its columns, and what each of them mostly holds (see `keepers.data.sniff.Layout`).
    """
    listed = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in columns)
    query = f"SELECT _row, {listed} FROM {quoted(table)}"
    first = engine.rows(f"{query} ORDER BY _row LIMIT {_FIRST}")
    last = engine.rows(f"{query} ORDER BY _row DESC LIMIT {_LAST}")
    rows = {int(row[0]): row[1:] for row in first + last}
    if len(rows) < 2:
        return ()
    told = {number for number, cells in rows.items() if says_total(cells)}
    for number, cells in rows.items():
        if (
            number not in told
            and _names_nothing(cells, classes)
            and _adds_up(engine, table, columns, number, cells, told)
        ):
            told.add(number)
    return tuple(sorted(told))


def _names_nothing(cells: Sequence[str | None], classes: Sequence[str]) -> bool:
    held = [cell for cell in cells if cell and cell.strip() not in _BLANK]
    naming = [cell for cell, of in zip(cells, classes) if of not in {"number", "empty"}]
    return bool(naming) and not any(naming) and bool(held) and all(cell_class(cell) == "number" for cell in held)


def _adds_up(
    engine: Engine, table: str, columns: Sequence[str], number: int, cells: Sequence[str | None], told: set[int]
) -> bool:
    """Whether one of the row's numbers, in either way of writing decimals, is the sum of its column without totals."""
    others = ", ".join(str(each) for each in {*told, number})
    for name, cell in zip(columns, cells):
        if not cell:
            continue
        for pattern, decimal in (("[^0-9.-]", "."), ("[^0-9,-]", ",")):
            amount = f"TRY_CAST(replace(regexp_replace({{}}, '{pattern}', '', 'g'), '{decimal}', '.') AS DOUBLE)"
            mine, total = engine.row(
                f"SELECT {amount.format('$cell')}, (SELECT sum({amount.format(quoted(name))}) FROM {quoted(table)} "
                f"WHERE _row NOT IN ({others}))",
                {"cell": cell},
            )
            if mine and total and abs(mine - total) <= _ROUNDING * abs(total):
                return True
    return False
