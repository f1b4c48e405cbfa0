"""Fits of every kind of business end in words and in finite predictions; and what the estimators refuse."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, FitError, InputError, NotFittedError
from keepers.domain.money import continuous_rate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks, years
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import bg_nbd

MODELS = [NBD, BGNBD, MBGNBD]
ONE = Cells(np.array([3.0]), np.array([20.0]), np.array([26.0]), np.ones(1), TimeUnit.WEEK)


def cells(x, t_x, T, weight=None) -> Cells:
    x = np.asarray(x, float)
    wide = [
        np.broadcast_to(np.asarray(column, float), x.shape) for column in (t_x, T, 1.0 if weight is None else weight)
    ]
    return Cells(x, *(np.array(column) for column in wide), TimeUnit.WEEK)


def drawn(n: int, theta=(0.5, 8.0, 0.8, 3.0), seed: int = 1) -> Cells:
    rng = np.random.default_rng(seed)
    ages = rng.uniform(5, 60, n)
    x, t_x = bg_nbd.sample_new(theta, ages, rng)
    return cells(x, t_x, ages)


BUSINESSES = {
    "fifty customers": drawn(50),
    "one-time buyers only": cells(np.zeros(80), 0.0, np.linspace(1, 50, 80)),
    "a hundred thousand one-time buyers": cells([0.0], 0.0, 30.0, 1e5),
    "one customer": ONE,
    "one customer who bought once": cells([0.0], 0.0, 12.0),
    "first purchases on the last day": cells([0.0], 0.0, 0.0, 40.0),
    "all alive": cells(np.arange(300) % 9 + 1.0, 40.0, 40.0),
    "regular heavy buyers": cells(np.full(200, 52.0), 52.0, 52.5),
    "thousands of purchases": cells([5000.0, 4000.0, 0.0, 3.0], [199.0, 100.0, 0.0, 50.0], 200.0),
    "everybody left at once": cells(np.ones(1000), 0.5, 50.0),
}


@pytest.mark.parametrize("prior", ["auto", None], ids=["auto", "none"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("business", BUSINESSES)
def test_every_business_gets_an_answer(business, model, prior) -> None:
    data = BUSINESSES[business]
    fitted = model(prior).fit(data)
    assert fitted.outcome_ is not FitOutcome.FAILED
    if not data.repeat_purchases:
        assert fitted.outcome_ is FitOutcome.NO_REPEAT_PURCHASES
    found = fitted.predict_cells(data)
    for name in found.__dataclass_fields__:
        values = getattr(found, name)
        assert not np.any(np.isnan(values)), name
        assert np.all(values >= -1e-12), name
        if name != "next_purchase_age":
            assert np.all(np.isfinite(values)), name
    assert np.all(np.isfinite(list(fitted.standard_errors_.values())))
    assert np.isfinite(fitted.log_likelihood_)
    assert np.all(np.isfinite(fitted.posterior_.draws(50, np.random.default_rng(0))))
    assert fitted.posterior_.diagnostic.endswith(".")


@pytest.mark.parametrize("model", MODELS)
def test_the_prior_is_used_where_customers_are_few_and_only_there(model) -> None:
    few = model().fit(drawn(50))
    assert few.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert few.prior_ is not None
    assert 0.02 < few.posterior_.prior_share < 0.7
    many = model().fit(drawn(4000))
    assert many.outcome_ is FitOutcome.CONVERGED
    assert many.prior_ is None
    assert many.posterior_.prior_share == 0


def test_a_prior_of_ones_own() -> None:
    strong = Prior({name: LogNormal(value, 0.01) for name, value in zip(["r", "alpha", "a", "b"], (1, 20, 2, 6))})
    fitted = BGNBD(prior=strong).fit(drawn(300))
    assert fitted.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    assert fitted.posterior_.prior_share > 0.95
    assert list(fitted.parameters_.values()) == pytest.approx([1, 20, 2, 6], rel=0.05)


def test_customers_with_regular_habits_run_to_the_edge_and_are_rescued_by_the_prior() -> None:
    data = cells(np.full(2000, 52.0), 52.0, 52.5)
    plain, rescued = BGNBD(prior=None).fit(data), BGNBD().fit(data)
    assert plain.outcome_ is rescued.outcome_ is FitOutcome.AT_BOUND
    assert rescued.prior_ is not None
    assert max(rescued.parameters_.values()) < 0.1 * max(plain.parameters_.values())
    assert rescued.expected_purchases(data, weeks(52))[0] == pytest.approx(52, rel=0.05)


def test_weights_are_customers() -> None:
    once, twice = drawn(300), drawn(300)
    doubled = Cells(twice.x, twice.t_x, twice.T, 2 * twice.weight, twice.unit)
    stacked = Cells(*(np.tile(column, 2) for column in (once.x, once.t_x, once.T, once.weight)), once.unit)
    one, other = BGNBD(None).fit(doubled), BGNBD(None).fit(stacked)
    assert one.parameters_ == pytest.approx(other.parameters_, rel=1e-6)
    assert one.log_likelihood_ == pytest.approx(2 * BGNBD(None).fit(once).log_likelihood_, rel=1e-10)


def test_many_cells_are_searched_on_a_part_first_and_fitted_exactly() -> None:
    data = drawn(20_000)
    fitted = BGNBD().fit(data)
    gradient = bg_nbd.log_likelihood_sum(tuple(fitted.parameters_.values()), data).gradient
    assert fitted.outcome_ is FitOutcome.CONVERGED
    assert np.abs(gradient).max() < 1e-3


def test_a_parameters_uncertainty_moves_predictions_as_its_draws_do() -> None:
    data = drawn(1500)
    fitted = BGNBD().fit(data)
    some = cells([0, 2, 8], [0, 15, 38], [40, 40, 40])
    found = fitted.predict_cells(some, weeks(52))
    draws = fitted.posterior_.draws(400, np.random.default_rng(3))
    moved = np.array([bg_nbd.expected_purchases(theta, some.x, some.t_x, some.T, 52.0) for theta in draws])
    assert found.expected_purchases_se == pytest.approx(moved.std(axis=0), rel=0.2)
    _, _, variance = bg_nbd.purchase_moments(tuple(fitted.parameters_.values()), some.x, some.t_x, some.T, 52.0)
    assert found.variance == pytest.approx(variance + found.expected_purchases_se**2, rel=1e-9)


def test_answers_of_the_estimator() -> None:
    fitted = BGNBD().fit(drawn(2000))
    found = fitted.predict_cells(ONE, weeks(52), continuous_rate(0.002, "week"), years(5))
    assert fitted.probability_alive(ONE) == pytest.approx(found.p_alive)
    assert fitted.probability_alive(ONE, at=weeks(52)) == pytest.approx(found.p_alive_end)
    assert fitted.expected_purchases(ONE, weeks(52)) == pytest.approx(found.expected_purchases)
    rate = continuous_rate(0.002, "week")
    assert fitted.discounted_expected_purchases(ONE, weeks(52), rate) == pytest.approx(found.discounted_purchases)
    assert fitted.discounted_expected_purchases(ONE, None, rate) == pytest.approx(found.discounted_purchases_infinite)
    assert fitted.discounted_expected_purchases(ONE, years(5), rate) == pytest.approx(
        found.discounted_purchases_lifetime
    )
    assert fitted.expected_next_purchase(ONE) == pytest.approx(found.next_purchase_age)
    assert fitted.purchase_distribution(ONE, weeks(52), 200).shape == (1, 201)
    assert fitted.purchase_distribution(ONE, weeks(52), 0)[0, 0] == pytest.approx(found.p_zero[0])
    assert fitted.purchase_distribution_new_customer(weeks(52), 300).sum() == pytest.approx(1, abs=1e-6)
    new = fitted.expected_purchases_new_customer(weeks(52))
    assert 0 < fitted.discounted_expected_purchases_new_customer(weeks(52)) < new
    assert fitted.discounted_expected_purchases_new_customer() > fitted.discounted_expected_purchases_new_customer(
        weeks(52)
    )
    assert fitted.expected_lifetime(ONE, cap=weeks(10))[0] < 10
    assert fitted.expected_lifetime(ONE)[0] > 10
    assert fitted.median_lifetime(ONE)[0] > 0


def test_sampling() -> None:
    fitted = BGNBD().fit(drawn(2000))
    rng = np.random.default_rng(5)
    some = fitted.sample(weeks(40), rng, customers=500)
    assert some.customers == 500
    again = BGNBD().fit(some)
    assert again.outcome_ in (FitOutcome.CONVERGED, FitOutcome.CONVERGED_WITH_PRIOR)
    observed = fitted.sample(np.array([3.0, 50.0]), rng)
    assert observed.T.tolist() == [3.0, 50.0]
    assert fitted.sample_future(some, weeks(10), rng).shape == (500,)
    with pytest.raises(ConfigError, match="how many customers"):
        fitted.sample(weeks(40), rng)


def test_what_is_refused() -> None:
    with pytest.raises(NotFittedError, match="BGNBD is not fitted yet"):
        BGNBD().expected_purchases(ONE, weeks(4))
    fitted = BGNBD().fit(drawn(200))
    with pytest.raises(ConfigError, match="missing its unit"):
        fitted.expected_purchases(ONE, 52)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="zero or more"):
        fitted.purchase_distribution(ONE, weeks(4), -1)
    fitted.outcome_ = FitOutcome.FAILED
    with pytest.raises(FitError, match="no usable fit"):
        fitted.expected_purchases(ONE, weeks(4))
    nobody = cells([0.0], 0.0, 3.0, 0.0)
    with pytest.raises(InputError, match="no customer"):
        BGNBD().fit(nobody)


def test_words_about_a_model() -> None:
    assert repr(BGNBD()) == "BGNBD()"
    assert repr(NBD(prior=None)) == "NBD(prior=None)"
    words = repr(NBD().fit(drawn(200)))
    assert "fitted on 200 customers" in words
    assert "converged" in words
    assert "prior" in repr(BGNBD().fit(drawn(60)).posterior_)


def test_scores_are_the_models() -> None:
    fitted = BGNBD().fit(drawn(2000))
    state = fitted.state(dt.date(2025, 1, 1)).update(dt.date(2025, 1, 29)).update(dt.date(2025, 5, 21))
    now = dt.date(2025, 1, 1) + dt.timedelta(weeks=26)
    found = fitted.score(state, now, weeks(52))
    same = cells([2.0], 20.0, 26.0)
    assert found.probability_alive == pytest.approx(fitted.probability_alive(same))
    assert found.expected_purchases == pytest.approx(fitted.expected_purchases(same, weeks(52)))
    assert found.discounted_purchases == pytest.approx(fitted.discounted_expected_purchases(same, weeks(52)))
    assert found.days_to_next_purchase == pytest.approx(7 * fitted.expected_next_purchase(same))
