"""What an order of each cell will be worth by Gamma-Gamma and its kin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keepers.domain.cells import FloatArray, SpendCells
from keepers.models.spend.forecast import GammaForecast
from keepers.numerics.distinct import distinct
from keepers.numerics.likelihoods.drifting_gamma_gamma import effective_orders

NO_MEAN = (
    "Spend differs so widely between customers that the model has no mean for those with few orders; the average of "
    "all customers stands in for them."
)


def gamma_forecast(
    theta: tuple[float, float, float],
    covariance: FloatArray,
    frequency: FloatArray,
    include_first: bool,
    observed: Callable[[], SpendCells],
    *,
    mean: str,
    join: str = "",
    forgetting: float = 0.0,
) -> GammaForecast:
    """The forecast of cells with these frequencies.

    Parameters
    ----------
    theta : (p, q, gamma)
    covariance : array, shape (3, 3)
        Of their logarithms.
    frequency : array, shape (n,)
        Repeat purchases of each cell.
    include_first : bool
        Whether first orders count.
    observed : callable
        What customers spent; asked only where the model's mean is infinite (p x + q <= 1) and their average stands in.
    mean : str
        SQL of the customer's mean spend.
    join : str
        SQL of the join that brings it, if the summary does not have it.
    forgetting : float
        By how much an order's weight falls with each later one.
    """
    p, q, gamma = theta
    counts = distinct(frequency + 1.0 if include_first else frequency)
    orders = effective_orders(forgetting, counts.values)
    shape = p * orders + q
    finite = shape > 1.0
    mean_factor = np.divide(p, shape - 1.0, out=np.zeros_like(shape), where=finite)
    population_mean = p * gamma / (q - 1.0) if q > 1.0 else average_spend(observed())
    mean_factor[~finite] = population_mean / gamma
    variance = _log_variance(p, q, covariance, orders, finite)
    number = "(summary.frequency + 1)" if include_first else "summary.frequency"
    if forgetting >= 1e-12:
        number = f"((1 - exp({-forgetting!r} * {number})) / {-np.expm1(-forgetting)!r})".replace("np.float64", "")
    return GammaForecast(
        # A customer whose orders have no known amount is taken for one of the population.
        scale=f"{gamma!r} + {number} * coalesce({mean}, {population_mean!r})",
        join=join,
        mean_factor=counts.rows(mean_factor),
        population_mean=population_mean,
        new_customer_mean=population_mean,
        remark=None if finite.all() else NO_MEAN,
        order_shape=p,
        gamma=gamma,
        orders=counts.rows(orders),
        shape=counts.rows(shape),
        log_variance=counts.rows(variance),
        include_first=include_first,
        forgetting=forgetting,
    )


def average_spend(observed: SpendCells) -> float:
    """Mean spend an order over customers; zero where nobody has one."""
    return float(observed.weight @ observed.mean_spend / observed.customers) if observed.customers else 0.0


def _log_variance(
    p: float, q: float, covariance: FloatArray, orders: FloatArray, finite: np.typing.NDArray[np.bool_]
) -> FloatArray:
    """By the delta method, for a customer who spent the average so far; the share of the population fades with x."""
    rest = np.where(finite, p * orders + q - 1.0, 1.0)
    scale = np.maximum(q - 1.0, 0.0) / rest
    gradient = np.column_stack([1.0 - p * orders / rest, -q / rest, scale])
    variance = np.sum((gradient @ covariance) * gradient, axis=1)
    return np.where(finite, np.maximum(variance, 0.0), 0.0)
