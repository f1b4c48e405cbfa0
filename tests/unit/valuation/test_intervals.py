"""Quantiles of a value against the exact mixture of beta primes that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, digamma, polygamma
from scipy.stats import nbinom

from keepers.numerics.likelihoods import pareto_nbd
from keepers.valuation.intervals import (
    SEGMENTS,
    OrdersAhead,
    ValueShape,
    central,
    inverse_gamma,
    order_sum,
    polygammas,
    rows_with_many,
    value_shape,
)
from keepers.valuation.order_counts import count_quantile

CDNOW = (0.553277, 10.577684, 0.606240, 11.668731)
WEEKS = 52.0


def histories() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One-time buyers, occasional buyers and heavy ones, recent and long silent."""
    x = np.array([0, 0, 0, 1, 1, 2, 2, 3, 4, 6, 6, 9, 12, 20, 26, 40, 60], dtype=float)
    t_x = np.array([0, 0, 0, 1, 30, 20, 37, 25, 20, 28, 37, 36, 25, 37, 30.86, 37, 38], dtype=float)
    T = np.array([2, 30, 70, 38, 38, 38, 38, 30, 38, 38, 38, 38, 38, 38, 31, 38, 38.9], dtype=float)
    return x, t_x, T


def orders_ahead() -> OrdersAhead:
    """The orders of each history within the horizon."""
    x, t_x, T = histories()
    none, mean, variance = pareto_nbd.purchase_moments(CDNOW, x, t_x, T, WEEKS)
    many = rows_with_many(none, mean)
    alive = np.column_stack(
        [
            pareto_nbd.probability_alive(CDNOW, x[many], t_x[many], T[many], WEEKS * step / SEGMENTS)
            for step in range(SEGMENTS + 1)
        ]
    )
    return OrdersAhead(none, mean, variance, many, alive)


def predicted(p: float, q: float) -> tuple[ValueShape, np.ndarray, np.ndarray]:
    """The shape of each history, the exact probabilities of its counts, and the shape of its spend."""
    x, t_x, T = histories()
    exact = pareto_nbd.purchase_distribution(CDNOW, x, t_x, T, WEEKS, 400)
    spend = p * x + q
    return value_shape(orders_ahead(), p, spend, np.zeros(x.size)), exact, spend


def exact_probability(value: float, counts: np.ndarray, p: float, spend: float) -> float:
    """P(V <= value): given n orders the value is beta prime with shapes p n and p x + q."""
    n = np.arange(1, counts.size)
    return float(counts[0] + counts[1:] @ betainc(p * n, spend, value / (1 + value)))


@pytest.mark.parametrize(("p", "q"), [(6.25, 3.744), (1.5, 2.6), (20.0, 8.0), (4.0, 2.2), (1.0, 1.1)])
def test_quantiles_hit_their_level(p: float, q: float) -> None:
    shape, exact, spend = predicted(p, q)
    for level in (0.1, 0.25, 0.5, 0.75, 0.9, 0.975):
        found = shape.quantile(level)
        hit = [exact_probability(v, c, p, s) for v, c, s in zip(found, exact, spend, strict=True)]
        error = np.where(found > 0, np.array(hit) - level, 0.0)
        assert np.max(np.abs(error)) < (0.04 if level in (0.1, 0.9, 0.975) else 0.08)
        assert abs(error.mean()) < 0.02
        np.testing.assert_array_equal(found == 0, exact[:, 0] >= level)


def test_probability_is_the_inverse_of_the_quantile() -> None:
    shape, _, _ = predicted(6.25, 3.744)
    rows = np.arange(shape.p_zero.size)
    for level in (0.3, 0.6, 0.9, 0.97):
        at = shape.quantile(level)
        some = at > 0
        np.testing.assert_allclose(shape.probability(rows[some], at[some]), level, atol=2e-4)
    np.testing.assert_array_equal(shape.probability(rows, np.zeros(rows.size)), shape.p_zero)
    np.testing.assert_array_equal(shape.probability(rows, np.full(rows.size, -1.0)), 0.0)
    np.testing.assert_allclose(shape.probability(rows, np.full(rows.size, 1e9)), 1.0, atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(1e-9, 0.999999),
    st.floats(1e-9, 300.0),
    st.floats(1.0, 60.0),
    st.floats(0.05, 50.0),
    st.floats(0.2, 400.0),
    st.floats(0, 1),
)
def test_quantiles_rise_with_the_level_and_are_finite(
    none: float, mean: float, dispersion: float, p: float, spend: float, leaving: float
) -> None:
    one = np.array([none])
    expected = np.maximum(mean, 1 - none)
    mean_of = np.array([expected]).ravel()
    many = rows_with_many(one, mean_of)
    alive = np.linspace(1 - none, (1 - none) * leaving, SEGMENTS + 1)[None, :].repeat(many.size, axis=0)
    orders = OrdersAhead(one, mean_of, mean_of * dispersion, many, alive)
    shape = value_shape(orders, p, np.array([spend]), np.zeros(1))
    found = np.array([shape.quantile(level)[0] for level in (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)])
    assert np.all(np.isfinite(found))
    assert np.all(found >= 0)
    assert np.all(np.diff(found) >= -1e-9 * found[1:])


def test_cumulants_of_one_sure_order_are_those_of_a_gamma() -> None:
    sure = OrdersAhead(np.array([0.3]), np.array([0.7]), np.array([0.21]), np.empty(0, int), np.empty((0, 6)))
    found = order_sum(sure, 4.0)
    np.testing.assert_allclose(
        [found.mean[0], found.variance[0], found.third[0]],
        [digamma(4.0), polygamma(1, 4.0), polygamma(2, 4.0)],
        atol=1e-5,
    )


def test_cumulants_of_many_orders_match_sums_over_their_number() -> None:
    mean, spread = 30.0, 90.0
    size = mean**2 / (spread - mean)
    n = 1 + np.arange(2000)
    weight = nbinom.pmf(n - 1, size, size / (size + mean))
    psi = digamma(2.0 * n)
    expected = weight @ psi
    orders = OrdersAhead(np.array([0.0]), np.array([mean + 1]), np.array([spread]), np.empty(0, int), np.empty((0, 6)))
    found = order_sum(orders, 2.0)
    assert found.mean[0] == pytest.approx(expected, abs=0.003)
    assert found.variance[0] == pytest.approx(weight @ (psi - expected) ** 2 + weight @ polygamma(1, 2.0 * n), rel=0.06)


def test_polygammas_agree_with_scipy() -> None:
    z = np.geomspace(0.02, 1e6, 500)
    for found, expected in zip(polygammas(z), (digamma(z), polygamma(1, z), polygamma(2, z)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert inverse_gamma(np.array([3.0])).mean[0] == pytest.approx(-digamma(3.0))


def test_ends_of_central_intervals() -> None:
    assert central(0.8) == (0.1, 0.9)
    assert central(0.5) == (0.25, 0.75)


def test_quantiles_of_counts_match_the_exact_distribution() -> None:
    x, t_x, T = histories()
    exact = np.cumsum(pareto_nbd.purchase_distribution(CDNOW, x, t_x, T, WEEKS, 300), axis=1)
    orders = orders_ahead()
    for level in (0.1, 0.5, 0.9):
        found = count_quantile(orders, level)
        np.testing.assert_allclose(found, np.argmax(exact >= level, axis=1), atol=2.01, rtol=0.15)
    surely_none = OrdersAhead(np.ones(1), np.zeros(1), np.zeros(1), np.empty(0, int), np.empty((0, SEGMENTS + 1)))
    assert count_quantile(surely_none, 0.9)[0] == 0
