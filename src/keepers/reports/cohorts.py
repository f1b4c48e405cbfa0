"""Cohort triangles made fit for a page: months gathered into quarters or years where there are many of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from keepers.reports.formatting import finite, month
from keepers.reports.groups import CohortMeasure, CohortRow, CohortTriangle

ROWS_AT_MOST = 24
AGES_AT_MOST = 24
PERIODS = {1: "month", 3: "quarter", 12: "year"}
"""Calendar periods by their number of months."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell: its value, how strong its colour is (0 to 1), and whether it is a forecast; None is blank."""

    value: float | None
    heat: float
    forecast: bool


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One cohort of the page."""

    label: str
    customers: int
    cells: tuple[HeatCell, ...]
    first: dt.date
    """First day of its first month."""
    last: dt.date
    """Last day of its last month."""


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A triangle ready to be drawn; an age is a whole `period` since the first order, the first being 1."""

    period: str
    ages: tuple[int, ...]
    rows: tuple[HeatRow, ...]
    has_forecast: bool


def heatmap(triangle: CohortTriangle) -> Heatmap:
    """The triangle of a page: at most 24 rows and columns, gathered by months, quarters or years.

    A gathered cell is the mean over its cohorts weighted by customers. It is blank where one of its cohorts is
    immature at that age, and a forecast where one of its cohorts is. A gathered age of a share is the mean of its
    months, that of the first order left out; that of a running sum is its last month.
    """
    span = max((len(row.observed) for row in triangle.rows), default=0)
    months_each = next(
        (s for s in PERIODS if len(_gather(triangle.rows, s)) <= ROWS_AT_MOST and span / s <= AGES_AT_MOST), 12
    )
    share = triangle.measure is CohortMeasure.ACTIVE_SHARE
    periods = -(-span // months_each)
    rows = []
    for label, members in _gather(triangle.rows, months_each).items():
        cells = [_cell(members, age, months_each, share) for age in range(periods)]
        rows.append((label, sum(row.customers for row in members), cells, members))
    rows = rows[-ROWS_AT_MOST:]
    filled = [(age, value) for _, _, cells, _ in rows for age, (value, _) in enumerate(cells) if value is not None]
    used = max((age + 1 for age, _ in filled), default=0)
    top = _scale([value for age, value in filled if age or not share or months_each > 1])
    heat_rows = tuple(
        HeatRow(
            label,
            customers,
            tuple(HeatCell(v, 0.0 if v is None else min(max(v, 0.0) / top, 1.0), f) for v, f in cells[:used]),
            members[0].start,
            _last_day(members[-1].start),
        )
        for label, customers, cells, members in rows
    )
    forecast = any(cell.forecast for row in heat_rows for cell in row.cells)
    return Heatmap(PERIODS[months_each], tuple(range(1, used + 1)), heat_rows, forecast)


def _gather(rows: tuple[CohortRow, ...], step: int) -> dict[str, list[CohortRow]]:
    name = period_label(step)
    gathered: dict[str, list[CohortRow]] = {}
    for row in rows:
        if row.customers > 0:
            gathered.setdefault(name(row.start), []).append(row)
    return gathered


def period_label(months_each: int) -> Callable[[dt.date], str]:
    """How a month is named once months are gathered by so many."""
    return {1: month, 3: _quarter, 12: _year}[months_each]


def _last_day(start: dt.date) -> dt.date:
    """Last day of a month that begins on a day."""
    return (start.replace(day=1) + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def _quarter(start: dt.date) -> str:
    return f"Q{(start.month + 2) // 3}\N{NO-BREAK SPACE}{start.year}"


def _year(start: dt.date) -> str:
    return str(start.year)


def _cell(members: list[CohortRow], age: int, step: int, share: bool) -> tuple[float | None, bool]:
    total, customers, forecast = 0.0, 0, False
    for row in members:
        months = [_month_value(row, age * step + offset) for offset in range(step)]
        # The month of the first order holds everybody: in a mean it would drown those who came back.
        picked = (months if age or step == 1 else months[1:]) if share else months[-1:]
        if any(value is None for value, _ in picked):
            return None, False
        total += row.customers * sum(value or 0.0 for value, _ in picked) / len(picked)
        customers += row.customers
        forecast = forecast or any(ahead for _, ahead in picked)
    return (total / customers, forecast) if customers else (None, False)


def _month_value(row: CohortRow, age: int) -> tuple[float | None, bool]:
    seen = finite(row.observed[age]) if age < len(row.observed) else None
    if seen is not None:
        return seen, False
    ahead = finite(row.forecast[age]) if age < len(row.forecast) else None
    return ahead, ahead is not None


def _scale(values: list[float]) -> float:
    """Value of the full colour: the 95th percentile, so that one cell does not wash out all others."""
    ordered = sorted(value for value in values if value > 0)
    return ordered[int(0.95 * (len(ordered) - 1))] if ordered else 1.0
