"""Recovery of the models of contracts on simulated contracts: coverage of intervals, with truncation and censoring."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.contracts import ContractCells
from keepers.domain.time import TimeUnit, months
from keepers.models.contractual.beta_discrete_weibull import BetaDiscreteWeibull
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.exponential_gamma import ExponentialGamma
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.models.contractual.weibull_gamma import WeibullGamma

pytestmark = pytest.mark.statistical

LAWS: list[tuple[type[ContractModel], tuple[float, ...]]] = [
    (ShiftedBetaGeometric, (0.8, 7.0)),
    (BetaDiscreteWeibull, (0.6, 6.0, 1.3)),
    (ExponentialGamma, (0.9, 8.0)),
    (WeibullGamma, (0.8, 9.0, 1.4)),
]


def contracts(model: type[ContractModel], theta, n: int, rng: np.random.Generator) -> ContractCells:
    """Told contract by contract: a propensity of its own, an end, a cut; a third is seen from a later age on only."""
    if model.family.DISCRETE:
        a, b, c = (*theta, 1.0)[:3]
        chance = rng.beta(a, b, n)
        with np.errstate(divide="ignore"):
            tenure = np.ceil((np.log(rng.random(n)) / np.log1p(-chance)) ** (1 / c))
        ages, entry = rng.integers(3, 30, n).astype(float), rng.integers(1, 8, n).astype(float)
    else:
        r, alpha, c = (*theta, 1.0)[:3]
        tenure = alpha * (rng.exponential(1 / rng.gamma(r, 1.0, n))) ** (1 / c)
        ages, entry = rng.uniform(3, 30, n), rng.uniform(0.5, 8, n)
    entry = np.where(rng.random(n) < 1 / 3, np.minimum(entry, ages), 0.0)
    kept = tenure > entry
    ended, seen = (tenure <= ages).astype(float), np.minimum(tenure, ages)
    return ContractCells(entry[kept], seen[kept], ended[kept], np.ones(kept.sum()), TimeUnit.MONTH)


@pytest.mark.parametrize(("model", "theta"), LAWS)
def test_intervals_cover_the_truth(model, theta) -> None:
    """95% intervals of parameters, and 80% intervals of what is asked, over 16 books of 1,200 contracts."""
    rng = np.random.default_rng(17)
    books, inside = 16, np.zeros(len(theta))
    truth = model()
    now, later = {"tenure": [0.0, 6.0, 20.0]}, months(12)
    answered = np.zeros(3)
    for _ in range(books):
        fitted = model(prior=None).fit(contracts(model, theta, 1200, rng))
        low, high = np.quantile(fitted.posterior_.draws(1000, rng), [0.025, 0.975], axis=0)
        inside += (low < theta) & (theta < high)
        truth.__dict__.update(fitted.__dict__)
        truth.parameters_ = dict(zip(model.symbols, theta, strict=True))
        expected = truth.survival(now, later)["survival"]
        found = fitted.interval(now, "survival", horizon=later)
        answered += (found["survival_low"] < expected) & (expected < found["survival_high"])
    assert np.all(np.abs(inside / books - 0.95) < 3.2 * np.sqrt(0.95 * 0.05 / books)), inside / books
    assert np.all(np.abs(answered / books - 0.80) < 3.2 * np.sqrt(0.8 * 0.2 / books)), answered / books


@pytest.mark.parametrize(("model", "theta"), LAWS)
def test_truncation_ignored_would_mislead(model, theta) -> None:
    """With `entry` the churn of new contracts is recovered; without it, those who left before make it look lower."""
    rng = np.random.default_rng(5)
    cells = contracts(model, theta, 20_000, rng)
    blind = ContractCells(np.zeros(cells.size), cells.tenure, cells.ended, cells.weight, cells.unit)
    truth = model(prior=None).fit(cells)
    estimated = truth.survival_new_customer([3.0])[0]
    truth.parameters_ = dict(zip(model.symbols, theta, strict=True))
    exact = truth.survival_new_customer([3.0])[0]
    assert estimated == pytest.approx(exact, abs=0.01)
    assert model(prior=None).fit(blind).survival_new_customer([3.0])[0] > exact + 0.015


@pytest.mark.parametrize(("model", "theta"), LAWS[::3])
def test_fifty_contracts_get_an_honest_answer(model, theta) -> None:
    """With the weak prior, survival of contracts from a common kind of business lies in 80% intervals often enough."""
    rng = np.random.default_rng(19)
    truth, inside, books = model(), 0.0, 12
    now = {"tenure": [0.0, 6.0]}
    for _ in range(books):
        fitted = model().fit(contracts(model, theta, 50, rng))
        truth.__dict__.update(fitted.__dict__)
        truth.parameters_ = dict(zip(model.symbols, theta, strict=True))
        expected = truth.survival(now, months(12))["survival"]
        found = fitted.interval(now, "survival", horizon=months(12))
        inside += np.mean((found["survival_low"] < expected) & (expected < found["survival_high"]))
    assert 0.62 < inside / books <= 1.0
