"""Expectations over a beta distribution against the hypergeometric function they are."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.numerics.beta_mixture import beta_mixture
from keepers.numerics.special import log_beta


def rule(a: float, b: float, reach: float):
    return beta_mixture(a, np.array([b]), np.array([log_beta(a, b)]), np.array([reach]))


def logarithms(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda value: 10.0**value)


@settings(deadline=None, max_examples=30)
@given(logarithms(1e-3, 100), logarithms(1e-3, 300), logarithms(0.05, 20), logarithms(1e-3, 1e3))
def test_powers(a: float, b: float, r: float, w: float) -> None:
    """E (1 + p w)^-r is 2F1(r, a; a + b; -w)."""
    # mpmath does not come to an end where r - a is a whole number.
    r *= 1.0173
    mixture = rule(a, b, r * w)
    values = (1 + mixture.p * w)[:, None, :] ** -r
    low, high = np.ones((1, 1)), np.full((1, 1), (1 + w) ** -r)
    found = mixture.expectation(mixture.reduced(values, low, high), low, high)[0, 0]
    exact = float(mp.hyp2f1(r, a, a + b, -w))
    assert found == pytest.approx(exact, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize("a", [0.01, 0.8, 1.0, 30.0, 2e4])
@pytest.mark.parametrize("b", [0.02, 1.0, 6.0, 5e4])
def test_moments(a: float, b: float) -> None:
    mixture = rule(a, b, 1.0)
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    mean = mixture.expectation(mixture.reduced(mixture.p[:, None, :].copy(), zero, one), zero, one)[0, 0]
    both = mixture.expectation((mixture.p * mixture.q)[:, None, :], zero, zero)[0, 0]
    assert mean == pytest.approx(a / (a + b), rel=1e-10)
    assert both == pytest.approx(a * b / ((a + b) * (a + b + 1)), rel=1e-10)
