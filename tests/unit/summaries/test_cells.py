"""Cells: exact groups of customers, and bins of spend that keep their moments."""

from __future__ import annotations

import numpy as np
import pytest

from history import PurchaseRows
from keepers.summaries.frames import summary_from_frame
from keepers.summaries.summary import summarise


def test_cells_are_distinct_sorted_and_complete() -> None:
    orders = PurchaseRows(
        [(who, day, 1) for who in "abc" for day in ("2024-01-01", "2024-01-03")] + [("d", "2024-01-02", 1)]
    )
    found = summarise(orders).keyed_cells()
    assert found.cells.size == 2
    np.testing.assert_array_equal(found.key["frequency"], [0, 1])
    np.testing.assert_array_equal(found.key["T_days"], [1, 2])
    np.testing.assert_array_equal(found.cells.weight, [1, 3])
    np.testing.assert_allclose(found.cells.T, np.array([1, 2]) / 7)


def test_spend_of_repeat_days_or_of_all() -> None:
    orders = PurchaseRows([("a", "2024-01-01", 10), ("a", "2024-01-03", 20), ("b", "2024-01-02", 7)])
    summary = summarise(orders)
    repeat, every = summary.spend_cells(), summary.spend_cells(include_first=True)
    np.testing.assert_array_equal([repeat.x, repeat.mean_spend], [[1], [20]])
    np.testing.assert_array_equal([every.x, every.mean_spend], [[1, 2], [7, 15]])


def test_bins_keep_the_weight_the_logarithms_and_their_spread() -> None:
    rng = np.random.default_rng(3)
    n = 4_000
    x = rng.integers(1, 4, n)
    spend = np.exp(rng.normal(3, 0.6, n))
    spend[:3] = [0.0, -2.0, 0.0]
    summary = summary_from_frame(
        {"frequency": x, "recency": np.ones(n), "T": np.full(n, 2.0), "monetary_value": spend}, unit="week"
    )
    exact, binned = summary.spend_cells(), summary.spend_cells(max_rows=1_000)
    assert exact.exact
    assert not binned.exact
    assert binned.size < 2_000
    assert binned.customers == exact.customers == n
    assert binned.weight[binned.mean_spend == 0].sum() == 3, "what the spend model must leave out stays countable"
    positive = binned.mean_spend > 0
    assert binned.spread is not None
    log_mean = np.log(binned.mean_spend[positive])
    weight, kept = binned.weight[positive], spend[spend > 0]
    assert weight @ log_mean == pytest.approx(np.log(kept).sum(), rel=1e-12)
    assert weight @ (binned.spread[positive] + log_mean**2) == pytest.approx((np.log(kept) ** 2).sum(), rel=1e-9)
