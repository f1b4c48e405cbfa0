"""Bounds of a mean hold as they say, for skewed columns and small ones too."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.errors import InputError
from keepers.numerics.mean_bounds import betting_lower


@pytest.mark.parametrize("size", [20, 400])
def test_a_heavy_tail_is_bounded_as_often_as_it_says(size: int) -> None:
    """A column that is almost always 0 and rarely large misleads normal intervals; the bound by betting holds."""
    rng = np.random.default_rng(7)
    values = np.where(rng.random((300, size)) < 0.03, rng.gamma(0.5, 60.0, (300, size)), 0.0)
    below = sum(betting_lower(row, scale=10.0) <= 0.9 for row in values)
    assert below >= 0.93 * 300


def test_betting_needs_no_right_guess_and_gains_with_size() -> None:
    rng = np.random.default_rng(8)
    values = rng.gamma(2.0, 1.0, 4000)
    for scale in (0.01, 1.4, 1000.0):
        assert betting_lower(values, scale=scale) < 2.0
    few, many = betting_lower(values[:200], scale=1.4), betting_lower(values, scale=1.4)
    assert few < many
    assert 1.9 < many < values.mean()


def test_bounds_move_with_the_column() -> None:
    values = np.random.default_rng(9).random(500)
    assert betting_lower(values - 3.0, -3.0) == pytest.approx(betting_lower(values) - 3.0, abs=1e-9)
    assert betting_lower(values, scale=0.3) < values.mean()
    assert betting_lower(np.zeros(5)) == 0.0


def test_what_contradicts_the_range_is_named() -> None:
    with pytest.raises(InputError, match="least possible"):
        betting_lower([0.5, -0.1])
    with pytest.raises(InputError, match="`confidence`"):
        betting_lower([0.5, 1.5], confidence=95)
    with pytest.raises(InputError, match="`scale`"):
        betting_lower([0.5, 1.5], scale=0.0)
    with pytest.raises(InputError, match="finite"):
        betting_lower([0.5, np.nan])
