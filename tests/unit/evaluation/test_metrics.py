"""Measures of point predictions: by hand, against plain loops, and in their limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.domain.errors import InputError
from keepers.evaluation.metrics import calibration_groups, measure, normalised_gini, top_share


def test_measures_of_four_customers_by_hand() -> None:
    found = measure([0.5, 1.0, 2.0, 4.0], [0.0, 2.0, 2.0, 1.0])
    assert found.customers == 4
    assert found.predicted == 7.5
    assert found.actual == 5
    assert found.total_error == pytest.approx(0.5)
    assert found.mae == pytest.approx(4.5 / 4)
    assert found.rmse == pytest.approx(np.sqrt((0.25 + 1 + 0 + 9) / 4))
    # curve of captured shares by prediction: 1/5, 3/5, 1, 1; by hindsight: 2/5, 4/5, 1, 1
    assert found.gini == pytest.approx((0.575 - 0.5) / (0.675 - 0.5))


def test_weights_stand_for_customers() -> None:
    predicted, actual = np.array([0.3, 1.2, 0.3]), np.array([0.0, 2.0, 1.0])
    weight = np.array([5.0, 2.0, 3.0])
    repeated = measure(np.repeat(predicted, weight.astype(int)), np.repeat(actual, weight.astype(int)))
    assert measure(predicted, actual, weight).to_dict() == pytest.approx(repeated.to_dict())


def test_gini_is_one_by_hindsight_minus_one_reversed_and_zero_without_ranking() -> None:
    actual = np.array([0.0, 0.0, 1.0, 3.0, 7.0])
    assert normalised_gini(actual**2, actual) == pytest.approx(1.0)
    assert normalised_gini(-actual, actual) == pytest.approx(-1.0)
    assert normalised_gini(np.ones(5), actual) == pytest.approx(0.0)


def test_measures_that_cannot_be_stated_are_none() -> None:
    nobody = measure([1.0, 2.0], [0.0, 0.0])
    assert nobody.gini is None
    assert nobody.top_share is None
    assert nobody.total_error is None
    assert nobody.top_capture is None
    assert measure([1.0, 2.0], [3.0, 3.0]).gini is None


def test_top_share_divides_ties_at_the_border() -> None:
    # a tenth of twenty customers is two; one is the single best, the other one of ten who tie
    predicted = np.array([9.0] + [5.0] * 10 + [1.0] * 9)
    actual = np.array([10.0] + [2.0] * 5 + [0.0] * 14)
    assert top_share(predicted, actual) == pytest.approx((10 + 1) / 20)


def test_capture_compares_with_hindsight() -> None:
    predicted, actual = np.arange(20.0), np.zeros(20)
    actual[[19, 3]] = [4.0, 6.0]
    found = measure(predicted, actual)
    assert found.top_share == pytest.approx(0.4)
    assert found.best_top_share == pytest.approx(1.0)
    assert found.top_capture == pytest.approx(0.4)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 12))
def test_groups_are_equal_and_keep_the_totals(seed: int, rows: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, 6, rows) / 4.0
    actual, weight = rng.poisson(1.0, rows).astype(float), rng.integers(1, 9, rows).astype(float)
    found = calibration_groups(predicted, actual, weight, groups)
    assert [g.customers for g in found] == pytest.approx([weight.sum() / groups] * groups)
    assert sum(g.customers * g.predicted for g in found) == pytest.approx(weight @ predicted)
    assert sum(g.customers * g.actual for g in found) == pytest.approx(weight @ actual)
    assert all(a.predicted <= b.predicted + 1e-12 for a, b in itertools.pairwise(found))


def test_groups_of_tied_predictions_share_what_happened() -> None:
    found = calibration_groups([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 4.0, 0.0], groups=2)
    assert [g.actual for g in found] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("predicted", "actual", "weight", "words"),
    [
        ([1.0], [1.0, 2.0], None, "`actual` must be a flat column"),
        ([1.0, np.nan], [1.0, 2.0], None, "`predicted` has 1 empty or infinite"),
        ([], [], None, "no customers"),
        ([1.0], [1.0], [0.0], "no customers"),
    ],
)
def test_columns_that_cannot_be_graded_are_named(predicted, actual, weight, words) -> None:
    with pytest.raises(InputError, match=words):
        measure(predicted, actual, weight)
