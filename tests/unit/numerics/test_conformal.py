"""The nominal level that repairs a forecast's intervals, on forecasts that are right, too narrow and too wide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.errors import InputError
from keepers.numerics.conformal import WIDEST, central_share, conformal_level


def ranges(sigma: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes that are 0 with probability 0.6 and lognormal else, seen by a forecast with another sigma."""
    rng = np.random.default_rng(seed)
    bought = rng.random(20_000) < 0.4
    z = rng.standard_normal(20_000) / sigma
    return np.where(bought, 0.6 + 0.4 * stats.norm.cdf(z), 0.0), np.where(bought, 0.6 + 0.4 * stats.norm.cdf(z), 0.6)


@pytest.mark.parametrize(("sigma", "direction"), [(1.0, 0), (0.5, 1), (2.0, -1)])
def test_the_level_is_raised_for_narrow_and_lowered_for_wide_forecasts(sigma: float, direction: int) -> None:
    found = conformal_level(*ranges(sigma, seed=1), 0.95)
    if direction == 0:
        assert found == pytest.approx(0.95, abs=0.01)
    else:
        assert direction * (found - 0.95) > 0.005


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_repaired_intervals_hold_new_outcomes_at_the_level(sigma: float, level: float) -> None:
    repaired = conformal_level(*ranges(sigma, seed=1), level)
    assert central_share(*ranges(sigma, seed=2), repaired) == pytest.approx(level, abs=0.012)


def test_weights_stand_for_customers() -> None:
    below, at, weight = np.array([0.0, 0.7, 0.95]), np.array([0.5, 0.9, 1.0]), np.array([3.0, 2.0, 1.0])
    repeated = [np.repeat(column, weight.astype(int)) for column in (below, at)]
    assert conformal_level(below, at, 0.6, weight) == pytest.approx(conformal_level(*repeated, 0.6))


def test_few_outcomes_cannot_promise_more_than_the_widest() -> None:
    assert conformal_level([0.2, 0.99], [0.3, 1.0], 0.8) == WIDEST


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="F\\(y-\\) <= F\\(y\\)"):
        conformal_level([0.4], [0.2], 0.8)
