"""The Pareto/NBD integral and its derivatives against 40-digit arithmetic."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.numerics.likelihoods.pareto_nbd_integral import integral_moments, log_integral

ORDINARY = [
    (0.55, 1.61, 10.58, 11.67),
    (26.55, 1.61, 41.4, 42.5),
    (27.55, 0.61, 41.6, 42.7),
    (3.2, 2.0, 5.0, 5.0),
]
HARD = [
    # Large counts, one scale a thousand times the other and more, shapes far below one.
    (5000.6, 1.6, 210.0, 211.0),
    (10000.0, 4.0, 300.0, 200.0),
    (10.465 + 500, 4.0516, 1.00798565181, 3.82),
    (0.6, 1.6, 1e-3, 1e4),
    (0.6, 1.6, 1e4, 1e-3),
    (5000.6, 1.6, 1e6, 1.0),
    (5000.6, 1.6, 1.0, 1e6),
    (0.02, 1.02, 3.0, 2.0),
    (0.02, 1.02, 3.0, 3000.0),
    (1.05, 0.05, 1e5, 0.1),
    (0.5, 30.0, 1.0, 1e3),
]


def exact(p, q, A, B):
    """Logarithm of the integral by Gauss's function, as a number of 40 digits."""
    with mp.workdps(40):
        p, q, A, B = (mp.mpf(value) for value in (p, q, A, B))
        n = p + q - 1
        if A >= B:
            return mp.log(mp.hyp2f1(q, n, n + 1, (A - B) / A) / n) - n * mp.log(A)
        return mp.log(mp.hyp2f1(p, n, n + 1, (B - A) / B) / n) - n * mp.log(B)


def columns(cases):
    return [np.array(column, dtype=float) for column in zip(*cases, strict=True)]


@pytest.mark.parametrize("case", ORDINARY + HARD)
def test_value_has_twelve_digits(case):
    expected = float(exact(*case))
    tolerance = 1e-12 + 5e-16 * abs(expected)
    assert log_integral(*columns([case]))[0] == pytest.approx(expected, abs=tolerance)
    assert integral_moments(*columns([case])).log_value[0] == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("case", ORDINARY + HARD)
def test_derivatives_are_those_of_the_exact_integral(case):
    found = integral_moments(*columns([case]))
    with mp.workdps(40):
        # Derivatives come in the order of the model's parameters: p, A, q, B.
        case = [case[i] for i in (0, 2, 1, 3)]
        centre = [mp.mpf(value) for value in case]
        step = [value * mp.mpf(10) ** -10 for value in centre]

        def at(moves):
            p, A, q, B = (c + m * h for c, m, h in zip(centre, moves, step, strict=True))
            return exact(p, q, A, B)

        def unit(i, sign=1):
            return [sign if k == i else 0 for k in range(4)]

        def both(i, j, sign_i, sign_j):
            return [sign_i * (k == i) + sign_j * (k == j) for k in range(4)]

        middle = at([0, 0, 0, 0])
        for i in range(4):
            first = (at(unit(i)) - at(unit(i, -1))) / (2 * step[i])
            # On the scale of the logarithm of the parameter, where the sums that a fit makes live.
            assert found.gradient[0, i] * case[i] == pytest.approx(float(first) * case[i], rel=1e-11, abs=1e-11)
            for j in range(i + 1):
                if i == j:
                    second = (at(unit(i)) + at(unit(i, -1)) - 2 * middle) / step[i] ** 2
                else:
                    crossed = at(both(i, j, 1, 1)) + at(both(i, j, -1, -1)) - at(both(i, j, 1, -1))
                    second = (crossed - at(both(i, j, -1, 1))) / (4 * step[i] * step[j])
                scale = case[i] * case[j]
                assert found.hessian[0, i, j] * scale == pytest.approx(float(second) * scale, rel=1e-9, abs=1e-9)
                assert found.hessian[0, i, j] == found.hessian[0, j, i]


def test_rows_do_not_influence_each_other():
    cases = ORDINARY + HARD
    together = integral_moments(*columns(cases))
    values = log_integral(*columns(cases))
    for row, case in enumerate(cases):
        alone = integral_moments(*columns([case]))
        assert together.log_value[row] == pytest.approx(alone.log_value[0], rel=1e-15)
        assert values[row] == pytest.approx(alone.log_value[0], rel=2e-15, abs=1e-12)
        assert together.hessian[row] == pytest.approx(alone.hessian[0], rel=1e-12, abs=1e-300)


positive = st.floats(-2, 2).map(lambda power: 10.0**power)
scales = st.floats(-3, 6).map(lambda power: 10.0**power)


@settings(max_examples=150, deadline=None)
@given(p=positive, extra=positive, A=scales, B=scales, x=st.integers(0, 6000))
def test_the_two_ways_agree_and_everything_is_finite(p, extra, A, B, x):
    case = columns([(p + x, 1.0 + extra, A, B)])
    moments = integral_moments(*case)
    value = log_integral(*case)[0]
    assert value == pytest.approx(moments.log_value[0], abs=2e-12 + 1e-15 * abs(value))
    assert np.all(np.isfinite(moments.gradient))
    assert np.all(np.isfinite(moments.hessian))
    # The integrand falls in every argument, and the logarithm of the integral is convex in p and q (Hoelder).
    assert np.all(moments.gradient[0, [1, 3]] < 0)
    assert np.all(moments.hessian[0, [0, 2], [0, 2]] >= 0)


@settings(max_examples=60, deadline=None)
@given(p=positive, extra=positive, A=scales, B=scales, factor=st.floats(0.01, 100))
def test_it_is_homogeneous(p, extra, A, B, factor):
    q = 1.0 + extra
    value = log_integral(*columns([(p, q, A, B)]))[0]
    scaled = log_integral(*columns([(p, q, factor * A, factor * B)]))[0]
    assert scaled == pytest.approx(value + (1 - p - q) * np.log(factor), rel=1e-12, abs=1e-11)
