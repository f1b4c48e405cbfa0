"""Response curves: new customers by money a week, with the band, the spends that were seen, today and the plan."""

from __future__ import annotations

from keepers.reports.budget import BudgetChannel
from keepers.reports.charts.chart import Chart, DataTable, LegendItem, Option, axis_format, colour, frame, line
from keepers.reports.formatting import money, number, prefix_of


def response_chart(found: BudgetChannel, place: int, currency: str | None, changes: bool) -> Chart:
    """The curve of one channel; `place` is its place among them, `changes` whether the plan is recommended."""
    points = found.curve
    labels = _labels([point.spend for point in points], currency)
    spends = [point.spend for point in points]
    option = frame((), axis_format("count"), name="new customers a week", gap=False)
    option["xAxis"].update({"type": "value", "data": None, "min": 0, "max": spends[-1], "splitLine": {"show": False}})
    option["xAxis"]["splitNumber"] = 4
    option["xAxis"]["axisLabel"] |= {
        "formatter": axis_format("money", prefix_of(currency)), "showMaxLabel": False,
    }  # fmt: skip
    now = min(points, key=lambda point: abs(point.spend - found.today))
    marks = [_mark(found.today, "ink", "dashed")]
    if changes and found.planned != found.today:
        marks.append(_mark(found.planned, "good", "solid"))
    option["series"] = [
        {
            **_curve("Expected", spends, [point.customers for point in points], width=2.4),
            "markArea": {
                "silent": True,
                "itemStyle": {"color": colour("shade")},
                "data": [[{"xAxis": found.seen[0]}, {"xAxis": found.seen[1]}]],
            },
            "markLine": {"silent": True, "symbol": "none", "data": marks},
        },
        _curve("Lower end", spends, [point.low for point in points], dashed=True, width=1),
        _curve("Upper end", spends, [point.high for point in points], dashed=True, width=1),
    ]
    table = DataTable(
        f"{found.name}: new customers a week that money brings",
        ("Spend a week", "New customers", "Lower end", "Upper end"),
        tuple(
            (label, *(number(value, 1) for value in (point.customers, point.low, point.high)))
            for label, point in zip(labels, points, strict=True)
        ),
    )
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
    """Spends as texts that differ, since they name the rows of the table."""
    plain = [money(spend, currency) for spend in spends]
    return plain if len(set(plain)) == len(plain) else [money(spend, currency, exact=True) for spend in spends]


def _curve(name: str, spends: list[float], values: list[float], *, dashed: bool = False, width: float) -> Option:
    drawn = line(name, values, "accent", dashed=dashed, width=width)
    return drawn | {"data": [list(pair) for pair in zip(spends, drawn["data"], strict=True)]}


def _mark(spend: float, hue: str, kind: str) -> Option:
    return {"xAxis": spend, "label": {"show": False}, "lineStyle": {"color": colour(hue), "type": kind, "width": 1.4}}
