"""What money brings in a plan: against a sum day by day, its slope, and the house's simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.domain.errors import InputError
from keepers.numerics.response_curve import CurveDraws, PlanCurves, parts, pressures
from keepers.simulate.advertising import Response


def draws(half_life: float, half: float = 50.0, shape: float = 0.8, ceiling: float = 3.0) -> CurveDraws:
    return CurveDraws(*(np.array([value]) for value in (half_life, half, shape, ceiling, 0.0, 1.0)))


def plan(one: CurveDraws, days: int, pressure: float, afterwards: float) -> PlanCurves:
    return PlanCurves([one], days, np.array([[pressure]]), np.array([afterwards]), np.ones((1, 1)))


def by_day(one: CurveDraws, days: int, pressure: float, spend: float, afterwards: float) -> float:
    """All that a plan brings, and after it what more comes than under the spend that follows, day by day."""
    truth = Response(float(one.half_saturation[0]), float(one.carry[0]), float(one.shape[0]))
    spent = np.concatenate([np.full(days, spend), np.full(400, afterwards)])
    share = truth.saturation(truth.pressure(spent, before=pressure))
    share[days:] -= truth.saturation(afterwards)
    return float(one.ceiling[0] * share.sum())


def test_pressures_are_those_of_the_simulation() -> None:
    spend = np.random.default_rng(1).gamma(1.0, 30.0, 90)
    for half_life in (0.1, 3.0, 40.0):
        truth = Response(1.0, float(np.exp2(-1.0 / half_life))).pressure(spend, before=20.0)
        assert pressures(spend, np.array([half_life]), 20.0)[0] == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("half_life", [0.2, 2.0, 10.0])
@pytest.mark.parametrize("spend", [5.0, 40.0, 120.0])
def test_a_plan_brings_what_its_days_bring(half_life: float, spend: float) -> None:
    one = draws(half_life)
    found, _ = plan(one, 28, 40.0, 40.0).arrivals(np.array([spend]))
    assert float(found[0, 0]) == pytest.approx(by_day(one, 28, 40.0, spend, 40.0), rel=0.03)


def test_going_on_as_before_brings_the_steady_arrivals() -> None:
    one = draws(6.0)
    found, _ = plan(one, 30, 40.0, 40.0).arrivals(np.array([40.0]))
    assert float(found[0, 0]) == pytest.approx(30 * float(one.steady(40.0)[0, 0]), rel=1e-12)


@given(
    half_life=st.floats(0.2, 60.0),
    spend=st.floats(1.0, 500.0),
    shape=st.floats(0.3, 1.0),
    days=st.integers(7, 120),
    pressure=st.floats(0.0, 300.0),
)
def test_the_slope_is_the_derivative_and_falls(
    half_life: float, spend: float, shape: float, days: int, pressure: float
) -> None:
    found = plan(draws(half_life, shape=shape), days, pressure, 40.0)
    step = 1e-4 * spend
    (up, high), (down, low) = (found.arrivals(np.array([spend + move])) for move in (step, -step))
    middle = found.arrivals(np.array([spend]))[1]
    assert float((up - down)[0, 0]) / (2 * step) == pytest.approx(float(middle[0, 0]), rel=1e-4, abs=1e-9)
    assert low[0, 0] >= middle[0, 0] >= high[0, 0] > 0


def test_marginal_arrivals_are_those_of_the_simulation() -> None:
    one = draws(2.0)
    truth = Response(50.0, float(one.carry[0]), 0.8)
    assert one.marginal([10.0, 90.0])[0] == pytest.approx(3.0 * truth.marginal_saturation(np.array([10.0, 90.0])))


@pytest.mark.parametrize("days", [7, 10, 28, 91, 365])
def test_parts_cover_a_plan(days: int) -> None:
    found = parts(days)
    assert sum(length for _, length in found) == days
    assert [start for start, _ in found][1:] == list(np.cumsum([length for _, length in found])[:-1])


def test_a_plan_without_days_is_refused() -> None:
    with pytest.raises(InputError, match="at least a day"):
        plan(draws(1.0), 0, 1.0, 1.0)
