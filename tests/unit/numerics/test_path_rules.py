"""Rules of attribution: what each divides, and that nothing is lost or made on the way."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.numerics.path_rules import RULES, PathArrays, contact_shares

ways = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=7), min_size=1, max_size=12)


def arrays(paths: list[list[int]], channels: int = 4) -> PathArrays:
    flat = np.array([step for path in paths for step in path], dtype=np.int64)
    return PathArrays(flat, np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int64), channels)


@given(ways, st.sampled_from(RULES), st.integers(0, 10**6))
def test_shares_add_up_to_one_and_credits_to_the_total(paths: list[list[int]], rule: str, seed: int) -> None:
    held = arrays(paths)
    rng = np.random.default_rng(seed)
    share = contact_shares(held, rule, rng.exponential(200.0, held.channel.size))
    assert share.min() >= 0
    np.testing.assert_allclose(np.bincount(held.path, share), 1.0)
    worth = rng.normal(0, 100, (3, held.paths))
    credits = held.by_channel(share, worth)
    np.testing.assert_allclose(credits.sum(axis=1), worth.sum(axis=1), atol=1e-9)
    never = np.setdiff1d(np.arange(4), held.channel)
    assert not credits[:, never].any()


@given(ways, st.integers(0, 10**6))
def test_shapley_is_the_mean_over_all_orders_of_joining(paths: list[list[int]], seed: int) -> None:
    held = arrays(paths)
    worth = np.random.default_rng(seed).exponential(1.0, held.paths)

    def earns(coalition: frozenset[int]) -> float:
        return float(sum(w for path, w in zip(paths, worth, strict=True) if set(path) <= coalition))

    exact = np.zeros(4)
    for channel in range(4):
        others = [one for one in range(4) if one != channel]
        for size in range(4):
            weight = factorial(size) * factorial(3 - size) / factorial(4)
            for members in combinations(others, size):
                exact[channel] += weight * (earns(frozenset({*members, channel})) - earns(frozenset(members)))
    np.testing.assert_allclose(held.by_channel(contact_shares(held, "shapley"), worth), exact, atol=1e-12)


def test_rules_divide_a_path_as_their_names_say() -> None:
    held = arrays([[0, 1, 2, 1], [3], [2, 0]])
    assert contact_shares(held, "first").tolist() == [1, 0, 0, 0, 1, 1, 0]
    assert contact_shares(held, "last").tolist() == [0, 0, 0, 1, 1, 0, 1]
    assert contact_shares(held, "linear").tolist() == [0.25] * 4 + [1, 0.5, 0.5]
    np.testing.assert_allclose(contact_shares(held, "position"), [0.4, 0.1, 0.1, 0.4, 1, 0.5, 0.5])
    np.testing.assert_allclose(contact_shares(held, "shapley"), [1 / 3, 1 / 6, 1 / 3, 1 / 6, 1, 0.5, 0.5])
    age = np.array([14.0, 7.0, 7.0, 0.0, 3.0, 7.0, 0.0])
    np.testing.assert_allclose(contact_shares(held, "decay", age), [1 / 9, 2 / 9, 2 / 9, 4 / 9, 1, 1 / 3, 2 / 3])


@pytest.mark.parametrize("rule", ["decay", "middle"])
def test_what_cannot_be_divided_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"Time decay needs|There is no rule"):
        contact_shares(arrays([[0]]), rule)
