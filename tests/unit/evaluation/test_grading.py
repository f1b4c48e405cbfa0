"""Grades of a forecast whose law is known, the same whether customers are listed or merged into cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import FitError
from keepers.domain.time import Horizon, TimeUnit, weeks
from keepers.evaluation.calibration import ranked_probability_score
from keepers.evaluation.grading import grade_purchases
from keepers.evaluation.outcomes import Outcomes

R, ALPHA = 0.6, 4.0


class GammaPoisson:
    """The exact forecast of customers who buy at a gamma distributed rate for ever, times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def expected_purchases(self, data: Cells, horizon: Horizon) -> FloatArray:
        return self.factor * (R + data.x) / (ALPHA + data.T) * horizon.in_unit(data.unit)

    def purchase_distribution(self, data: Cells, horizon: Horizon, max_purchases: int) -> FloatArray:
        shape = (R + data.x)[:, None]
        mean = self.expected_purchases(data, horizon)[:, None]
        return stats.nbinom.pmf(np.arange(max_purchases + 1), shape, shape / (shape + mean))


def outcomes(size: int, seed: int = 0) -> tuple[Outcomes, Cells, FloatArray]:
    rng = np.random.default_rng(seed)
    rate = rng.gamma(R, 1 / ALPHA, size)
    age = rng.integers(20, 30, size).astype(float)
    x = rng.poisson(rate * age).astype(float)
    later = rng.poisson(rate * 26).astype(float)
    cells = Cells(x, np.where(x > 0, age, 0.0), age, np.ones(size), TimeUnit.WEEK)
    return Outcomes.of_customers(cells, later, weeks(26)), cells, later


def test_grades_are_those_of_the_customers_one_by_one() -> None:
    table, cells, later = outcomes(3000)
    found = grade_purchases(GammaPoisson(), table)
    expected = GammaPoisson().expected_purchases(cells, weeks(26))
    probabilities = GammaPoisson().purchase_distribution(cells, weeks(26), 400)
    cumulative = np.cumsum(probabilities, axis=1)[np.arange(3000), later.astype(int)]
    assert found.metrics.predicted == pytest.approx(expected.sum())
    assert found.metrics.actual == later.sum()
    assert found.metrics.mae == pytest.approx(np.abs(expected - later).mean())
    assert found.score == pytest.approx(ranked_probability_score(probabilities, later).mean(), rel=1e-6)
    assert found.coverage[0].plain == pytest.approx(
        np.mean((cumulative >= 0.1) & (cumulative - probabilities[np.arange(3000), later.astype(int)] < 0.9)), abs=1e-9
    )


def test_the_true_law_is_calibrated() -> None:
    found = grade_purchases(GammaPoisson(), outcomes(60_000)[0])
    assert found.weight.sum() == 20_000
    for coverage in found.coverage:
        assert coverage.randomised == pytest.approx(coverage.level, abs=0.012)
        assert coverage.plain >= coverage.level - 0.005
    assert found.pit == pytest.approx((0.05,) * 20, abs=0.008)
    assert all(group.predicted == pytest.approx(group.actual, rel=0.1, abs=0.05) for group in found.groups)


@pytest.mark.parametrize("factor", [0.6, 1.6])
def test_the_true_law_scores_better_than_a_biased_one(factor: float) -> None:
    table, _, _ = outcomes(4000)
    assert grade_purchases(GammaPoisson(), table).score < grade_purchases(GammaPoisson(factor), table).score


def test_customers_who_buy_by_the_hundred_are_graded_too() -> None:
    cells = Cells(np.array([900.0, 2.0]), np.array([29.0, 20.0]), np.array([30.0, 30.0]), np.ones(2), TimeUnit.WEEK)
    found = grade_purchases(GammaPoisson(), Outcomes.of_customers(cells, [700.0, 6.0], weeks(26)))
    assert np.all((found.at > found.below) & (found.at <= 1))
    assert found.score > 0


def test_a_prediction_that_is_no_number_is_refused() -> None:
    with pytest.raises(FitError, match="predictions of GammaPoisson are not numbers"):
        grade_purchases(GammaPoisson(np.nan), outcomes(50)[0])
