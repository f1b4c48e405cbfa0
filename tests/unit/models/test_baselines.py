"""The naive rule by hand, and the questions it answers like any model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells
from keepers.domain.errors import NotFittedError
from keepers.domain.money import continuous_rate
from keepers.domain.time import TimeUnit, days, weeks
from keepers.models.baselines import NaiveRate, poisson

HISTORIES = Cells([0.0, 2.0, 8.0, 0.0], [0.0, 30.0, 39.0, 0.0], [40.0, 40.0, 39.0, 0.0], [5, 1, 1, 2], TimeUnit.WEEK)


def test_purchases_go_on_at_the_past_rate() -> None:
    rule = NaiveRate().fit(HISTORIES)
    assert rule.expected_purchases(HISTORIES, weeks(20)) == pytest.approx([0, 1.0, 8 / 39 * 20, 0])
    assert rule.expected_purchases(HISTORIES, days(140)) == pytest.approx([0, 1.0, 8 / 39 * 20, 0])
    assert rule.rate_ == pytest.approx(10 / (5 * 40 + 40 + 39))
    assert rule.expected_purchases_new_customer(weeks(10)) == pytest.approx(100 / 279)


def test_distribution_is_poisson_and_certain_where_nothing_is_expected() -> None:
    table = NaiveRate().fit(HISTORIES).purchase_distribution(HISTORIES, weeks(20), 30)
    assert table.shape == (4, 31)
    assert table[0] == pytest.approx(np.eye(31)[0])
    assert table[1] == pytest.approx(stats.poisson.pmf(np.arange(31), 1.0))
    assert poisson(np.array([700.0]), 2000).sum() == pytest.approx(1.0)


def test_discounting_of_a_constant_rate() -> None:
    rule, rate = NaiveRate().fit(HISTORIES), continuous_rate(0.002, per="week")
    finite = rule.discounted_expected_purchases(HISTORIES, weeks(52), rate)
    assert finite[1] == pytest.approx(0.05 * (1 - np.exp(-0.104)) / 0.002)
    assert rule.discounted_expected_purchases(HISTORIES, None, rate)[1] == pytest.approx(0.05 / 0.002)
    free = continuous_rate(0.0, per="week")
    assert rule.discounted_expected_purchases(HISTORIES, weeks(52), free)[1] == pytest.approx(2.6)
    assert rule.discounted_expected_purchases(HISTORIES, None, free).tolist() == [0, np.inf, np.inf, 0]


def test_predictions_of_cells_agree_with_the_single_answers() -> None:
    rule = NaiveRate().fit(HISTORIES)
    found = rule.predict_cells(HISTORIES, weeks(20))
    assert found.expected_purchases == pytest.approx(rule.expected_purchases(HISTORIES, weeks(20)))
    assert found.p_zero == pytest.approx(rule.purchase_distribution(HISTORIES, weeks(20), 0)[:, 0])
    assert found.p_alive == pytest.approx(np.ones(4))
    assert np.isinf(found.next_purchase_age[0])
    assert found.next_purchase_age[1] == pytest.approx(np.log(2) / 0.05)


def test_frames_come_back_with_the_result() -> None:
    frame = {"frequency": np.array([2.0]), "recency": np.array([30.0]), "T": np.array([40.0])}
    rule = NaiveRate().fit(frame, unit="week")
    assert rule.expected_purchases(frame, weeks(20))["expected_purchases"].tolist() == [1.0]


def test_asking_before_fitting_is_refused() -> None:
    with pytest.raises(NotFittedError, match=r"Call `NaiveRate\(\).fit"):
        NaiveRate().expected_purchases(HISTORIES, weeks(1))
