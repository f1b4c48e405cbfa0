"""Rising factorials, the beta function and digamma against mpmath and scipy."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from keepers.numerics.special import digamma, log_beta, log_rising


@given(st.floats(1e-6, 1e6), st.lists(st.integers(0, 5000), max_size=6))
def test_log_rising(base: float, counts: list[int]) -> None:
    found = log_rising(base, np.array(counts, dtype=float))
    for k, n in enumerate(counts):
        assert found.value[k] == pytest.approx(float(mp.log(mp.rf(base, n))) if n else 0.0, rel=1e-12, abs=1e-13)
        assert found.first[k] == pytest.approx(float(mp.psi(0, base + n) - mp.psi(0, base)), rel=1e-10, abs=1e-13)
        assert found.second[k] == pytest.approx(float(mp.psi(1, base + n) - mp.psi(1, base)), rel=1e-10, abs=1e-13)


def test_orders_that_were_not_asked_for_are_zero() -> None:
    found = log_rising(0.5, np.array([3.0]), 0)
    assert found.first[0] == found.second[0] == 0


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_log_beta(a: float, b: float) -> None:
    with mp.workdps(40):
        exact = float(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))
    assert log_beta(a, b) == pytest.approx(exact, rel=1e-12, abs=1e-9)


def test_digamma() -> None:
    values = np.concatenate([np.geomspace(1e-6, 1e6, 200), [1.0, 1.4616321449683623]])
    assert digamma(values) == pytest.approx(special.psi(values), rel=1e-13, abs=5e-14)
