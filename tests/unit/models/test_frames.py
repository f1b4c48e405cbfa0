"""Frames of every library go in and come back as they are; impossible histories are refused with their row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from history import PurchaseRows
from keepers.data.table import Table
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import ObservationWindow, TimeUnit, weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.summaries.summary import summarise

COLUMNS = {"frequency": [0, 1, 4, 2, 0], "recency": [0.0, 5, 30, 20, 0], "T": [39.0, 39, 38, 30, 39]}


@pytest.fixture(scope="module")
def model() -> BGNBD:
    return BGNBD().fit(COLUMNS, unit="week")


def test_every_kind_of_frame_is_the_same_fit(model: BGNBD) -> None:
    for frame in (pd.DataFrame(COLUMNS), pl.DataFrame(COLUMNS), pl.LazyFrame(COLUMNS), pa.table(COLUMNS)):
        assert BGNBD().fit(frame, unit="weeks").parameters_ == model.parameters_
    cells = Cells.of_customers(*(np.array(column, float) for column in COLUMNS.values()), TimeUnit.WEEK)
    assert BGNBD().fit(cells).parameters_ == model.parameters_
    assert model.n_customers_ == 5


def test_weights_of_a_frame(model: BGNBD) -> None:
    merged = {"frequency": [0, 1, 4, 2], "recency": [0.0, 5, 30, 20], "T": [39.0, 39, 38, 30], "weight": [2, 1, 1, 1]}
    assert BGNBD().fit(pd.DataFrame(merged), unit="week").parameters_ == pytest.approx(model.parameters_)


def test_a_frame_comes_back_in_its_kind(model: BGNBD) -> None:
    expected = model.expected_purchases(COLUMNS, weeks(10))["expected_purchases"]
    pandas = model.expected_purchases(pd.DataFrame(COLUMNS, index=list("edcba")), weeks(10))
    assert isinstance(pandas, pd.DataFrame)
    assert list(pandas.index) == list("edcba")
    assert pandas["expected_purchases"].to_numpy() == pytest.approx(expected)
    assert list(pandas.columns) == [*COLUMNS, "expected_purchases"]
    polars = model.expected_purchases(pl.DataFrame(COLUMNS), weeks(10))
    assert isinstance(polars, pl.DataFrame)
    assert polars["expected_purchases"].to_numpy() == pytest.approx(expected)
    arrow = model.expected_purchases(pa.table(COLUMNS), weeks(10))
    assert isinstance(arrow, pa.Table)
    assert arrow["expected_purchases"].to_numpy() == pytest.approx(expected)
    several = model.purchase_distribution(pl.DataFrame(COLUMNS), weeks(10), 2)
    assert several.columns[-3:] == ["probability_0", "probability_1", "probability_2"]


def test_a_frame_in_another_unit(model: BGNBD) -> None:
    in_days = {
        **COLUMNS,
        "recency": [7 * value for value in COLUMNS["recency"]],
        "T": [7 * value for value in COLUMNS["T"]],
    }
    assert model.probability_alive(in_days, unit="day")["probability_alive"] == pytest.approx(
        model.probability_alive(COLUMNS)["probability_alive"]
    )
    with pytest.raises(ConfigError, match="does not say its unit"):
        BGNBD().fit(COLUMNS)


def test_a_summary_gives_a_table_of_its_engine() -> None:
    rows = PurchaseRows(
        [("ann", "2025-01-01", 5.0), ("ann", "2025-03-01", 5.0), ("bob", "2025-01-05", 9.0), ("cy", "2025-02-02", 1.0)]
    )
    summary = summarise(rows, ObservationWindow("2025-06-30", unit="week"))
    fitted = BGNBD().fit(summary)
    found = fitted.probability_alive(summary)
    assert isinstance(found, Table)
    values = dict(found.engine.rows(f'SELECT customer_key, probability_alive FROM "{found.name}"'))
    assert set(values) == {"ann", "bob", "cy"}
    assert values["bob"] == 1.0
    assert values["ann"] < 1.0
    assert fitted.n_customers_ == 3
    wide = fitted.purchase_distribution(summary, weeks(4), 1)
    assert {"probability_0", "probability_1"} <= set(wide.columns)


def test_of_nobody_the_answers_are_empty(model: BGNBD) -> None:
    nobody = pd.DataFrame({name: np.empty(0) for name in ("frequency", "recency", "T")})
    for found in (
        model.probability_alive(nobody), model.probability_alive(nobody, weeks(4)),
        model.expected_purchases(nobody, weeks(4)), model.discounted_expected_purchases(nobody),
        model.expected_lifetime(nobody, weeks(52)), model.median_lifetime(nobody),
    ):  # fmt: skip
        assert (found.shape[0], found.shape[1]) == (0, 4)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("recency", [0, 50.0, 30, 20, 0], r"`recency` is larger than `T` in 1 row \(first: row 2, 50 > 39 weeks\)"),
        ("recency", [0, 0, 30, 20, 0], "`recency` is zero in spite of repeat purchases"),
        ("recency", [3, 5, 30, 20, 0], "`recency` is above zero without a repeat purchase"),
        ("recency", [0, -5, 30, 20, 0], "`recency` is negative"),
        ("frequency", [0, 1.5, 4, 2, 0], "`frequency` is not a whole number"),
        ("frequency", [0, -1, 4, 2, 0], "`frequency` is negative"),
        ("T", [-1, 39, 38, 30, 39], "`T` is negative"),
        ("T", [np.nan, 39, 38, 30, 39], "`T` has 1 empty"),
        ("T", list("abcde"), "not a column of numbers"),
    ],
)
def test_impossible_histories(column: str, values: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        BGNBD().fit({**COLUMNS, column: values}, unit="week")


def test_missing_columns_and_things_that_are_no_frame() -> None:
    with pytest.raises(InputError, match="lacks recency, T"):
        BGNBD().fit(pd.DataFrame({"frequency": [1]}), unit="week")
    with pytest.raises(InputError, match="A float holds no purchase histories"):
        BGNBD().fit(3.0, unit="week")
    with pytest.raises(InputError, match="`weight` is negative"):
        BGNBD().fit({**COLUMNS, "weight": [1, 1, 1, 1, -1]}, unit="week")
