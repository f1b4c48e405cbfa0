"""Purchases over time: periods meet at the cut, actual ones are counted, predicted ones add up."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest

from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow, TimeUnit, days
from keepers.evaluation.origin import Origin, open_origin
from keepers.evaluation.tracking import Tracking, track
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.summaries.cohorts import purchase_ages
from shop import shop_orders

CUT = dt.date(2022, 12, 31)


@pytest.fixture(scope="module")
def origin() -> Origin:
    found = open_origin(shop_orders(1500, seed=6), ObservationWindow(CUT, "2023-06-10"), Margin())
    assert isinstance(found, Origin)
    return found


@pytest.fixture(scope="module")
def model(origin: Origin) -> MBGNBD:
    return MBGNBD().fit(origin.outcomes.cells)


@pytest.fixture(scope="module")
def found(origin: Origin, model: MBGNBD) -> Tracking:
    ages = purchase_ages(origin.summary, origin.window.end)
    return track(model, model.title, ages, origin.outcomes, origin.cut)


def test_periods_are_weeks_that_meet_at_the_cut(found: Tracking) -> None:
    ends = [point.day for point in found.points]
    assert found.unit is TimeUnit.WEEK
    assert CUT in ends
    assert {(b - a).days for a, b in itertools.pairwise(ends)} == {7}
    assert ends[-1] == CUT + dt.timedelta(days=161)


def test_actual_purchases_are_all_repeat_days(origin: Origin, found: Tracking) -> None:
    before = sum(point.actual for point in found.points if point.day <= CUT)
    after = sum(point.actual for point in found.points if point.day > CUT)
    assert before == origin.outcomes.cells.repeat_purchases
    assert after == origin.outcomes.total


def test_before_the_cut_arrivals_add_up(origin: Origin, model: MBGNBD, found: Tracking) -> None:
    cells = origin.outcomes.cells
    by_age = [model.expected_purchases_new_customer(days(max(float(age) * 7, 1e-9))) for age in cells.T]
    before = sum(point.predicted for point in found.points if point.day <= CUT)
    assert before == pytest.approx(float(cells.weight @ np.array(by_age)), rel=2e-3)


def test_after_the_cut_histories_add_up(origin: Origin, model: MBGNBD, found: Tracking) -> None:
    cells = origin.outcomes.cells
    for weeks_on in (1, 10, 23):
        until = CUT + dt.timedelta(days=7 * weeks_on)
        predicted = sum(point.predicted for point in found.points if CUT < point.day <= until)
        expected = float(cells.weight @ model.expected_purchases(cells, days(7 * weeks_on)))
        assert predicted == pytest.approx(expected, rel=1e-3)


def test_a_long_history_is_followed_by_the_month() -> None:
    origin = open_origin(shop_orders(600, days=1300), ObservationWindow("2024-12-31", "2025-07-01"), Margin())
    assert isinstance(origin, Origin)
    model = NBD().fit(origin.outcomes.cells)
    found = track(model, model.title, purchase_ages(origin.summary, origin.window.end), origin.outcomes, origin.cut)
    assert found.unit is TimeUnit.MONTH
    assert dt.date(2024, 12, 31) in [point.day for point in found.points]
    assert len(found.to_dict()["points"]) == len(found.points)
