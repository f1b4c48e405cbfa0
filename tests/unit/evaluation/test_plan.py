"""Where a backtest cuts the past: long, short and given histories."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.domain.errors import ConfigError
from keepers.domain.time import ObservationWindow, TimeUnit, weeks
from keepers.evaluation.plan import plan_origins

FIRST = dt.date(1997, 1, 1)


def test_a_year_and_a_half_is_cut_at_a_third_a_half_and_two_thirds() -> None:
    plan = plan_origins(FIRST, dt.date(1998, 6, 30))
    assert plan.remark is None
    assert [(w.calibration_end - FIRST).days for w in plan.windows] == [196, 283, 370]
    assert {(w.end - w.calibration_end).days for w in plan.windows} == {175}
    assert plan.windows[-1].end == dt.date(1998, 6, 30)


def test_a_given_holdout_is_the_last_origin() -> None:
    window = ObservationWindow("1997-09-30", "1998-06-30", unit="month")
    plan = plan_origins(FIRST, dt.date(1998, 6, 30), window)
    assert plan.windows[-1] == window
    assert {(w.end - w.calibration_end).days for w in plan.windows} == {273}
    assert all(w.unit is TimeUnit.MONTH for w in plan.windows)
    assert all((w.calibration_end - FIRST).days >= 136 for w in plan.windows)


def test_holdouts_last_a_year_at_most() -> None:
    plan = plan_origins(dt.date(2015, 1, 1), dt.date(2024, 12, 31))
    assert {(w.end - w.calibration_end).days for w in plan.windows} == {365}
    assert [(b.calibration_end - a.calibration_end).days for a, b in itertools.pairwise(plan.windows)] == [182, 182]


def test_a_short_history_says_so() -> None:
    plan = plan_origins(FIRST, FIRST + dt.timedelta(days=30))
    assert plan.windows == ()
    assert plan.remark is not None
    assert "span 30 days" in plan.remark


def test_a_history_too_short_for_all_origins_has_fewer() -> None:
    plan = plan_origins(FIRST, FIRST + dt.timedelta(days=50), holdout=weeks(2))
    assert len(plan.windows) == 2
    assert plan.remark is not None


@given(st.integers(1, 4000), st.integers(1, 8))
def test_every_cut_has_a_past_and_a_future_inside_the_data(span: int, origins: int) -> None:
    last = FIRST + dt.timedelta(days=span)
    plan = plan_origins(FIRST, last, origins=origins)
    assert len(plan.windows) <= origins
    assert plan.windows or plan.remark
    for window in plan.windows:
        assert window.end <= last
        assert (window.calibration_end - FIRST).days >= 28
        assert (window.end - window.calibration_end).days >= 14
    assert all(a.calibration_end < b.calibration_end for a, b in itertools.pairwise(plan.windows))


def test_contradictions_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        plan_origins(FIRST, FIRST + dt.timedelta(days=300), origins=0)
    with pytest.raises(ConfigError, match="Leave one out"):
        plan_origins(FIRST, dt.date(1998, 6, 30), ObservationWindow("1997-09-30", "1998-06-30"), holdout=weeks(4))
