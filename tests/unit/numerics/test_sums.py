"""Sums over many rows are those of the plain products, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.sums import UNTHREADED, dot, product, quadratic_forms, weighted_rows


@pytest.mark.parametrize("rows", [0, 1, UNTHREADED, 3 * UNTHREADED + 17])
def test_sums_in_pieces_are_the_plain_ones(rows: int) -> None:
    rng = np.random.default_rng(rows)
    weight, column, table = rng.random(rows), rng.normal(size=rows), rng.normal(size=(rows, 4, 4))
    assert dot(weight, column) == pytest.approx(float(np.sum(weight * column)), rel=1e-12, abs=1e-12)
    plain = (weight[:, None, None] * table).sum(axis=0)
    np.testing.assert_allclose(weighted_rows(weight, table), plain, rtol=1e-10, atol=1e-10)
    assert weighted_rows(weight, table[:, 0]).shape == (4,)


@pytest.mark.parametrize("rows", [0, 5, 20_011])
def test_quadratic_forms_are_those_of_each_row(rows: int) -> None:
    rng = np.random.default_rng(rows)
    root, table = rng.normal(size=(5, 5)), rng.normal(size=(rows, 5))
    found = quadratic_forms(root @ root.T, table)
    np.testing.assert_allclose(found, np.sum((table @ root) ** 2, axis=1), rtol=1e-10)


@pytest.mark.parametrize("shape", [(0, 3, 5), (71, 30, 730), (3, 1, 400_000), (20_011, 24, 24)])
def test_products_in_pieces_are_the_plain_ones(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(3)
    left, right = rng.normal(size=shape[:2]), rng.normal(size=shape[1:])
    np.testing.assert_allclose(product(left, right.T.copy().T), left @ right, rtol=1e-10, atol=1e-12)
