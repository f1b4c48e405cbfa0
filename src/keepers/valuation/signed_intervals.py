"""How far the value of a customer may fall from what is expected where orders may lose money, as SQL and in arrays.

The value is zero with the model's probability of no order. Otherwise it is the total of N orders, N being at least
one, and is matched by a shifted lognormal, see `keepers.numerics.likelihoods.signed_spend`. A total may be negative, so
the mass at zero lies inside the distribution: the quantile at a level l is the total's at l / (1 - P0) where that is
below zero, its at (l - P0) / (1 - P0) where that is above zero, and zero between.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.likelihoods import signed_spend
from keepers.numerics.likelihoods.signed_spend import SignedMoments, Total
from keepers.valuation.intervals import OrdersAhead

STATES = (
    "gain", "gain_within", "gain_between", "gain_third",
    "loss", "loss_within", "loss_between", "loss_third", "both_sides",
)  # fmt: skip
"""Columns of the table `spend` with the moments of an order, in the order of `SignedMoments`."""

WITHIN = "(spend.gain_within + spend.loss_within + 2 * spend.both_sides)"
"""SQL of the variance of an order about the customer's own mean."""

APART = "(spend.gain_between + spend.loss_between - 2 * (spend.both_sides - spend.gain * spend.loss))"
"""SQL of the variance of the customer's own mean about what is expected."""

_BEYOND = 99.0


def orders_if_any(orders: OrdersAhead) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the number of orders given at least one, each of shape (n,)."""
    mean = np.maximum(orders.mean / orders.some, 1.0)
    return mean, np.maximum((orders.variance + orders.mean**2) / orders.some - mean**2, 0.0)


def levels(orders: OrdersAhead, level: float) -> tuple[FloatArray, FloatArray]:
    """Normal quantiles of the total at a level of the value: where it is below zero, and where it is above.

    Beyond what the total can say they are plus and minus 99.
    """
    below, above = level / orders.some, (level - orders.p_zero) / orders.some
    return (
        np.where(below < 1.0, ndtri(np.clip(below, 1e-300, 1 - 1e-16)), _BEYOND),
        np.where(above > 0.0, ndtri(np.clip(above, 1e-300, 1 - 1e-16)), -_BEYOND),
    )


def quantiles(orders: OrdersAhead, cell: IntArray, known: SignedMoments, level: float) -> FloatArray:
    """The amounts that customers' values stay below with a probability, shape (n,)."""
    total = _total(orders, cell, known)
    below, above = (one[cell] for one in levels(orders, level))
    with np.errstate(over="ignore"):
        low = np.where((below < _BEYOND) & (known.loss > 0), np.minimum(_at(total, below), 0.0), 0.0)
        high = np.where(above > -_BEYOND, np.maximum(_at(total, above), 0.0), 0.0)
    return np.asarray(low + high)


def transform(
    orders: OrdersAhead, cell: IntArray, known: SignedMoments, outcome: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Forecast probability of less than each outcome and of at most it."""
    none = orders.p_zero[cell]
    below = (1.0 - none) * signed_spend.probability(_total(orders, cell, known), outcome)
    below = below + np.where(outcome > 0, none, 0.0)
    return below, np.where(outcome == 0, below + none, below)


def total_sql(prefix: str) -> list[str]:
    """Columns of a customer: mean, standard deviation and third cumulant of the total given an order.

    Parameters
    ----------
    prefix : str
        Of the cell's columns `_number` and `_spread` and of the customer's `_mean`, `_deviation`, `_third`.
    """
    n, v = f"cell.{prefix}_number", f"cell.{prefix}_spread"

    def variance(mean: str, within: str, between: str) -> str:
        return f"({n} * ({within}) + {v} * (power({mean}, 2) + {between}) + {n} * {n} * ({between}))"

    def third(side: str) -> str:
        mean, between = f"spend.{side}", f"spend.{side}_between"
        apart = f"({n} * (spend.{side}_within + {between}))"
        common = f"({v} * (power({mean}, 2) + {between}) + ({n} * {n} - {n}) * {between})"
        middle = f"greatest({n} * {mean}, 1e-300)"
        return (
            f"CASE WHEN {mean} > 0 THEN {n} * spend.{side}_third + {common} / {middle} * (3 * {apart} + {common} * "
            f"(3 + least({common} / {middle} / {middle}, 1))) ELSE 0 END"
        )

    mean = "(spend.gain - spend.loss)"
    return [
        f"{n} * {mean} AS {prefix}_mean",
        f"sqrt(greatest({variance(mean, WITHIN, APART)}, 0)) AS {prefix}_deviation",
        f"{third('gain')} - ({third('loss')}) AS {prefix}_third",
        f"cell.{prefix}_unit",
    ]


def quantile_sql(prefix: str) -> str:
    """An end of an interval as SQL over the columns of `total_sql`; {0} and {0}_below are the cell's levels."""
    deviation = f"greatest({prefix}_deviation, 1e-300)"
    half = f"({prefix}_third / power({deviation}, 3) / 2)"
    root = f"(sign({half}) * ln(abs({half}) + sqrt({half} * {half} + 1)) / 3)"
    plain = f"(exp({root}) - exp(-{root}))"
    y = f"(CASE WHEN abs({plain}) < 1e-6 THEN 1e-6 ELSE {plain} END)"
    sigma = f"(sign({y}) * sqrt(ln(1 + {y} * {y})))"

    def at(z: str) -> str:
        return f"({prefix}_mean + {prefix}_deviation / {y} * (exp({sigma} * {z} - {sigma} * {sigma} / 2) - 1))"

    return (
        f"{prefix}_unit * (CASE WHEN {{0}}_below < {_BEYOND} AND loss > 0 THEN least({at('{0}_below')}, 0) ELSE 0 END"
        f" + CASE WHEN {{0}} > -{_BEYOND} THEN greatest({at('{0}')}, 0) ELSE 0 END)"
    )


def _total(orders: OrdersAhead, cell: IntArray, known: SignedMoments) -> Total:
    number, spread = orders_if_any(orders)
    return signed_spend.total(known, number[cell], spread[cell])


def _at(of: Total, z: FloatArray) -> FloatArray:
    y = np.where(np.abs(of.asymmetry) < 1e-6, 1e-6, of.asymmetry)
    sigma = np.sign(y) * np.sqrt(np.log1p(y**2))
    return np.asarray(of.mean + of.deviation / y * np.expm1(sigma * z - sigma**2 / 2.0))
