"""Predicted and actual purchases over time, summed up and period by period, with the day from which it was a test."""

from __future__ import annotations

from itertools import accumulate

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, Option, axis_format, colour, frame, line
from keepers.reports.evidence import Tracking
from keepers.reports.formatting import count, day, finite


def tracking_charts(tracking: Tracking) -> tuple[Chart, Chart]:
    """The cumulative and the incremental chart, over one table."""
    points = tracking.points
    unit = tracking.unit.value
    days = [day(point.day) for point in points]
    actual = [finite(point.actual) for point in points]
    predicted = [finite(point.predicted) for point in points]
    actual_sum, predicted_sum = _running(actual), _running(predicted)
    table = DataTable(
        f"Repeat purchases by {unit}, actual and predicted by {tracking.model}",
        (f"{unit.capitalize()} to", "Actual", "Predicted", "Actual, summed up", "Predicted, summed up"),
        tuple(
            (label, count(a), _predicted(p), count(total_a), _predicted(total_p))
            for label, a, p, total_a, total_p in zip(days, actual, predicted, actual_sum, predicted_sum, strict=True)
        ),
    )
    legend = [LegendItem("Actual", "ink"), LegendItem(f"Predicted by {tracking.model}", "accent", "dashed")]
    marks = _blind_part(tracking)
    if marks:
        legend.append(LegendItem("Not seen by the model", "blind", "block"))
    charts = []
    for kind, name, columns, a, p in (
        ("cumulative", "repeat purchases since the first day", (3, 4), actual_sum, predicted_sum),
        ("incremental", f"repeat purchases a {unit}", (1, 2), actual, predicted),
    ):
        option = frame(days, axis_format("count"), name=name, gap=False)
        option["xAxis"]["axisLabel"]["interval"] = max(len(days) // 7, 0)
        option["series"] = [
            {**line("Actual", a, "ink", width=2.2 if kind == "cumulative" else 1.4), **marks},
            line("Predicted", p, "accent", dashed=True, width=2.4),
        ]
        charts.append(
            Chart(
                f"tracking-{kind}",
                f"Line chart: {name}, actual against predicted. The table below it holds the same numbers.",
                option,
                table,
                columns,
                tuple(legend),
                300 if kind == "cumulative" else 240,
                None if kind == "cumulative" else "tracking-cumulative",
            )
        )
    return charts[0], charts[1]


def _running(values: list[float | None]) -> list[float | None]:
    """Sums up to each point; None from the first missing value on."""
    known = values[: values.index(None)] if None in values else values
    sums: list[float | None] = list(accumulate(value for value in known if value is not None))
    return sums + [None] * (len(values) - len(sums))


def _predicted(value: float | None) -> str:
    return count(value) if value is None or value >= 99.5 else f"{value:.1f}"


def _blind_part(tracking: Tracking) -> Option:
    """The shaded part that the model had not seen."""
    position = next((i for i, point in enumerate(tracking.points) if point.day > tracking.calibration_end), None)
    if position is None:
        return {}
    start = day(tracking.points[max(position - 1, 0)].day)
    end = day(tracking.points[-1].day)
    return {
        "markLine": {
            "silent": True,
            "symbol": "none",
            "label": {"show": False},
            "lineStyle": {"color": colour("ink-soft"), "type": "solid", "width": 1},
            "data": [{"xAxis": start}],
        },
        "markArea": {
            "silent": True,
            "itemStyle": {"color": colour("shade")},
            "data": [[{"xAxis": start}, {"xAxis": end}]],
        },
    }
