"""Reports on intervals of value: coverage before and after the repair, on unseen holdouts, and by value."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

import keepers as kp
from keepers.evaluation.interval_report import interval_reports
from keepers.numerics.conformal import conformal_level
from shop import shop_orders


@dataclass
class Graded:
    """Outcomes of a forecast whose spread is too small by a factor."""

    below: np.ndarray | None
    at: np.ndarray | None
    predicted: np.ndarray | None


def graded(narrow: float, size: int = 4000, seed: int = 1, zeros: bool = False) -> Graded:
    rng = np.random.default_rng(seed)
    u = stats.norm.cdf(narrow * rng.standard_normal(size))
    below = np.where(u < 0.3, 0.0, u) if zeros else u
    at = np.where(u < 0.3, 0.3, u) if zeros else u
    return Graded(below, at, rng.gamma(2.0, 10.0, size))


def test_a_forecast_that_is_right_needs_no_repair() -> None:
    (report,) = interval_reports([graded(1.0, zeros=True), graded(1.0, seed=2)], {0.8: 0.8})
    assert report.before == pytest.approx(0.8, abs=0.015)
    assert report.after == report.before == report.unseen
    assert len(report.groups) == 10
    assert sum(group.customers for group in report.groups) == 8000
    assert [group.predicted for group in report.groups] == sorted(group.predicted for group in report.groups)
    assert all(abs(group.before - 0.8) < 0.06 for group in report.groups)
    assert report.sentence.startswith("Intervals of value that promise 80% held 80% on unseen days, by tenth")


def test_a_narrow_forecast_is_repaired_and_the_repair_holds_elsewhere() -> None:
    some = [graded(1.6, seed=k) for k in range(3)]
    nominal = conformal_level(
        np.concatenate([one.below for one in some]), np.concatenate([one.at for one in some]), 0.8
    )
    (report,) = interval_reports(some, {0.8: nominal})
    assert report.before == pytest.approx(2 * stats.norm.cdf(1.2816 / 1.6) - 1, abs=0.02)
    assert report.after == pytest.approx(0.8, abs=1e-3)
    assert report.unseen == pytest.approx(0.8, abs=0.02)
    assert np.mean([group.after for group in report.groups]) == pytest.approx(0.8, abs=0.01)
    assert "where the repair was learned elsewhere" in report.sentence


def test_one_origin_is_halved() -> None:
    one = graded(1.6)
    (report,) = interval_reports([one], {0.8: conformal_level(one.below, one.at, 0.8)})
    assert report.unseen == pytest.approx(0.8, abs=0.03)


def test_coverage_that_differs_by_value_is_seen() -> None:
    one = graded(1.0)
    rich = one.predicted > np.quantile(one.predicted, 0.9)
    one.below = one.at = np.where(rich, stats.norm.cdf(3 * stats.norm.ppf(one.at)), one.at)
    (report,) = interval_reports([one], {0.8: 0.8})
    assert report.groups[-1].before < 0.45
    assert report.groups[0].before > 0.7


def test_nothing_known_nothing_reported() -> None:
    assert interval_reports([Graded(None, None, None)], {0.8: 0.8}) == ()


def test_a_backtest_reports_on_its_intervals() -> None:
    found = kp.backtest([kp.MBGNBD()], shop_orders(1500), origins=2)
    assert [report.level for report in found.intervals] == [0.80, 0.95]
    assert [report.nominal for report in found.intervals] == list(found.interval_levels.values())
    for report, coverage in zip(found.intervals, found.value_coverage, strict=True):
        assert report.before == pytest.approx(coverage.randomised, abs=0.01)
    totals = [group.predicted for group in found.intervals[0].groups]
    assert totals == sorted(totals)
    assert totals[-1] > 5 * totals[0]
    json.dumps(found.to_dict()["intervals"], allow_nan=False)
