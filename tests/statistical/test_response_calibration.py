"""Simulation-based calibration (Talts et al. 2018) of response curves: true answers rank uniformly among the draws.

Responses are drawn from the prior, weekly arrivals from them, twelve weeks or half a year of them as in small shops.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.acquisition.priors import response_beliefs
from keepers.numerics.response_posterior import ResponseModel, WeeklyArrivals

_TIMES = 70
_DRAWS = 200


@pytest.mark.parametrize("weeks", [12, 30])
def test_true_responses_rank_uniformly(weeks: int) -> None:
    rng = np.random.default_rng(20261130 + weeks)
    beliefs = response_beliefs("shop", "paid search", 8.0)
    ranks = []
    for _ in range(_TIMES):
        spend = np.repeat(np.exp(rng.normal(3.5, 0.4, weeks)) * (rng.random(weeks) < 0.85), 7)
        spend[:7] = 30.0
        demand = np.exp(rng.normal(0, 0.15, weeks))
        blank = ResponseModel(WeeklyArrivals(np.zeros(weeks), spend, demand), beliefs)
        truth = blank.draw_prior(1, rng)
        mean = blank.expected(truth.coordinates)[0]
        size = 1.0 / truth.dispersion[0]
        arrivals = rng.poisson(mean * rng.gamma(size, 1.0 / size, weeks)).astype(float)
        found = ResponseModel(WeeklyArrivals(arrivals, spend, demand), beliefs).draw(_DRAWS, rng)
        usual = found.usual_spend
        ranks.append(
            [
                np.mean(drawn < true)
                for drawn, true in (
                    (found.elasticity(), truth.elasticity()),
                    (found.curve.steady(usual)[:, 0], truth.curve.steady(usual)[:, 0]),
                    (found.curve.steady(2 * usual)[:, 0], truth.curve.steady(2 * usual)[:, 0]),
                    (found.curve.marginal(usual)[:, 0], truth.curve.marginal(usual)[:, 0]),
                    (found.curve.half_life, truth.curve.half_life),
                    (found.dispersion, truth.dispersion),
                )
            ]
        )
    for column in np.array(ranks).T:
        # Draws of one truth are a little alike, so that ranks are coarse; their distribution must still be even.
        assert stats.kstest(np.clip(column, 0.0025, 0.9975), "uniform").pvalue > 1e-3
        inside = np.mean((column > 0.1) & (column < 0.9))
        assert abs(inside - 0.8) < 3.3 * np.sqrt(0.8 * 0.2 / _TIMES)
