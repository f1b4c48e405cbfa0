"""Customers with rhythms of their own: parameters are found again, and forecasts are nearer to what happens."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.pareto_ggg import ParetoGGG
from keepers.models.btyd.pareto_nbd import ParetoNBD

pytestmark = pytest.mark.statistical

THETA = (1.6, 6.0, 0.8, 25.0, 4.0, 0.5)
AGE, LATER = 52.0, 26.0


def lives(customers: int, rng: np.random.Generator) -> tuple[Cells, FloatArray, FloatArray]:
    """Histories at 52 weeks, purchases of the 26 weeks after, and being alive, drawn from the model's story."""
    r, alpha, s, beta, t, gamma = THETA
    rates, k = rng.gamma(r, 1 / alpha, customers), rng.gamma(t, 1 / gamma, customers)
    leaves = rng.exponential(1 / rng.gamma(s, 1 / beta, customers))
    gaps = rng.gamma(np.maximum(k, 0.05)[:, None], 1 / (k * rates)[:, None], (customers, 160))
    times = np.cumsum(gaps, axis=1)
    assert times[:, -1].min() > AGE + LATER or np.mean(times[:, -1] < AGE + LATER) < 1e-3
    made = times < leaves[:, None]
    seen = made & (times <= AGE)
    x = seen.sum(axis=1).astype(float)
    t_x = np.where(x > 0, np.max(np.where(seen, times, 0.0), axis=1), 0.0)
    log_gaps = np.where(seen, np.log(gaps), 0.0).sum(axis=1)
    bought = (made & (times > AGE) & (times <= AGE + LATER)).sum(axis=1).astype(float)
    cells = Cells(x, t_x, np.full(customers, AGE), np.ones(customers), TimeUnit.WEEK, log_gaps)
    return cells, bought, leaves > AGE


def test_parameters_are_found_again_and_forecasts_are_nearer() -> None:
    cells, bought, alive = lives(800, np.random.default_rng(23))
    model = ParetoGGG().fit(cells)
    assert model.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    for name, truth in zip(model.symbols, THETA, strict=True):
        place = model.symbols.index(name)
        error = np.sqrt(model.posterior_.covariance[place, place])
        assert abs(np.log(model.parameters_[name] / truth)) < 3.5 * error, name
        assert error < 0.6
    assert model.mean_regularity_ == pytest.approx(8.0, rel=0.15)

    plain = ParetoNBD().fit(cells)
    errors, scores = {}, {}
    for one in (model, plain):
        expected = one.expected_purchases(cells, weeks(26))
        known = one.probability_alive(cells)
        errors[one.name] = float(np.mean((expected - bought) ** 2))
        scores[one.name] = float(np.mean((known - alive) ** 2))
    # Regular customers' silence tells: a fifth of the squared error about being alive is gone, and some of the
    # forecast's.
    assert scores["ParetoGGG"] < 0.8 * scores["ParetoNBD"]
    assert errors["ParetoGGG"] < 0.97 * errors["ParetoNBD"]
    # What is said of being alive is true of groups with like probabilities.
    known = model.probability_alive(cells)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.001)):
        group = (known >= low) & (known < high)
        spread = np.sqrt(np.sum(known[group] * (1 - known[group]))) + 1e-9
        assert abs(alive[group].sum() - known[group].sum()) < 4 * spread
    total = model.expected_purchases(cells, weeks(26)).sum()
    assert total == pytest.approx(bought.sum(), rel=0.1)


def test_perfectly_regular_buyers_get_an_outcome_in_words() -> None:
    x = np.repeat(np.arange(3.0, 12.0), 8)
    cells = Cells(x, 4 * x, 4 * x + 2.0, np.ones(x.size), TimeUnit.WEEK, x * np.log(4.0))
    model = ParetoGGG().fit(cells)
    assert model.outcome_.usable
    assert model.outcome_.value.endswith(".")
    # Everybody buys every four weeks and bought two weeks ago.
    wait = model.expected_next_purchase(cells)
    assert np.all(np.abs(wait - 2.0) < 0.8)
    assert np.all(model.probability_alive(cells) > 0.95)
