"""Gauss-Legendre nodes on the unit interval and Gauss-Laguerre nodes on the half line, exact to the last digits."""

from __future__ import annotations

from functools import cache

import numpy as np

from keepers.domain.cells import FloatArray


@cache
def legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the rule with `count` points on [0, 1].

    Newton's method in extended precision, because NumPy's and SciPy's tables carry errors of 1e-13 where the
    integrand is steep.
    """
    order = np.arange(count, 0, -1)
    node = np.cos(np.pi * (order - 0.25) / (count + 0.5)).astype(np.longdouble)
    for _ in range(8):
        value, slope = _polynomial(count, node)
        step = value / slope
        node = node - step
        # The next step is of the order of this one's square.
        if np.max(np.abs(step)) < 1e-11:
            break
    slope = _polynomial(count, node)[1]
    weight = 1.0 / ((1.0 - node * node) * slope * slope)
    return _frozen(((node + 1.0) / 2.0).astype(np.float64)), _frozen(weight.astype(np.float64))


@cache
def laguerre(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights that integrate f itself (not exp(-z) f) over z > 0 where f decays like exp(-z)."""
    node, weight = np.polynomial.laguerre.laggauss(count)
    return _frozen(node), _frozen(weight * np.exp(node))


@cache
def panels(count: int, points: int) -> tuple[FloatArray, FloatArray]:
    """The rule with `points` points on each of `count` equal parts of [0, 1]."""
    node, weight = legendre(points)
    start = np.arange(count)[:, None]
    return _frozen(((start + node) / count).ravel()), _frozen(np.tile(weight / count, count))


def _polynomial(count: int, node: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    before, value = np.ones_like(node), node.copy()
    for degree in range(2, count + 1):
        before, value = value, ((2 * degree - 1) * node * value - (degree - 1) * before) / degree
    return value, count * (node * value - before) / (node * node - 1.0)


def _frozen(array: FloatArray) -> FloatArray:
    array.setflags(write=False)
    return array
