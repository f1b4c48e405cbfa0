"""Purchase histories without a store around them: what statistical tests of models need, in a fraction of a second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon, TimeUnit
from keepers.simulate.behaviour import Behaviour, Latents, draw_counts
from keepers.simulate.expectation import purchases_ahead
from keepers.simulate.season import Tempo
from keepers.simulate.spend import Correlation, Spend
from keepers.simulate.streams import stream

_STEADY = Tempo(dt.date(2000, 1, 1))


@dataclass(frozen=True, eq=False)
class Histories:
    """Sufficient statistics of simulated customers, and the truth behind them.

    Attributes
    ----------
    x, t_x, T : arrays, shape (n,)
        Repeat purchases, age at the last one and age now, in `unit`.
    unit : TimeUnit
        Unit of ages.
    latents : Latents
        True rates, per day.
    dropout : array, shape (n,)
        Age at which each customer leaves for good, in `unit`; infinite for who never does.
    holdout_x : array of int, shape (n,)
        Purchases in (T, T + holdout]; zero without a holdout.
    mean_spend : array, shape (n,), or None
        True mean order value, where spend was asked for.
    observed_spend : array, shape (n,), or None
        Mean value of the repeat purchases; NaN where there are none.
    holdout_spend : array, shape (n,), or None
        Sum of the purchases of the holdout.
    """

    x: FloatArray
    t_x: FloatArray
    T: FloatArray
    unit: TimeUnit
    latents: Latents
    dropout: FloatArray
    holdout_x: IntArray
    mean_spend: FloatArray | None = None
    observed_spend: FloatArray | None = None
    holdout_spend: FloatArray | None = None

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Who is still a customer at age T."""
        return self.dropout > self.T

    def cells(self) -> Cells:
        """The histories as cells with weights, ready to be fitted."""
        return Cells.of_customers(self.x, self.t_x, self.T, self.unit)

    def expected_purchases(self, horizon: Horizon) -> FloatArray:
        """Expected purchases after T of each customer, knowing its true rates and whether it is alive."""
        return self.alive * purchases_ahead(self.latents, _STEADY, 0.0, horizon.days)


def simulate_histories(
    model: str | Behaviour,
    parameters: Mapping[str, float] | None = None,
    customers: int = 1000,
    T: float | tuple[float, float] | FloatArray = (27.0, 39.0),
    *,
    unit: TimeUnit | str = TimeUnit.WEEK,
    seed: int = 0,
    holdout: float = 0.0,
    spend: Spend | None = None,
    correlation: Correlation | None = None,
    whole_days: bool = False,
) -> Histories:
    """Draw purchase histories of one law, exactly.

    Parameters
    ----------
    model : str or Behaviour
        ``"pareto_nbd"``, ``"bg_nbd"``, ``"mbg_nbd"`` or ``"nbd"``, or the law with its parameters.
    parameters : mapping, optional
        The law's parameters by the papers' names, in `unit`; left out if `model` holds them.
    customers : int
        How many.
    T : float, pair or array
        Age of all customers; or the shortest and longest age, between which they were acquired evenly; or an age
        for each; in `unit`.
    unit : TimeUnit or str
        Unit of ages and parameters.
    seed : int
        The same seed gives the same customers.
    holdout : float
        Time after T in which purchases are counted too, in `unit`.
    spend : Spend, optional
        Adds order values.
    correlation : Correlation, optional
        Makes rate, dropout and spend depend on each other; without it they are independent, as the models say.
    whole_days : bool
        Round ages to days, so that equal histories merge into few cells as they do in real data.

    Returns
    -------
    Histories

    >>> histories = simulate_histories("nbd", {"r": 0.5, "alpha": 8.0}, customers=4, T=40.0, seed=1)
    >>> histories.T.tolist()
    [40.0, 40.0, 40.0, 40.0]
    """
    unit = TimeUnit.parse(unit)
    law = _law(model, parameters, unit)
    if customers < 1:
        raise ConfigError(f"`customers` is {customers}; simulate at least one.")
    rng = stream(seed, "histories")
    ages = _ages(T, customers, rng) * unit.days
    if whole_days:
        ages = np.round(ages)
    ranks = None if correlation is None else correlation.draw_ranks(customers, rng)
    latents = law.draw(customers, rng, ranks)
    x, t_x, later, dropout = _split(latents, ages, holdout * unit.days, rng)
    if whole_days:
        t_x = np.where(x > 0, np.clip(np.round(t_x), np.minimum(1.0, ages), ages), 0.0)
    days = unit.days
    base = (x.astype(np.float64), t_x / days, ages / days, unit, latents, dropout / days, later)
    if spend is None:
        return Histories(*base)
    means = spend.draw_means(customers, rng, None if ranks is None else ranks[2])
    return Histories(*base, means, _mean_of(spend, means, x, rng), _sum_of(spend, means, later, rng))


def _law(model: str | Behaviour, parameters: Mapping[str, float] | None, unit: TimeUnit) -> Behaviour:
    if isinstance(model, Behaviour):
        if parameters is not None:
            raise ConfigError("The law given already holds its parameters; leave `parameters` out.")
        return model
    if parameters is None:
        raise ConfigError(f"`parameters` of {model} are missing; give them by the papers' names.")
    return Behaviour(model, parameters, unit)


def _ages(T: float | tuple[float, float] | FloatArray, customers: int, rng: np.random.Generator) -> FloatArray:
    if isinstance(T, tuple):
        return rng.uniform(T[0], T[1], customers)
    ages = np.broadcast_to(np.asarray(T, dtype=np.float64), (customers,)).copy()
    if not np.all(ages > 0):
        raise ConfigError("Every age `T` must be positive.")
    return ages


def _split(
    latents: Latents, ages: FloatArray, later: float, rng: np.random.Generator
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Frequency and recency at T, purchases after it, and the age of dropout.

    The purchases that end no life lie evenly in the span to dropout or to the end of the holdout: those before T
    are binomial, and the last of n even draws is the n-th root of one.
    """
    with np.errstate(divide="ignore", over="ignore"):
        gone = rng.standard_exponential(latents.size) / latents.hazard
    gone[latents.hazard <= 0] = np.inf
    gone[latents.lost_at_once] = 0.0
    counts = draw_counts(latents, np.minimum(gone, ages + later), rng)
    seen = np.minimum(counts.span, ages)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(counts.span > 0, seen / counts.span, 1.0)
        even = rng.binomial(counts.before, share)
        last = seen * rng.random(latents.size) ** (1.0 / even)
    ended = counts.last_word & (counts.span <= ages)
    t_x = np.where(ended, counts.span, np.where(even > 0, last, 0.0))
    x = even + ended
    return x, t_x, counts.purchases - x, np.minimum(gone, counts.leaves_after)


def _mean_of(spend: Spend, means: FloatArray, count: IntArray, rng: np.random.Generator) -> FloatArray:
    total = _sum_of(spend, means, count, rng)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _sum_of(spend: Spend, means: FloatArray, count: IntArray, rng: np.random.Generator) -> FloatArray:
    return rng.standard_gamma(spend.p * count) * means / spend.p
