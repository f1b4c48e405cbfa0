"""The GGompertz/NBD estimator where data are few, one-sided or extreme."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.ggompertz_nbd import GGompertzNBD
from keepers.models.catalogue import load_model
from keepers.models.realtime import CustomerState, Scorer
from keepers.numerics.likelihoods import ggompertz_nbd, nbd


def cells(x, t_x, T) -> Cells:
    x = np.asarray(x, float)
    t_x, T = (np.array(np.broadcast_to(np.asarray(column, float), x.shape)) for column in (t_x, T))
    return Cells(x, t_x, T, np.ones(x.shape), TimeUnit.WEEK)


def drawn(n, theta=(0.9, 6.0, 0.1, 0.8, 30.0), seed=3, family=ggompertz_nbd) -> Cells:
    rng = np.random.default_rng(seed)
    age = rng.integers(10, 80, n).astype(float)
    x, t_x = family.sample_new(theta, age, rng)
    return cells(x, np.where(x > 0, np.clip(t_x.round(1), 0.1, age), 0.0), age)


BUSINESSES = {
    "fifty customers": drawn(50),
    "one customer": cells([3.0], 20.0, 26.0),
    "one-time buyers only": cells(np.zeros(80), 0.0, np.linspace(1, 50, 80)),
    "first purchases on the last day": cells(np.zeros(40), 0.0, 0.0),
    "all alive": drawn(300, (0.8, 6.0), family=nbd),
    "regular heavy buyers": cells(np.full(200, 52.0), 52.0, 52.5),
    "thousands of purchases": cells([5000.0, 4000.0, 0.0, 3.0], [199.0, 100.0, 0.0, 50.0], 200.0),
    "everybody left at once": cells(np.ones(500), 0.5, 50.0),
}


@pytest.mark.parametrize("prior", ["auto", None], ids=["auto", "none"])
@pytest.mark.parametrize("business", BUSINESSES)
def test_every_business_gets_an_answer(business, prior) -> None:
    data = BUSINESSES[business]
    fitted = GGompertzNBD(prior).fit(data)
    assert fitted.outcome_ is not FitOutcome.FAILED
    assert (fitted.outcome_ is FitOutcome.NO_REPEAT_PURCHASES) == (not data.repeat_purchases)
    found = fitted.predict_cells(data)
    for name in found.__dataclass_fields__:
        values = getattr(found, name)
        assert not np.any(np.isnan(values)), name
        assert np.all(values >= -1e-12), name
        if name != "next_purchase_age":
            assert np.all(np.isfinite(values)), name
    assert np.all(np.isfinite(list(fitted.standard_errors_.values())))


def test_few_customers_use_the_prior() -> None:
    few = GGompertzNBD().fit(BUSINESSES["fifty customers"])
    assert few.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert 0.02 < few.posterior_.prior_share < 0.8


def test_it_comes_back_and_scores(tmp_path) -> None:
    data = BUSINESSES["fifty customers"]
    model = GGompertzNBD().fit(data)
    path = model.save(tmp_path / "model.json")
    again = load_model(path)
    assert isinstance(again, GGompertzNBD)
    assert again.parameters_ == model.parameters_
    one, other = model.predict_cells(data, weeks(20)), again.predict_cells(data, weeks(20))
    assert np.array_equal(one.expected_purchases_se, other.expected_purchases_se)
    state = CustomerState(dt.date(2025, 1, 1), dt.date(2025, 3, 5), 3)
    score = Scorer.load(path).score(state, dt.date(2025, 4, 9), weeks(20))
    history = cells([3.0], 9.0, 14.0)
    assert score.expected_purchases == pytest.approx(model.expected_purchases(history, weeks(20)), rel=1e-12)
    assert score.probability_alive == pytest.approx(model.probability_alive(history), rel=1e-12)
