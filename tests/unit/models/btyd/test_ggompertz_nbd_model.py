"""The GGompertz/NBD estimator where the contract of all models does not look: weak data and very heavy buyers."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit
from keepers.models.btyd.ggompertz_nbd import GGompertzNBD
from keepers.numerics.likelihoods import ggompertz_nbd, nbd


def drawn(n, theta=(0.9, 6.0, 0.1, 0.8, 30.0), seed=3, family=ggompertz_nbd) -> Cells:
    rng = np.random.default_rng(seed)
    age = rng.integers(10, 80, n).astype(float)
    x, t_x = family.sample_new(theta, age, rng)
    return Cells.of_customers(x, np.where(x > 0, np.clip(t_x.round(), 1, age), 0.0), age, TimeUnit.WEEK)


def test_few_customers_use_the_prior() -> None:
    few = GGompertzNBD().fit(drawn(50))
    assert few.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert 0.02 < few.posterior_.prior_share < 0.8


@pytest.mark.parametrize("prior", ["auto", None], ids=["auto", "none"])
def test_data_without_leaving_are_told_as_such(prior) -> None:
    data = drawn(300, (0.8, 6.0), family=nbd)
    model = GGompertzNBD(prior).fit(data)
    assert model.outcome_ is not FitOutcome.FAILED
    expected = nbd.expected_purchases((0.8, 6.0), data.x, data.t_x, data.T, 52.0)
    found = model.family.expected_purchases(model._theta(), data.x, data.t_x, data.T, 52.0)
    assert found.sum() == pytest.approx(expected.sum(), rel=0.25)


def test_thousands_of_purchases() -> None:
    data = Cells(
        np.array([5000.0, 4000.0, 0.0, 3.0]),
        np.array([199.9, 100.0, 0.0, 50.0]),
        np.full(4, 200.0),
        np.ones(4),
        TimeUnit.WEEK,
    )
    found = GGompertzNBD().fit(data).predict_cells(data)
    assert found.expected_purchases[0] == pytest.approx(25 * 52.18, rel=0.3)
    assert np.all(np.isfinite(found.variance))
