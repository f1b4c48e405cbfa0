"""Does the lognormal model find the correlation that made the data, and are its customers' draws calibrated."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.hierarchical_pareto_nbd import HierarchicalParetoNBD
from keepers.models.btyd.pareto_nbd_abe import ParetoNBDAbe
from keepers.numerics.likelihoods import pareto_nbd, pareto_nbd_posterior

pytestmark = pytest.mark.statistical

MEANS, SPREADS = np.log([0.12, 0.02]), np.array([0.9, 1.0])


def customers(rho, age, later, rng):
    """Rates, (x, t_x), being alive at the age and purchases later, from plain exponential draws."""
    a, b = rng.standard_normal((2, age.size))
    rate = np.exp(MEANS[0] + SPREADS[0] * a)
    leaving = np.exp(MEANS[1] + SPREADS[1] * (rho * a + np.sqrt(1 - rho**2) * b))
    leaves = rng.exponential(1 / leaving)
    stays = np.minimum(leaves, age)
    x = rng.poisson(rate * stays).astype(float)
    last = np.where(x > 0, np.ceil(10 * stays * rng.random(age.size) ** (1 / np.maximum(x, 1))) / 10, 0.0)
    bought = rng.poisson(rate * np.clip(leaves - age, 0, later))
    return rate, x, np.minimum(last, age), leaves > age, bought


@pytest.mark.parametrize("rho", [-0.6, 0.5])
def test_the_correlation_is_found(rho):
    rng = np.random.default_rng(17)
    age = rng.integers(30, 120, 4000).astype(float)
    _, x, t_x, alive, bought = customers(rho, age, 30.0, rng)
    cells = Cells.of_customers(x, t_x, age, TimeUnit.WEEK)
    model = ParetoNBDAbe().fit(cells)
    assert model.outcome_ is FitOutcome.CONVERGED
    assert abs(model.correlation_ - rho) < 3 * model.correlation_standard_error_
    assert model.correlation_standard_error_ < 0.15
    truth = np.log([*np.exp(MEANS), *SPREADS, (1 + rho) / (1 - rho)])
    away = (model.posterior_.mean - truth) / np.sqrt(np.diag(model.posterior_.covariance))
    assert np.all(np.abs(away) < 3.2)
    found = model.predict_cells(cells, weeks(30))
    error = np.sqrt(cells.weight @ found.variance)
    assert bought.sum() == pytest.approx(cells.weight @ found.expected_purchases, abs=4 * error)
    assert alive.sum() == pytest.approx(cells.weight @ found.p_alive, rel=0.06)


def test_drawn_rates_hold_the_true_ones_as_often_as_they_say():
    rng = np.random.default_rng(19)
    r, alpha, s, beta = 1.2, 9.0, 1.5, 60.0
    age = np.full(600, 60.0)
    rate, leaving = rng.gamma(r, 1 / alpha, age.size), rng.gamma(s, 1 / beta, age.size)
    leaves = rng.exponential(1 / leaving)
    stays = np.minimum(leaves, age)
    x = rng.poisson(rate * stays).astype(float)
    t_x = np.where(x > 0, stays * rng.random(age.size) ** (1 / np.maximum(x, 1)), 0.0)
    cells = Cells(x, t_x, age, np.ones(age.size), TimeUnit.WEEK)
    model = HierarchicalParetoNBD().fit(cells)
    draws = model.sample_customers(cells, 200, rng)
    for truth, drawn in ((rate, draws.rate), (leaving, draws.leaving), (leaves, draws.lifetime)):
        low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
        assert np.mean((low < truth) & (truth < high)) == pytest.approx(0.8, abs=0.06)
    assert draws.alive.mean() == pytest.approx(np.mean(leaves > age), abs=0.05)


def test_the_exact_draws_are_those_of_the_plain_gibbs_sampler():
    """Ma and Liu (2007) alternate the moment of leaving, the rates and being alive; here for one history each."""
    theta = np.array([0.8, 9.0, 1.1, 20.0])
    r, alpha, s, beta = theta
    rng = np.random.default_rng(23)
    for x, t_x, T in ((0.0, 0.0, 30.0), (4.0, 12.0, 40.0)):
        chains = 20_000
        rate, leaving = rng.gamma(r, 1 / alpha, chains), rng.gamma(s, 1 / beta, chains)
        for _ in range(40):
            both = rate + leaving
            alive = rng.random(chains) < 1 / (1 + leaving / both * np.expm1(np.minimum(both * (T - t_x), 500)))
            left = t_x - np.log1p(-rng.random(chains) * -np.expm1(-both * (T - t_x))) / both
            until = np.where(alive, T + rng.exponential(1 / leaving), left)
            rate = rng.standard_gamma(r + x, chains) / (alpha + np.minimum(until, T))
            leaving = rng.standard_gamma(s + 1, chains) / (beta + until)
        row = tuple(np.full(chains, value) for value in (x, t_x, T))
        exact = pareto_nbd_posterior.sample_customers(theta, *row, rng)
        for one, other in zip((rate, leaving, alive.astype(float)), exact[:3], strict=True):
            error = 5 * np.std(one) / np.sqrt(chains)
            assert np.mean(one) == pytest.approx(np.mean(other), abs=error)
            assert np.quantile(one, 0.75) == pytest.approx(np.quantile(other, 0.75), rel=0.05)
        assert exact[2].mean() == pytest.approx(pareto_nbd.probability_alive(theta, x, t_x, T)[0], abs=0.02)
