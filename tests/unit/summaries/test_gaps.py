"""The times between purchases: found in the orders when asked for, carried in the unit of the cells."""

from __future__ import annotations

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.cells import Cells
from keepers.domain.errors import InputError
from keepers.domain.histories import check_histories
from keepers.domain.time import TimeUnit
from keepers.models.frames import cells_to_fit, histories
from keepers.numerics.distinct import CellTables
from keepers.summaries.frames import summary_from_frame
from keepers.summaries.summary import Summary, summarise

DAYS = {"a": (1, 3, 9), "b": (1, 5, 9), "c": (1, 9), "d": (9,), "e": (1, 5, 5, 9)}
"""Days of January on which each bought; a day counts once."""


def summary() -> Summary:
    return summarise(PurchaseRows([(who, f"2024-01-{day:02}", 1) for who, days in DAYS.items() for day in days]))


def test_the_sum_over_customers_is_in_the_cells() -> None:
    found = summary().cells(gaps="sum")
    plain = summary().cells()
    assert plain.log_gaps is None
    assert found.log_gaps is not None
    for name in ("x", "t_x", "T", "weight"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
    week = np.log(7)
    expected = [0.0, np.log(8) - week, np.log(2 * 6) + 2 * np.log(4 * 4) - 6 * week]
    np.testing.assert_allclose(found.log_gaps, expected, atol=1e-11)


def test_customers_stay_apart_where_each_counts() -> None:
    found = summary().cells(gaps="each")
    assert found.log_gaps is not None
    np.testing.assert_array_equal(found.weight, [1, 1, 1, 2])
    np.testing.assert_allclose(found.log_gaps[2:], np.log([12, 16 * 16]) - 2 * np.log(7) * found.weight[2:], atol=1e-11)


def test_the_table_is_made_once_and_only_when_asked_for() -> None:
    made = summary()
    before = made.engine.row("SELECT count(*) FROM duckdb_tables()")[0]
    made.cells()
    assert made.engine.row("SELECT count(*) FROM duckdb_tables()")[0] == before
    assert made.gaps_table() == made.gaps_table()


def test_units() -> None:
    in_weeks = summary().cells(gaps="sum")
    in_days = in_weeks.in_unit(TimeUnit.DAY)
    assert in_days.log_gaps is not None
    np.testing.assert_allclose(np.exp(in_days.log_gaps), [1, 8, 12 * 16 * 16], rtol=1e-10)
    scaled = CellTables.of(in_days, 3.0)
    assert scaled.log_gaps is not None
    np.testing.assert_allclose(scaled.log_gaps, in_days.log_gaps - np.log(3) * in_days.x * in_days.weight, atol=1e-12)


def test_a_frame_may_bring_them() -> None:
    frame = {"frequency": [2, 2, 0], "recency": [4.0, 4.0, 0.0], "T": [5.0, 5.0, 5.0], "log_gaps": [1.0, 1.2, 0.0]}
    for cells in (
        cells_to_fit(frame, "week", "sum"),
        summary_from_frame(frame, unit="week").cells(gaps="sum"),
        Cells.of_customers(*(np.array(frame[name]) for name in ("frequency", "recency", "T")), TimeUnit.WEEK,
                           np.array(frame["log_gaps"])),
    ):  # fmt: skip
        assert cells.log_gaps is not None
        np.testing.assert_allclose(cells.log_gaps, [0.0, 2.2], atol=1e-11)
    assert cells_to_fit(frame, "week", "each").size == 3
    rows = histories(summary_from_frame(frame, unit="week"), TimeUnit.DAY, gaps="each").cells
    assert rows.log_gaps is not None
    np.testing.assert_allclose(rows.log_gaps, np.array(frame["log_gaps"]) + np.log(7) * rows.x, atol=1e-11)


def test_a_sample_keeps_its_share() -> None:
    cells = CellTables(np.array([1.0, 2.0]), np.ones(2), np.ones(2), np.array([30.0, 10.0]), np.array([-60.0, -5.0]))
    sample = cells.sample(8)
    assert sample.log_gaps is not None
    np.testing.assert_allclose(sample.log_gaps, [-60.0, -5.0])


def test_gaps_that_cannot_be_are_refused() -> None:
    one = np.ones(1)
    with pytest.raises(InputError, match="`log_gaps` is larger than gaps that add up to `recency` allow in 1 row"):
        check_histories(Cells(2 * one, 4 * one, 5 * one, one, TimeUnit.WEEK, one * 1.5))
    check_histories(Cells(2 * one, 4 * one, 5 * one, one, TimeUnit.WEEK, one * 2 * np.log(2)))


def test_a_frame_without_them_says_so() -> None:
    with pytest.raises(InputError, match="The times between purchases are not known"):
        summary_from_frame({"frequency": [2], "recency": [4.0], "T": [5.0]}, unit="week").cells(gaps="sum")
