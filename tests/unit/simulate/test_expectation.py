"""Expected purchases of customers with known rates: closed forms, numerical integrals, and simulation."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from keepers.simulate import Season
from keepers.simulate.behaviour import Latents, draw_purchases
from keepers.simulate.expectation import purchases_ahead, survival
from keepers.simulate.season import Tempo
from keepers.simulate.shop import SEASON

STEADY = Tempo(dt.date(2024, 1, 1))
BUSY = Tempo(dt.date(2024, 1, 1), SEASON)
LATENTS = Latents(
    np.array([0.05, 0.2, 0.01, 0.3]),
    np.array([0.002, 0.0, 0.0, 0.01]),
    np.array([0.0, 0.3, 0.0, 0.1]),
    np.zeros(4, dtype=bool),
)


def test_closed_forms_without_seasons() -> None:
    ahead = purchases_ahead(LATENTS, STEADY, 5.0, 100.0)
    assert ahead[0] == pytest.approx(0.05 * -math.expm1(-0.002 * 100) / 0.002)
    assert ahead[1] == pytest.approx(-math.expm1(-0.06 * 100) / 0.3)
    assert ahead[2] == pytest.approx(1.0)
    forever = purchases_ahead(LATENTS, STEADY, 0.0, math.inf)
    assert forever.tolist() == pytest.approx([25.0, 1 / 0.3, math.inf, 0.3 / 0.04])
    discounted = purchases_ahead(LATENTS, STEADY, 0.0, math.inf, 0.001)
    assert discounted[2] == pytest.approx(10.0)


@pytest.mark.parametrize("rate", [0.0, 0.0005])
def test_seasons_agree_with_a_numerical_integral(rate: float) -> None:
    at, days = 40.3, 200.9
    found = purchases_ahead(LATENTS, BUSY, at, days, rate)
    grid = np.linspace(at, at + days, 400_001)
    middle = (grid[1:] + grid[:-1]) / 2
    busy = BUSY.busy_time(middle) - float(BUSY.busy_time(at))
    demand = BUSY.demand[middle.astype(int)]
    for row in range(4):
        alive = np.exp(-LATENTS.hazard[row] * (middle - at) - LATENTS.rate[row] * LATENTS.drop_probability[row] * busy)
        value = np.sum(np.diff(grid) * LATENTS.rate[row] * demand * alive * np.exp(-rate * (middle - at)))
        assert found[row] == pytest.approx(value, rel=2e-5)


def test_a_flat_season_is_no_season() -> None:
    flat = Tempo(dt.date(2024, 1, 1), Season())
    for days in (0.5, 30.0, 2000.0, math.inf):
        assert purchases_ahead(LATENTS, flat, 12.25, days, 0.0003) == pytest.approx(
            purchases_ahead(LATENTS, STEADY, 12.25, days, 0.0003), rel=1e-9
        )


def test_moments_of_ones_own_are_those_of_each() -> None:
    moments = np.array([3.0, 17.0, 200.0, 365.0])
    together = purchases_ahead(LATENTS, BUSY, moments, 60.0)
    alone = [purchases_ahead(LATENTS, BUSY, moment, 60.0)[row] for row, moment in enumerate(moments)]
    assert together == pytest.approx(alone, rel=1e-9)


def test_survival_is_the_integral_of_both_hazards() -> None:
    kept = survival(LATENTS, BUSY, 10.0, 90.0)
    busy = float(BUSY.busy_time(100.0) - BUSY.busy_time(10.0))
    assert kept[3] == pytest.approx(math.exp(-0.01 * 90 - 0.03 * busy))
    assert kept[0] == pytest.approx(math.exp(-0.002 * 90))


@pytest.mark.parametrize("tempo", [STEADY, BUSY], ids=["steady", "busy"])
def test_simulated_purchases_have_the_expected_number(tempo: Tempo) -> None:
    copies = 40_000
    many = LATENTS.take(np.repeat(np.arange(4), copies))
    made = draw_purchases(many, np.full(many.size, 30.0), 230.0, tempo, np.random.default_rng(3))
    counts = np.bincount(made.customer, minlength=many.size).reshape(4, copies)
    expected = purchases_ahead(LATENTS, tempo, 30.0, 200.0)
    error = counts.std(axis=1) / math.sqrt(copies)
    assert np.all(np.abs(counts.mean(axis=1) - expected) < 4 * error)
    alive = (made.dropout > 230.0).reshape(4, copies).mean(axis=1)
    assert alive == pytest.approx(survival(LATENTS, tempo, 30.0, 200.0), abs=0.01)
    assert np.all(np.diff(made.moment)[np.diff(made.customer) == 0] >= 0)
    assert np.all(made.moment <= made.dropout[made.customer] + 1e-6)
    assert np.all((made.moment > 30.0) & (made.moment <= 230.0))
