"""Columns of who came into each segment and who left it, with the matrix of all moves as their table."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, bar, frame
from keepers.reports.formatting import count, day
from keepers.reports.retention import Moves


def moves_chart(found: Moves, place: int) -> Chart:
    """Customers who came into and went out of each segment since the earlier run."""
    size = range(len(found.names))
    stayed = [found.counts[i][i] for i in size]
    came = [now - same for now, same in zip(found.now, stayed, strict=True)]
    went = [before - same for before, same in zip(found.before, stayed, strict=True)]
    option = frame(found.names, axis_format("count"), name="customers")
    option["xAxis"]["axisLabel"].update(
        {"interval": 0, "hideOverlap": False, "width": 78, "overflow": "break", "lineHeight": 15}
    )
    option["series"] = [bar("Came", came, "accent"), bar("Went", went, "warm", outlined=True)]
    table = DataTable(
        f"From the {found.division} of {day(found.since)} (rows) to that of today (columns)",
        ("", "Then", "Came", "Went", "Now", *(f"to {name}" for name in found.names)),
        tuple(
            (
                found.names[i],
                count(found.before[i]),
                count(came[i]),
                count(went[i]),
                count(found.now[i]),
                *(count(found.counts[i][j]) for j in size),
            )
            for i in size
        ),
    )
    return Chart(
        f"moves-{place}",
        f"Column chart: customers who came into each {found.division} and who left it since {day(found.since)}. The "
        "table below it holds every move.",
        option,
        table,
        (1, 2, 3, 4),
        (LegendItem("Came", "accent", "block"), LegendItem("Went", "warm", "outline")),
        260,
    )
