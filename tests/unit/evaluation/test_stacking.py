"""Stacking: weights that forecast best, judged on holdouts that had no part in them, and the model made of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

import keepers as kp
from keepers.domain.time import TimeUnit
from keepers.evaluation.grading import CountGrade
from keepers.evaluation.metrics import Metrics
from keepers.evaluation.stacking import stack_weights, stackable, stacking
from keepers.models.priors import LogNormal, Prior
from shop import shop_orders

TITLES = {"A": "model A", "B": "model B"}


def grade(probabilities: np.ndarray) -> CountGrade:
    size = probabilities.size
    metrics = Metrics(float(size), 1.0, 1.0, 0.1, 0.1, None, None, None)
    zeros = np.zeros(size)
    return CountGrade(metrics, (), (), (), 0.0, zeros, probabilities, zeros, np.ones(size))


def test_weights_maximise_the_log_score() -> None:
    rng = np.random.default_rng(2)
    table, weight = rng.beta(2, 3, (500, 3)), rng.integers(1, 9, 500).astype(float)
    found = stack_weights(table, weight)
    assert found.sum() == pytest.approx(1.0)
    assert np.all(found >= 0)

    def loss(free: np.ndarray) -> float:
        shares = np.exp(free - free.max())
        return -float(weight @ np.log(table @ (shares / shares.sum()))) / weight.sum()

    best = optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
    assert -float(weight @ np.log(table @ found)) / weight.sum() == pytest.approx(best.fun, abs=1e-7)


def test_two_halves_of_the_truth_are_mixed() -> None:
    """Each model is right about half of the customers: together they are better than either."""
    rng = np.random.default_rng(3)
    right = rng.random(4000) < 0.5
    one, other = np.where(right, 0.8, 0.2), np.where(right, 0.2, 0.8)
    for origins in (1, 3):
        found = stacking({"A": [grade(one)] * origins, "B": [grade(other)] * origins}, TITLES)
        assert found is not None
        assert found.pays
        assert found.weights["A"] == pytest.approx(0.5, abs=0.02)
        assert found.gain > 0.15
        assert found.sentence.startswith("A mix of 5")


def test_a_model_that_adds_nothing_gets_nothing() -> None:
    rng = np.random.default_rng(4)
    good = rng.beta(8, 2, 3000)
    found = stacking({"A": [grade(good)], "B": [grade(0.9 * good)]}, TITLES)
    assert found is not None
    assert not found.pays
    assert found.best == "A"
    assert found.sentence == "Mixing the models brings nothing: all of the weight goes to model A."


def test_chance_is_not_taken_for_a_gain() -> None:
    rng = np.random.default_rng(5)
    one = rng.beta(4, 4, 60)
    found = stacking({"A": [grade(one)], "B": [grade(one * np.exp(0.05 * rng.standard_normal(60)))]}, TITLES)
    assert found is not None
    assert not found.pays
    assert "within what chance explains" in found.sentence or "brings nothing" in found.sentence


def test_one_model_cannot_be_mixed_and_some_may_not() -> None:
    assert stacking({"A": [grade(np.full(5, 0.5))]}, TITLES) is None
    assert [stackable(one) for one in (kp.MBGNBD(), kp.NBD(), kp.BGBB(), kp.Stack())] == [True, False, False, False]


def test_a_backtest_says_what_mixing_would_bring_and_grades_it_where_it_pays() -> None:
    found = kp.backtest([kp.MBGNBD(), kp.ParetoNBD(), kp.NBD()], shop_orders(1500), origins=2)
    assert found.stacking is not None
    assert set(found.stacking.weights) == {"MBGNBD", "ParetoNBD"}
    assert sum(found.stacking.weights.values()) == pytest.approx(1)
    graded = {row.model for row in found.rows if row.of == "purchases"}
    assert ("Stack" in graded) == found.stacking.pays
    assert found.to_dict()["stacking"]["sentence"] == found.stacking.sentence


def fixed(**values: float) -> Prior:
    """A prior that leaves a model no choice."""
    return Prior({name: LogNormal(value, 0.02) for name, value in values.items()}, TimeUnit.WEEK)


def one_sided() -> list[kp.BGNBD | kp.MBGNBD | kp.ParetoNBD]:
    """Two models that may not learn: one expects too few purchases, the other too many."""
    low = kp.MBGNBD(fixed(r=0.5, alpha=40, a=0.8, b=2))
    return [low, kp.ParetoNBD(fixed(r=0.9, alpha=4, s=0.6, beta=12))]


def test_the_mix_is_chosen_where_it_beats_every_single_model() -> None:
    buying, _, found = kp.choose_model(shop_orders(1500), models=one_sided(), origins=2)
    assert found.winner == "Stack"
    assert found.stacking is not None
    assert found.stacking.pays
    assert isinstance(buying, kp.Stack)
    assert [one.prior for one in buying.models_] == [one.prior for one in one_sided()]
    assert dict(zip([one.name for one in buying.models_], buying.weights, strict=True)) == pytest.approx(
        found.stacking.weights
    )
    best, *others = found.leaderboard()
    assert best.model == "Stack"
    assert all(place.rank > 1 for place in others)
    assert found.verdict.startswith("Predicting the next 25 weeks from 2 dates in the past, stack of 5")
    assert found.tracking is not None
    assert len(found.value_groups) == 10
