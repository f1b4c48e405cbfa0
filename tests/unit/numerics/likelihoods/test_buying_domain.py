"""Over the whole domain of parameters and histories: no NaN, no warning, and every answer within its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd


def logarithms(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda value: 10.0**value)


PARAMETER = logarithms(1e-3, 1e3)
HISTORY = st.tuples(st.integers(0, 5000), st.floats(1e-3, 1.0), logarithms(0.1, 2000))


@pytest.mark.parametrize("family", [nbd, bg_nbd, mbg_nbd], ids=["nbd", "bg_nbd", "mbg_nbd"])
@settings(deadline=None, max_examples=40)
@given(
    st.tuples(PARAMETER, PARAMETER, PARAMETER, PARAMETER),
    st.lists(HISTORY, min_size=1, max_size=4),
    logarithms(0.01, 1000),
    logarithms(1e-5, 1.0),
)
def test_bounds(family, theta, histories, t, delta) -> None:
    theta = theta[: len(family.PARAMETERS)]
    x, part, T = (np.array(column, dtype=float) for column in zip(*histories, strict=True))
    t_x = np.where(x > 0, part * T, 0.0)
    found = family.forecast(theta, x, t_x, T, t, delta, 5 * t)
    slack = 1e-8
    for name in found.__dataclass_fields__:
        assert not np.any(np.isnan(getattr(found, name))), name
    for chance in (found.probability_alive, found.probability_alive_end, found.p_zero):
        assert np.all((chance >= -1e-11) & (chance <= 1 + slack))
    assert np.all(found.probability_alive_end <= found.probability_alive + slack)
    assert np.all(found.variance >= 0)
    # At least one purchase is no more likely than purchases are many; each is worth less for being later.
    assert np.all(1 - found.p_zero <= found.expected_purchases * (1 + slack) + 1e-10)
    assert np.all(found.discounted <= found.expected_purchases * (1 + slack))
    assert np.all(found.discounted <= found.discounted_lifetime * (1 + slack))
    assert np.all(found.discounted_lifetime <= found.discounted_infinite * (1 + slack) + 1e-300)
    assert np.all(found.next_purchase > 0)
    lived = family.truncated_lifetime(theta, x, t_x, T, t)
    assert np.all((lived >= 0) & (lived <= t * (1 + slack)))
    assert np.all(family.median_lifetime(theta, x, t_x, T) >= 0)
    assert not np.any(np.isnan(family.expected_lifetime(theta, x, t_x, T)))
    assert np.all(np.isfinite(family.log_likelihood(theta, x, t_x, T)))
    chances = family.purchase_distribution(theta, x, t_x, T, t, 6)
    assert np.all(chances >= 0)
    assert np.all(chances.sum(axis=1) <= 1 + slack)
    assert chances[:, 0] == pytest.approx(found.p_zero, abs=1e-12)


@pytest.mark.parametrize("family", [nbd, bg_nbd, mbg_nbd], ids=["nbd", "bg_nbd", "mbg_nbd"])
@settings(deadline=None, max_examples=25)
@given(st.tuples(PARAMETER, PARAMETER, PARAMETER, PARAMETER), st.integers(0, 2**32 - 1), logarithms(0.1, 100))
def test_samples_are_histories(family, theta, seed, t) -> None:
    theta = theta[: len(family.PARAMETERS)]
    rng = np.random.default_rng(seed)
    T = rng.uniform(0.1, 50, 200)
    x, t_x = family.sample_new(theta, T, rng)
    assert np.all((x >= 0) & (x == np.floor(x)))
    assert np.all((t_x > 0) == (x > 0))
    assert np.all(t_x <= T)
    later = family.sample_future(theta, x, t_x, T, t, rng)
    assert np.all((later >= 0) & (later == np.floor(later)))


def test_purchases_more_recent_make_life_likelier() -> None:
    last = np.linspace(1, 39, 30)
    for family in (bg_nbd, mbg_nbd):
        alive = family.probability_alive((0.24, 4.4, 0.79, 2.43), 4.0, last, 39.0)
        assert np.all(np.diff(alive) > 0)
    assert bg_nbd.probability_alive((0.24, 4.4, 0.79, 2.43), 0.0, 0.0, 39.0)[0] == 1
    assert mbg_nbd.probability_alive((0.24, 4.4, 0.79, 2.43), 0.0, 0.0, 39.0)[0] < 1
