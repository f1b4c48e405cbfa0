"""What an experiment's offers earn as more customers get them, best first."""

from __future__ import annotations

from keepers.reports.charts.chart import Chart, DataTable, LegendItem, axis_format, frame, line
from keepers.reports.decisions import OfferExperiment
from keepers.reports.formatting import money, percent, prefix_of


def profit_chart(found: OfferExperiment, number: int, currency: str | None) -> Chart:
    """The profit curve of an experiment, with its interval and the line of chance; `number` is its place there."""
    points = found.curve
    labels = [percent(point.share) for point in points]
    option = frame(labels, axis_format("money", prefix_of(currency)), name="gain in the experiment", gap=False)
    option["series"] = [
        line("Those first who gain most", [point.profit for point in points], "accent", width=2.4),
        line("Lower end", [point.low for point in points], "accent", dashed=True, width=1),
        line("Upper end", [point.high for point in points], "accent", dashed=True, width=1),
        line("Drawn by lot", [point.at_random for point in points], "muted", width=1.5),
    ]
    best = max(points, key=lambda point: point.profit)
    table = DataTable(
        f"Gain in “{found.name}” by the share of customers who get an offer, those first who gain most",
        ("Share with an offer", "Gain", "Lower end", "Upper end", "Drawn by lot"),
        tuple(
            (label, *(money(value, currency) for value in (point.profit, point.low, point.high, point.at_random)))
            for label, point in zip(labels, points, strict=True)
        ),
    )
    return Chart(
        f"profit-{number}",
        f"Curve: the gain is largest, {money(best.profit, currency)}, where {percent(best.share)} of the customers get "
        "an offer. The table below it holds the same numbers.",
        option,
        table,
        (1, 2, 3, 4),
        (
            LegendItem("those first who gain most, with the 90% interval", "accent"),
            LegendItem("as many drawn by lot, with the best offer", "muted"),
        ),
        260,
    )
