"""The gate: what passes, what does not, and what it says."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.errors import InputError
from keepers.evaluation.policy.gate import doubly_robust_scores, policy_gate
from keepers.evaluation.policy.logged import logged_decisions
from keepers.evaluation.policy.values import policy_value

NAMES = ("nothing", "postcard", "coupon")


def test_pure_noise_is_refused_in_at_least_95_of_100_seeds() -> None:
    refused = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        reward = rng.gamma(0.3, 60.0, 1500)
        log = logged_decisions(rng.integers(0, 3, 1500), reward, [1 / 3] * 3)
        scores = doubly_robust_scores(log, np.full((1500, 3), 18.0))
        refused += not policy_gate(scores, rng.integers(0, 3, 1500), NAMES).ships
    assert refused >= 95


def test_a_policy_that_leaves_one_constant_for_few_proves_nothing() -> None:
    scores = np.column_stack([np.zeros(1000), np.full(1000, -5.0)])
    scores[:20, 1] = np.linspace(50.0, 60.0, 20)
    verdict = policy_gate(scores, (np.arange(1000) < 20).astype(int), NAMES[:2])
    assert verdict.against[0].low > 0
    assert not verdict.ships
    assert "for only 20 of them" in verdict.sentence("EUR")


def test_the_margin_is_asked_of_the_lower_bound() -> None:
    rng = np.random.default_rng(3)
    second = rng.random(4000) < 0.5
    scores = rng.normal(np.column_stack([~second, second, 0 * second]) * 2.0, 1.0)
    policy = second.astype(int)
    free = policy_gate(scores, policy, NAMES)
    assert free.ships
    assert free.best.gain == pytest.approx(1.0, abs=0.1)
    assert "The personalised choice ships" in free.sentence("EUR")
    assert "€" in free.sentence("EUR")
    strict = policy_gate(scores, policy, NAMES, margin=free.weakest.low + 0.001)
    assert not strict.ships
    assert "Everybody gets “nothing”" in strict.sentence()
    assert policy_gate(scores, policy, NAMES, margin=free.weakest.low - 0.001).ships


def test_the_best_constant_is_said_to_be_proven_only_where_it_is() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(500, 2))
    assert policy_gate(noise + np.array([0.0, 1.0]), np.ones(500, dtype=int), NAMES[:2]).constant_is_proven
    close = policy_gate(noise - noise.mean(axis=0) + np.array([0.0, 0.01]), np.ones(500, dtype=int), NAMES[:2])
    assert close.constant == "postcard"
    assert not close.constant_is_proven
    assert not close.ships


def test_of_many_actions_that_do_nothing_the_best_is_seldom_said_to_be_proven() -> None:
    rng = np.random.default_rng(9)
    names, policy = tuple("abcdef"), np.zeros(200, dtype=int)
    proven = sum(policy_gate(rng.normal(size=(200, 6)), policy, names).constant_is_proven for _ in range(300))
    # One in twenty at most; without counting that it is the best of five it would be one in seven.
    assert proven / 300 < 0.08


def test_scores_average_to_the_doubly_robust_value() -> None:
    rng = np.random.default_rng(5)
    log = logged_decisions(rng.integers(0, 3, 300), rng.normal(size=300), [0.2, 0.5, 0.3])
    predicted, policy = rng.normal(size=(300, 3)), rng.integers(0, 3, 300)
    scores = doubly_robust_scores(log, predicted)
    expected = policy_value(log, policy, "dr", predicted=predicted).value
    assert policy_gate(scores, policy, NAMES).policy_value == pytest.approx(expected, rel=1e-12)


def test_wrong_questions_are_named() -> None:
    with pytest.raises(InputError, match="2 actions and more"):
        policy_gate(np.zeros((5, 1)), [0] * 5)
    with pytest.raises(InputError, match="one name for each"):
        policy_gate(np.zeros((5, 2)), [0] * 5, ["a"])
    with pytest.raises(InputError, match="`margin`"):
        policy_gate(np.zeros((5, 2)), [0] * 5, margin=-1.0)
    with pytest.raises(InputError, match="`confidence`"):
        policy_gate(np.zeros((5, 2)), [0] * 5, confidence=95)
