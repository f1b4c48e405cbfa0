"""How fast customers buy in each of the twelve months that come."""

from __future__ import annotations

import calendar

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, bar, frame, line
from keepers.reports.season import BusyMonths


def season_chart(found: BusyMonths) -> Chart:
    """A column a month, from the one that comes next; one is an average month."""
    order = [(found.first - 1 + step) % 12 for step in range(12)]
    labels = [calendar.month_abbr[month + 1] for month in order]
    pace = [found.factors[month] for month in order]
    name = "pace of buying, 1 is an average month"
    option = frame(labels, axis_format("count"), name=name)
    option["series"] = [bar("Pace of buying", pace, "accent"), line("An average month", [1.0] * 12, "ink", dashed=True)]
    table = DataTable(
        "How fast customers buy in the months ahead, against the mean of a year",
        ("Month", "Pace"),
        tuple((calendar.month_name[month + 1], f"{one:.2f} times") for month, one in zip(order, pace, strict=True)),
    )
    return Chart(
        "season",
        "Column chart: how fast customers buy in each month. The table below it holds the same numbers.",
        option,
        table,
        (1,),
        (LegendItem("Pace of buying", "accent", "block"), LegendItem("An average month", "ink", "dashed")),
        220,
    )
