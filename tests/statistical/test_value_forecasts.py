"""Forecasts of money on a shop that obeys the models' laws: uniform PIT, coverage, totals of deciles and cohorts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow
from keepers.evaluation.calibration import randomised_pit
from keepers.evaluation.origin import Origin, open_origin
from keepers.evaluation.value_grading import ValueGrade, ValueHoldout
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from shop import shop_orders

pytestmark = pytest.mark.statistical

SPENDING = [GammaGamma(), GammaGamma(include_first=True)]


@pytest.fixture(scope="module")
def origin() -> Origin:
    """A shop of 160,000 customers whose rate, leaving and spend are independent, cut after a year."""
    orders = shop_orders(160_000, days=730, seed=8)
    found = open_origin(orders, ObservationWindow("2022-12-31", "2023-12-31"), Margin())
    assert isinstance(found, Origin)
    found.grade("ParetoNBD", ParetoNBD())
    return found


@pytest.fixture(scope="module", params=SPENDING, ids=["repeat orders", "all orders"])
def grade(origin: Origin, request: pytest.FixtureRequest) -> ValueGrade:
    return ValueHoldout(origin).grade_model(origin.fitted["ParetoNBD"], request.param)


def test_randomised_pit_is_uniform(grade: ValueGrade) -> None:
    assert grade.below is not None
    assert grade.at is not None
    assert grade.pit == pytest.approx((0.05,) * 20, abs=0.01)
    draws = randomised_pit(grade.below, grade.at, np.random.default_rng(3))
    assert stats.kstest(draws, "uniform").statistic < 0.015


def test_intervals_cover_what_they_promise(grade: ValueGrade) -> None:
    for one in grade.coverage:
        assert one.randomised == pytest.approx(one.level, abs=0.02)
        assert one.plain >= one.level - 0.005


def test_totals_of_deciles(grade: ValueGrade) -> None:
    total = grade.metrics.actual
    assert grade.metrics.total_error == pytest.approx(0.0, abs=0.03)
    for group in grade.groups:
        assert group.customers * abs(group.predicted - group.actual) / total < 0.03


@pytest.mark.parametrize("spending", SPENDING, ids=["repeat orders", "all orders"])
def test_totals_of_cohorts(origin: Origin, spending: GammaGamma) -> None:
    rows = origin.summary.to_numpy()
    cells = Cells(rows["frequency"], rows["recency"], rows["T"], np.ones(len(rows["T"])), origin.summary.unit)
    orders = origin.fitted["ParetoNBD"].expected_purchases(cells, origin.horizon)
    worth = spending.fit(origin.summary).expected_spend(origin.summary).to_numpy()["expected_spend"]
    actual = rows["holdout_money"].astype(float)
    cohort = rows["T_days"] // 61
    for one in np.unique(cohort):
        mine = cohort == one
        error = (orders * worth)[mine].sum() - actual[mine].sum()
        assert abs(error) / actual.sum() < 0.03
        assert abs(error) < 4 * actual[mine].std() * np.sqrt(mine.sum())
