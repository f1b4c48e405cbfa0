"""What a prior says of customers before any order is seen: its parameters turned into purchases, money and tenure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError
from keepers.models.priors import Prior
from keepers.numerics.optimise import LOG_BOUND

FloatArray = NDArray[np.float64]

LEVEL = 80.0
"""Probability, in per cent, with which the sentences speak."""

_CUSTOMERS = 20
"""New customers drawn at each draw of the parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class PriorPredictive:
    """What a prior expects of quantities that a person can judge.

    Parameters
    ----------
    parameters : array, shape (n, d)
        Draws from the prior, in its own unit.
    quantities : dict of str to array
        Draws of each quantity: one a draw of the parameters, or several for what differs between customers.
    sentences : tuple of str
        One for each quantity.
    """

    parameters: FloatArray
    quantities: dict[str, FloatArray]
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def quantiles(self, quantity: str, levels: tuple[float, ...] = (10, 50, 90)) -> FloatArray:
        """Percentiles of a quantity; infinite draws count as the largest."""
        if quantity not in self.quantities:
            raise ConfigError(f"There is no quantity {quantity!r}. Use one of: {', '.join(self.quantities)}.")
        return np.asarray(np.percentile(self.quantities[quantity], levels, method="nearest"))


def prior_of(given: object, weak: Prior) -> Prior:
    """The prior that is asked about: the one given to the model, or its weak one."""
    return given if isinstance(given, Prior) else weak


def draw_parameters(prior: Prior, symbols: tuple[str, ...], draws: int, rng: np.random.Generator) -> FloatArray:
    """Draws from a prior at full strength, kept inside the box in which a fit searches."""
    if draws < 20:
        raise ConfigError(f"`draws` is {draws}; a prior is judged by at least 20.")
    return np.clip(prior.draw(symbols, rng, draws), np.exp(-LOG_BOUND), np.exp(LOG_BOUND))


def purchases_before_data(
    thetas: FloatArray,
    horizon: str,
    expected: Callable[[FloatArray], float],
    sample: Callable[[FloatArray, int], FloatArray],
) -> PriorPredictive:
    """What a prior of buying says of new customers.

    Parameters
    ----------
    thetas : array, shape (n, d)
        Draws of the parameters.
    horizon : str
        Its length in words.
    expected : callable
        Expected repeat purchases of a new customer within the horizon at parameters.
    sample : callable
        Draws so many new customers' purchases at parameters.
    """
    mean = np.array([expected(theta) for theta in thetas])
    bought = np.array([sample(theta, _CUSTOMERS) for theta in thetas])
    never = (bought == 0).mean(axis=1)
    quantities = {"mean_purchases": mean, "purchases": bought.ravel(), "share_without": never}
    low, high = _ends(mean)
    few, many = _ends(quantities["purchases"])
    least, most = _ends(never)
    return PriorPredictive(
        thetas,
        quantities,
        (
            f"With {LEVEL:.0f}% probability a new customer buys again between {few:.0f} and {many:.0f} times within "
            f"{horizon}.",
            f"With {LEVEL:.0f}% probability the average over new customers lies between {_words(low)} and "
            f"{_words(high)} repeat purchases.",
            f"With {LEVEL:.0f}% probability between {least:.0%} and {most:.0%} of new customers do not buy again.",
        ),
    )


def spend_before_data(
    thetas: FloatArray, mean: Callable[[FloatArray], float], sample: Callable[[FloatArray, int], FloatArray]
) -> PriorPredictive:
    """What a prior of spend says of orders, in multiples of the mean order value.

    Parameters
    ----------
    thetas : array, shape (n, d)
        Draws of the parameters.
    mean : callable
        Mean order value over customers at parameters; may be infinite.
    sample : callable
        Draws one order of each of so many customers at parameters.
    """
    means = np.array([mean(theta) for theta in thetas])
    orders = np.array([sample(theta, _CUSTOMERS) for theta in thetas]).ravel()
    low, high = _ends(means)
    small, large = _ends(orders)
    endless = float(np.mean(~np.isfinite(means)))
    return PriorPredictive(
        thetas,
        {"mean_order": means, "order": orders},
        (
            f"With {LEVEL:.0f}% probability an order is worth between {_words(small)} and {_words(large)} times what "
            "orders are worth on average.",
            f"With {LEVEL:.0f}% probability the model's mean over customers lies between {_words(low)} and "
            f"{_words(high)} times that; it is infinite with {endless:.0%} probability.",
        ),
    )


def contracts_before_data(
    thetas: FloatArray,
    horizon: str,
    period: str,
    runs: Callable[[FloatArray], float],
    sample: Callable[[FloatArray, int], FloatArray],
) -> PriorPredictive:
    """What a prior of contracts says of new ones.

    Parameters
    ----------
    thetas : array, shape (n, d)
        Draws of the parameters.
    horizon : str
        Its length in words.
    period : str
        That in which tenure is counted.
    runs : callable
        Chance at parameters that a new contract outlasts the horizon.
    sample : callable
        Draws how long so many new contracts last at parameters.
    """
    share = np.array([runs(theta) for theta in thetas])
    tenure = np.array([sample(theta, _CUSTOMERS) for theta in thetas])
    first = (tenure <= 1.0).mean(axis=1)
    quantities = {"share_running": share, "tenure": tenure.ravel(), "share_lost_at_once": first}
    (least, most), (short, long), (few, many) = (_ends(drawn) for drawn in quantities.values())
    return PriorPredictive(
        thetas,
        quantities,
        (
            f"With {LEVEL:.0f}% probability between {least:.0%} and {most:.0%} of new contracts still run after "
            f"{horizon}.",
            f"With {LEVEL:.0f}% probability a new contract lasts between {_words(short)} and {_words(long)} {period}s.",
            f"With {LEVEL:.0f}% probability between {few:.0%} and {many:.0%} of new contracts end within a {period}.",
        ),
    )


def _ends(draws: FloatArray) -> tuple[float, float]:
    low, high = np.percentile(draws, (50 - LEVEL / 2, 50 + LEVEL / 2), method="nearest")
    return float(low), float(high)


def _words(value: float) -> str:
    return "without bound" if not np.isfinite(value) else f"{value:,.2g}" if value < 100 else f"{value:,.0f}"
