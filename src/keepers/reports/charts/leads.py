"""Leads in pictures: expected value by the number of leads worked on, and how leads become customers with time."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, colour, frame, line
from keepers.reports.formatting import count, money, percent, prefix_of
from keepers.reports.leads import Curve, Leads, Ripening


def lead_charts(found: Leads, currency: str | None) -> list[Chart]:
    """The charts for which there is enough."""
    charts = [] if found.curve is None else [value_chart(found.curve, found, currency)]
    return [*charts, ripening_chart(found.ripening)]


def value_chart(curve: Curve, found: Leads, currency: str | None) -> Chart:
    """What the first leads of three orders are expected to bring together; a line marks the team's room."""
    labels = [count(calls) for calls in curve.calls]
    option = frame(
        labels, axis_format("money", prefix_of(currency)), name="expected value, by leads worked on", gap=False
    )
    option["series"] = [
        line("The most valuable first", curve.by_value, "accent", area=True),
        line("The likeliest first", curve.by_chance, "warm"),
        line("The newest first", curve.newest, "muted", dashed=True),
    ]
    place = min(range(len(curve.calls)), key=lambda at: abs(curve.calls[at] - found.chosen))
    option["series"][0]["markLine"] = {
        "silent": True, "symbol": "none", "label": {"show": False},
        "lineStyle": {"color": colour("ink"), "type": "dashed", "width": 1.5}, "data": [{"xAxis": place}],
    }  # fmt: skip
    table = DataTable(
        "Expected value of the first leads, by the order in which they are worked on",
        ("Leads", "The most valuable first", "The likeliest first", "The newest first"),
        tuple(
            (label, *(money(values[at], currency) for values in (curve.by_value, curve.by_chance, curve.newest)))
            for at, label in enumerate(labels)
        ),
    )
    return Chart(
        "lead-value",
        "Line chart: expected value of the first leads in three orders. Worked on by value, "
        f"{count(curve.calls[place])} leads bring {money(curve.by_value[place], currency)}; by chance alone "
        f"{money(curve.by_chance[place], currency)}. The table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3),
        (
            LegendItem("the most valuable first", "accent"),
            LegendItem("the likeliest first", "warm"),
            LegendItem("the newest first", "muted", "dashed"),
            LegendItem("this week", "ink", "dashed"),
        ),
        280,
    )


def ripening_chart(found: Ripening) -> Chart:
    """Share of leads that have become customers by days since they came, with its interval."""
    labels = [count(day) for day in found.days]
    option = frame(labels, axis_format("percent"), name="became customers, by days since they came", gap=False)
    option["series"] = [
        line("At least", found.low, "muted", dashed=True, width=1),
        line("An average lead", found.share, "accent"),
        line("At most", found.high, "muted", dashed=True, width=1),
    ]
    option["yAxis"]["min"] = 0
    table = DataTable(
        "Share of average leads that have become customers, by days since they came (80% interval)",
        ("Days", "Share", "At least", "At most"),
        tuple(
            (label, percent(found.share[at]), percent(found.low[at]), percent(found.high[at]))
            for at, label in enumerate(labels)
        ),
    )
    return Chart(
        "lead-ripening",
        f"Line chart: share of average leads that have become customers by days since they came, "
        f"{percent(found.share[-1])} after {count(found.days[-1])} days. The table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3),
        (LegendItem("an average lead", "accent"), LegendItem("80% interval", "muted", "dashed")),
        240,
    )
