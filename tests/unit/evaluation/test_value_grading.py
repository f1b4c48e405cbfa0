"""Grades of money made in the engine, against the same made customer by customer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow
from keepers.evaluation.metrics import measure
from keepers.evaluation.origin import Origin, open_origin
from keepers.evaluation.value_grading import ValueGrade, ValueHoldout
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from shop import shop_orders

MARGIN = 0.4


@pytest.fixture(scope="module")
def origin() -> Origin:
    window = ObservationWindow("2022-12-31", "2023-06-01")
    found = open_origin(shop_orders(1200, seed=4), window, Margin(MARGIN))
    assert isinstance(found, Origin)
    found.grade("MBGNBD", MBGNBD())
    return found


@pytest.fixture(scope="module", params=[False, True], ids=["repeat orders", "all orders"])
def graded(origin: Origin, request: pytest.FixtureRequest) -> tuple[GammaGamma, ValueGrade]:
    spending = GammaGamma(include_first=request.param)
    return spending.fit(origin.summary), ValueHoldout(origin).grade_model(origin.fitted["MBGNBD"], spending)


def test_totals_and_ranks_are_those_of_the_customers(origin: Origin, graded: tuple[GammaGamma, ValueGrade]) -> None:
    spending, grade = graded
    rows = origin.summary.to_numpy()
    histories = Cells(rows["frequency"], rows["recency"], rows["T"], np.ones(len(rows["T"])), origin.summary.unit)
    orders = origin.fitted["MBGNBD"].expected_purchases(histories, origin.horizon)
    worth = spending.expected_spend(origin.summary).to_numpy()["expected_spend"]
    actual = rows["holdout_money"].astype(float) * MARGIN
    expected = measure(orders * worth * MARGIN, actual)
    assert grade.metrics.predicted == pytest.approx(expected.predicted)
    assert grade.metrics.actual == pytest.approx(expected.actual)
    assert grade.metrics.mae == pytest.approx(expected.mae)
    assert grade.metrics.rmse == pytest.approx(expected.rmse)
    assert grade.metrics.gini == pytest.approx(expected.gini, abs=0.003)
    assert grade.metrics.top_share == pytest.approx(expected.top_share, abs=0.01)
    assert grade.metrics.best_top_share == pytest.approx(expected.best_top_share, abs=0.01)
    assert sum(group.customers * group.predicted for group in grade.groups) == pytest.approx(expected.predicted)


def test_whole_forecasts_are_calibrated(graded: tuple[GammaGamma, ValueGrade]) -> None:
    _, grade = graded
    assert grade.below is not None
    assert grade.at is not None
    assert np.all((grade.below >= 0) & (grade.below <= grade.at) & (grade.at <= 1))
    for one in grade.coverage:
        assert one.randomised == pytest.approx(one.level, abs=0.04)
        assert one.plain >= one.level - 0.02


def test_the_score_prefers_the_spend_that_is_known(origin: Origin, graded: tuple[GammaGamma, ValueGrade]) -> None:
    spending, grade = graded

    class Wrong(GammaGamma):
        def fit(self, data: Any) -> Any:
            return _overrated(GammaGamma(spending.include_first).fit(data))

    wrong = Wrong(include_first=spending.include_first)
    assert grade.score is not None
    other = ValueHoldout(origin).grade_model(origin.fitted["MBGNBD"], wrong)
    assert other.score is not None
    assert other.score > 1.02 * grade.score
    assert other.metrics.predicted > 1.3 * grade.metrics.predicted


def _overrated(model: GammaGamma) -> GammaGamma:
    """A model that takes every customer for one who spends four times as much."""
    model.parameters_ = {**model.parameters_, "gamma": 4 * model.parameters_["gamma"]}
    return model


def test_past_spend_is_what_was_spent_in_the_period_before(origin: Origin) -> None:
    grade = ValueHoldout(origin).grade_past_spend()
    source = origin.summary.facts.source
    assert source is not None
    spent = origin.summary.engine.row(
        f"SELECT sum(amount) FROM ({source.purchases_sql('2022-12-31')}) WHERE day > DATE '2022-08-01'"
    )[0]
    assert grade.metrics.predicted == pytest.approx(float(spent) * MARGIN)
    assert grade.score is None
    assert grade.coverage == ()


def test_a_model_of_spend_is_graded_the_same_after_another(origin: Origin) -> None:
    buying = origin.fitted["MBGNBD"]
    one, many = ValueHoldout(origin), [ValueHoldout(origin) for _ in range(2)]
    in_turn = [one.grade_model(buying, GammaGamma(include_first=first)) for first in (False, True)]
    alone = [two.grade_model(buying, GammaGamma(include_first=i == 1)) for i, two in enumerate(many)]
    for first, second in zip(in_turn, alone, strict=True):
        assert first.score == second.score
        assert np.array_equal(first.below, second.below)
        assert np.array_equal(first.predicted, second.predicted)
