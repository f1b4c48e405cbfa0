"""Seasons change the speed of time and nothing else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from keepers.domain.errors import ConfigError
from keepers.simulate import Peak, Season
from keepers.simulate.season import Tempo
from keepers.simulate.shop import SEASON

FIRST = dt.date(2023, 10, 2)


def test_an_average_day_is_one_over_a_whole_cycle_of_the_calendar() -> None:
    assert SEASON.daily_demand(dt.date(1999, 3, 1), 10_227).mean() == pytest.approx(1.0, abs=1e-12)


def test_peaks_and_weekdays_stand_where_they_belong() -> None:
    season = Season(weekly=(1, 1, 1, 1, 1, 1, 3), peaks=(Peak(12, 24, 10, 5.0),))
    demand = season.daily_demand(dt.date(2024, 12, 20), 20)  # a Friday, in a leap year
    usual = demand[0]
    sundays = [day for day in range(20) if (dt.date(2024, 12, 20) + dt.timedelta(days=day)).weekday() == 6]
    for day in range(20):
        date = dt.date(2024, 12, 20) + dt.timedelta(days=day)
        peak = 5.0 if dt.date(2024, 12, 24) <= date <= dt.date(2025, 1, 2) else 1.0
        assert demand[day] == pytest.approx(usual * peak * (3.0 if day in sundays else 1.0), rel=1e-9), date


def test_busy_time_and_moments_are_inverse_also_far_beyond_the_known_days() -> None:
    tempo = Tempo(FIRST, SEASON)
    moments = np.concatenate([np.linspace(0.0, 1200.0, 5001), [3e4, 1e6]])
    assert np.allclose(tempo.moment(tempo.busy_time(moments)), moments, rtol=1e-12, atol=1e-9)
    assert np.all(np.diff(tempo.busy_time(moments)) > 0)
    steady = Tempo(FIRST)
    assert np.array_equal(steady.busy_time(moments), moments)


def test_hours_move_events_within_their_day_and_keep_their_order() -> None:
    tempo = Tempo(FIRST, SEASON)
    moments = np.sort(np.random.default_rng(1).uniform(0, 40, 5000))
    moved = tempo.within_day(moments)
    assert np.array_equal(np.floor(moved), np.floor(moments))
    assert np.all(np.diff(moved) >= 0)
    assert np.allclose(tempo.even_day(moved), moments, atol=1e-6)
    share = np.histogram(moved % 1, 24, (0, 1))[0] / moments.size
    assert np.allclose(share, np.array(SEASON.hours) / np.sum(SEASON.hours), atol=0.02)


@pytest.mark.parametrize(
    "season",
    [lambda: Season(weekly=(1.0,) * 6), lambda: Season(monthly=(0.0,) * 12), lambda: Season(hours=(0.0,) * 24)],
)
def test_impossible_seasons_are_refused(season: object) -> None:
    with pytest.raises(ConfigError, match="must hold"):
        season()  # type: ignore[operator]
