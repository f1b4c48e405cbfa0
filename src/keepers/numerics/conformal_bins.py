"""Predictive distributions with mass at zero, made right by group of like predictions: conformal by bin.

A forecast says ``P(Y = 0) = 1 - p`` and that what is above zero is lognormal. Its probability integral transform of
held-out outcomes, a range ``[F(y-), F(y)]`` where there is mass, should be uniform. Where it is not, the distribution
of the transform itself repairs the forecast: quantiles are taken at the levels at which held-out outcomes of customers
with like predictions really lay (distributional conformal prediction: Chernozhukov, Wuthrich, Zhu 2021, PNAS 118; by
group: Vovk, Lindsay, Nouretdinov, Gammerman 2003, "Mondrian confidence machine"; cross-conformal: Vovk 2015).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from keepers.numerics.conformal import WIDEST, checked_range

FloatArray = NDArray[np.float64]

FEWEST = 150
"""Held-out customers in a group; with fewer in all there is one group."""

MOST_GROUPS = 10

_GRID = np.concatenate([[0.0, 0.001, 0.0025], np.linspace(0.005, 0.995, 199), [0.9975, 0.999, 1.0]])


@dataclass(frozen=True, slots=True, eq=False)
class ZeroLognormal:
    """Nothing with probability ``1 - p``, and otherwise lognormal, with a given mean of the whole.

    Attributes
    ----------
    probability : array, shape (n,)
        Of more than nothing.
    mean : array, shape (n,)
        Of the whole, zeros included.
    scale : array, shape (n,)
        Standard deviation of the logarithm of what is above zero.
    """

    probability: FloatArray
    mean: FloatArray
    scale: FloatArray

    @property
    def location(self) -> FloatArray:
        """Mean of the logarithm of what is above zero."""
        return np.asarray(np.log(self.mean / self.probability) - 0.5 * self.scale**2)

    def transform(self, outcome: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Forecast probability of less than each outcome and of at most it; below zero counts as nothing."""
        zero = 1.0 - self.probability
        bought = outcome > 0
        at = np.zeros(outcome.size)
        at[bought] = ndtr((np.log(outcome[bought]) - self.location[bought]) / self.scale[bought])
        at = zero + self.probability * at
        return np.where(bought, at, 0.0), at

    def quantile(self, level: FloatArray) -> FloatArray:
        """The value that is not exceeded with each probability, shape (n,)."""
        inside = (level - (1.0 - self.probability)) / self.probability
        positive = inside > 0
        found = np.zeros(level.size)
        above = np.minimum(inside[positive], WIDEST)
        found[positive] = np.exp(self.location[positive] + self.scale[positive] * ndtri(above))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class ConformalBins:
    """What held-out outcomes say of the forecast's own probabilities, by group of predicted value.

    Attributes
    ----------
    borders : array, shape (g - 1,)
        Predicted values that divide the groups.
    shares : array, shape (g, k)
        Share of the group's held-out transforms (mean over their randomisation) at or below each level of a grid.
    customers : array, shape (g,)
        Held-out customers of each group.
    """

    borders: FloatArray
    shares: FloatArray
    customers: FloatArray

    @classmethod
    def of(cls, predicted: FloatArray, below: FloatArray, at: FloatArray) -> ConformalBins:
        """Learn from held-out customers.

        Parameters
        ----------
        predicted : array, shape (n,)
            Predicted values.
        below, at : array, shape (n,)
            Ranges of the transform, as `ZeroLognormal.transform` gives them.
        """
        low, high = checked_range(below, at)
        groups = int(np.clip(low.size // FEWEST, 1, MOST_GROUPS))
        order = np.argsort(predicted, kind="stable")
        parts = np.array_split(order, groups)
        borders = np.array([0.5 * (predicted[a[-1]] + predicted[b[0]]) for a, b in itertools.pairwise(parts)])
        shares = np.array([_shares(low[part], high[part]) for part in parts])
        return cls(borders, shares, np.array([float(part.size) for part in parts]))

    def group(self, predicted: FloatArray) -> NDArray[np.intp]:
        """Group of each prediction."""
        return np.searchsorted(self.borders, predicted, side="right")

    def levels(self, predicted: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
        """The forecast's own levels at which the two ends of an interval are taken, each of shape (n,).

        One part in ``n + 1`` is added for the outcome still to come.
        """
        tail = 0.5 * (1.0 - level)
        low, high = np.empty(self.customers.size), np.empty(self.customers.size)
        for k, size in enumerate(self.customers):
            room = (size + 1.0) / size
            low[k] = _inverse(self.shares[k], max(tail * room - 1.0 / size, 0.0))
            high[k] = _inverse(self.shares[k], min((1.0 - tail) * room, 1.0))
        group = self.group(predicted)
        return low[group], high[group]

    def level(self, predicted: FloatArray, level: float) -> FloatArray:
        """The forecast's own level at which the quantile of a level is taken, shape (n,)."""
        return np.array([_inverse(shares, level) for shares in self.shares])[self.group(predicted)]

    def repaired(self, predicted: FloatArray, below: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Ranges of the repaired forecast's transform, each of shape (n,)."""
        group = self.group(predicted)
        low, high = below.copy(), at.copy()
        for k, shares in enumerate(self.shares):
            mine = group == k
            low[mine], high[mine] = np.interp(below[mine], _GRID, shares), np.interp(at[mine], _GRID, shares)
        return low, high

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {
            "borders": self.borders.tolist(),
            "shares": self.shares.tolist(),
            "customers": self.customers.tolist(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ConformalBins:
        """What `to_dict` wrote."""
        return cls(*(np.array(data[name], dtype=float) for name in ("borders", "shares", "customers")))


def _shares(low: FloatArray, high: FloatArray) -> FloatArray:
    """Mean over outcomes and draws of ``1{u <= level}`` at each level of the grid."""
    width = np.maximum(high - low, 1e-12)
    inside = np.clip((_GRID[:, None] - low) / width, 0.0, 1.0).mean(axis=1)
    inside[0], inside[-1] = 0.0, 1.0
    return np.asarray(np.maximum.accumulate(inside))


def _inverse(shares: FloatArray, wanted: float) -> float:
    """The level whose share is `wanted`; the farther one where shares are flat."""
    # Levels that no outcome separates have equal shares, for which interpolation needs strictly rising knots.
    rising = shares + np.arange(shares.size) * 1e-12
    return float(np.interp(wanted, rising, _GRID))
