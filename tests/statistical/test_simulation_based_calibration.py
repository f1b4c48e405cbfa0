"""Simulation-based calibration (Talts et al. 2018) of every model of the catalogue.

Parameters are drawn from a prior, data from the parameters, and the posterior from the data: if all of it is right, the
rank of the true parameter, and of a prediction, among draws from its posterior is uniform. A model is covered by being
in the catalogue. Only those put together from parts are not: no one density is their posterior. Gamma-Gamma is.

A shifted posterior shows in the mean of these ranks. One that is too wide or too narrow shows in how they are spread,
and most of all in the rank of the truth's distance from the posterior's centre, a quantity that depends on the data
(Modrak et al. 2023): it sees all directions at once. For each model it is proved that posteriors half as wide again,
or two thirds as wide, would not pass.
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

PROPOSALS, DRAWS, BINS = 48, 19, 5
PREDICTIONS = 9
"""Draws whose prediction is made."""

LEAST_PROBABLE, FARTHEST = 5e-4, 3.5
"""Some two hundred bounds are kept: by chance alone one of them would be passed in one of ten seeds."""

WIDTHS = (1.0, 1.5, 0.67)
"""Times the posterior's own width: as it is, and the two faults that are planted."""

SPREAD = 0.35
"""Standard deviation of the logarithms under the prior of the test: medians as in the weak prior, but no wild stores,
so that every replicate costs alike."""

TWINS = {"HierarchicalParetoNBD": "ParetoNBD"}
"""Models whose fit is that of another one, which is proved; only their answers differ."""

WHOLE = [name for name in CATALOGUE if not issubclass(model_class(name), PartwiseModel) and name not in TWINS]

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


def none(fitted: Any, theta: np.ndarray) -> float:
    """Probability that a new customer does not come back within 26 units of time."""
    nobody = np.zeros(1)
    return float(np.exp(fitted.family.log_likelihood(theta, nobody, nobody, nobody + 26.0))[0])


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
        return made(kind).fit(HISTORIES, unit=unit), buying, none
    if issubclass(kind, ContractModel):
        return kind().fit(SURVIVORS, unit=unit), contracts, surviving
    if issubclass(kind, GammaGamma):
        return kind().fit(SPEND), spending, typical_spend
    raise AssertionError(f"{kind.__name__} is in the catalogue, but nobody says how its data are drawn: add a recipe.")


def prior_of(kind: type[Model]) -> Prior:
    beliefs = {name: LogNormal(belief.median, SPREAD) for name, belief in kind.weak_prior.beliefs.items()}
    return Prior(beliefs, kind.weak_prior.unit, money=kind.weak_prior.money)


def drawn(model: Model, prior: Prior, rng: np.random.Generator) -> np.ndarray:
    """Draws of the log parameters from the model's posterior under the prior of the test."""
    # A prior of money is stated in the mean spend of the data, which the true prior cannot know of.
    shift = model._evidence.shift
    evidence = replace(model._evidence, prior=prior.on(model.symbols, np.exp(shift)))
    laplace = model.laplace_
    target = laplace._target
    many = None if target is None or prior.money else target.log_densities
    found = importance_draws(
        lambda point: evidence.log_posterior(point, 0).value, laplace.mean, laplace.covariance, PROPOSALS, rng, many
    )
    return found.points[:DRAWS]


def shares_below(kind: type[Model], rng: np.random.Generator) -> dict[float, np.ndarray]:
    """Where among draws of their posteriors the truths lie, from 0 to 1, by width, shape (replicates, d + 2).

    First the log parameters, then the distance from the centre of the posterior, last a prediction, which only
    posteriors of the right width are asked for.
    """
    replicates, customers = SLOW if getattr(kind, "effort", 1.0) > 1 else QUICK
    prior = prior_of(kind)
    fitted, draw, predict = recipe_of(kind, kind.weak_prior.unit.value)
    found: dict[float, list[np.ndarray]] = {width: [] for width in WIDTHS}
    for theta in prior.draw(kind.symbols, rng, replicates):
        model = made(kind, prior=prior).fit(draw(fitted, theta, customers, rng))
        points, laplace = drawn(model, prior, rng), model.laplace_
        root = np.linalg.inv(np.linalg.cholesky(laplace.covariance))
        far = np.sum(((np.vstack([np.log(theta), points]) - laplace.mean) @ root.T) ** 2, axis=1)
        truth = predict(fitted, theta)
        asked = points[:PREDICTIONS]
        below = sum(predict(fitted, np.exp(point)) < truth for point in asked)
        for width in WIDTHS:
            moved = laplace.mean + width * (points - laplace.mean)
            parameters = (moved < np.log(theta)).sum(axis=0)
            distance = (width**2 * far[1:] < far[0]).sum()
            ranks = np.array([*parameters, distance]) + 0.5
            found[width].append(np.array([*(ranks / (DRAWS + 1)), (below + 0.5) / (len(asked) + 1)]))
    return {width: np.array(rows) for width, rows in found.items()}


def faults(names: tuple[str, ...], shares: np.ndarray) -> list[str]:
    """What is not as it would be, were these shares uniform, in words."""
    found = []
    for name, share in zip(names, shares.T, strict=True):
        counts = np.bincount((share * BINS).astype(int), minlength=BINS)
        if stats.chisquare(counts).pvalue < LEAST_PROBABLE:
            found.append(f"the ranks of {name} are not uniform: {counts}")
        # A posterior that is shifted, however right its width, shows in the mean rank first.
        away = (share.mean() - 0.5) * np.sqrt(12 * share.size)
        if abs(away) > FARTHEST:
            found.append(f"{name} is {away:+.1f} standard deviations off")
        # Ranks crowd in the middle where the posterior is too wide, and at the ends where it is too narrow.
        spread = (np.mean(12 * (share - 0.5) ** 2) - 1.0) * np.sqrt(share.size / 0.8)
        if abs(spread) > FARTHEST:
            found.append(f"the ranks of {name} are spread by {spread:+.1f} standard deviations too much")
    return found


@pytest.mark.parametrize("name", WHOLE)
def test_ranks_are_uniform(name: str) -> None:
    kind = model_class(name)
    found = shares_below(kind, np.random.default_rng(2018))
    names = (*kind.symbols, "the distance from the centre", "the prediction")
    right = faults(names, found[1.0])
    assert not right, f"{name}: {'; '.join(right)}"
    for width in WIDTHS[1:]:
        assert faults(names[:-1], found[width][:, :-1]), f"{name}: a posterior {width} times as wide would pass"


@pytest.mark.parametrize(("name", "twin"), TWINS.items())
def test_twins_have_one_posterior(name: str, twin: str) -> None:
    kinds, rng = (model_class(name), model_class(twin)), np.random.default_rng(2018)
    prior = prior_of(kinds[0])
    fitted, draw, _ = recipe_of(kinds[0], kinds[0].weak_prior.unit.value)
    data = draw(fitted, prior.draw(kinds[0].symbols, rng, 1)[0], QUICK[1], rng)
    one, other = (made(kind, prior=prior).fit(data) for kind in kinds)
    points = rng.multivariate_normal(one.laplace_.mean, one.laplace_.covariance, 10)
    assert one.symbols == other.symbols
    np.testing.assert_allclose(one.laplace_.mean, other.laplace_.mean, rtol=1e-9)
    np.testing.assert_allclose(one.laplace_.covariance, other.laplace_.covariance, rtol=1e-9)
    densities = [[model._evidence.log_posterior(point, 0).value for point in points] for model in (one, other)]
    np.testing.assert_allclose(densities[0], densities[1], rtol=1e-12)
