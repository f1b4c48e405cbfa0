"""Breakdowns made fit for a page: the largest twelve rows and the rest, months gathered where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keepers.reports.cohorts import PERIODS, period_label
from keepers.reports.groups import Breakdown, BreakdownRow

ROWS_AT_MOST = 12
MONTHS_AT_MOST = 36


@dataclass(frozen=True, slots=True)
class CoarseMonths:
    """Acquisition months as the page shows them."""

    period: str
    labels: tuple[str, ...]
    rows: tuple[BreakdownRow, ...]


def coarse_months(breakdown: Breakdown) -> CoarseMonths:
    """Months, or quarters or years where there would be more than 36 columns."""
    rows = [row for row in breakdown.rows if row.month is not None]
    for months_each in PERIODS:
        name = period_label(months_each)
        gathered: dict[str, list[BreakdownRow]] = {}
        for row in rows:
            if row.month is not None:
                gathered.setdefault(name(row.month), []).append(row)
        if len(gathered) <= MONTHS_AT_MOST or months_each == 12:
            break
    return CoarseMonths(
        PERIODS[months_each], tuple(gathered), tuple(together(members, "") for members in gathered.values())
    )


def largest(breakdown: Breakdown) -> tuple[BreakdownRow, ...]:
    """The rows by value, those beyond the twelfth gathered, customers without a label last."""
    named = sorted((row for row in breakdown.rows if row.label.strip()), key=_size, reverse=True)
    unknown = [row for row in breakdown.rows if not row.label.strip() and row.customers]
    shown = named
    if len(named) > ROWS_AT_MOST + 1:
        rest = named[ROWS_AT_MOST:]
        shown = [*named[:ROWS_AT_MOST], together(rest, f"{len(rest)} others")]
    return (*shown, *(replace(together(unknown, ""), label="not known") for _ in unknown[:1]))


def together(rows: Sequence[BreakdownRow], label: str) -> BreakdownRow:
    """Several rows as one; a figure that one of them lacks is missing from the sum too."""
    return BreakdownRow(
        label,
        sum(row.customers for row in rows),
        _sum([row.value for row in rows]),
        _sum([row.value_historic for row in rows]),
        None if any(row.repeat_customers is None for row in rows) else sum(row.repeat_customers or 0 for row in rows),
        _sum([row.expected_orders for row in rows]),
        rows[0].month if rows else None,
        {name: _sum([row.ahead.get(name) for row in rows]) for name in (rows[0].ahead if rows else ())},
    )


def _sum(values: Sequence[float | None]) -> float | None:
    return None if any(value is None for value in values) else sum(value or 0.0 for value in values)


def _size(row: BreakdownRow) -> tuple[float, float]:
    return (row.value or row.expected_orders or 0.0, row.customers)
