"""The order of forecasts, and who wins a tie."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.evaluation.grading import CountGrade
from keepers.evaluation.metrics import measure
from keepers.evaluation.ranking import rank

RULES = frozenset({"NaiveRate"})


def grade(score: float, noise: float = 0.0, seed: int = 0) -> CountGrade:
    """A grade whose scores of 1,000 customers scatter around a mean."""
    scores = np.random.default_rng(seed).normal(0.0, 1.0, 1000)
    scores = score + noise * (scores - scores.mean())
    empty = np.zeros(1000)
    return CountGrade(measure([1.0], [1.0]), (), (), (), float(scores.mean()), empty, empty, scores, np.ones(1000))


def test_a_clear_winner_is_taken_whatever_it_is() -> None:
    found = rank({"MBGNBD": [grade(1.0)] * 2, "NBD": [grade(0.8)] * 2, "NaiveRate": [grade(1.2)] * 2}, RULES)
    assert found.order == ("NBD", "MBGNBD", "NaiveRate")
    assert found.winner == "NBD"
    assert found.tied == ()
    assert found.best_rule == "NaiveRate"
    assert found.improvement == pytest.approx(1 - 0.8 / 1.2)
    assert found.beats_rules


def test_a_negligible_difference_goes_to_the_safer_model() -> None:
    found = rank({"BGNBD": [grade(1.0)], "ParetoNBD": [grade(1.0004)], "MBGNBD": [grade(1.0008)]}, RULES)
    assert found.winner == "MBGNBD"
    assert set(found.tied) == {"BGNBD", "ParetoNBD"}
    assert found.order == ("BGNBD", "ParetoNBD", "MBGNBD")


def test_a_difference_that_chance_explains_is_a_tie() -> None:
    noisy = [grade(1.02, noise=2.0, seed=1)]
    assert rank({"BGNBD": [grade(1.0)], "MBGNBD": noisy}, RULES).winner == "MBGNBD"
    sure = [grade(1.02, noise=0.1, seed=1)]
    assert rank({"BGNBD": [grade(1.0)], "MBGNBD": sure}, RULES).winner == "BGNBD"


def test_a_rule_never_wins_but_can_be_the_best() -> None:
    found = rank({"MBGNBD": [grade(1.3)], "NaiveRate": [grade(1.0)]}, RULES)
    assert found.order[0] == "NaiveRate"
    assert found.winner == "MBGNBD"
    assert not found.beats_rules
    assert found.improvement == pytest.approx(-0.3)


def test_without_models_there_is_no_winner() -> None:
    found = rank({"NaiveRate": [grade(1.0)]}, RULES)
    assert found.winner is None
    assert found.improvement is None
