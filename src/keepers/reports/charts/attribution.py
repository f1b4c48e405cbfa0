"""What contacts of each channel caused, with its interval, beside what descriptive methods credit."""

from __future__ import annotations

from keepers.reports.attribution import RULES, Attribution, AttributionRow
from keepers.reports.attribution_sentences import figure, method_names
from keepers.reports.charts.chart import Chart, DataTable, LegendItem, Option, axis_format, colour, frame
from keepers.reports.formatting import finite, prefix_of

_MOST = 10


def attribution_chart(found: Attribution, currency: str | None) -> Chart:
    """Bars from end to end of the interval, with a mark for each method."""
    rows = [*found.rows[:_MOST], found.rest]
    labels = [row.channel for row in rows]
    money = axis_format("money", prefix_of(currency)) if found.has_money else axis_format("count")
    option = frame(labels, money, name="credited" if found.has_money else "customers credited")
    option["xAxis"]["axisLabel"].update(
        {"interval": 0, "hideOverlap": True, "width": 84, "overflow": "break", "lineHeight": 15}
    )
    low = [max(_end(row, row.caused.low), 0.0) for row in rows]
    high = [_end(row, row.caused.high) for row in rows]
    option["series"] = [
        _stacked("", low, "transparent"),
        _stacked("80% interval", [max(b - a, 0.0) for a, b in zip(low, high, strict=True)], colour("accent-pale")),
        _marks("Caused", [row.caused.value for row in rows], "accent", "circle", 11),
        _marks("Last contact", [row.rules[RULES.index("last")] for row in rows], "warm", "diamond", 11),
        _marks("Markov chain", [row.rules[RULES.index("markov")] for row in rows], "muted", "rect", 7),
    ]
    table = DataTable(
        "What each method credits channels with",
        ("Channel", "Caused", "At least", "At most", *method_names()),
        tuple(_cells(row, found, currency) for row in rows),
    )
    largest = rows[0]
    return Chart(
        "attribution",
        "Chart: what contacts of each channel caused, with the 80% interval, beside the last contact's and the Markov "
        f"chain's credit. {largest.channel} leads with {figure(largest.caused.value, found, currency)}. The table "
        "below it holds the same numbers.",
        option,
        table,
        (1, 2, 3, 4, 10),
        (
            LegendItem("caused, with the 80% interval", "accent", "block"),
            LegendItem("last contact", "warm", "block"),
            LegendItem("Markov chain", "muted", "block"),
        ),
        300,
    )


def _end(row: AttributionRow, end: float | None) -> float:
    found = finite(end)
    return row.caused.value if found is None else found


def _cells(row: AttributionRow, found: Attribution, currency: str | None) -> tuple[str, ...]:
    values = (row.caused.value, row.caused.low, row.caused.high, *row.rules)
    return (row.channel, *(figure(value, found, currency) for value in values))


def _stacked(name: str, values: list[float], hue: str) -> Option:
    return {
        "type": "bar", "name": name, "stack": "interval", "data": [finite(value) for value in values],
        "itemStyle": {"color": hue, "borderRadius": 2}, "barMaxWidth": 26, "emphasis": {"disabled": True},
    }  # fmt: skip


def _marks(name: str, values: list[float], hue: str, symbol: str, size: int) -> Option:
    """Points: a line that is not drawn, but its symbols are."""
    return {
        "type": "line", "name": name, "data": [finite(value) for value in values], "showSymbol": True,
        "symbol": symbol, "symbolSize": size, "lineStyle": {"width": 0, "color": colour(hue)},
        "itemStyle": {"color": colour(hue)},
        "emphasis": {"disabled": True}, "z": 4,
    }  # fmt: skip
