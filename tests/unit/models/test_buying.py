"""What estimators of buying do beyond the contract (tests/consistency/test_contract.py): priors, words, refusals."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, FitError, InputError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.covariates.specification import Covariates
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


@pytest.mark.parametrize("model", [BGNBD(), BGNBD(covariates=Covariates(purchase=["kind"])), ParetoNBD()])
def test_a_fit_near_another_finds_what_it_would_find_alone(model) -> None:
    rng = np.random.default_rng(5)
    x = rng.poisson(rng.gamma(0.6, 6.0, 900)).astype(float)
    T = np.rint(rng.uniform(20, 60, 900))
    data = {"frequency": x, "recency": np.where(x > 0, np.rint(T * rng.beta(2, 1, 900)), 0.0), "T": T,
            "kind": np.where(rng.random(900) < 0.5, "a", "b")}  # fmt: skip
    before = copy.copy(model).fit({name: column[:800] for name, column in data.items()}, unit="week")
    alone = copy.copy(model).fit(data, unit="week")
    near = model.near(before).fit(data, unit="week")
    assert near.parameters_ == pytest.approx(alone.parameters_, rel=1e-6)
    assert near.log_likelihood_ == pytest.approx(alone.log_likelihood_, rel=1e-10)
    assert near._near is None
