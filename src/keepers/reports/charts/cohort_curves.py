"""Curves of cohorts by age: the same cells as the triangle, forecasts dashed."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, frame, line
from keepers.reports.cohorts import Heatmap, HeatRow
from keepers.reports.formatting import MISSING, count, money, number, percent, prefix_of, short_money
from keepers.reports.groups import CohortMeasure

CURVES_AT_MOST = 7
HUES = 7
CUSTOMERS_AT_LEAST = 20


def cohort_curves(heat: Heatmap, measure: CohortMeasure, currency: str | None) -> Chart:
    """At most seven cohorts, spread evenly from the oldest (palest) to the newest (darkest)."""
    known = [row for row in heat.rows if sum(cell.value is not None for cell in row.cells) > 1]
    sizeable = [row for row in known if row.customers >= CUSTOMERS_AT_LEAST]
    rows = _spread(sizeable if len(sizeable) > 1 else known)
    skip = 1 if measure is CohortMeasure.ACTIVE_SHARE and heat.period == "month" else 0
    ages = heat.ages[skip:]
    labels = [str(age) for age in ages]
    style = {"ACTIVE_SHARE": "percent", "CUMULATIVE_VALUE": "money", "CUMULATIVE_ORDERS": "count"}[measure.name]
    option = frame(labels, axis_format(style, prefix_of(currency) if style == "money" else ""),
                   name=f"{measure.value} by {heat.period} of age", gap=False)  # fmt: skip
    if measure is CohortMeasure.CUMULATIVE_ORDERS:
        option["yAxis"]["min"] = 1
    hues = [f"ramp{HUES - len(rows) + i + 1}" for i in range(len(rows))]
    for row, hue in zip(rows, hues, strict=True):
        cells = row.cells[skip:]
        seen = [None if cell.forecast else cell.value for cell in cells]
        ahead = [cell.value if cell.forecast else None for cell in cells]
        option["series"].append(line(row.label, seen, hue))
        first = next((i for i, value in enumerate(ahead) if value is not None), None)
        if first is not None:
            if first:
                ahead[first - 1] = seen[first - 1]
            option["series"].append(line(f"{row.label}, forecast", ahead, hue, dashed=True))
    table = DataTable(
        f"{measure.value.capitalize()} by {heat.period} since the first order, selected cohorts (* forecast)",
        (heat.period.capitalize(), *(row.label for row in rows)),
        tuple(
            (label, *(cell_text(row, i + skip, measure, currency) for row in rows)) for i, label in enumerate(labels)
        ),
    )
    return Chart(
        f"cohorts-{measure.name.lower().replace('_', '-')}",
        f"Line chart: {measure.value} by {heat.period} since the first order, a line a cohort. "
        "The table above it holds the same numbers.",
        option,
        table,
        tuple(range(1, len(rows) + 1)),
        (*(LegendItem(row.label, hue) for row, hue in zip(rows, hues, strict=True)), *_forecast_key(rows)),
        260,
    )


def _forecast_key(rows: list[HeatRow]) -> tuple[LegendItem, ...]:
    ahead = any(cell.forecast for row in rows for cell in row.cells)
    return (LegendItem("forecast (* in numbers)", "muted", "dashed"),) if ahead else ()


def cell_text(row: HeatRow, age: int, measure: CohortMeasure, currency: str | None) -> str:
    """A cell as text, a forecast with a star."""
    cell = row.cells[age]
    text = value_text(cell.value, measure, currency)
    return f"{text}*" if cell.forecast else text


def short_text(value: float, measure: CohortMeasure, currency: str | None) -> str:
    """A value of the measure as it fits a narrow cell; money without its sign, which stands above the table."""
    if measure is CohortMeasure.CUMULATIVE_VALUE:
        return count(value) if 99.5 <= abs(value) < 99_999.5 else short_money(value, None)
    return value_text(value, measure, currency)


def value_text(value: float | None, measure: CohortMeasure, currency: str | None) -> str:
    """A value of the measure as text."""
    if value is None:
        return MISSING
    if measure in (CohortMeasure.ACTIVE_SHARE, CohortMeasure.RUNNING_SHARE):
        return percent(value)
    if measure is CohortMeasure.CUMULATIVE_VALUE:
        return money(value, currency)
    return number(value, 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0)


def _spread(rows: list[HeatRow]) -> list[HeatRow]:
    if len(rows) <= CURVES_AT_MOST:
        return rows
    step = (len(rows) - 1) / (CURVES_AT_MOST - 1)
    return [rows[round(i * step)] for i in range(CURVES_AT_MOST)]
