"""Tables of distinct values give the columns back and sum as the rows do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.numerics.distinct import CellTables, distinct, distinct_pairs

COLUMNS = st.one_of(
    arrays(float, st.integers(0, 40), elements=st.sampled_from([0.0, 0.5, 1.0, 7.25, -2.0])),
    arrays(float, st.integers(0, 40), elements=st.integers(0, 30).map(float)),
    arrays(float, st.integers(1, 40), elements=st.sampled_from([0.0, 3e6, 4e6])),
)


@given(COLUMNS)
def test_values_and_index_are_the_column(column: np.ndarray) -> None:
    for ordered in (column, np.sort(column)):
        found = distinct(ordered)
        assert np.array_equal(found.values, np.unique(column))
        assert np.array_equal(found.rows(found.values), ordered)
        assert found.sums(np.ones(column.shape)).sum() == column.size


@given(COLUMNS, st.integers(0, 2**32 - 1))
def test_pairs(first: np.ndarray, seed: int) -> None:
    second = np.random.default_rng(seed).choice([0.0, 1.5, 9.0, 1e7], first.size)
    found = distinct_pairs(distinct(first), distinct(second))
    assert np.array_equal(found.rows(found.first), first)
    assert np.array_equal(found.rows(found.second), second)
    assert found.size == len({*zip(first, second)})
    assert found.sums(np.ones(first.shape)).sum() == first.size


def test_pairs_of_many_distinct_values_are_found_by_sorting() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(500), rng.random(500)
    found = distinct_pairs(distinct(first), distinct(second))
    assert np.array_equal(found.rows(found.first), first)
    assert np.array_equal(found.rows(found.second), second)


def test_tables_of_cells() -> None:
    cells = Cells(
        np.array([0.0, 2.0, 2.0]), np.array([0.0, 5.0, 7.0]), np.array([10.0, 10.0, 14.0]), np.array([3.0, 1.0, 2.0]),
        TimeUnit.DAY,
    )  # fmt: skip
    tables = CellTables.of(cells, 2.0)
    assert tables.ages.values == pytest.approx([5.0, 7.0])
    assert tables.customers_by_age == pytest.approx([4.0, 2.0])
    assert tables.purchases_by_age == pytest.approx([2.0, 4.0])
    assert tables.customers_by_count == pytest.approx([3.0, 3.0])
    assert tables.counts_and_ages.size == 3
    assert tables.counts_and_recencies.size == 3
    assert CellTables.of(tables) is tables


def test_a_sample_stands_for_all() -> None:
    rng = np.random.default_rng(4)
    x, T = np.sort(rng.poisson(1.0, 500)).astype(float), rng.uniform(1, 50, 500)
    weight = np.where(np.arange(500) == 7, 5000.0, 1.0)
    tables = CellTables.of_rows(x, 0.5 * T, T, weight)
    found = tables.sample(400)
    assert found.size < 60
    assert found.weight.sum() == pytest.approx(weight.sum())
    assert found.weight @ found.x == pytest.approx(weight @ x, rel=0.05)
    assert found.weight.max() == pytest.approx(5000, rel=0.01)
