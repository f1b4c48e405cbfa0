"""The value of a customer whose spend goes with the rate, as SQL: Gamma-Gamma's scale times a function of own spend.

Given purchases and mean spend m, the expected money by expected purchases is known exactly by quadrature. Divided by
(gamma + x m) it is a smooth function of the share u = x m / (gamma + x m) alone, which by the model is Beta(p x, q)
distributed. Its logarithm is taken by a parabola through three quantiles of u, for each cell, and held beyond the
outermost.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, polygamma

from keepers.domain.cells import Cells, FloatArray
from keepers.models.spend.buying_rates import BuyingRates
from keepers.numerics.likelihoods.correlated_gamma_gamma import expected_spend

_LEVELS = (0.02, 0.4, 0.98)


def tilt_columns(
    theta: FloatArray, cells: Cells, rates: BuyingRates, pull: FloatArray, include_first: bool
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Columns of cells that `tilted_scale` reads, and the variance of the logarithm of value that the rate adds.

    Parameters
    ----------
    theta : (p, q, gamma, kappa)
    cells : Cells
        Histories.
    rates : BuyingRates
        Of the customers.
    pull : array, shape (n,)
        Power of the rate that expected purchases follow.
    include_first : bool
        Whether first orders count.
    """
    p, q, _, kappa = (float(value) for value in theta)
    k = float(np.log(kappa))
    shape, exposure = rates.shape(cells), rates.log_exposure_alive(cells)
    # What is known of the rate of customers who are still there depends on x and T alone.
    keys = np.column_stack([cells.x, exposure, pull])
    rows, place = np.unique(keys.round(9), axis=0, return_index=True, return_inverse=True)[1:]
    place = place.ravel()
    x = cells.x[rows] + (1.0 if include_first else 0.0)
    form, log_exposure, power = shape[rows], exposure[rows], pull[rows]
    nobody = np.zeros(x.shape)
    gamma = expected_spend(theta, nobody, nobody, form, log_exposure, power) * (q - 1.0) / p
    nodes = np.array([betaincinv(p * np.maximum(x, 1.0), q, level) for level in _LEVELS])
    logs = np.zeros((3, x.size))
    some = x > 0
    for at, u in enumerate(nodes):
        mean = gamma * u / (1.0 - u) / np.maximum(x, 1.0)
        exact = expected_spend(theta, x, mean, form, log_exposure, power)
        plain = p * gamma / (1.0 - u) / (p * x + q - 1.0)
        logs[at] = np.where(some, np.log(exact / plain), 0.0)
    low, middle, high = nodes
    first = (logs[1] - logs[0]) / (middle - low)
    second = ((logs[2] - logs[1]) / (high - middle) - first) / (high - low)
    columns = {
        "spend_gamma": gamma, "spend_low": low, "spend_middle": middle, "spend_high": high,
        "tilt_level": logs[0], "tilt_slope": first, "tilt_bend": second,
    }  # fmt: skip
    of_rate = polygamma(1, form)
    # How far the own orders have pinned down the rate, and what part of the scale moves with it.
    known = p * x / (p * x + q)
    left = 1.0 / (1.0 / of_rate + k**2 * (p * x + q) * known * (1.0 - known))
    own = q / (p * x + q)
    variance = left * (k**2 * own**2 + 2.0 * k * own * power)
    return {name: column[place] for name, column in columns.items()}, variance[place]


def tilted_scale(orders: str, mean: str, population_mean: float) -> str:
    """The scale of a customer as SQL over the rows `summary` and `cell`.

    Parameters
    ----------
    orders, mean : str
        Columns of the summary.
    population_mean : float
        For customers whose orders have no known amount.
    """
    number = "(summary.frequency + 1)" if "+" in orders else f"summary.{orders}"
    money = f"{number} * greatest(coalesce(summary.{mean}, {population_mean!r}), 0)"
    whole = f"(cell.spend_gamma + {money})"
    share = f"least(greatest({money} / {whole}, cell.spend_low), cell.spend_high)"
    return (
        f"{whole} * exp(cell.tilt_level + ({share} - cell.spend_low) * (cell.tilt_slope + cell.tilt_bend * "
        f"({share} - cell.spend_middle)))"
    )
