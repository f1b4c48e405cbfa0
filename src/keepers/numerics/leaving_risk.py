"""The risk of leaving that adds up over a customer's age where covariates move it, with exact derivatives.

R(v) is the integral of h(u) exp(gamma' z) over the ages u up to v, z being constant within periods; h is 1, or
b exp(b u) where the risk grows. A table of the same integral over the time of the paths serves customers who came at
any time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Reading, period_reached

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Risk:
    """Risks of some paths at given coefficients.

    Derivatives are in (log b, gamma) where the risk grows, else in gamma alone.

    Parameters
    ----------
    values : array, shape (p, m, k)
        k covariates of p paths in m periods of equal length; before the first and after the last period the values
        there hold.
    length : float
        Of a period.
    gamma : array, shape (k,)
        Coefficients.
    growth : float, optional
        b; None where h is 1.
    order : int
        0 for the risks alone, 2 with derivatives.
    """

    def __init__(
        self, values: FloatArray, length: float, gamma: FloatArray, growth: float | None = None, order: int = 0
    ) -> None:
        self.length, self.periods, self.growth = length, values.shape[1], growth
        self.speed = np.exp(values @ gamma)
        self._values = values
        gained = [np.diff(face) for face in self._faces(length * np.arange(self.periods + 1.0), order)]
        self._total = _summed(self.speed * gained[0])
        self._first: FloatArray | None = None
        self._second: FloatArray | None = None
        if order:
            first, second = self._derivatives(self.speed, values, gained)
            self._first, self._second = _summed(first), _summed(second)

    def at(self, path: IntArray, start: FloatArray, age: FloatArray) -> FloatArray:
        """R at ages of customers who came at `start`, shape (n,)."""
        raw = self._raw(path, start + age)[0] - self._raw(path, start)[0]
        return np.asarray(raw if self.growth is None else raw * np.exp(-self.growth * start))

    def reading(self, path: IntArray, start: FloatArray, age: FloatArray) -> Reading:
        """The same with derivatives."""
        value, first, second = (
            late - early for late, early in zip(self._raw(path, start + age, 2), self._raw(path, start, 2), strict=True)
        )
        if self.growth is None:
            return Reading(value, first, second)
        # The table counts from the start of the paths: exp(b u) is exp(-b start) exp(b (start + u)).
        waited = self.growth * start
        shared = np.exp(-waited)
        bent = second.copy()
        bent[..., 0, :] -= waited[..., None] * first
        bent[..., :, 0] -= waited[..., None] * first
        bent[..., 0, 0] += (waited**2 - waited) * value
        first = first.copy()
        first[..., 0] -= waited * value
        return Reading(shared * value, shared[..., None] * first, shared[..., None, None] * bent)

    def pace(self, path: IntArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        """exp(gamma' z) and z of paths at times since their start, z with a further axis of k."""
        period = self._period(time)
        return np.asarray(self.speed[path, period]), np.asarray(self._values[path, period])

    def log_base(self, age: FloatArray) -> FloatArray | float:
        """log h at ages."""
        return 0.0 if self.growth is None else np.log(self.growth) + self.growth * age

    def within(self, age: FloatArray, since: FloatArray, order: int = 0) -> tuple[FloatArray, ...]:
        """The integral of h from `age` to `age + since`; where the risk grows its derivatives in log b follow."""
        if self.growth is None:
            return (since,)
        begin, more = self.growth * age, self.growth * since
        low = np.exp(begin)
        gained, high = low * np.expm1(more), low * np.exp(more)
        if not order:
            return (gained,)
        return (
            gained,
            begin * gained + more * high,
            begin * (1.0 + begin) * gained + more * (1.0 + 2.0 * begin + more) * high,
        )

    def age_of(self, path: IntArray, start: FloatArray, risk: FloatArray) -> FloatArray:
        """The age at which R of customers who came at `start` is so much: the inverse of `at`."""
        b = self.growth
        wanted = self._raw(path, start)[0] + (risk if b is None else risk * np.exp(b * start))
        period = period_reached(self._total, path, wanted)
        edge = period * self.length
        left = (wanted - self._total[path, period]) / self.speed[path, period]
        reached = edge + left if b is None else np.log1p(np.expm1(b * edge) + left) / b
        return np.asarray(reached - start)

    def _raw(self, path: IntArray, time: FloatArray, order: int = 0) -> list[FloatArray]:
        """The integral over the time of the paths up to `time`, counted from their start."""
        period = self._period(time)
        ahead, behind = self._faces(time, order), self._faces(np.asarray(period * self.length), order)
        rest = [late - early for late, early in zip(ahead, behind, strict=True)]
        speed = self.speed[path, period]
        value = self._total[path, period] + speed * rest[0]
        if not order:
            return [value]
        assert self._first is not None
        assert self._second is not None
        first, second = self._derivatives(speed, self._values[path, period], rest)
        return [value, self._first[path, period] + first, self._second[path, period] + second]

    def _faces(self, time: FloatArray, order: int) -> list[FloatArray]:
        """An antiderivative of h in the time of the paths, and where it grows its derivatives in log b."""
        if self.growth is None:
            return [time]
        grown = self.growth * time
        with np.errstate(over="ignore", invalid="ignore"):
            if not order:
                return [np.expm1(grown)]
            high = np.exp(grown)
            return [np.expm1(grown), grown * high, grown * (1.0 + grown) * high]

    def _derivatives(
        self, speed: FloatArray, values: FloatArray, gained: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        of_gamma = (speed * gained[0])[..., None] * values
        bent = of_gamma[..., :, None] * values[..., None, :]
        if self.growth is None:
            return of_gamma, bent
        k = values.shape[-1]
        first, second = np.empty((*speed.shape, k + 1)), np.empty((*speed.shape, k + 1, k + 1))
        first[..., 0], first[..., 1:] = speed * gained[1], of_gamma
        second[..., 0, 0], second[..., 1:, 1:] = speed * gained[2], bent
        second[..., 0, 1:] = second[..., 1:, 0] = first[..., :1] * values
        return first, second

    def _period(self, time: FloatArray) -> IntArray:
        return np.clip(np.floor(time / self.length), 0, self.periods - 1).astype(np.int64)


def _summed(gained: FloatArray) -> FloatArray:
    whole = np.zeros((gained.shape[0], gained.shape[1] + 1, *gained.shape[2:]))
    np.cumsum(gained, axis=1, out=whole[:, 1:])
    return whole
