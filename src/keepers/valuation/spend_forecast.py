"""What an order of each cell will be worth, as a factor that the engine multiplies with (gamma + x m)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keepers.domain.cells import FloatArray, SpendCells
from keepers.domain.errors import FitError
from keepers.domain.outcome import FitOutcome
from keepers.numerics.distinct import distinct


class SpendPosterior(Protocol):
    """What is known of spend parameters: a normal in their logarithms."""

    @property
    def covariance(self) -> FloatArray:
        """Of the logarithms of p, q and gamma."""

    def draws(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Natural parameters, shape (n, 3)."""


class SpendModel(Protocol):
    """A fitted Gamma-Gamma model, `keepers.GammaGamma`."""

    include_first: bool
    parameters_: dict[str, float]
    outcome_: FitOutcome

    @property
    def posterior_(self) -> SpendPosterior:
        """What is known of the parameters."""


@dataclass(frozen=True, eq=False)
class SpendForecast:
    """Spend of cells: a customer's expected order value is ``(gamma + x m) * mean_factor``.

    Parameters
    ----------
    gamma : float
        Scale parameter, in money.
    order_shape : float
        p: shape of the gamma distribution of one order of a customer.
    orders : array, shape (n,)
        x of each cell: repeat purchases, or all of them where the model includes the first.
    shape : array, shape (n,)
        p x + q.
    mean_factor : array, shape (n,)
        p / (p x + q - 1).
    log_variance : array, shape (n,)
        Variance of the logarithm of the expected order value that comes from the parameters' uncertainty.
    population_mean : float
        Expected value of an order of a customer of whom nothing is known.
    remark : str or None
        A sentence where the model has no finite mean for some customers and something else stands in.
    """

    gamma: float
    order_shape: float
    orders: FloatArray
    shape: FloatArray
    mean_factor: FloatArray
    log_variance: FloatArray
    population_mean: float
    remark: str | None


def spend_forecast(spending: SpendModel, frequency: FloatArray, observed: Callable[[], SpendCells]) -> SpendForecast:
    """The spend of cells with these frequencies.

    Parameters
    ----------
    spending : GammaGamma
        Fitted.
    frequency : array, shape (n,)
        Repeat purchases of each cell.
    observed : callable
        What customers spent; asked only where the model's mean is infinite (p x + q <= 1) and their average stands in.

    Raises
    ------
    FitError
        If the spend model is not fitted or its fit failed.
    """
    p, q, gamma = parameters(spending)
    counts = distinct(frequency + 1.0 if spending.include_first else frequency)
    shape = p * counts.values + q
    finite = shape > 1.0
    mean_factor = np.divide(p, shape - 1.0, out=np.zeros_like(shape), where=finite)
    remark = None
    population_mean = p * gamma / (q - 1.0) if q > 1.0 else average_spend(observed())
    if not finite.all():
        mean_factor[~finite] = population_mean / gamma
        remark = (
            "Spend differs so widely between customers that the model has no mean for those with few orders; the "
            "average of all customers stands in for them."
        )
    log_variance = _log_variance(spending, p, q, counts.values, finite)
    orders, shape, mean_factor, log_variance = map(counts.rows, (counts.values, shape, mean_factor, log_variance))
    return SpendForecast(gamma, p, orders, shape, mean_factor, log_variance, population_mean, remark)


def parameters(spending: SpendModel) -> tuple[float, float, float]:
    """p, q and gamma of a usable fit."""
    if not hasattr(spending, "parameters_"):
        raise FitError("The spend model is not fitted. Call `GammaGamma().fit(summary)` first.")
    if not spending.outcome_.usable:
        raise FitError(f"The spend model has no usable fit: {spending.outcome_.value} Values in money need one.")
    p, q, gamma = (spending.parameters_[name] for name in ("p", "q", "gamma"))
    return p, q, gamma


def average_spend(observed: SpendCells) -> float:
    """Mean spend an order over customers; zero where nobody has one."""
    return float(observed.weight @ observed.mean_spend / observed.customers) if observed.customers else 0.0


def _log_variance(
    spending: SpendModel, p: float, q: float, orders: FloatArray, finite: np.typing.NDArray[np.bool_]
) -> FloatArray:
    """By the delta method, for a customer who spent the average so far; the share of the population fades with x."""
    rest = np.where(finite, p * orders + q - 1.0, 1.0)
    scale = np.maximum(q - 1.0, 0.0) / rest
    gradient = np.column_stack([1.0 - p * orders / rest, -q / rest, scale])
    variance = np.sum((gradient @ spending.posterior_.covariance) * gradient, axis=1)
    return np.where(finite, np.maximum(variance, 0.0), 0.0)
