"""Ratios of gamma functions against exact products, and quantiles against the survival they invert."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from keepers.numerics.gamma_ratios import gauss_fraction, log_binomial_share, log_gamma_step, log_survival
from keepers.numerics.gamma_ratios import survival_quantile as quantile

BASES = np.array([1e-3, 0.2, 1.0, 11.9, 12.0, 40.0, 3e3])
STEPS = np.array([0.0, 1e-4, 0.66, 3.0, 250.0])


def test_a_step_of_the_log_gamma_function() -> None:
    for base in BASES:
        wanted = special.gammaln(base + STEPS) - special.gammaln(base)
        assert log_gamma_step(np.full(5, base), STEPS) == pytest.approx(wanted, rel=1e-12, abs=1e-11)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-4, 1e6), st.floats(0.0, 1e7))
def test_a_step_keeps_its_digits(x: float, d: float) -> None:
    with mp.workdps(40):
        exact = float(mp.loggamma(mp.mpf(x) + mp.mpf(d)) - mp.loggamma(x))
    assert float(log_gamma_step(np.array(x), np.array(d))) == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_far_out_it_is_a_power() -> None:
    assert log_gamma_step(np.array([1e12]), np.array([0.5]))[0] == pytest.approx(0.5 * np.log(1e12), rel=1e-14)
    assert log_gamma_step(np.array([1e300]), np.array([2.0]))[0] == pytest.approx(2 * np.log(1e300), rel=1e-14)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("hazard", [0.05, 0.66, 1.0, 7.0])
def test_survival_is_the_product_of_its_steps(base: float, hazard: float) -> None:
    for steps in (1, 7, 400):
        k = np.arange(steps)
        wanted = np.sum(np.log((base + k) / (hazard + base + k)))
        found = log_survival(np.array([base]), np.array([hazard]), np.array([float(steps)]))[0]
        assert found == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("level", [0.999, 0.5, 0.03])
def test_quantiles_invert_survival(level: float) -> None:
    base, hazard = np.array([0.4, 3.0, 40.0, 900.0]), np.array([0.7, 1.3, 0.9, 2.0])
    found = quantile(base, hazard, np.full(4, level))
    whole = np.floor(found)
    at, after = (np.exp(log_survival(base, hazard, whole + step)) for step in (0, 1))
    assert at + (found - whole) * (after - at) == pytest.approx(np.full(4, level), abs=1e-10)


def test_a_quantile_that_is_never_reached() -> None:
    assert np.isinf(quantile(np.array([5.0]), np.array([1e-4]), np.array([0.5])))[0]
    assert quantile(np.array([5.0]), np.array([0.3]), np.array([1.0]))[0] == 0


def test_binomial_shares() -> None:
    whole, chosen = 9.0, 4.0
    of = np.arange(4.0, 10.0)
    wanted = special.binom(of, chosen) / special.binom(whole, chosen)
    found = np.exp(log_binomial_share(of, np.full(6, whole), np.full(6, chosen)))
    assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("z", [0.0, 0.3, 0.9, 0.99, 0.9999])
def test_the_continued_fraction_is_gausss_function(z: float) -> None:
    b, c = np.array([1.2, 3.8, 40.0, 7.0]), np.array([1.9, 4.4, 55.0, 7.01])
    k = np.arange(1, 400_000)
    for one, other, found in zip(b, c, gauss_fraction(b, c, z), strict=True):
        terms = np.cumsum(np.log((one + k - 1) / (other + k - 1)))
        wanted = 1.0 + np.sum(np.exp(terms) * z**k)
        assert found == pytest.approx(wanted, rel=1e-10)
