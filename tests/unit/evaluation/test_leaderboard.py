"""The leaderboard: ranks, differences with their standard errors, and ties in words."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from keepers.evaluation.backtest import backtest
from keepers.evaluation.grading import CountGrade
from keepers.evaluation.leaderboard import NOBODY, leaderboard
from keepers.evaluation.metrics import Metrics
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from shop import shop_orders

TITLES = {name: name for name in ("A", "B", "C", "Rule")}


def grade(scores: np.ndarray) -> CountGrade:
    size = scores.size
    metrics = Metrics(float(size), 1.0, 1.0, 0.1, 0.1, None, None, None)
    half = np.full(size, 0.5)
    return CountGrade(metrics, (), (), (), float(scores.mean()), half, half, scores, np.ones(size))


def graded(**means: float) -> dict[str, list[CountGrade]]:
    """Forecasts whose scores differ by so much for every customer, with noise of their own."""
    rng = np.random.default_rng(1)
    base = rng.gamma(2.0, 0.2, 4000)
    return {
        name: [grade(base + mean + 0.02 * rng.standard_normal(4000)) for _ in range(2)] for name, mean in means.items()
    }


def test_places_ranks_and_differences() -> None:
    found = leaderboard(graded(B=0.05, A=0.0, C=0.0001, Rule=0.2), TITLES, frozenset({"Rule"}), "A")
    ranks = {place.model: place.rank for place in found}
    assert ranks == {"A": 1, "C": 1, "B": 3, "Rule": 4}
    second = next(place for place in found if place.model == "B")
    assert second.behind == pytest.approx(0.05, abs=0.002)
    assert second.standard_error == pytest.approx(0.02 * np.sqrt(2 / 4000), rel=0.1)
    assert [place.chosen for place in found].count(True) == 1
    assert found.places[-1].baseline


def test_ties_in_words() -> None:
    found = leaderboard(graded(A=0.0, C=0.0001, B=0.05), TITLES, frozenset(), "A")
    first, other = (place.title for place in found.places[:2])
    assert found.sentence.startswith(
        f"{first} forecast best; {other} did as well, within what chance explains. B comes"
    )
    assert "purchases a customer, standard error 0.0004" in found.sentence


def test_rules_ahead_are_said() -> None:
    found = leaderboard(graded(A=0.3, Rule=0.0), TITLES, frozenset({"Rule"}), "A")
    assert found.sentence.endswith("No model is among the best.")
    assert len(found) == 2


def test_nothing_graded() -> None:
    assert leaderboard({}, {}, frozenset(), None) is NOBODY
    assert NOBODY.rows() == []


def test_a_backtest_has_one_over_any_set_of_models() -> None:
    found = backtest([NBD(), MBGNBD()], shop_orders(900), origins=2)
    places = found.leaderboard()
    assert {place.model for place in places} >= {"NBD", "MBGNBD", "NaiveRate", "CohortMean"}
    assert places.places[0].behind == 0
    scores = [place.score for place in places]
    assert scores == sorted(scores)
    assert [place.model for place in places] == list(found.ranking.order)
    assert next(place for place in places if place.chosen).model == found.winner
    json.dumps(found.to_dict()["leaderboard"], allow_nan=False)
    assert dataclasses.asdict(places.places[0])["rank"] == 1
