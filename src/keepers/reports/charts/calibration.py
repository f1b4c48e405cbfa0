"""Predicted and actual purchases by decile of the prediction."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, bar, frame
from keepers.reports.evidence import Calibration
from keepers.reports.formatting import count, horizon, number


def calibration_chart(calibration: Calibration) -> Chart:
    """Two bars a group: what was predicted for it, and what happened."""
    groups = calibration.groups
    labels = [str(i + 1) for i in range(len(groups))]
    if len(labels) > 1:
        labels[0], labels[-1] = "1 (least)", f"{len(groups)} (most)"
    span = horizon(calibration.holdout)
    option = frame(labels, axis_format("count"), name=f"purchases a customer in {span}")
    option["series"] = [
        bar("Predicted", [group.predicted for group in groups], "accent", outlined=True),
        bar("Actual", [group.actual for group in groups], "ink"),
    ]
    table = DataTable(
        f"Purchases a customer in {span}, by group of what was predicted",
        ("Group", "Customers", "Predicted", "Actual"),
        tuple(
            (label, count(group.customers), number(group.predicted), number(group.actual))
            for label, group in zip(labels, groups, strict=True)
        ),
    )
    return Chart(
        "calibration",
        f"Bar chart: predicted and actual purchases a customer in {span}, by group of what was predicted. "
        "The table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3),
        (LegendItem("Predicted", "accent", "outline"), LegendItem("Actual", "ink", "block")),
        280,
    )
