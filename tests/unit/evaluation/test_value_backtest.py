"""Which model of spend is chosen, when intervals are widened, and what is said of naive rules."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow
from keepers.evaluation.baselines import CohortMean, PastSpend
from keepers.evaluation.metrics import Metrics
from keepers.evaluation.origin import Origin, open_origin
from keepers.evaluation.value_backtest import ValueResult, _against_rules, _best, _levels, backtest_value
from keepers.evaluation.value_grading import ValueGrade
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.conformal import central_share
from shop import shop_orders


def grade(mae: float = 1.0, rmse: float = 1.0, score: float = 1.0, narrow: float = 1.0) -> ValueGrade:
    """A grade whose forecasts are too narrow by a factor."""
    u = np.linspace(0.0005, 0.9995, 1000)
    u = stats.norm.cdf(stats.norm.ppf(u) * narrow)
    return ValueGrade(Metrics(1000, 1.0, 1.0, mae, rmse, None, None, None), (), score, (), (), u, u)


@pytest.fixture(scope="module")
def found() -> ValueResult:
    orders = shop_orders(2000, seed=3)
    opened = []
    for cut, end in (("2022-10-31", "2023-02-28"), ("2023-01-31", "2023-05-31")):
        origin = open_origin(orders, ObservationWindow(cut, end), Margin())
        assert isinstance(origin, Origin)
        origin.grade("MBGNBD", MBGNBD())
        origin.grade("CohortMean", CohortMean())
        opened.append(origin)
    spending = [GammaGamma(), GammaGamma(include_first=True)]
    return backtest_value(opened, "MBGNBD", "MBG/NBD", spending, [CohortMean(), PastSpend()])


def test_every_forecast_of_money_is_graded_from_every_origin(found: ValueResult) -> None:
    names = ["MBGNBD+GammaGamma", "MBGNBD+GammaGamma(include_first=True)", "CohortMean", "PastSpend"]
    assert sorted({row.model for row in found.rows}) == sorted(names)
    assert len(found.rows) == 8
    assert {row.title for row in found.rows if row.baseline} == {CohortMean.title, PastSpend.title}
    assert found.chosen in names[:2]
    assert found.spending is not None
    assert found.spending.include_first == ("include_first" in found.chosen)
    assert found.unbeaten_rule is None


def test_intervals_that_hold_what_they_promise_stay() -> None:
    levels, sentences = _levels([grade()])
    assert levels == {0.80: 0.80, 0.95: 0.95}
    assert sentences == []


def test_intervals_that_hold_too_little_are_widened() -> None:
    levels, sentences = _levels([grade(narrow=1.5)])
    assert levels[0.80] > 0.93
    below = grade(narrow=1.5).below
    assert below is not None
    assert central_share(below, below, levels[0.80]) == pytest.approx(0.80, abs=0.01)
    assert sentences[0].startswith("On unseen days the model's 80% intervals of value held 6")


def test_intervals_that_hold_too_much_stay() -> None:
    assert _levels([grade(narrow=0.7)]) == ({0.80: 0.80, 0.95: 0.95}, [])


def test_first_orders_enter_only_where_they_help() -> None:
    assert _best({"repeat": [grade(score=1.0)], "all": [grade(score=0.998)]}) == "repeat"
    assert _best({"repeat": [grade(score=1.0)], "all": [grade(score=0.98)]}) == "all"


def test_a_rule_counts_as_unbeaten_where_it_is_as_good_by_both_errors() -> None:
    assert _against_rules([grade()], {PastSpend: [grade(0.9, 1.0)]}) == (PastSpend.rule, [])
    assert _against_rules([grade()], {PastSpend: [grade(1.1, 1.1)]}) == (None, [])
    unbeaten, sentences = _against_rules([grade()], {PastSpend: [grade(1.1, 0.9)]})
    assert unbeaten is None
    assert "has the smaller root mean square error, the model the smaller mean absolute error" in sentences[0]
