"""Off-policy estimators, their intervals, the choice of the limit, and what is said where data cannot judge."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.domain.errors import InputError
from keepers.evaluation.policy.estimators import METHODS, NEEDS_LIMIT
from keepers.evaluation.policy.limits import choose_limit
from keepers.evaluation.policy.logged import LoggedDecisions, checked_policy, logged_decisions
from keepers.evaluation.policy.support import policy_support
from keepers.evaluation.policy.values import policy_value

Floats = NDArray[np.float64]


def logged(size: int = 400, seed: int = 0) -> tuple[LoggedDecisions, Floats, Floats, float]:
    """A log with three actions, a policy, wrong predictions, and the policy's true value on these rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=size)
    score = np.column_stack([np.zeros(size), 0.8 * x, -0.5 * x])
    behaviour = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    action = (rng.random(size)[:, None] > np.cumsum(behaviour, axis=1)).sum(axis=1)
    truth = np.column_stack([1.0 + 0 * x, 1.0 + x, 1.5 - 0.5 * x])
    reward = truth[np.arange(size), action] + rng.normal(size=size)
    policy = np.exp(2 * truth) / np.exp(2 * truth).sum(axis=1, keepdims=True)
    return logged_decisions(action, reward, behaviour), policy, 0.7 * truth + 0.2, float((policy * truth).sum() / size)


def test_each_estimator_is_its_formula() -> None:
    log, policy, q, _ = logged()
    rows = np.arange(log.size)
    assert log.behaviour is not None
    w = policy[rows, log.action] / log.behaviour[rows, log.action]
    r, base, qa = log.reward, (policy * q).sum(axis=1), q[rows, log.action]
    expected = {
        "dm": base.mean(),
        "ips": (w * r).mean(),
        "snips": (w * r).sum() / w.sum(),
        "clipped": (np.minimum(w, 1.5) * r).mean(),
        "dr": (base + w * (r - qa)).mean(),
        "sndr": base.mean() + (w * (r - qa)).sum() / w.sum(),
        "switch": (base + (w <= 1.5) * w * (r - qa)).mean(),
        "shrinkage": (base + 1.5 * w / (w**2 + 1.5) * (r - qa)).mean(),
    }
    for method in METHODS:
        found = policy_value(log, policy, method, predicted=q, limit=1.5)
        assert found.value == pytest.approx(expected[method], rel=1e-12), method


def test_no_limit_is_the_estimator_without_one() -> None:
    log, policy, q, _ = logged()
    for limited, free in (("clipped", "ips"), ("switch", "dr"), ("shrinkage", "dr")):
        bounded = policy_value(log, policy, limited, predicted=q, limit=math.inf)  # type: ignore[arg-type]
        assert bounded.value == policy_value(log, policy, free, predicted=q).value  # type: ignore[arg-type]


def test_weights_of_zero_leave_the_direct_method() -> None:
    log, policy, q, _ = logged()
    direct = policy_value(log, policy, "dm", predicted=q).value
    for method in ("switch", "shrinkage"):
        assert policy_value(log, policy, method, predicted=q, limit=0.0).value == direct  # type: ignore[arg-type]


def test_the_logging_policy_itself_is_worth_its_mean_reward() -> None:
    log, _, _, _ = logged()
    assert log.behaviour is not None
    for method in ("ips", "snips"):
        found = policy_value(log, log.behaviour, method)  # type: ignore[arg-type]
        assert found.value == pytest.approx(log.reward.mean(), rel=1e-12)
        assert found.effective_size == pytest.approx(log.size)


@pytest.mark.parametrize("method", ["ips", "snips", "dr", "sndr"])
def test_standard_errors_are_the_spread_over_repeated_logs(method: str) -> None:
    values, errors, inside = [], [], 0
    for seed in range(150):
        log, policy, q, truth = logged(seed=seed)
        found = policy_value(log, policy, method, predicted=q)  # type: ignore[arg-type]
        values.append(found.value - truth)
        errors.append(found.standard_error)
        inside += found.low <= truth <= found.high
    assert np.mean(values) == pytest.approx(0.0, abs=4 * np.std(values) / math.sqrt(150))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.25)
    assert inside >= 0.88 * 150


def test_the_bootstrap_agrees_with_the_influence_function() -> None:
    log, policy, q, _ = logged()
    for method in ("sndr", "snips"):
        normal = policy_value(log, policy, method, predicted=q)  # type: ignore[arg-type]
        drawn = policy_value(log, policy, method, predicted=q, interval="bootstrap", draws=600)  # type: ignore[arg-type]
        assert drawn.high - drawn.low == pytest.approx(normal.high - normal.low, rel=0.15)


