"""Chebyshev interpolation reproduces smooth functions to the error it measures."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.chebyshev import ChebyshevGrid, relative_tail


def test_interpolation_is_exact_to_its_tail() -> None:
    places = np.linspace(0.0, 4.0, 101)
    for size, error in ((8, 1e-2), (16, 1e-6), (32, 1e-13)):
        grid = ChebyshevGrid(0.0, 4.0, size)
        values = 1 / (1 + np.exp(grid.points))
        found = grid.matrix(places) @ values
        assert found == pytest.approx(1 / (1 + np.exp(places)), abs=error)
        assert relative_tail(grid.coefficients(values)) < error
        assert grid.coefficients(values) @ grid.polynomials(places) == pytest.approx(found, abs=1e-14)


def test_a_rough_function_has_a_large_tail() -> None:
    grid = ChebyshevGrid(-1.0, 1.0, 32)
    rows = np.stack([np.cos(grid.points), np.sign(grid.points)])
    assert relative_tail(grid.coefficients(rows)) > 1e-2


def test_an_interval_of_no_length() -> None:
    grid = ChebyshevGrid(2.0, 2.0, 1)
    assert grid.matrix(np.array([2.0, 2.0])) == pytest.approx(np.ones((2, 1)))
