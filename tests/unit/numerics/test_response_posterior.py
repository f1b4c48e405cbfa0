"""The posterior of a response: its likelihood, the meaning of its coordinates, experiments, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from keepers.acquisition.priors import response_beliefs
from keepers.domain.errors import InputError
from keepers.numerics.response_posterior import COORDINATES, Lift, ResponseModel, WeeklyArrivals
from keepers.simulate.advertising import Response


def model(weeks: int = 20, lifts: tuple[Lift, ...] = (), seed: int = 1) -> ResponseModel:
    rng = np.random.default_rng(seed)
    spend = np.repeat(np.exp(rng.normal(3.5, 0.4, weeks)), 7)
    demand = np.exp(rng.normal(0, 0.2, weeks))
    arrivals = rng.poisson(8.0 * demand).astype(float)
    return ResponseModel(WeeklyArrivals(arrivals, spend, demand, lifts), response_beliefs("shop", "x", 8.0))


def test_expected_arrivals_are_those_of_the_simulated_law() -> None:
    one = model()
    point = np.array([[np.log(4.0), 0.3, 1.5, 2.0, -2.0, 0.9, 0.2, -3.0]])
    found = one.at(point)
    curve = found.curve
    law = Response(float(curve.half_saturation[0]), float(curve.carry[0]), float(curve.shape[0]))
    pressure = law.pressure(one.data.daily_spend, before=float(one.data.daily_spend[:14].mean()))
    weekly = pressure.reshape(-1, 7).mean(axis=1)
    growth = np.exp(0.2 * (np.arange(20) + 0.5 - 20) * 7 / 365.25) * one.data.demand**0.9
    wanted = 7 * growth * (float(curve.organic[0]) + float(curve.ceiling[0]) * law.saturation(weekly))
    # Half-lives lie on a grid with straight lines between.
    assert one.expected(point)[0] == pytest.approx(wanted, rel=3e-3)
    assert float(found.pressure[0]) == pytest.approx(float(pressure[-1]), rel=3e-3)
    usual = one.data.usual_spend
    level = 7 * (float(curve.organic[0]) + float(curve.steady(usual)[0, 0]))
    assert level == pytest.approx(np.exp(2.0), rel=1e-9)


def test_the_likelihood_is_the_negative_binomial() -> None:
    one = model()
    points = np.random.default_rng(2).standard_normal((2, len(COORDINATES)))
    coordinates = one._unscaled(points)
    mean, size = one.expected(coordinates), np.exp(-coordinates[:, 7])[:, None]
    wanted = np.asarray(nbinom.logpmf(one.data.arrivals, size, size / (size + mean))).sum(axis=1)
    found = one._log_likelihood(points)
    assert found[1] - found[0] == pytest.approx(wanted[1] - wanted[0], rel=1e-9)


def test_an_experiment_moves_the_curve_to_what_it_found() -> None:
    rng = np.random.default_rng(3)
    plain = model().draw(500, rng)
    usual = plain.usual_spend
    gain = 0.2 * float(np.median(plain.curve.steady(usual)))
    known = model(lifts=(Lift(usual, 2 * usual, gain, 0.05 * gain),)).draw(500, rng)
    found = np.diff(known.curve.steady([usual, 2 * usual]), axis=1)[:, 0]
    assert found.mean() == pytest.approx(gain, rel=0.05)
    before = np.diff(plain.curve.steady([usual, 2 * usual]), axis=1)[:, 0]
    assert found.std() < 0.3 * before.std()


def test_what_cannot_be_a_response_is_refused() -> None:
    beliefs = response_beliefs("shop", "x", 8.0)
    with pytest.raises(InputError, match="7 days of every week"):
        WeeklyArrivals(np.ones(3), np.ones(20), np.ones(3))
    with pytest.raises(InputError, match="No money was spent"):
        ResponseModel(WeeklyArrivals(np.ones(2), np.zeros(14), np.ones(2)), beliefs)
    with pytest.raises(InputError, match="no belief about level"):
        ResponseModel(
            WeeklyArrivals(np.ones(2), np.ones(14), np.ones(2)),
            {name: belief for name, belief in beliefs.items() if name != "level"},
        )
