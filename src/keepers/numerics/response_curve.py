"""What money brings: geometric carry-over, and a share of a ceiling that is concave from the first cent.

Pressure is the carried-over spend a day, ``(1 - a) * sum(a^k spend[t - k])`` with ``a = 2^(-1 / half_life)``, so that
an even spend makes a pressure of its own size. What comes a day is ``organic + ceiling * p^c / (p^c + k^c)`` with the
half saturation k and the shape c in (0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter
from scipy.special import expit

from keepers.domain.errors import InputError

FloatArray = NDArray[np.float64]

WEEK = 7
_TINY = 1e-9
_TAIL = (1.0, 3.0, 9.0)
"""Lengths in weeks of the parts into which the time after a plan is divided."""


@dataclass(frozen=True, eq=False)
class CurveDraws:
    """Draws of one channel's response, each an array of shape (n,).

    Attributes
    ----------
    half_life : array
        Days after which half of the pressure is left.
    half_saturation : array
        Money a day that brings half of what the channel can bring.
    shape : array
        Exponent in (0, 1].
    ceiling : array
        Arrivals a day at full saturation, on a day of average demand, now.
    organic : array
        Arrivals a day that come under the channel's name without money.
    season : array
        Power of the demand that the channel follows.
    """

    half_life: FloatArray
    half_saturation: FloatArray
    shape: FloatArray
    ceiling: FloatArray
    organic: FloatArray
    season: FloatArray

    @property
    def count(self) -> int:
        """Number of draws."""
        return int(self.ceiling.size)

    @property
    def carry(self) -> FloatArray:
        """Share of a day's pressure that is left on the next day."""
        return np.asarray(np.exp2(-1.0 / self.half_life))

    def take(self, rows: ArrayLike) -> CurveDraws:
        """Some of the draws."""
        chosen = np.asarray(rows)
        return CurveDraws(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def saturation(self, pressure: FloatArray) -> FloatArray:
        """Share of the ceiling; `pressure` has shape (n, ...)."""
        width = (slice(None),) + (None,) * (pressure.ndim - 1)
        raised = (np.maximum(pressure, 0.0) / self.half_saturation[width]) ** self.shape[width]
        return np.asarray(raised / (1.0 + raised))

    def steady(self, spend: ArrayLike) -> FloatArray:
        """Arrivals a day that an even spend a day brings beyond the organic ones, shape (n, number of spends)."""
        money = np.broadcast_to(np.atleast_1d(np.asarray(spend, dtype=np.float64)), (self.count, np.size(spend)))
        return np.asarray(self.ceiling[:, None] * self.saturation(money))

    def marginal(self, spend: ArrayLike) -> FloatArray:
        """Arrivals that one more unit of money a day brings, shape (n, number of spends)."""
        money = np.maximum(np.atleast_1d(np.asarray(spend, dtype=np.float64)), _TINY)
        share = self.saturation(np.broadcast_to(money, (self.count, money.size)))
        return np.asarray(self.ceiling[:, None] * self.shape[:, None] * share * (1.0 - share) / money)


class PlanCurves:
    """What an even spend a day during a plan brings in several channels, the time before and after it counted.

    In the plan all that money brings counts, from the pressure at its start on. After it only what the plan leaves
    behind counts: how many more come while its pressure gives way to that of the spend that follows. Both are concave
    in the spend, since pressure is linear in it.

    Parameters
    ----------
    draws : sequence of CurveDraws
        A channel each, all with the same number n of draws.
    days : int
        Length of the plan.
    pressure : array, shape (channels, n)
        Pressure at its start.
    afterwards : array, shape (channels,)
        Money a day that is assumed after it: today's.
    demand : array, shape (channels, n)
        Mean demand of the plan's days, as the channel follows it; 1 on average days.
    """

    def __init__(
        self,
        draws: Sequence[CurveDraws],
        days: int,
        pressure: FloatArray,
        afterwards: FloatArray,
        demand: FloatArray,
    ) -> None:
        if days < 1:
            raise InputError(f"A plan covers at least a day, not {days}.")
        carry = np.stack([one.carry for one in draws])
        self._shape = np.stack([one.shape for one in draws])
        half = np.stack([one.half_saturation for one in draws])
        self._log_half = np.log(half)
        self._scale = np.stack([one.ceiling for one in draws]) * demand
        end = carry**days
        later = np.asarray(afterwards, dtype=np.float64)[:, None]
        # Each part: its days, what is there without the plan's money, and what a unit of it adds to the pressure.
        self._parts = [
            (length, pressure * left, 1.0 - left)
            for start, length in parts(days)
            for left in (_left(carry, start, length),)
        ]
        start = 0.0
        for length in (WEEK * part for part in _TAIL):
            left = _left(carry, start, length)
            self._parts.append((length, later * (1.0 - left) + left * pressure * end, left * (1.0 - end)))
            start += length
        base = _share(np.log(np.maximum(np.broadcast_to(later, half.shape), _TINY)), self._log_half, self._shape)
        self._base = self._scale * base * start

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self._scale.shape[0])

    def arrivals(self, spend: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Arrivals brought by an even spend a day in each channel, and what one more unit a day adds.

        Parameters
        ----------
        spend : array, shape (channels,)
            Money a day.

        Returns
        -------
        pair of arrays, shape (channels, n)
        """
        money = np.asarray(spend, dtype=np.float64)[:, None]
        value, slope = -self._base, np.zeros_like(self._scale)
        for length, there, part in self._parts:
            pressure = np.maximum(there + money * part, _TINY)
            share = _share(np.log(pressure), self._log_half, self._shape)
            scaled = length * self._scale * share
            value += scaled
            slope += scaled * (1.0 - share) * part / pressure
        return value, slope * self._shape


def _share(log_pressure: FloatArray, log_half: FloatArray, shape: FloatArray) -> FloatArray:
    return np.asarray(expit(shape * (log_pressure - log_half)))


def parts(days: int) -> list[tuple[float, float]]:
    """Start and length of the parts into which a plan is divided: short at first, where pressure still changes."""
    found: list[tuple[float, float]] = []
    start, length = 0.0, float(WEEK)
    while start < days:
        if len(found) >= 2:
            length *= 2.0
        part = min(length, days - start)
        found.append((start, part))
        start += part
    return found


def _left(carry: FloatArray, start: float, length: float) -> FloatArray:
    """Share of the first pressure that is left on the average day of a part; a day's spend counts on that day."""
    rate = np.log(np.maximum(carry, 1e-300))
    first = np.exp(rate * (start + 1.0))
    return np.asarray(first * np.expm1(rate * length) / np.expm1(rate) / length)


def pressures(daily_spend: FloatArray, half_lives: FloatArray, before: float) -> FloatArray:
    """Pressure of each day for several half-lives, shape (half-lives, days); `before` is that of the day before."""
    found = np.empty((half_lives.size, daily_spend.size))
    for row, half_life in enumerate(half_lives):
        carry = float(np.exp2(-1.0 / half_life))
        found[row], _ = lfilter([1.0 - carry], [1.0, -carry], daily_spend, zi=[carry * before])
    return found
