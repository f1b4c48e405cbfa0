"""Groups of near histories: equal purchases, means of times, as many as allowed and no more."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.neighbours import neighbours


def customers(size: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(8)
    age = rng.integers(20, 400, size).astype(float)
    x = rng.poisson(rng.gamma(0.8, 4.0, size)).astype(float)
    return x, np.where(x > 0, np.ceil(age * rng.beta(2.0, 1.0, size)), 0.0), age, rng.integers(1, 4, size).astype(float)


def test_equal_histories_stand_for_themselves() -> None:
    x, t_x, age, weight = (np.repeat(column, 2) for column in customers(300))
    found = neighbours(x, t_x, age, weight)
    assert found.x.size <= 300
    for own, group in ((x, found.x), (t_x, found.t_x), (age, found.T)):
        assert np.array_equal(group[found.index], own)


@pytest.mark.parametrize("most", [60, 250, 1000])
def test_near_ones_share_a_group_at_their_mean(most: int) -> None:
    x, t_x, age, weight = customers(3000)
    found = neighbours(x, t_x, age, weight, most)
    size = found.x.size
    assert 0.6 * most < size <= most
    assert np.array_equal(found.x[found.index], x)
    total = np.bincount(found.index, weight, size)
    for own, group in ((t_x, found.t_x), (age, found.T)):
        assert group == pytest.approx(np.bincount(found.index, weight * own, size) / total)
    assert np.all(found.t_x <= found.T)
    # Nobody who came back stands where nobody did, and nobody who did not where somebody had.
    assert np.array_equal(found.t_x > 0, found.x > 0)


def test_more_groups_blur_less() -> None:
    x, t_x, age, weight = customers(3000)
    blur = [
        np.mean((age - (found := neighbours(x, t_x, age, weight, most)).T[found.index]) ** 2)
        for most in (60, 250, 1000)
    ]
    assert blur[0] > 2 * blur[1] > 4 * blur[2]


def test_counts_that_are_more_than_the_groups_stay_apart() -> None:
    x = np.arange(1.0, 41.0)
    found = neighbours(x, 2.0 * x, 3.0 * x, np.ones(40), most=10)
    assert np.array_equal(found.x[found.index], x)
