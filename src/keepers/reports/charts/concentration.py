"""How much of the value the most valuable customers hold."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, axis_format, colour, frame, line
from keepers.reports.content import Equity
from keepers.reports.formatting import finite, percent


def concentration_chart(equity: Equity) -> Chart:
    """The curve of shares, most valuable customers first."""
    points = equity.concentration
    labels = [percent(share) for share, _ in points]
    option = frame((), axis_format("percent"), name="share of the predicted value", gap=False)
    option["yAxis"].update({"min": 0, "max": 1, "interval": 0.25})
    option["xAxis"].update({"type": "value", "data": None, "min": 0, "max": 1, "interval": 0.2})
    option["xAxis"]["splitLine"] = {"show": False}
    option["xAxis"]["axisLabel"] = {**option["xAxis"]["axisLabel"], "formatter": axis_format("percent")}
    curve = line("Share of value", [], "accent", width=2.4, area=True)
    curve["data"] = [[finite(share), finite(value)] for share, value in points]
    if finite(equity.top_share) is not None:
        curve["markLine"] = {
            "silent": True,
            "symbol": ["none", "circle"],
            "symbolSize": 7,
            "lineStyle": {"color": colour("ink"), "type": "solid", "width": 1},
            "label": {"show": False},
            "data": [[{"coord": [equity.top_customers, 0]}, {"coord": [equity.top_customers, equity.top_share]}]],
        }
    even = line("Were all worth the same", [], "muted", dashed=True, width=1)
    even["data"] = [[0, 0], [1, 1]]
    option["series"] = [curve, even]
    top = percent(equity.top_customers)
    table = DataTable(
        "Share of the predicted value by share of customers, most valuable first",
        ("Most valuable customers", "Share of value"),
        tuple((label, percent(value)) for label, (_, value) in zip(labels, points, strict=True)),
    )
    return Chart(
        "concentration",
        f"Curve: the most valuable {top} of customers hold {percent(equity.top_share)} of the predicted value. "
        "The table below it holds the same numbers.",
        option,
        table,
        (1,),
        (),
        330,
    )
