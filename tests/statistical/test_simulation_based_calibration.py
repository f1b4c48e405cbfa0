"""Simulation-based calibration (Talts et al. 2018) of every model of the catalogue.

Parameters are drawn from a prior, data from the parameters, and the posterior from the data: if all of it is right, the
rank of the true parameter, and of a prediction, among draws from its posterior is uniform. A model is covered by being
in the catalogue. Only those put together from parts are not: no one density is their posterior. Gamma-Gamma is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from keepers.domain.cells import Cells, SpendCells
from keepers.domain.contracts import ContractCells
from keepers.domain.time import Horizon
from keepers.models.base import Model
from keepers.models.beliefs import LogNormal
from keepers.models.buying import BuyingModel
from keepers.models.buying_intervals import at
from keepers.models.catalogue import CATALOGUE, model_class
from keepers.models.contractual.contract import ContractModel
from keepers.models.priors import Prior
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.partwise import PartwiseModel
from keepers.numerics.draws import importance_draws
from keepers.numerics.likelihoods import gamma_gamma

pytestmark = pytest.mark.statistical

QUICK, SLOW = (50, 100), (20, 25)
"""Replicates, and customers in each, of most models and of those whose class says that a row takes more effort."""

PROPOSALS, DRAWS, BINS = 80, 19, 5
LEAST_PROBABLE, FARTHEST = 5e-4, 3.5
"""Some seventy quantities are judged: by chance alone one of them would pass a bound in one of fifteen seeds."""

SPREAD = 0.35
"""Standard deviation of the logarithms under the prior of the test: medians as in the weak prior, but no wild stores,
so that every replicate costs alike."""

WHOLE = [name for name in CATALOGUE if not issubclass(model_class(name), PartwiseModel)]

Draw = Callable[[Any, np.ndarray, int, np.random.Generator], Any]
Predict = Callable[[Any, np.ndarray], float]


def buying(fitted: Any, theta: np.ndarray, customers: int, rng: np.random.Generator) -> Cells:
    """Customers observed for 15 to 40 units of time, in whole units so that discrete models can count them."""
    ages = rng.integers(15, 41, customers).astype(float)
    x, t_x = fitted.family.sample_new(theta, ages, rng)
    return Cells.of_customers(x, t_x, ages, fitted.unit_)


def contracts(fitted: Any, theta: np.ndarray, customers: int, rng: np.random.Generator) -> ContractCells:
    return at(fitted, theta).sample(customers, rng, Horizon(8.0, fitted.unit_)).merged()


def spending(_: Any, theta: np.ndarray, customers: int, rng: np.random.Generator) -> SpendCells:
    x = rng.geometric(0.4, customers).astype(float)
    return SpendCells.of_customers(x, gamma_gamma.sample_new(theta, x, rng))


def purchases(fitted: Any, theta: np.ndarray) -> float:
    """Purchases expected of a new customer within 26 units of time."""
    return float(np.ravel(fitted.family.expected_purchases_new(theta, np.array([26.0])))[0])


def surviving(fitted: Any, theta: np.ndarray) -> float:
    """Share of new contracts that last for three periods."""
    return float(at(fitted, theta).survival_new_customer(np.array([3.0]))[0])


def typical_spend(_: Any, theta: np.ndarray) -> float:
    """Mean spend of the customer whose rate is the mean one; that over all customers need not be finite."""
    p, q, gamma = theta
    return float(p * gamma / q)


HISTORIES = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30]}
SURVIVORS = {"age": [0, 1, 2, 3], "survivors": [100, 63, 46, 38]}
SPEND = {"frequency": [1, 4, 2, 3], "monetary_value": [0.6, 1.2, 0.9, 1.4]}


def made(kind: Any, **settings: Any) -> Any:
    """A model of the kind, with a given regularity where it would otherwise choose one by the data."""
    return kind(k=2, **settings) if hasattr(kind(), "k") else kind(**settings)


def recipe_of(kind: type[Model], unit: str) -> tuple[Any, Draw, Predict]:
    """A fitted model of the kind, whose parameters may be changed, how data are drawn from it, and what it is asked."""
    if issubclass(kind, BuyingModel):
        return made(kind).fit(HISTORIES, unit=unit), buying, purchases
    if issubclass(kind, ContractModel):
        return kind().fit(SURVIVORS, unit=unit), contracts, surviving
    if issubclass(kind, GammaGamma):
        return kind().fit(SPEND), spending, typical_spend
    raise AssertionError(f"{kind.__name__} is in the catalogue, but nobody says how its data are drawn: add a recipe.")


def ranks(kind: type[Model], rng: np.random.Generator) -> np.ndarray:
    """Ranks of the true log parameters and prediction among draws of their posteriors, shape (replicates, d + 1)."""
    replicates, customers = SLOW if getattr(kind, "effort", 1.0) > 1 else QUICK
    weak = kind.weak_prior
    beliefs = {name: LogNormal(belief.median, SPREAD) for name, belief in weak.beliefs.items()}
    prior = Prior(beliefs, weak.unit, money=weak.money)
    fitted, draw, predict = recipe_of(kind, weak.unit.value)
    found = []
    for theta in prior.draw(kind.symbols, rng, replicates):
        model = made(kind, prior=prior).fit(draw(fitted, theta, customers, rng))
        # A prior of money is stated in the mean spend of the data, which the true prior cannot know of.
        evidence = replace(model._evidence, prior=prior.on(kind.symbols, np.exp(model._evidence.shift)))
        laplace = model.laplace_
        drawn = importance_draws(
            lambda point, evidence=evidence: evidence.log_posterior(point, 0).value,
            laplace.mean,
            laplace.covariance,
            PROPOSALS,
            rng,
        )
        points = drawn.points[:DRAWS]
        truth = predict(fitted, theta)
        below = sum(predict(fitted, np.exp(point)) < truth for point in points)
        found.append([*(points < np.log(theta)).sum(axis=0), below])
    return np.array(found)


@pytest.mark.parametrize("name", WHOLE)
def test_ranks_are_uniform(name: str) -> None:
    kind = model_class(name)
    found = ranks(kind, np.random.default_rng(2018))
    for place, symbol in enumerate((*kind.symbols, "the prediction")):
        counts = np.bincount(found[:, place] * BINS // (DRAWS + 1), minlength=BINS)
        assert stats.chisquare(counts).pvalue > LEAST_PROBABLE, (
            f"{name}: the ranks of {symbol} are not uniform: {counts}"
        )
        # A posterior that is shifted, however right its width, shows in the mean rank first.
        away = (found[:, place].mean() / DRAWS - 0.5) * np.sqrt(12 * len(found))
        assert abs(away) < FARTHEST, f"{name}: {symbol} is {away:+.1f} standard deviations off"