def test_an_interval_by_betting_holds_where_the_normal_one_does_not() -> None:
    """Three in a hundred get the action, and it mostly fails: the weights of the few successes are large."""
    rng = np.random.default_rng(4)
    held = {"normal": 0, "betting": 0}
    for _ in range(150):
        action = (rng.random(300) < 0.03).astype(np.int64)
        reward = (rng.random(300) < np.where(action == 1, 0.3, 0.1)).astype(np.float64)
        log = logged_decisions(action, reward, [0.97, 0.03])
        policy = np.ones(300, dtype=np.int64)
        for interval in held:
            found = policy_value(log, policy, "ips", level=0.9, interval=interval, bounds=(0.0, 1.0))  # type: ignore[arg-type]
            held[interval] += found.low <= 0.3 <= found.high
    assert held["betting"] >= 0.9 * 150 > held["normal"]


def test_bets_that_cannot_hold_are_refused() -> None:
    log, policy, q, _ = logged()
    for method in ("dr", "snips", "clipped"):
        with pytest.raises(InputError, match="betting"):
            policy_value(log, policy, method, predicted=q, interval="betting", bounds=(-9.0, 9.0))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="`bounds`"):
        policy_value(log, policy, "ips", interval="betting")
    with pytest.raises(InputError, match="outside `bounds`"):
        policy_value(log, policy, "ips", interval="betting", bounds=(0.0, 0.1))


def test_the_chosen_limit_is_consistent_with_less_biased_ones_and_less_variable() -> None:
    log, policy, q, truth = logged(4000)
    for method in sorted(NEEDS_LIMIT):
        chosen = choose_limit(log, policy, method, predicted=q)
        assert chosen.limit in chosen.candidates
        assert list(chosen.candidates) == sorted(chosen.candidates, reverse=True)
        assert list(chosen.widths) == sorted(chosen.widths, reverse=True)
        found = policy_value(log, policy, method, predicted=q)  # type: ignore[arg-type]
        assert found.limit == chosen.limit
        assert abs(found.value - truth) < 0.15


def test_a_limit_that_biases_visibly_is_not_chosen() -> None:
    log, policy, q, truth = logged(20_000)
    candidates = (math.inf, 5.0, 0.01)
    assert choose_limit(log, policy, "clipped", candidates=candidates).limit > 0.01
    clipped = policy_value(log, policy, "clipped", predicted=q, limit=0.01).value
    assert abs(clipped - truth) > 0.5


def test_support_names_what_was_never_tried_and_wrong_propensities() -> None:
    log, policy, _, _ = logged(2000)
    assert policy_support(log, policy).is_enough
    assert log.behaviour is not None
    flat = logged_decisions(log.action, log.reward, np.full(3, 1 / 3))
    problems = policy_support(flat, policy).problems
    assert len(problems) == 1
    assert "propensities are not those" in problems[0]
    rare = logged_decisions([0] * 500 + [1], [1.0] * 501, [0.998, 0.002])
    found = policy_support(rare, np.ones(501, dtype=np.int64))
    assert found.uncovered == 1.0
    assert "never tried" in found.problems[0]
    assert found.effective_size == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 1], [1.0, np.nan], [0.5, 0.5]), "in row 1"),
        (([0, 1, 0], [1.0, 1.0, 1.0], [0.5, 0.0, 0.5]), "first: row 1"),
        (([0, 1], [1.0], [0.5, 0.5]), "one length"),
        (([0.0, 1.0], [1.0, 1.0], [0.5, 0.5]), "whole numbers"),
        (([0, 1], [1.0, 1.0], [[0.5, 0.4], [0.5, 0.5]]), "sum to one"),
        (([0, 3], [1.0, 1.0], [[0.5, 0.5], [0.5, 0.5]]), "between 0 and 1"),
    ],
)
def test_a_wrong_log_is_named(arguments: tuple[list[float], list[float], list[float]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        logged_decisions(*arguments)


def test_wrong_questions_are_named() -> None:
    log, policy, q, _ = logged(50)
    with pytest.raises(InputError, match="needs `predicted`"):
        policy_value(log, policy)
    with pytest.raises(InputError, match="`method`"):
        policy_value(log, policy, "magic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="sum to one"):
        policy_value(log, policy * 0.5, "ips")
    with pytest.raises(InputError, match="No logged action"):
        policy_value(log, (log.action + 1) % 3, "ips")
    with pytest.raises(InputError, match="cross-fitted"):
        policy_value(log, policy, predicted=q[:, :2])
    assert checked_policy(log, [1] * 50).sum() == 50
