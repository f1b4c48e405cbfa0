"""Charts are plain, finite options whose table says the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from keepers.domain.time import TimeUnit
from keepers.reports import page, sections
from keepers.reports.charts.chart import Chart
from keepers.reports.charts.tracking import tracking_charts
from keepers.reports.evidence import Tracking, TrackingPoint
from unit.reports.content_example import example_content

CHARTS = sections.charts_of(example_content())


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.id)
def test_a_chart_and_its_table_have_the_same_positions(chart: Chart) -> None:
    json.dumps(chart.option, allow_nan=False)
    positions = chart.option["xAxis"]["data"] or chart.option["series"][0]["data"]
    assert len(chart.table.rows) == len(positions)
    assert all(len(row) == len(chart.table.headers) for row in chart.table.rows)
    assert all(0 < column < len(chart.table.headers) for column in chart.tooltip_columns)
    if chart.option["xAxis"]["type"] == "category":
        assert all(len(series["data"]) == len(positions) for series in chart.option["series"])


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.id)
def test_every_colour_is_one_of_the_palette(chart: Chart) -> None:
    style = page.asset("report.css")
    for name in set(re.findall(r"var\(--([\w-]+)\)", json.dumps(chart.option))) | {i.colour for i in chart.legend}:
        assert f"--{name}:" in style, f"{chart.id} draws with --{name}, which the style sheet has not"


def test_the_example_draws_every_kind_of_chart() -> None:
    assert set(CHARTS) == {
        "concentration", "acquisition", "cohorts-cumulative-value", "cohorts-active-share", "tracking-cumulative",
        "tracking-incremental", "calibration", "months", "season", "moves-0", "channel-costs", "channel-quality",
        "payback",
    }  # fmt: skip


def test_sums_stop_where_the_data_end() -> None:
    import datetime as dt

    days = [dt.date(2024, 1, 7) + dt.timedelta(7 * i) for i in range(4)]
    points = tuple(TrackingPoint(d, a, 2.0) for d, a in zip(days, (1.0, 3.0, None, None), strict=True))
    cumulative, incremental = tracking_charts(Tracking(TimeUnit.WEEK, points, days[1], "BG/NBD"))
    actual, predicted = cumulative.option["series"]
    assert actual["data"] == [1.0, 4.0, None, None]
    assert predicted["data"] == [2.0, 4.0, 6.0, 8.0]
    assert incremental.table_of == cumulative.id
    shaded: Any = actual["markArea"]["data"]
    assert shaded[0][0]["xAxis"] == cumulative.option["xAxis"]["data"][1]
