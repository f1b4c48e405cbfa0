"""Breakdowns: nothing is lost when rows are gathered."""

from __future__ import annotations

import datetime as dt

import pytest

from keepers.reports.breakdowns import MONTHS_AT_MOST, ROWS_AT_MOST, coarse_months, largest
from keepers.reports.groups import Breakdown, BreakdownRow, Dimension


def test_two_hundred_products_become_twelve_and_the_rest() -> None:
    rows = tuple(BreakdownRow(f"p{i}", 2, float(i), 1.0, 1, 0.5) for i in range(200))
    shown = largest(Breakdown(Dimension.PRODUCT, (*rows, BreakdownRow("  ", 7, 3.0, 1.0, 1, 0.5))))
    assert len(shown) == ROWS_AT_MOST + 2
    assert [row.label for row in shown[:2]] == ["p199", "p198"]
    assert shown[-2].label == "188 others"
    assert shown[-1].label == "not known"
    assert sum(row.customers for row in shown) == 407
    assert sum(row.value or 0 for row in shown) == pytest.approx(sum(range(200)) + 3)


def test_thirteen_rows_are_not_gathered_into_one_other() -> None:
    rows = tuple(BreakdownRow(f"p{i}", 1, float(i)) for i in range(ROWS_AT_MOST + 1))
    assert len(largest(Breakdown(Dimension.PRODUCT, rows))) == ROWS_AT_MOST + 1


def test_a_sum_over_a_missing_figure_is_missing() -> None:
    known = [BreakdownRow(f"p{i}", 1, 9.0) for i in range(ROWS_AT_MOST)]
    unknown = [BreakdownRow(f"q{i}", 1) for i in range(2)]
    assert largest(Breakdown(Dimension.PRODUCT, (*known, *unknown)))[-1].value is None


@pytest.mark.parametrize(("months", "period"), [(1, "month"), (36, "month"), (37, "quarter"), (109, "year")])
def test_months_are_gathered(months: int, period: str) -> None:
    rows = tuple(BreakdownRow("", 2, 5.0, month=dt.date(2010 + i // 12, i % 12 + 1, 1)) for i in range(months))
    coarse = coarse_months(Breakdown(Dimension.ACQUISITION_MONTH, rows))
    assert coarse.period == period
    assert len(coarse.rows) <= MONTHS_AT_MOST
    assert sum(row.customers for row in coarse.rows) == 2 * months
