"""Halves sorted apart are the whole sorted."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics import sorting
from keepers.numerics.sorting import sort_in_place


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 1001])
@pytest.mark.parametrize("many", [0, 10_000])
def test_as_numpy_sorts(size: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "_MANY", many)
    values = np.random.default_rng(size).integers(-50, 50, size)
    expected = np.sort(values)
    sort_in_place(values)
    assert np.array_equal(values, expected)
