"""Backtests of contracts: nothing is seen of the future, outcomes are counted right, and the best forecast wins."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit, calendar_shift
from keepers.evaluation.contract_baselines import ChurnByAge, ConstantChurn, PastChurn, RecentChurn
from keepers.evaluation.contract_origin import (
    ContractCandidate,
    ContractOutcomes,
    grade_renewals,
    open_contract_origin,
    plan_contract_cuts,
)
from keepers.evaluation.results import Backtest
from keepers.evaluation.verdict import Trust
from keepers.summaries.life_table import life_table
from keepers.summaries.subscriptions import subscription_table
from subscribers import subscribers

CUT, END = dt.date(2024, 9, 30), dt.date(2025, 3, 30)


@pytest.fixture(scope="module")
def mixed() -> Backtest:
    """Subscribers who differ much."""
    return kp.backtest_subscriptions(None, subscribers(2500))


def test_the_best_model_beats_every_rule(mixed: Backtest) -> None:
    assert mixed.winner == "ShiftedBetaGeometric"
    assert mixed.counted == "renewals"
    assert mixed.ranking.best_rule in ("ConstantChurn", "RecentChurn", "ChurnByAge")
    assert mixed.ranking.improvement == pytest.approx(0.04, abs=0.04)
    assert mixed.verdict_.trust is Trust.GOOD
    assert "from 3 dates in the past" in mixed.verdict
    names = {row.model for row in mixed.rows}
    assert {"ShiftedBetaGeometric by plan", "WeibullGamma", "ConstantChurn"} < names
    assert len(mixed.rows) == 3 * len(names)
    assert mixed.coverage[0].randomised == pytest.approx(0.8, abs=0.04)
    assert "renewals a contract" in mixed.leaderboard().sentence
    assert str(mixed.holdout) == "12 months"


def test_forecasts_are_calibrated(mixed: Backtest) -> None:
    for group in mixed.groups:
        assert group.predicted == pytest.approx(group.actual, abs=1.3)
    tracking = mixed.tracking
    assert tracking is not None
    assert len(tracking.points) == 13
    for point in tracking.points:
        assert point.predicted == pytest.approx(point.actual, rel=0.06)


def test_results_are_plain_numbers(mixed: Backtest) -> None:
    found = mixed.to_dict()
    assert {row["of"] for row in found["rows"]} == {"renewals"}
    assert found["standings"][0]["chosen"]
    assert found["holdout_days"] == 365


def test_where_all_churn_alike_no_model_is_better_than_one_rate() -> None:
    found = kp.backtest_subscriptions([kp.ShiftedBetaGeometric()], subscribers(2500, seed=3, churn=0.06))
    assert found.ranking.improvement is not None
    assert abs(found.ranking.improvement) < 0.005
    assert found.verdict_.trust is Trust.NAIVE


def test_plans_are_told_apart_where_they_differ() -> None:
    plans = (("monthly", 10.0, 3.0), ("loyal", 30.0, 0.25))
    found = kp.choose_subscription_model(subscribers(3000, plans=plans), models=[kp.ShiftedBetaGeometric()])
    assert found.backtest.winner == "ShiftedBetaGeometric by plan"
    assert set(found.model.plans_) == {"monthly", "loyal"}
    assert len(found.summary) == 3000


def test_nothing_is_seen_of_the_future() -> None:
    contracts = subscribers(900)
    origin = open_contract_origin(subscription_table(contracts), CUT, END, 6, TimeUnit.MONTH)
    assert not isinstance(origin, str)
    origin.grade(ContractCandidate(kp.ShiftedBetaGeometric()))
    known = [row for row, day in enumerate(contracts["started_on"]) if day <= str(CUT)]
    then = {name: [column[row] for row in known] for name, column in contracts.items()}
    then["ended_on"] = [None if day is None or day > str(CUT) else day for day in then["ended_on"]]
    summary = kp.summarise_subscriptions(then, kp.ObservationWindow(calibration_end=CUT))
    alone = kp.ShiftedBetaGeometric().fit(summary)
    assert origin.fitted["ShiftedBetaGeometric"].parameters_ == pytest.approx(alone.parameters_, rel=1e-9)


def test_outcomes_are_those_of_contracts_followed_one_by_one() -> None:
    contracts = subscribers(900)
    origin = open_contract_origin(subscription_table(contracts), CUT, END, 6, TimeUnit.MONTH)
    assert not isinstance(origin, str)
    counts = np.zeros(7)
    for start, end in zip(contracts["started_on"], contracts["ended_on"], strict=True):
        if start > str(CUT) or (end is not None and end <= str(CUT)):
            continue
        steps = [str(calendar_shift(CUT, step, TimeUnit.MONTH)) for step in range(1, 7)]
        counts[sum(end is None or end > day for day in steps)] += 1
    found = origin.outcomes
    assert [found.weight[found.lasted == k].sum() for k in range(7)] == counts.tolist()
    assert found.endings == counts[:6].sum()


def test_a_perfect_forecast_scores_zero_and_an_even_one_what_is_said() -> None:
    lasted, weight = np.array([0.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0])
    outcomes = ContractOutcomes(np.array(["a"] * 3), np.zeros(3), np.zeros(3), lasted, weight, 3)
    sure = (lasted[:, None] >= np.arange(1, 4)).astype(float)
    assert grade_renewals(sure, outcomes).score == 0.0
    assert grade_renewals(sure, outcomes).metrics.mae == 0.0
    even = np.full((3, 3), 0.5)
    assert grade_renewals(even, outcomes).score == pytest.approx(0.75)
    steps = np.array([0.9, 0.7, 0.2])
    by_hand = np.average(((np.tile(steps, (3, 1)) - sure) ** 2).sum(axis=1), weights=weight)
    assert grade_renewals(np.tile(steps, (3, 1)), outcomes).score == pytest.approx(by_hand)


def test_the_life_table_counts_who_was_observed() -> None:
    """Twenty observed from age 2 on are at risk from the third renewal only."""
    cells = ContractCells([0, 0, 2], [1, 4, 4], [1, 0, 1], [30, 50, 20], TimeUnit.MONTH)
    found = life_table([cells])
    assert found.at_risk.tolist() == [80, 50, 70, 70]
    assert found.ended.tolist() == [30, 0, 0, 20]
    assert found.survival == pytest.approx(np.array([50, 50, 50, 50 * 5 / 7]) / 80)
    assert found.rate == pytest.approx(50 / 270)
    assert (found.known_to(60), found.known_to(20), found.known_to(90)) == (1, 4, 0)


def test_rules_are_what_they_say() -> None:
    cells = ContractCells([0, 0], [1, 3], [1, 0], [40, 60], TimeUnit.MONTH)
    past = PastChurn(life_table([cells]), 0.36, 2)
    steps, age = np.array([1.0, 2.0]), np.array([0.0, 1.0, 7.0])
    rate = 40 / 220
    assert ConstantChurn().ahead(past, age, steps) == pytest.approx(np.tile([1 - rate, (1 - rate) ** 2], (3, 1)))
    assert RecentChurn().ahead(past, age, steps) == pytest.approx(np.tile([0.8, 0.64], (3, 1)))
    none = PastChurn(past.table, None, 2)
    assert RecentChurn().ahead(none, age, steps) == pytest.approx(ConstantChurn().ahead(past, age, steps))
    assert ChurnByAge().ahead(past, age, steps) == pytest.approx(np.array([[0.6, 0.6], [1.0, 1.0], [1.0, 1.0]]))


def test_cuts_keep_time_before_and_after_them() -> None:
    first, last = dt.date(2022, 1, 1), dt.date(2025, 1, 31)
    cuts, periods, remark = plan_contract_cuts(first, last, TimeUnit.MONTH, 3, None)
    assert periods == 12
    assert remark is None
    assert cuts[-1] == (dt.date(2024, 1, 31), last)
    assert [cut for cut, _ in cuts] == [dt.date(2023, 1, 31), dt.date(2023, 7, 31), dt.date(2024, 1, 31)]
    none, _, why = plan_contract_cuts(last - dt.timedelta(days=20), last, TimeUnit.MONTH, 3, None)
    assert none == ()
    assert why is not None
    assert "too short" in why


def test_too_little_is_said_so() -> None:
    found = kp.backtest_subscriptions(None, subscribers(25))
    assert found.rows == ()
    assert found.verdict_.trust is Trust.UNTESTED
    assert "30 contracts and 5 endings are needed" in found.verdict


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ConfigError, match="less than one month"):
        kp.backtest_subscriptions(None, subscribers(50), holdout=kp.days(3))
    with pytest.raises(ConfigError, match="no model of contracts"):
        kp.backtest_subscriptions([kp.BGNBD()], subscribers(50))  # type: ignore[list-item]
