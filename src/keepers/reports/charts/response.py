"""Response curves: new customers by money a week, with the band, the spends that were seen, today and the plan."""

from __future__ import annotations

from keepers.reports.budget import BudgetChannel
from keepers.reports.charts.chart import Chart, DataTable, LegendItem, Option, axis_format, colour, frame, line
from keepers.reports.formatting import money, number


def response_chart(found: BudgetChannel, place: int, currency: str | None, changes: bool) -> Chart:
    """The curve of one channel; `place` is its place among them, `changes` whether the plan is recommended."""
    points = found.curve
    labels = _labels([point.spend for point in points], currency)
    option = frame(labels, axis_format("count"), name="new customers a week", gap=False)
    option["xAxis"]["axisLabel"]["interval"] = max(len(labels) // 5, 1)
    seen = [_nearest(found, spend) for spend in found.seen]
    today, planned = _nearest(found, found.today), _nearest(found, found.planned)
    marks = [_mark(labels[today], "ink", "dashed")]
    if changes and planned != today:
        marks.append(_mark(labels[planned], "good", "solid"))
    option["series"] = [
        {
            **line("Expected", [point.customers for point in points], "accent", width=2.4),
            "markArea": {
                "silent": True,
                "itemStyle": {"color": colour("shade")},
                "data": [[{"xAxis": labels[seen[0]]}, {"xAxis": labels[seen[1]]}]],
            },
            "markLine": {"silent": True, "symbol": "none", "data": marks},
        },
        line("Lower end", [point.low for point in points], "accent", dashed=True, width=1),
        line("Upper end", [point.high for point in points], "accent", dashed=True, width=1),
    ]
    table = DataTable(
        f"{found.name}: new customers a week that money brings",
        ("Spend a week", "New customers", "Lower end", "Upper end"),
        tuple(
            (label, *(number(value, 1) for value in (point.customers, point.low, point.high)))
            for label, point in zip(labels, points, strict=True)
        ),
    )
    now = points[today]
    legend = [
        LegendItem("expected, 80% band", "accent"),
        LegendItem("spends seen so far", "blind", "block"),
        LegendItem("today", "ink", "dashed"),
        *((LegendItem("plan", "good"),) if len(marks) > 1 else ()),
    ]
    return Chart(
        f"response-{place}",
        f"Curve of {found.name}: {money(found.today, currency)} a week bring about {number(now.customers, 1)} new "
        f"customers a week; each further one costs more than the last. The table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3),
        tuple(legend),
        250,
    )


def _labels(spends: list[float], currency: str | None) -> list[str]:
    """Spends as texts that differ, since they name places on the axis."""
    plain = [money(spend, currency) for spend in spends]
    return plain if len(set(plain)) == len(plain) else [money(spend, currency, exact=True) for spend in spends]


def _nearest(found: BudgetChannel, spend: float) -> int:
    return min(range(len(found.curve)), key=lambda row: abs(found.curve[row].spend - spend))


def _mark(label: str, hue: str, kind: str) -> Option:
    return {"xAxis": label, "label": {"show": False}, "lineStyle": {"color": colour(hue), "type": kind, "width": 1.4}}
