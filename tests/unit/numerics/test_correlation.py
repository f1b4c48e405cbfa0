"""Weighted correlations against SciPy's on the rows written out."""

import numpy as np
import pytest
from scipy import stats

from keepers.numerics.correlation import correlation, rank_correlation


def test_weights_stand_for_repeated_rows():
    rng = np.random.default_rng(3)
    x, weight = rng.integers(1, 6, 40).astype(float), rng.integers(1, 5, 40)
    y = np.round(x + rng.normal(0, 2, 40), 0)
    long_x, long_y = np.repeat(x, weight), np.repeat(y, weight)
    assert correlation(x, y, weight.astype(float)) == pytest.approx(stats.pearsonr(long_x, long_y)[0])
    assert rank_correlation(x, y, weight.astype(float)) == pytest.approx(stats.spearmanr(long_x, long_y)[0])


def test_ranks_are_not_moved_by_one_giant():
    x, y, weight = np.arange(1.0, 21.0), np.arange(1.0, 21.0), np.ones(20)
    y[0] = 1e9
    assert correlation(x, y, weight) < 0
    assert rank_correlation(x, y, weight) > 0.7


@pytest.mark.parametrize("column", [np.full(9, 35.0), np.full(9, 0.1)])
def test_a_constant_has_no_correlation(column):
    assert correlation(column, np.arange(9.0), np.ones(9)) is None
    assert rank_correlation(np.arange(9.0), column, np.ones(9)) is None
    assert correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.ones(2)) is None
