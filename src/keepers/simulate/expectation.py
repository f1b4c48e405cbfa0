"""What the future holds for customers whose true rates are known: purchases and survival from any moment on."""

from __future__ import annotations

import math

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.simulate.behaviour import Latents
from keepers.simulate.season import Tempo

_SEASONS_COUNTED = 1461.0  # four years; beyond it every day counts as an average one


def survival(latents: Latents, tempo: Tempo, at: float, days: float) -> FloatArray:
    """Probability that who is a customer at a moment still is one so many days later."""
    busy = float(tempo.busy_time(at + days) - tempo.busy_time(at))
    return np.exp(-latents.hazard * days - latents.rate * latents.drop_probability * busy)


def purchases_ahead(
    latents: Latents, tempo: Tempo, at: float | FloatArray, days: float, discount_per_day: float = 0.0
) -> FloatArray:
    """Expected purchases of living customers in (at, at + days], each worth less the later it comes.

    While a customer lives, purchases come at ``rate * demand`` and dropout at ``hazard + rate * demand *
    drop_probability``; a piecewise constant demand makes every day's share exact.

    Parameters
    ----------
    latents : Latents
        True rates of n customers.
    tempo : Tempo
        Seasons.
    at : float or array, shape (n,)
        From when, in days since the first; with a season, a moment of each customer's own counts from its day.
    days : float
        Length of the future; may be infinite.
    discount_per_day : float
        Continuous rate at which later purchases lose worth.

    Returns
    -------
    array, shape (n,)
    """
    if tempo.steady:
        return latents.rate * _annuity(latents.leaving + discount_per_day, days)
    counted = min(days, _SEASONS_COUNTED)
    total = np.zeros(latents.size)
    weight = np.ones(latents.size)
    loss = latents.rate * latents.drop_probability
    steady_loss = latents.hazard + discount_per_day
    for length, demand in _pieces(tempo, at, counted):
        speed = steady_loss + loss * demand
        total += weight * latents.rate * demand * _annuity(speed, length)
        weight *= np.exp(-speed * length)
    if days > counted:
        total += weight * latents.rate * _annuity(latents.leaving + discount_per_day, days - counted)
    return total


def _pieces(tempo: Tempo, at: float | FloatArray, days: float) -> list[tuple[float, FloatArray | float]]:
    """Stretches of even demand that make up the future."""
    if isinstance(at, np.ndarray):
        first = np.floor(at).astype(np.int64)
        whole = math.ceil(days)
        return [(min(1.0, days - step), tempo.demand[first + step]) for step in range(whole)]
    edges = np.unique(np.concatenate([[at, at + days], np.arange(math.ceil(at), math.floor(at + days) + 1)]))
    days_of = np.floor((edges[:-1] + edges[1:]) / 2).astype(np.int64)
    return list(zip(np.diff(edges).tolist(), tempo.demand[days_of].tolist(), strict=True))


def _annuity(rate: FloatArray, length: float) -> FloatArray:
    """The integral of exp(-rate t) over t from 0 to `length`, which may be infinite."""
    if math.isinf(length):
        with np.errstate(divide="ignore"):
            return np.where(rate > 0, 1.0 / rate, np.inf)
    product = rate * length
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(product > 1e-12, -np.expm1(-product) / rate, length)
