"""The Pareto/NBD functions: derivatives, exactness of each answer by independent integration, and their domain."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.numerics.likelihoods import pareto_nbd
from keepers.numerics.likelihoods.pareto_nbd_lifetime import (
    discounted_within,
    mean_within,
    mean_within_gradient,
    second_moment_within,
)

THETA = np.array([0.5532770, 10.577684, 0.606240, 11.668731])
X = np.array([0.0, 0.0, 1.0, 2.0, 5.0, 26.0, 150.0])
T_X = np.array([0.0, 0.0, 3.0, 30.43, 12.0, 30.857143, 38.0])
T = np.array([38.86, 0.5, 38.86, 38.86, 12.0, 31.0, 39.0])
THETAS = [THETA, np.array([2.5, 4.0, 1.0, 900.0]), np.array([0.2, 300.0, 3.0, 0.8])]


def exact_likelihood(theta, x, t_x, age):
    """The definition: the integral over both rates, done over the moment of leaving, in 30 digits."""
    with mp.workdps(30):
        r, alpha, s, beta = (mp.mpf(float(value)) for value in theta)
        x, t_x, age = mp.mpf(x), mp.mpf(t_x), mp.mpf(age)
        alive = (alpha + age) ** (-r - x) * (beta + age) ** -s
        gone = s * mp.quad(lambda y: (alpha + y) ** (-r - x) * (beta + y) ** (-s - 1), mp.linspace(t_x, age, 30))
        return mp.gamma(r + x) / mp.gamma(r) * alpha**r * beta**s * (alive + gone), alive / (alive + gone)


@pytest.mark.parametrize("theta", THETAS)
def test_likelihood_and_probability_alive_are_their_definitions(theta):
    values = pareto_nbd.log_likelihood(theta, X, T_X, T)
    alive = pareto_nbd.probability_alive(theta, X, T_X, T)
    for row in range(X.size):
        likelihood, share = exact_likelihood(theta, X[row], T_X[row], T[row])
        assert values[row] == pytest.approx(float(mp.log(likelihood)), rel=1e-13, abs=1e-12)
        assert alive[row] == pytest.approx(float(share), rel=1e-11)


@pytest.mark.parametrize("theta", THETAS)
def test_gradient_and_hessian_are_the_derivatives_of_the_sum(theta):
    cells = Cells(X, T_X, T, np.array([3.0, 1.0, 2.0, 1.0, 4.0, 1.0, 0.5]), TimeUnit.WEEK)
    found = pareto_nbd.log_likelihood_sum(theta, cells)
    assert found.value == pytest.approx(cells.weight @ pareto_nbd.log_likelihood(theta, X, T_X, T), rel=1e-14)
    assert pareto_nbd.log_likelihood_sum(theta, cells, 0).value == pytest.approx(found.value, rel=1e-14)
    u = np.log(theta)
    for i in range(4):

        def along(h, i=i):
            return pareto_nbd.log_likelihood_sum(np.exp(u + h * np.eye(4)[i]), cells)

        # Fourth-order differences: error about 1e-11 in the gradient.
        near, far = 1e-3, 2e-3
        points = {h: along(h) for h in (-far, -near, near, far)}
        slope = (8 * (points[near].value - points[-near].value) - (points[far].value - points[-far].value)) / 12e-3
        assert found.gradient[i] == pytest.approx(slope, rel=1e-8, abs=1e-8)
        curve = (
            8 * (points[near].gradient - points[-near].gradient) - (points[far].gradient - points[-far].gradient)
        ) / 12e-3
        assert found.hessian[i] == pytest.approx(curve, rel=1e-8, abs=1e-8)
    assert found.hessian == pytest.approx(found.hessian.T, rel=1e-13)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("t", [0.3, 39.0, 2000.0])
def test_gradient_of_expected_purchases(theta, t):
    found = pareto_nbd.expected_purchases_gradient(theta, X, T_X, T, t)
    u = np.log(theta)
    for i in range(4):
        step = 1e-4 * np.eye(4)[i]
        up = pareto_nbd.expected_purchases(np.exp(u + step), X, T_X, T, t)
        down = pareto_nbd.expected_purchases(np.exp(u - step), X, T_X, T, t)
        scale = np.abs(found).max()
        assert found[:, i] == pytest.approx((up - down) / 2e-4, rel=1e-6, abs=1e-6 * scale)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("t", [0.01, 39.0, 900.0])
def test_distribution_given_the_history_is_its_definition(theta, t):
    counts = [0, 1, 3, 17]
    rows = [0, 1, 4, 5]
    found = pareto_nbd.purchase_distribution(theta, X[rows], T_X[rows], T[rows], t, counts[-1])
    for place, row in enumerate(rows):
        alive = mp.mpf(float(pareto_nbd.probability_alive(theta, X[row], T_X[row], T[row])[0]))
        with mp.workdps(25):
            a, A = mp.mpf(theta[0] + X[row]), mp.mpf(theta[1] + T[row])
            s, B = mp.mpf(theta[2]), mp.mpf(theta[3] + T[row])
            for k in counts:

                def negative_binomial(v, k=k, a=a, A=A):
                    return mp.gamma(a + k) / mp.gamma(a) / mp.factorial(k) * (A / (A + v)) ** a * (v / (A + v)) ** k

                def leaving(v, count=negative_binomial, s=s, B=B):
                    return s / B * (1 + v / B) ** (-s - 1) * count(v)

                cuts = [mp.mpf(0), *(mp.mpf(t) * mp.mpf(10) ** -j for j in (4, 3, 2, 1)), mp.mpf(t)]
                expected = alive * (mp.quad(leaving, cuts) + (1 + t / B) ** -s * negative_binomial(mp.mpf(t)))
                expected += (1 - alive) * (k == 0)
                assert found[place, k] == pytest.approx(float(expected), abs=1e-11)


def test_distribution_is_sharp_for_heavy_buyers():
    # 5,000 purchases in 100 weeks and 2 weeks ahead: about 100 expected, with mass far from zero.
    theta = (0.55, 10.58, 0.61, 11.67)
    found = pareto_nbd.purchase_distribution(theta, [5000.0], [99.9], [100.0], 2.0, 250)[0]
    none, mean, variance = (float(value[0]) for value in pareto_nbd.purchase_moments(theta, 5000.0, 99.9, 100.0, 2.0))
    counts = np.arange(251)
    assert found.sum() == pytest.approx(1, abs=1e-10)
    assert found[0] == pytest.approx(none, abs=1e-11)
    assert found @ counts == pytest.approx(mean, rel=1e-9)
    assert found @ counts**2 - mean**2 == pytest.approx(variance, rel=1e-8)


@pytest.mark.parametrize("s", [0.05, 0.606, 1.0, 1.0 + 1e-9, 2.0, 7.5, 300.0])
@pytest.mark.parametrize("t", [1e-6, 0.4, 30.0, 5e4])
def test_integrals_over_the_lifetime(s, t):
    B = np.array([0.3, 11.7, 900.0])
    delta = 0.0027
    mean, square = mean_within(s, B, t), second_moment_within(s, B, t)
    discounted, endless = discounted_within(s, B, delta, t), discounted_within(s, B, delta, None)
    by_s, by_B = mean_within_gradient(s, B, t)
    with mp.workdps(30):
        for row in range(B.size):
            b, shape, d = mp.mpf(B[row]), mp.mpf(s), mp.mpf(delta)
            cuts = sorted({mp.mpf(0), mp.mpf(t), *(c for c in (b / 10, b, 10 * b, 300 * b) if c < t)})

            def over(function, cuts=cuts, b=b, shape=shape):
                return float(mp.quad(lambda v: function(v) * (1 + v / b) ** -shape, cuts))

            assert mean[row] == pytest.approx(over(lambda v: 1 + 0 * v), rel=1e-12)
            assert square[row] == pytest.approx(over(lambda v: 2 * v), rel=1e-11)
            assert discounted[row] == pytest.approx(over(lambda v, d=d: mp.exp(-d * v)), rel=1e-12)
            assert by_s[row] == pytest.approx(over(lambda v, b=b: -mp.log(1 + v / b)), rel=1e-11)
            assert by_B[row] == pytest.approx(over(lambda v, b=b, s=shape: s * v / b**2 / (1 + v / b)), rel=1e-8)
            tricomi = b * mp.hyperu(1, 2 - shape, d * b)
            assert endless[row] == pytest.approx(float(tricomi), rel=1e-12)


def test_without_discount_the_endless_future_is_finite_only_where_lifetimes_are():
    assert np.all(np.isinf(pareto_nbd.discounted_expected_purchases((0.5, 10, 0.9, 12), X, T_X, T, 0.0)))
    finite = pareto_nbd.discounted_expected_purchases((0.5, 10, 1.5, 12), X, T_X, T, 0.0)
    patient = pareto_nbd.discounted_expected_purchases((0.5, 10, 1.5, 12), X, T_X, T, 1e-13)
    assert patient == pytest.approx(finite, rel=1e-5)


@settings(max_examples=200, deadline=None)
@given(
    theta=st.tuples(*[st.floats(-1.5, 1.5).map(lambda p: 10.0**p), st.floats(-2, 4).map(lambda p: 10.0**p)] * 2),
    x=st.integers(0, 5000),
    age=st.floats(0.1, 2000),
    part=st.floats(0.001, 1),
    t=st.floats(0.01, 3000),
)
def test_every_answer_is_finite_and_possible(theta, x, age, part, t):
    t_x = age * part if x else 0.0
    row = (float(x), t_x, age)
    assert np.all(np.isfinite(pareto_nbd.log_likelihood(theta, *row)))
    assert pareto_nbd.log_likelihood_sum(theta, Cells(*(np.array([v]) for v in (*row, 1.0)), TimeUnit.DAY)).finite
    found = pareto_nbd.forecast(theta, *row, t, 0.0003, 2 * t)
    assert 0 <= found.probability_alive_end <= found.probability_alive <= 1
    assert 0 <= found.expected_purchases <= (theta[0] + x) / (theta[1] + age) * t * (1 + 1e-12)
    assert found.discounted <= found.expected_purchases * (1 + 1e-9)
    assert found.discounted <= found.discounted_lifetime * (1 + 1e-9)
    assert found.discounted_lifetime <= found.discounted_infinite * (1 + 1e-9)
    # A Poisson count mixed over rates and lifetimes is at least as spread as its mean.
    assert found.variance >= found.expected_purchases * (1 - 1e-9)
    assert 1 - found.expected_purchases - 1e-12 <= found.p_zero <= 1
    assert np.all(np.isfinite(found.expected_gradient))
    assert found.next_purchase > 0
    for lifetime in (pareto_nbd.expected_lifetime, pareto_nbd.median_lifetime):
        assert lifetime(theta, *row) >= 0
    assert 0 <= pareto_nbd.truncated_lifetime(theta, *row, t) <= t * (1 + 1e-12)
    some = pareto_nbd.purchase_distribution(theta, *row, t, 8)
    assert np.all(some >= -1e-15)
    assert some.sum() <= 1 + 1e-9
    assert some[0, 0] == pytest.approx(found.p_zero[0], abs=1e-9)
