"""Contracts whose pace changes often: how long they last turns the risk that they run around, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.models.contractual.weibull_gamma import WeibullGamma
from keepers.numerics.likelihoods.contract_pace import Pace, Paced, reaching

RNG = np.random.default_rng(5)
EDGES = np.sort(RNG.uniform(0.2, 60.0, 90))
PACE = Pace(EDGES, RNG.normal(size=(91, 1)), RNG.normal(size=91) * 0.1)


@pytest.mark.parametrize(
    ("family", "own"), [(WeibullGamma.family, (1.3, 9.0, 1.2)), (ShiftedBetaGeometric.family, (0.9, 6.0))]
)
@pytest.mark.parametrize("sets", [(), (1, 1), (1, 40)])
def test_the_risk_at_the_end_is_what_was_drawn(family, own, sets) -> None:
    law = Paced(family, PACE)
    spread = np.exp(0.2 * RNG.normal(size=sets)) if sets else 1.0
    theta = [*(value * spread for value in own), 0.4 + 0.0 * spread]
    shape = sets if not sets else (3, 40)
    age = RNG.uniform(0.0, 70.0, shape if sets else 40)
    draw, exponential = RNG.gamma(1.0, 0.1, age.shape) + 1e-4, RNG.exponential(size=age.shape)
    lasts = law.residual(theta, age, draw, exponential)
    assert np.all(lasts >= age * (1 - 1e-12))
    assert law.risk(theta, lasts) == pytest.approx(law.risk(theta, age) + exponential / draw, rel=1e-9)


def test_a_law_that_reaches_less_far_says_the_same_as_far_as_it_reaches() -> None:
    law = Paced(WeibullGamma.family, PACE)
    near, theta = reaching(law, 24.0), [1.3, 9.0, 1.2, 0.4]
    assert isinstance(near, Paced)
    assert near.pace.edges.size < EDGES.size / 2
    ages = np.linspace(0.0, 24.0, 200)
    assert np.array_equal(near.risk(theta, ages), law.risk(theta, ages))
    assert np.array_equal(near.log_retention(theta, ages[:-1], ages[1:]), law.log_retention(theta, ages[:-1], ages[1:]))
    assert near.risk(theta, 60.0) != law.risk(theta, 60.0)
    assert reaching(law, 1e9) is law
    assert reaching(WeibullGamma.family, 3.0) is WeibullGamma.family
