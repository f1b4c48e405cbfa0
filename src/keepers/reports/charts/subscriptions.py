"""The charts about subscriptions: recurring revenue, survival with its forecast, and the blind test."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, Option, axis_format, bar, colour, frame, line
from keepers.reports.formatting import MISSING, count, day, finite, money, month, percent, prefix_of
from keepers.reports.subscriptions import BlindTest, Revenue, Subscriptions


def subscription_charts(found: Subscriptions, currency: str | None) -> list[Chart]:
    """All of them that have something to show."""
    charts = [survival_chart(found)]
    if found.revenue is not None and len(found.revenue.months) > 1:
        charts.append(revenue_chart(found.revenue, currency))
    if found.blind is not None:
        charts.append(blind_chart(found.blind))
    return charts


def revenue_chart(found: Revenue, currency: str | None) -> Chart:
    """Recurring revenue at the end of every month; the table has what moved it."""
    labels = [month(row.day) for row in found.months]
    option = frame(labels, axis_format("money", prefix_of(currency)), name="recurring revenue a month")
    option["series"] = [bar("Recurring revenue", [row.end for row in found.months], "accent")]

    def shown(value: float) -> str:
        return money(value, currency)

    table = DataTable(
        "Monthly recurring revenue, and what moved it within each month",
        ("Month to", "Subscribers", "New", "Came back", "More", "Less", "Left", "At its end"),
        tuple(
            (
                day(row.day),
                count(row.customers),
                *map(shown, (row.new, row.reactivation, row.expansion, -row.contraction, -row.churned, row.end)),
            )
            for row in found.months
        ),
    )
    return Chart(
        "recurring-revenue",
        "Column chart: recurring revenue a month at the end of every month. The table below it holds the same numbers "
        "and what moved them.",
        option,
        table,
        (7, 2, 3, 4, 5, 6),
        (),
        250,
    )


def survival_chart(found: Subscriptions) -> Chart:
    """Share of subscriptions that outlast each age: as counted, and as the model sees it go on."""
    labels = [str(point.age) for point in found.survival]
    unit = found.period.value
    option = frame(labels, axis_format("percent"), name=f"share that still runs after so many {unit}s", gap=False)
    option["yAxis"].update({"min": 0, "max": 1, "interval": 0.25})
    option["xAxis"]["axisLabel"]["interval"] = max(-(-len(labels) // 12) - 1, 0)
    low = [finite(point.predicted.low) for point in found.survival]
    high = [finite(point.predicted.high) for point in found.survival]
    width = [None if a is None or b is None else max(b - a, 0.0) for a, b in zip(low, high, strict=True)]
    option["series"] = [
        _band("Range from", low, None),
        _band("Range to", width, "accent"),
        line("Predicted", [point.predicted.value for point in found.survival], "accent", dashed=True, width=2.4),
        line("Counted", [point.observed for point in found.survival], "ink", width=2.2),
    ]
    table = DataTable(
        f"Share of subscriptions that outlast an age in {unit}s",
        (f"{unit.capitalize()}s", "Counted", f"Predicted by {found.model}", "80% range"),
        tuple(
            (
                label,
                percent(point.observed),
                percent(point.predicted.value),
                MISSING if a is None else f"{percent(a)} – {percent(b)}",
            )
            for label, point, a, b in zip(labels, found.survival, low, high, strict=True)
        ),
    )
    return Chart(
        "survival",
        f"Line chart: the share of subscriptions that outlast each age in {unit}s, counted and predicted. The table "
        "below it holds the same numbers.",
        option,
        table,
        (1, 2, 3),
        (
            LegendItem("Counted", "ink"),
            LegendItem(f"Predicted by {found.model}", "accent", "dashed"),
            LegendItem("80% range of the curve", "accent-pale", "block"),
        ),
        320,
    )


def blind_chart(found: BlindTest) -> Chart:
    """How many of the subscriptions that ran at the cut still ran later: as it came, and as it had been predicted."""
    labels = [day(point.day) for point in found.points]
    option = frame(labels, axis_format("count"), name=f"of the subscriptions that ran on {labels[0]}", gap=False)
    option["xAxis"]["axisLabel"]["interval"] = max(len(labels) // 6, 0)
    option["yAxis"]["min"] = 0
    option["series"] = [
        line("Still running", [point.actual for point in found.points], "ink", width=2.2),
        line("Predicted", [point.predicted for point in found.points], "accent", dashed=True, width=2.4),
    ]
    table = DataTable(
        f"Of the subscriptions that ran on {labels[0]}, those that still ran later",
        ("Day", "Still running", f"Predicted by {found.model}"),
        tuple(
            (label, count(point.actual), count(point.predicted))
            for label, point in zip(labels, found.points, strict=True)
        ),
    )
    return Chart(
        "blind-test",
        f"Line chart: of the subscriptions that ran on {labels[0]}, how many still ran later, counted and predicted. "
        "The table below it holds the same numbers.",
        option,
        table,
        (1, 2),
        (LegendItem("Still running", "ink"), LegendItem(f"Predicted by {found.model}", "accent", "dashed")),
        260,
    )


def _band(name: str, values: list[float | None], hue: str | None) -> Option:
    """One of two stacked areas without a line: the lower one unseen, the upper one the band."""
    series: Option = {**line(name, values, hue or "accent"), "stack": "band", "silent": True}
    series["lineStyle"] = {"width": 0, "opacity": 0}
    if hue is not None:
        series["areaStyle"] = {"color": colour(f"{hue}-pale"), "opacity": 0.85}
    return series
