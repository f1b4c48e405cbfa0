"""Files that are parts of one table, such as a folder of Parquet files by month, put together without a copy."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import replace

from keepers.data.engine import Engine, quoted
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition


def one_table(engine: Engine, parts: Sequence[tuple[RawTable, Recognition]]) -> RawTable | None:
    """A view of all parts, where they are typed files of the same columns and no row can be in two of them.

    No row can be in two where the parts hold different days, or number their orders: whoever reads the table sees to it
    that no number comes twice.

    Parameters
    ----------
    engine : Engine
    parts : sequence of (RawTable, Recognition)
        At least two, each as it was taken for by itself.

    Returns
    -------
    RawTable or None
        None where the parts have to be told apart.
    """
    first, known = parts[0]
    alike = all(
        raw.lasting and raw.columns == first.columns and not raw.totals and _said(recognition) == _said(known)
        for raw, recognition in parts
    )
    if not alike or "date" not in known.roles:
        return None
    if "order_id" not in known.roles and not _apart(engine, [raw for raw, _ in parts], known.roles["date"].column):
        return None
    selects, before = [], 0
    for raw, _ in parts:
        listed = ", ".join(quoted(name) for name in raw.columns)
        selects.append(f"SELECT _row + {before} AS _row, {listed} FROM {quoted(raw.table)}")
        before += raw.rows or 0
    table = engine.new_name("raw")
    engine.execute(f"CREATE VIEW {quoted(table)} AS {' UNION ALL '.join(selects)}")
    return replace(first, table=table, source=f"{first.source} and {len(parts) - 1} more", rows=before)


def _said(recognition: Recognition) -> tuple[object, ...]:
    """What a table was taken for, and the types of the columns that play a role."""
    roles = {role: found.column for role, found in recognition.roles.items()}
    return recognition.format.name, roles, [recognition.profiles[column].type for column in roles.values()]


def _apart(engine: Engine, raws: Sequence[RawTable], date: str) -> bool:
    """Whether each part's days lie wholly before the next one's."""
    spans: list[tuple[dt.date, dt.date]] = []
    for raw in raws:
        column = f"CAST({quoted(date)} AS DATE)"
        since, until, empty = engine.row(
            f"SELECT min({column}), max({column}), count(*) - count({quoted(date)}) FROM {quoted(raw.table)}"
        )
        if since is None or empty:
            return False
        spans.append((since, until))
    spans.sort()
    return all(before[1] < after[0] for before, after in itertools.pairwise(spans))
