"""Forecasts of purchases on histories drawn from the models' own laws: uniform PIT, coverage, totals of groups."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.time import weeks
from keepers.evaluation.calibration import randomised_pit
from keepers.evaluation.grading import CountGrade, grade_purchases
from keepers.evaluation.outcomes import Outcomes
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.simulate import simulate_histories

pytestmark = pytest.mark.statistical

CUSTOMERS = 30_000
HOLDOUT = 39.0
LAWS: dict[str, tuple[type[BuyingModel], dict[str, float]]] = {
    "nbd": (NBD, {"r": 0.38, "alpha": 12.1}),
    "bg_nbd": (BGNBD, {"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43}),
    "mbg_nbd": (MBGNBD, {"r": 0.52, "alpha": 6.18, "a": 0.89, "b": 1.61}),
    "pareto_nbd": (ParetoNBD, {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}),
}


@cache
def drawn(law: str) -> tuple[BuyingModel, Cells, FloatArray, CountGrade]:
    """A model fitted to customers of its own law, and its grade on what they did next."""
    model, parameters = LAWS[law]
    histories = simulate_histories(law, parameters, CUSTOMERS, (10.0, 60.0), seed=19, holdout=HOLDOUT)
    cells = Cells(histories.x, histories.t_x, histories.T, np.ones(CUSTOMERS), histories.unit)
    outcomes = Outcomes.of_customers(cells, histories.holdout_x, weeks(HOLDOUT))
    fitted = model().fit(outcomes.cells)
    return fitted, cells, histories.holdout_x.astype(float), grade_purchases(fitted, outcomes)


@pytest.mark.parametrize("law", LAWS)
def test_randomised_pit_is_uniform(law: str) -> None:
    _, _, _, grade = drawn(law)
    draws = randomised_pit(grade.below, grade.at, np.random.default_rng(7))
    assert stats.kstest(draws, "uniform").pvalue > 0.005
    assert grade.pit == pytest.approx((0.05,) * 20, abs=0.006)


@pytest.mark.parametrize("law", LAWS)
def test_intervals_cover_what_they_promise(law: str) -> None:
    for one in drawn(law)[3].coverage:
        assert one.randomised == pytest.approx(one.level, abs=0.015)
        assert one.plain >= one.level - 0.005


@pytest.mark.parametrize("law", LAWS)
def test_totals_of_deciles_and_cohorts(law: str) -> None:
    fitted, cells, later, _ = drawn(law)
    forecast = fitted.predict_cells(cells, weeks(HOLDOUT))
    by_prediction = np.argsort(np.argsort(forecast.expected_purchases, kind="stable")) * 10 // CUSTOMERS
    by_age = np.floor(cells.T / 5.0).astype(int)
    for groups in (by_prediction, by_age):
        for group in np.unique(groups):
            mine = groups == group
            predicted, actual = forecast.expected_purchases[mine].sum(), later[mine].sum()
            assert abs(predicted - actual) / later.sum() < 0.03
            assert abs(predicted - actual) < 4 * np.sqrt(forecast.variance[mine].sum())


@pytest.mark.parametrize("law", ["bg_nbd", "pareto_nbd"])
def test_another_law_is_found_out(law: str) -> None:
    """A forecast without leaving is not calibrated where customers leave."""
    _, cells, later, right = drawn(law)
    outcomes = Outcomes.of_customers(cells, later, weeks(HOLDOUT))
    wrong = grade_purchases(NBD().fit(outcomes.cells), outcomes)
    assert wrong.score > 1.05 * right.score
    assert max(np.abs(np.array(wrong.pit) - 0.05)) > 0.01


def test_small_shops_get_honest_intervals() -> None:
    """Sixty customers each: priors stand in for what the data cannot say, and intervals still hold their share."""
    found: list[tuple[float, ...]] = []
    totals = np.zeros(2)
    for seed in range(40):
        histories = simulate_histories(
            "pareto_nbd", LAWS["pareto_nbd"][1], 60, (10.0, 60.0), seed=seed, holdout=HOLDOUT
        )
        cells = Cells(histories.x, histories.t_x, histories.T, np.ones(60), histories.unit)
        outcomes = Outcomes.of_customers(cells, histories.holdout_x, weeks(HOLDOUT))
        grade = grade_purchases(MBGNBD().fit(outcomes.cells), outcomes)
        found.append(tuple(one.randomised for one in grade.coverage))
        totals += grade.metrics.predicted, grade.metrics.actual
    assert np.mean(found, axis=0) == pytest.approx((0.80, 0.95), abs=0.03)
    assert totals[0] / totals[1] == pytest.approx(1.0, abs=0.10)
