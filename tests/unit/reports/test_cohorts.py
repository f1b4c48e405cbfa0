"""Cohort triangles: immature cells stay blank, forecasts stay forecasts, gathering is a weighted mean."""

from __future__ import annotations

import datetime as dt

import pytest

from keepers.reports import findings
from keepers.reports.charts.cohort_curves import CURVES_AT_MOST, cohort_curves
from keepers.reports.cohorts import AGES_AT_MOST, ROWS_AT_MOST, heatmap
from keepers.reports.groups import CohortMeasure, CohortRow, CohortTriangle

VALUE = CohortMeasure.CUMULATIVE_VALUE


def month(index: int) -> dt.date:
    """First day of a month, counted from January 2020."""
    return dt.date(2020 + index // 12, index % 12 + 1, 1)


def triangle(months: int, measure: CohortMeasure = CohortMeasure.CUMULATIVE_VALUE, ahead: int = 0) -> CohortTriangle:
    """Cohorts of 10, 11, ... customers whose value at age a is 5 (a + 1)."""
    rows = []
    for i in range(months):
        mature = months - i
        observed = tuple(5.0 * (a + 1) if a < mature else None for a in range(months))
        forecast = tuple(5.0 * (a + 1) if mature <= a < mature + ahead else None for a in range(months))
        rows.append(CohortRow(month(i), 10 + i, observed, forecast))
    return CohortTriangle(measure, tuple(rows))


def test_few_cohorts_are_shown_as_they_are() -> None:
    heat = heatmap(triangle(6, ahead=2))
    assert heat.period == "month"
    assert heat.rows[0].label == "Jan\N{NO-BREAK SPACE}2020"
    assert [cell.value for cell in heat.rows[4].cells] == [5, 10, 15, 20, None, None]
    assert [cell.forecast for cell in heat.rows[4].cells] == [False, False, True, True, False, False]
    assert heat.has_forecast


@pytest.mark.parametrize(("months", "period"), [(24, "month"), (25, "quarter"), (60, "quarter"), (100, "year")])
def test_many_cohorts_are_gathered(months: int, period: str) -> None:
    heat = heatmap(triangle(months))
    assert heat.period == period
    assert len(heat.rows) <= ROWS_AT_MOST
    assert len(heat.ages) <= AGES_AT_MOST


def test_a_gathered_cell_is_a_weighted_mean_of_mature_cohorts() -> None:
    rows = (
        CohortRow(month(0), 10, (0.0, 0.0, 30.0, *[1.0] * 27)),
        CohortRow(month(1), 30, (0.0, 0.0, 10.0, *[1.0] * 26, None)),
        CohortRow(month(2), 0, ()),
        *(CohortRow(month(i), 1, (1.0,) * 3) for i in range(3, 30)),
    )
    heat = heatmap(CohortTriangle(CohortMeasure.CUMULATIVE_VALUE, rows))
    assert heat.period == "quarter"
    assert heat.rows[0].customers == 40
    assert heat.rows[0].cells[0].value == pytest.approx((10 * 30 + 30 * 10) / 40)
    assert heat.ages == tuple(range(1, 10)), "one cohort is immature in the tenth quarter"


def test_a_gathered_share_is_the_mean_of_its_months() -> None:
    rows = tuple(CohortRow(month(i), 10, (1.0, 0.3, 0.1, 0.3, 0.0, 0.6)) for i in range(30))
    heat = heatmap(CohortTriangle(CohortMeasure.ACTIVE_SHARE, rows))
    assert heat.rows[0].cells[0].value == pytest.approx(0.2), "the month of the first order is left out"
    assert heat.rows[0].cells[1].value == pytest.approx(0.3)


def test_one_cohort_makes_no_comparison_and_no_curve_breaks() -> None:
    heat = heatmap(triangle(1))
    assert len(heat.rows) == 1
    assert findings.cohorts(heat, CohortMeasure.CUMULATIVE_VALUE, "EUR") == ""
    assert cohort_curves(heat, CohortMeasure.CUMULATIVE_VALUE, "EUR").legend == ()


def test_a_missing_or_broken_number_is_blank() -> None:
    rows = (CohortRow(month(0), 5, (1.0, float("nan"), None)), CohortRow(month(1), 5, (2.0,)))
    heat = heatmap(CohortTriangle(CohortMeasure.CUMULATIVE_ORDERS, rows))
    assert [[cell.value for cell in row.cells] for row in heat.rows] == [[1.0], [2.0]]


def test_curves_join_their_forecast_and_stay_few() -> None:
    chart = cohort_curves(heatmap(triangle(20, ahead=3)), CohortMeasure.CUMULATIVE_VALUE, "EUR")
    assert len(chart.legend) == CURVES_AT_MOST + 1
    assert chart.legend[-1].label.startswith("forecast")
    seen = next(s for s in chart.option["series"] if not s["name"].endswith("forecast"))
    ahead = next(s for s in chart.option["series"] if s["name"] == f"{seen['name']}, forecast")
    joint = max(i for i, value in enumerate(seen["data"]) if value is not None)
    if joint + 1 < len(ahead["data"]):
        assert ahead["data"][joint] == seen["data"][joint]


def test_newer_and_older_cohorts_are_compared_at_one_age() -> None:
    rows = tuple(CohortRow(month(i), 10, tuple([10.0 if i < 4 else 20.0] * 3)) for i in range(8))
    text = findings.cohorts(heatmap(CohortTriangle(VALUE, rows)), VALUE, "EUR")
    assert text == (
        "Up to the end of month 3, a customer had brought €10.00 in the older half of the cohorts and €20.00 in the "
        "newer half: 100% more."
    )
