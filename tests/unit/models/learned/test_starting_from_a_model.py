"""Learned value of a store starts from a model of buying: what that says of customers, and of all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.domain.money import Margin
from keepers.models.learned.attrition import EXPECTED, EXPECTED_MONEY, Attrition
from keepers.models.learned.boosting import Boosted, Offset
from keepers.models.learned.lessons import Lesson, lesson_before
from keepers.numerics.lasting import lasting_gap
from keepers.simulate import Behaviour, Spend, Store, StorePlan, simulate_store

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
DAY, AHEAD = "2026-03-31", kp.days(180)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    found = simulate_store(500, 3, StorePlan(behaviour=LAW, spend=Spend(5.0, 6.0, 42.0)))
    yield found
    found.engine.close()


@pytest.fixture(scope="module")
def today(store: Store) -> kp.Features:
    return kp.features_at(store, DAY)


@pytest.mark.parametrize("rate", [None, 0.4])
def test_what_it_expects_of_everybody_is_what_the_models_say(
    store: Store, today: kp.Features, rate: float | None
) -> None:
    day = today.at
    assert day is not None
    found = Attrition.known_on(store.orders, day, AHEAD, Margin(rate))
    assert found is not None
    _, X = today.matrix()
    odds, money = found.added(X, today.names)[:, -2:].T
    summary = kp.summarise(store.orders, kp.ObservationWindow(end=day), rate)
    buying = type(found.model)().fit(summary)
    assert isinstance(found.spend, kp.CorrelatedSpend)
    values = kp.lifetime_value(buying, found.spend, summary, horizon=AHEAD, discount=kp.annual_rate(0.0)).to_numpy()
    np.testing.assert_allclose(np.nansum(money), values[values_column(values)].sum(), rtol=3e-4)
    cells = summary.cells()
    chance = 1.0 - buying.purchase_distribution(cells, AHEAD, 0)[:, 0]
    np.testing.assert_allclose(np.sum(1.0 / (1.0 + np.exp(-odds))), cells.weight @ chance, rtol=1e-4)


def values_column(values: dict[str, Any]) -> str:
    return next(name for name in values if name.startswith("clv_predicted") and name.count("_") == 2)


def test_the_likelier_of_two_laws_is_asked_and_a_file_gives_it_back(store: Store, today: kp.Features) -> None:
    day = today.at
    assert day is not None
    both = Attrition.known_on(store.orders, day, AHEAD)
    assert both is not None
    single = [Attrition.known_on(store.orders, day, AHEAD, laws=(law,)) for law in (kp.MBGNBD, kp.ParetoNBD)]
    likely = [one.model.log_likelihood_ + one.spend.log_likelihood_ for one in single if one and one.spend]
    assert len(likely) == 2
    assert both.spend is not None
    assert both.model.log_likelihood_ + both.spend.log_likelihood_ == max(likely)
    _, X = today.matrix()
    again = Attrition.from_dict(both.to_dict())
    np.testing.assert_allclose(again.added(X, today.names), both.added(X, today.names), rtol=1e-9)


def test_a_model_that_was_saved_before_it_knew_money_is_read(store: Store, today: kp.Features) -> None:
    day = today.at
    assert day is not None
    now = Attrition.known_on(store.orders, day, AHEAD, laws=(kp.MBGNBD,))
    assert now is not None
    kept = now.to_dict()
    before = Attrition.from_dict({"model": kept["model"], "days": kept["days"]})
    _, X = today.matrix()
    assert before.names == (EXPECTED,)
    np.testing.assert_allclose(before.added(X, today.names)[:, -1], now.added(X, today.names)[:, -2], rtol=1e-9)


@pytest.mark.parametrize(("log", "starts"), [(True, np.log(-np.log(0.75))), (False, np.log(1 / 3))])
def test_trees_that_were_saved_with_a_single_start_keep_it(log: bool, starts: float) -> None:
    """A model says that a customer buys again with a chance of a quarter."""
    offset = {"feature": 1, "score": 0, "log": log, "centre": -2.0}
    kept = Boosted.from_dict({"trees": None, "start": [0.5], "rounds": 0, "offset": offset})
    X = np.array([[7.0, np.log(1 / 3)], [7.0, np.nan]])
    np.testing.assert_allclose(kept.scores(X)[:, 0], [0.5 + starts, -1.5])
    plain = Boosted.from_dict({"trees": None, "start": [0.5], "rounds": 0, "offset": None})
    np.testing.assert_allclose(plain.scores(X)[:, 0], 0.5)


@pytest.fixture(scope="module")
def lesson(store: Store, today: kp.Features) -> Lesson:
    assert today.at is not None
    return lesson_before(store, store.orders, today.at, AHEAD, Margin())


@pytest.mark.parametrize("head", ["hurdle", "tweedie", "ziln"])
def test_the_total_of_the_day_is_the_models_as_far_as_it_was_right_before(
    lesson: Lesson, today: kp.Features, head: Any, tmp_path: Path
) -> None:
    model = kp.LearnedValue(head, rounds=10, folds=2).fit_lesson(lesson, today)
    assert lesson.design.names[-2:] == (EXPECTED, EXPECTED_MONEY)
    assert lesson.attrition is not None
    factor = np.exp(lasting_gap(lesson.design.X[:, -1], lesson.outcome, lesson.customers, lesson.reach))
    _, X = today.matrix()
    expected = lesson.attrition.added(X, today.names)[:, -1]
    predicted = model.predict(today)
    assert predicted[np.isfinite(expected)].sum() == pytest.approx(factor * np.nansum(expected), rel=1e-9)
    assert "what a model of buying expects" in model.sentence
    assert "the money that a model of buying expects (" in model.feature_importance().sentence
    np.testing.assert_allclose(model.contributions(today).sum(axis=1), predicted - model.mean_, atol=1e-7)
    read: Any = kp.load_model(model.save(tmp_path / "learned.json"))
    np.testing.assert_allclose(read.predict(today), predicted, rtol=1e-9)


def test_learning_from_a_store_makes_the_features_of_the_day_where_they_are_not_given(
    store: Store, lesson: Lesson, today: kp.Features
) -> None:
    settings = {"rounds": 2, "folds": 2}
    learned = kp.LearnedValue("hurdle", **settings).learn(store, AHEAD, DAY)
    given = kp.LearnedValue("hurdle", **settings).fit_lesson(lesson, today)
    np.testing.assert_allclose(learned.predict(today), given.predict(today), rtol=1e-12)


def test_offsets_read_features_as_they_say() -> None:
    odds = np.array([[-1.5], [0.0], [2.0], [np.nan]])
    chance = 1.0 / (1.0 + np.exp(-odds[:3, 0]))
    for reading, wanted in {
        "as it is": odds[:3, 0],
        "log events": np.log(-np.log1p(-chance)),
        "less log chance": -np.log(chance),
    }.items():
        one = Offset(0, 0, reading).centred(odds)  # type: ignore[arg-type]
        np.testing.assert_allclose(one.of(odds), [*wanted, wanted.mean()], rtol=1e-12)
    money = np.exp(odds)
    np.testing.assert_allclose(Offset(0, 0, "log").centred(money).of(money)[:3], odds[:3, 0])
