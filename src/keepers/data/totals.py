"""Which rows of a table are totals that a program put above or below the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keepers.data.engine import Engine, quoted
from keepers.data.sniff import cell_class

_FIRST, _LAST = 3, 6
_TOTAL = re.compile(
    r"(?:grand|report|sub|overall|account)?[\s-]*(?:totals?|sum)(?:\s*(?:[:=(-].*|\d.*|(?:of|for) .*))?"
    r"|(?:gesamt|gesamtsumme|gesamtergebnis|summe|zwischensumme|endsumme|totaal|eindtotaal|total(?:e|es|en|i)"
    r"|total g[ée]n[ée]ral|sous-total|somme|suma|soma|somma|totale complessivo|razem|celkem|összesen|toplam|summa"
    r"|totalt|yhteensä|i alt|итого|всего|合計|总计|合计)\s*(?:[:=].*)?",
    re.IGNORECASE,
)


def is_total(cells: Sequence[str | None]) -> bool:
    """Whether the cells of a row say that it adds up the others.

    A total has a word for it in one of its cells, and blanks where the rows it adds up say what they are.

    >>> is_total([None, None, "Total", None, "1027.50"]), is_total(["Total Wines Ltd", "2026-01-01", "12.00"])
    (True, False)
    """
    told = [cell.strip() for cell in cells if cell and cell.strip() not in {"", "--", "-", "—"}]
    if not told or len(told) == len(cells) > 2:
        return False
    words = next((cell for cell in told if cell_class(cell) == "text"), "")
    return _TOTAL.fullmatch(words) is not None


def total_rows(engine: Engine, table: str, columns: Sequence[str]) -> tuple[int, ...]:
    """The ``_row`` numbers of totals among the first and the last rows of a raw table."""
    listed = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in columns)
    query = f"SELECT _row, {listed} FROM {quoted(table)}"
    ends = (
        engine.rows(f"{query} ORDER BY _row LIMIT {_FIRST}"),
        engine.rows(f"{query} ORDER BY _row DESC LIMIT {_LAST}"),
    )
    return tuple(sorted({int(row[0]) for end in ends for row in end if is_total(row[1:])}))
