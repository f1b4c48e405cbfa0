"""Weighted sums over many rows, in pieces for which the linear algebra library starts no threads.

Its threads bring nothing here, as such a sum waits for memory; where another process keeps a core busy they wait
for each other, fifty times as long as the sum itself takes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

UNTHREADED = 8_192
"""Rows up to which neither a product of two columns nor one of a few columns with themselves starts threads."""

_UNTHREADED_ENTRIES = 8_192
"""Entries of a table up to which its product with a column starts none."""

_UNTHREADED_PRODUCTS = 250_000
"""Multiplications up to which a product of two tables starts none."""


def product(left: FloatArray, right: FloatArray) -> FloatArray:
    """The matrix product of two tables, in pieces of rows.

    >>> product(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    step = max(1, _UNTHREADED_PRODUCTS // max(1, right.size))
    if step >= len(left):
        return np.asarray(left @ right)
    found = np.empty((len(left), right.shape[1]))
    for begin in range(0, len(left), step):
        np.matmul(left[begin : begin + step], right, out=found[begin : begin + step])
    return found


def dot(left: FloatArray, right: FloatArray) -> float:
    """The sum of the products of two columns.

    >>> dot(np.arange(3.0), np.ones(3))
    3.0
    """
    total = 0.0
    for begin in range(0, left.size, UNTHREADED):
        total += float(left[begin : begin + UNTHREADED] @ right[begin : begin + UNTHREADED])
    return total


def weighted_rows(weight: FloatArray, table: FloatArray) -> FloatArray:
    """The sum of the rows of a table, each times its weight.

    Parameters
    ----------
    weight : array, shape (n,)
    table : array, shape (n, ...)

    Returns
    -------
    array, shape of a row

    >>> weighted_rows(np.array([1.0, 2.0]), np.array([[1.0, 0.0], [3.0, 1.0]]))
    array([7., 2.])
    """
    flat = table.reshape(len(table), math.prod(table.shape[1:]))
    step = max(1, _UNTHREADED_ENTRIES // max(1, flat.shape[1]))
    total = np.zeros(flat.shape[1])
    for begin in range(0, len(flat), step):
        total += weight[begin : begin + step] @ flat[begin : begin + step]
    return total.reshape(table.shape[1:])


def quadratic_forms(matrix: FloatArray, rows: FloatArray) -> FloatArray:
    """v' M v of each row v of a table.

    Parameters
    ----------
    matrix : array, shape (d, d)
    rows : array, shape (n, d)

    Returns
    -------
    array, shape (n,)

    >>> quadratic_forms(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 3.0], [0.0, 2.0]]))
    array([11.,  4.])
    """
    found = np.empty(len(rows))
    step = max(1, 2 * _UNTHREADED_ENTRIES // max(1, rows.shape[1] ** 2))
    for begin in range(0, len(rows), step):
        some = rows[begin : begin + step]
        found[begin : begin + step] = np.einsum("ij,ij->i", some @ matrix, some)
    return found
