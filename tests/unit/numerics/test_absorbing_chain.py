"""Absorbing chains: totals kept, removal against walking every way, derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.numerics.absorbing_chain import Chain, Visits, choose_order
from keepers.numerics.path_rules import FloatArray, PathArrays

ways = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=2, max_size=12)


def arrays(paths: list[list[int]]) -> PathArrays:
    flat = np.array([step for path in paths for step in path], dtype=np.int64)
    return PathArrays(flat, np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int64), 4)


def drawn(paths: int, seed: int) -> Visits:
    rng = np.random.default_rng(seed)
    return Visits(rng.poisson(3.0, paths).astype(float) + 1.0, rng.poisson(6.0, paths).astype(float))


@given(ways, st.integers(1, 3), st.integers(0, 10**6))
def test_chances_keep_totals_and_effects_are_shares(paths: list[list[int]], order: int, seed: int) -> None:
    held, visits = arrays(paths), drawn(len(paths), seed)
    chain = Chain(held, visits, order)
    visited = np.linalg.solve((np.eye(chain.states) - chain.moves.toarray()).T, chain.begin)
    # The chain walks through each state as often as the paths did, and converts as often.
    np.testing.assert_allclose(visited, np.bincount(chain.state, visits.all[held.path]) / visits.all.sum())
    assert visited @ chain.gain(visits.conversions) == pytest.approx(visits.conversions.sum() / visits.all.sum())
    removal = chain.removal(visits.conversions, np.stack([visits.conversions, 2 * visits.conversions]))
    assert ((removal.effect >= 0) & (removal.effect <= 1)).all()
    np.testing.assert_allclose(removal.by_draw, np.stack([removal.effect] * 2), atol=1e-12)
    never = np.setdiff1d(np.arange(4), held.channel)
    assert not removal.effect[never].any()


@settings(max_examples=25)
@given(ways, st.integers(1, 3), st.integers(0, 10**6))
def test_removal_is_what_walking_without_the_channel_leaves(paths: list[list[int]], order: int, seed: int) -> None:
    held, visits = arrays(paths), drawn(len(paths), seed)
    chain = Chain(held, visits, order)
    worth = visits.conversions * np.random.default_rng(seed).exponential(10.0, held.paths)
    gain, moves = chain.gain(worth), chain.moves.toarray()
    for channel in range(4):
        open_states = (chain.channel_of != channel).astype(float)
        walk, left = chain.begin * open_states, 0.0
        for _ in range(400):
            left += float(walk @ gain)
            walk = (walk @ moves) * open_states
        whole = worth.sum() / visits.all.sum()
        assert chain.removal(worth).effect[channel] == pytest.approx(max(1 - left / whole, 0.0), abs=1e-6)


@pytest.mark.parametrize("order", [1, 3])
def test_the_spread_of_effects_is_that_of_the_weights_of_paths(order: int) -> None:
    rng = np.random.default_rng(5)
    held = arrays([rng.integers(0, 4, rng.integers(1, 5)).tolist() for _ in range(14)])
    visits = Visits(rng.poisson(9.0, 14).astype(float) + 1, rng.poisson(20.0, 14).astype(float) + 1)
    each = rng.exponential(5.0, 14)

    def effect(change: FloatArray) -> FloatArray:
        drawn = Visits(visits.conversions + change[0], visits.nulls + change[1])
        return Chain(held, drawn, order).removal(drawn.conversions * each).effect

    step, slopes = 1e-4, np.zeros((2, 14, 4))
    for kind in range(2):
        for path in range(14):
            change = np.zeros((2, 14))
            change[kind, path] = step
            slopes[kind, path] = (effect(change) - effect(-change)) / (2 * step)
    # A visitor more or less of a path walked m times has the variance m.
    expected = np.einsum("pc,p,pd->cd", slopes[0], visits.conversions, slopes[0])
    expected += np.einsum("pc,p,pd->cd", slopes[1], visits.nulls, slopes[1])
    found = Chain(held, visits, order).removal(visits.conversions * each)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-5, atol=1e-12)


def test_the_memory_that_made_the_paths_is_chosen() -> None:
    rng = np.random.default_rng(3)

    def walked(memory: int) -> tuple[PathArrays, Visits]:
        """Paths whose next step, or end, goes by the last `memory` channels."""
        law = rng.dirichlet(np.full(5, 0.6), size=4**memory)
        paths, won = [], []
        for _ in range(2500):
            path = list(rng.integers(0, 4, memory))
            while (step := int(rng.choice(5, p=law[int(np.dot(path[-memory:], 4 ** np.arange(memory)))]))) < 4:
                if len(path) > 12:
                    break
                path.append(step)
            paths.append(path)
            won.append(float(rng.random() < 0.1 + 0.2 * path[-1]))
        wins = np.array(won)
        return arrays(paths), Visits(wins, 1 - wins)

    assert choose_order(*walked(1), rng) == 1
    assert choose_order(*walked(2), rng) == 2
