"""What every family of buying behaviour answers: the questions of the house as functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation

FloatArray = NDArray[np.float64]
Theta = FloatArray | tuple[float, ...]
"""Natural, positive parameters in the order of the family's `PARAMETERS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Everything that valuation needs of each row, computed together because the pieces share their tables.

    Parameters
    ----------
    probability_alive, probability_alive_end : arrays, shape (n,)
        At T and at T + t, whatever happens between.
    expected_purchases : array, shape (n,)
        In (T, T + t].
    expected_gradient : array, shape (n, d)
        Its derivatives in the logarithms of the parameters.
    p_zero, variance : arrays, shape (n,)
        Probability of no purchase in (T, T + t] and variance of their number, parameters being known.
    discounted, discounted_lifetime, discounted_infinite : arrays, shape (n,)
        Discounted expected purchases in (T, T + t], in (T, T + cap] and without end.
    next_purchase : array, shape (n,)
        Median waiting time from T to the next purchase of a customer who is alive at T; may be infinite.
    """

    probability_alive: FloatArray
    probability_alive_end: FloatArray
    expected_purchases: FloatArray
    expected_gradient: FloatArray
    p_zero: FloatArray
    variance: FloatArray
    discounted: FloatArray
    discounted_lifetime: FloatArray
    discounted_infinite: FloatArray
    next_purchase: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Essentials:
    """The three answers that most people ask for, of each row; of a forecast they are a third of the work or less.

    Parameters
    ----------
    probability_alive, expected_purchases, discounted : arrays, shape (n,)
        As in `Forecast`.
    """

    probability_alive: FloatArray
    expected_purchases: FloatArray
    discounted: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ForecastOverDraws(Forecast):
    """A forecast that is a mean over draws of the parameters.

    Parameters
    ----------
    parameter_variance : array, shape (n,)
        Variance of the expected purchases over the draws, which `variance` leaves out.
    """

    parameter_variance: FloatArray


class BuyingFamily(Protocol):
    """A module of `keepers.numerics.likelihoods` about buying; times are in one unit, arrays have shape (n,).

    `x` is repeat purchases, `t_x` the age at the last one, `T` the age now, `t` a horizon after T, `delta` a
    continuous discount rate. Everything is given the history (x, t_x, T) unless its name ends in `_new`.
    """

    @property
    def PARAMETERS(self) -> tuple[str, ...]:
        """Symbols of the papers, in the order of `theta`."""

    @property
    def TIME_POWERS(self) -> Mapping[str, int]:
        """Parameters that change with the unit of time: doubling the unit divides them by 2 to this power."""

    def starts(self, tables: CellTables) -> list[FloatArray]:
        """Logarithms of points from which a search begins; times are scaled to a mean age of about one."""

    def log_likelihood(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Log-likelihood of each row."""

    def log_likelihood_sum(self, theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
        """Weighted sum with exact gradient and Hessian in log parameters (order 0, 1 or 2)."""

    def probability_alive(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0
    ) -> FloatArray:
        """Probability of being alive at T + at, whatever happens between."""

    def expected_purchases(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
        """Expected purchases in (T, T + t]."""

    def expected_purchases_gradient(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> FloatArray:
        """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, d)."""

    def purchase_distribution(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
    ) -> FloatArray:
        """P(X(T, T + t) = k) for k = 0 .. max_purchases, shape (n, max_purchases + 1)."""

    def purchase_moments(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Probability of none, mean and variance of the purchases in (T, T + t]."""

    def discounted_expected_purchases(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
    ) -> FloatArray:
        """Expected purchases after T, each discounted to T; without end where t is None."""

    def expected_purchases_new(self, theta: Theta, t: FloatArray | float) -> FloatArray:
        """Expected repeat purchases of a customer acquired now in (0, t], shape of t."""

    def purchase_distribution_new(self, theta: Theta, t: float, max_purchases: int) -> FloatArray:
        """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""

    def discounted_expected_purchases_new(self, theta: Theta, delta: float, t: float | None = None) -> float:
        """Discounted expected repeat purchases of a customer acquired now."""

    def expected_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Expected remaining lifetime from T; may be infinite."""

    def median_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median remaining lifetime from T; zero where the customer is more likely gone than not."""

    def truncated_lifetime(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
        """Expected part of the remaining lifetime that falls into (T, T + cap]."""

    def median_waiting_time(self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Median time from T to the next purchase of a customer alive at T; may be infinite."""

    def sample_new(self, theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw (x, t_x) of new customers observed to the ages T."""

    def sample_future(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
    ) -> FloatArray:
        """Draw the purchases in (T, T + t] of customers with these histories."""

    def forecast(
        self, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
    ) -> Forecast:
        """Everything that valuation needs, sharing what the answers have in common."""


def columns(*arrays: FloatArray | float) -> tuple[FloatArray, ...]:
    """Arguments as flat float columns of equal length."""
    wide = np.broadcast_arrays(*(np.atleast_1d(np.asarray(array, dtype=np.float64)) for array in arrays))
    return tuple(np.ascontiguousarray(array) for array in wide)
