"""Summaries that users bring: what is accepted, and the errors that name the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.domain.time import TimeUnit
from keepers.summaries.frames import summary_from_frame

GOOD: dict[str, Any] = {
    "customer_id": ["x", "y", "z"],
    "frequency": [2, 0, 1],
    "recency": [30.43, 0.0, 1.0],
    "T": [38.86, 38.86, 2.0],
    "monetary_value": [22.35, 0.0, 11.77],
}


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, lambda d: pl.DataFrame(d).lazy()])
def test_every_kind_of_frame(make: Any) -> None:
    summary = summary_from_frame(make(GOOD), unit="week", margin=0.4, currency="EUR")
    rows = summary.engine.rows(
        f"SELECT customer_key, frequency, monetary_value FROM {summary.name} ORDER BY row_number"
    )
    assert rows == [("x", 2, 22.35), ("y", 0, None), ("z", 1, 11.77)]
    assert (summary.unit, summary.currency, summary.margin) == (TimeUnit.WEEK, "EUR", Margin(rate=0.4))
    cells = summary.cells()
    assert sorted(cells.x) == [0, 1, 2]
    np.testing.assert_allclose(sorted(cells.T), [2.0, 38.86, 38.86], rtol=1e-9)
    assert summary.spend_cells().customers == 2


def test_histories_that_differ_by_a_rounding_share_a_cell() -> None:
    frame = {"frequency": [1, 1], "recency": [30 / 7, 30 / 7 + 1e-12], "T": [4.5, 4.5]}
    assert summary_from_frame(frame, unit="week").cells().size == 1


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("frequency", [2, -1, 1], r"`frequency` is negative in 1 row \(first: customer y, -1\)"),
        ("frequency", [2, 0.5, 1], r"`frequency` is not a whole number in 1 row \(first: customer y, 0.5\)"),
        ("T", [38.86, -1, 2], r"`T` is negative in 1 row \(first: customer y, -1 weeks\)"),
        ("recency", [40, 0, 3], r"`recency` is larger than `T` in 2 rows \(first: customer x, 40 > 38.86 weeks\)"),
        ("recency", [30, 2, 1], r"`recency` is above zero without a repeat purchase in 1 row \(first: customer y"),
        ("recency", [30, 0, 0], r"`recency` is zero in spite of repeat purchases in 1 row \(first: customer z"),
        ("monetary_value", [22, None, None], r"`monetary_value` is missing in 1 row with repeat purchases"),
        ("T", [38.86, None, 2], "empty or infinite"),
        ("T", ["long", "short", "none"], "`T` of the frame is not a column of numbers"),
    ],
)
def test_what_cannot_be_is_refused_by_name(column: str, values: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        summary_from_frame({**GOOD, column: values}, unit="week")


def test_a_unit_columns_rows_and_a_table_are_needed() -> None:
    with pytest.raises(ConfigError, match="does not say its unit"):
        summary_from_frame(GOOD)
    with pytest.raises(InputError, match="lacks T"):
        summary_from_frame({name: GOOD[name] for name in ("frequency", "recency")}, unit="week")
    with pytest.raises(InputError, match="no rows"):
        summary_from_frame({"frequency": [], "recency": [], "T": []}, unit="week")
    with pytest.raises(InputError, match="A int is not a table"):
        summary_from_frame(3, unit="week")


def test_there_is_nothing_behind_a_given_summary() -> None:
    with pytest.raises(InputError, match="not made of orders"):
        summary_from_frame(GOOD, unit="week", calibration_end="2024-05-01").purchase_days_sql()
