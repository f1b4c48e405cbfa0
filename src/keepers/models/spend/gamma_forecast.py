"""What an order of each cell will be worth by Gamma-Gamma and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from keepers.models.spend.forecast import GammaForecast
from keepers.numerics.distinct import distinct
from keepers.numerics.likelihoods.drifting_gamma_gamma import effective_orders

if TYPE_CHECKING:
    from keepers.domain.cells import FloatArray, SpendCells
    from keepers.models.spend.spend_course import SpendCourse
    from keepers.models.spend.spend_effects import CellEffects

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
    effects: CellEffects | None = None,
    course: SpendCourse | None = None,
) -> GammaForecast:
    """The forecast of cells with these frequencies.

    Parameters
    ----------
    theta : (p, q, gamma)
    covariance : array, shape (d + k, d + k)
        Of their logarithms, of further parameters, and of coefficients where there are effects.
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
    effects : CellEffects, optional
        Of covariates on spend; what customers spent is then asked as of those with the reference covariates.
    course : SpendCourse, optional
        Of covariates of spend that vary in time, whose coefficients come last.
    """
    p, q, gamma = theta
    counts = distinct(frequency + 1.0 if include_first else frequency)
    orders = effective_orders(forgetting, counts.values)
    shape = p * orders + q
    finite = shape > 1.0
    mean_factor = np.divide(p, shape - 1.0, out=np.zeros_like(shape), where=finite)
    common = p * gamma / (q - 1.0) if q > 1.0 else average_spend(observed())
    mean_factor[~finite] = common / gamma
    gradient = _log_gradient(p, q, orders, finite)
    variance = counts.rows(np.sum((gradient @ covariance[:3, :3]) * gradient, axis=1))
    level, mean_of_new, columns = "", 1.0, {}
    if effects is not None:
        level, columns = " * cell.spend_factor", {"spend_factor": effects.factor}
        mean_of_new = float(effects.drawn_new(effects.theta[None])[0])
        of_rows = counts.rows(gradient)
        variance = variance + effects.log_variance(covariance, of_rows, of_rows[:, 2])
    by_cell, of_arrivals = counts.rows(mean_factor), 1.0
    if course is not None:
        by_cell, of_arrivals = by_cell * course.factor(course.horizon), course.of_new_customers
        own = np.where(finite, p * orders / np.where(finite, shape - 1.0, 1.0), 0.0)
        last = course.past.size
        variance = variance + course.log_variance(covariance[-last:, -last:], counts.rows(own))
    number = "(summary.frequency + 1)" if include_first else "summary.frequency"
    if forgetting >= 1e-12:
        number = f"((1 - exp({-forgetting!r} * {number})) / {-np.expm1(-forgetting)!r})".replace("np.float64", "")
    return GammaForecast(
        # A customer whose orders have no known amount is taken for one of the population.
        scale=f"{gamma!r}{level} + {number} * coalesce({mean}, {common!r}{level})",
        join=join,
        columns=columns,
        mean_factor=by_cell,
        population_mean=common * mean_of_new,
        new_customer_mean=common * mean_of_new * of_arrivals,
        remark=None if finite.all() else NO_MEAN,
        order_shape=p,
        gamma=gamma,
        shape=counts.rows(shape),
        log_variance=np.maximum(variance, 0.0),
        include_first=include_first,
        forgetting=forgetting,
        effects=effects,
        course=course,
    )


def average_spend(observed: SpendCells) -> float:
    """Mean spend an order over customers; zero where nobody has one."""
    return float(observed.weight @ observed.mean_spend / observed.customers) if observed.customers else 0.0


def _log_gradient(p: float, q: float, orders: FloatArray, finite: np.typing.NDArray[np.bool_]) -> FloatArray:
    """Derivatives of the logarithm of the expected order value in the log parameters, shape (n, 3).

    They are zero where it is infinite. For a customer who spent the average so far; the share of the population fades
    with x.
    """
    rest = np.where(finite, p * orders + q - 1.0, 1.0)
    scale = np.maximum(q - 1.0, 0.0) / rest
    return np.where(finite[:, None], np.column_stack([1.0 - p * orders / rest, -q / rest, scale]), 0.0)
