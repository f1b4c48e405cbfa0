"""How many purchases follow one another where gaps are Gamma(k): renewal functions, and their means over rates.

With gaps of Gamma(k, 1) the number N of purchases until z has E N = sum over m of P(m k, z) and E N (N - 1) = 2 sum
over m of (m - 1) P(m k, z), P being the regularised incomplete gamma function: functions of (k, z) alone, tabulated
once. Once the start is forgotten they are straight and quadratic in z. Where the rate is Gamma(a, A), z is zeta G with
zeta = k time / A and G ~ Gamma(a), and their means over G are tabulated for each (k, a), in logarithms along log zeta.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import IndexArray

_STRAIGHT = 28.0
"""Waves that are left of the start have fallen by exp(-28) where the curves are taken as straight."""
_MOST_GAPS = 150.0
_CLUMPS = 0.03
"""Below this k sums over m are integrals over m k with Euler's corrections at zero."""
_FORGOTTEN = 20.0
_LONGEST = 14.0
"""Logarithm of the number of gaps from which every curve is straight."""
_NODES = 48
_BLOCK = 400_000
_TINY = 1e-280


@dataclass(frozen=True, eq=False)
class Curve:
    """A positive function on an even grid: logarithms with their slopes, for cubic interpolation.

    Parameters
    ----------
    low, step : float
        First place of the grid and the distance between places.
    log, slope : arrays, shape (..., n)
        Logarithms and their derivatives times `step`.
    """

    low: float
    step: float
    log: FloatArray
    slope: FloatArray

    @property
    def high(self) -> float:
        """Last place of the grid."""
        return float(self.low + self.step * (self.log.shape[-1] - 1))

    def at(self, place: FloatArray, which: tuple[IndexArray, ...] = ()) -> FloatArray:
        """Values at places, those of the function `which` of several; below the grid the slope goes on."""
        size = self.log.shape[-1]
        position = np.minimum((place - self.low) / self.step, size - 1.0)
        inside = np.maximum(position, 0.0)
        left = np.minimum(inside.astype(np.intp), size - 2)
        u = inside - left
        cubics = self._cubics.reshape(-1, 4)
        if which:
            left = left + (size - 1) * which[0]
        of = np.take(cubics, left, axis=0)
        value = ((of[..., 3] * u + of[..., 2]) * u + of[..., 1]) * u + of[..., 0]
        return np.asarray(np.exp(value + np.minimum(position, 0.0) * of[..., 1]))

    @cached_property
    def _cubics(self) -> FloatArray:
        """Coefficients of the cubic of each piece, shape (..., n - 1, 4)."""
        start, rise = self.log[..., :-1], np.diff(self.log)
        first, last = self.slope[..., :-1], self.slope[..., 1:]
        return np.stack([start, first, 3.0 * rise - 2.0 * first - last, first + last - 2.0 * rise], axis=-1)


@dataclass(frozen=True, eq=False)
class Renewals:
    """E N and E N (N - 1) until z at one k, gaps being Gamma(k, 1).

    Parameters
    ----------
    k : float
        Shape of the gaps.
    mean, pairs : Curve
        Along `_place(z)`.
    offset : float
        E N is z / k + offset where the start is forgotten.
    linear, constant : float
        And E N (N - 1) is (z / k)^2 + linear z / k + constant.
    """

    k: float
    mean: Curve
    pairs: Curve
    offset: float
    linear: float
    constant: float

    def of(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """E N and E N (N - 1)."""
        place = _place(z)
        beyond = place > self.mean.high
        gaps = z / self.k
        return (
            np.where(beyond, gaps + self.offset, self.mean.at(place)),
            np.where(beyond, gaps * (gaps + self.linear) + self.constant, self.pairs.at(place)),
        )


@dataclass(frozen=True, eq=False)
class MeanRenewals:
    """E N, E N (N - 1) and the derivative of E N in the shape of the rate, for one k and several shapes.

    Until zeta = k time / A, the rate being Gamma(a, A).

    Parameters
    ----------
    k : float
        Shape of the gaps.
    a : array, shape (n,)
        Shapes of the rate.
    mean, pairs, by_shape : Curve
        Along log(zeta a / k), the logarithm of the expected number of gaps, n of each.
    renewals : Renewals
        At fixed rates.
    """

    k: float
    a: FloatArray
    mean: Curve
    pairs: Curve
    by_shape: Curve
    renewals: Renewals

    def purchases(self, which: IndexArray, zeta: FloatArray) -> FloatArray:
        """E N until zeta for the shapes a[which]."""
        gaps, place = self._gaps(which, zeta)
        straight = gaps + self.renewals.offset
        return np.where(place > self.mean.high, straight, self.mean.at(place, (which,)))

    def slopes(self, which: IndexArray, zeta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivatives of E N in log(zeta), and in the shape at a given zeta."""
        (gaps, place), small = self._gaps(which, zeta), 1e-4
        beyond = place > self.mean.high
        rise = self.mean.at(place + small, (which,)) - self.mean.at(place - small, (which,))
        by_shape = self.by_shape.at(place, (which,))
        return np.where(beyond, gaps, rise / (2.0 * small)), np.where(beyond, zeta / self.k, by_shape)

    def factorial(self, which: IndexArray, zeta: FloatArray) -> FloatArray:
        """E N (N - 1) until zeta."""
        (gaps, place), of = self._gaps(which, zeta), self.renewals
        far = gaps * (gaps * (1.0 + 1.0 / self.a[which]) + of.linear) + of.constant
        return np.where(place > self.pairs.high, far, self.pairs.at(place, (which,)))

    def _gaps(self, which: IndexArray, zeta: FloatArray) -> tuple[FloatArray, FloatArray]:
        gaps = zeta * self.a[which] / self.k
        return gaps, np.log(np.maximum(gaps, _TINY))


def straight_from(k: float) -> float:
    """The z from which the curves are straight: waves fall by exp(-z (1 - cos(2 pi / k))), for small k by exp(-z)."""
    return float(min(_STRAIGHT / (1.0 - np.cos(2.0 * np.pi / max(k, 4.0))), _MOST_GAPS * k + 30.0))


@lru_cache(maxsize=512)
def renewals(k: float) -> Renewals:
    """The curves of one k."""
    low, high = _place(np.array([1e-9, straight_from(k)]))
    step = 0.1
    count = int(np.ceil((high - low) / step)) + 1
    z = _z_of(low + step * np.arange(count))
    mean, density, pairs, pair_density = _sums(k, z) if k >= _CLUMPS else _of_clumps(k, z)
    stretch = z / (1.0 + z / np.sqrt(1.0 + z)) * step
    end = z[-1] / k
    linear = k * pair_density[-1] - 2.0 * end
    return Renewals(
        k,
        _curve(low, step, mean, density * stretch),
        _curve(low, step, pairs, pair_density * stretch),
        offset=float(mean[-1] - end),
        linear=float(linear),
        constant=float(pairs[-1] - end * (end + linear)),
    )


def mean_renewals(k: float, a: FloatArray) -> MeanRenewals:
    """The curves of one k for several shapes of the rate, shape (n,), none below k."""
    low, step, size = _grid(k)
    found = np.stack([_mean_renewals(k, float(one)) for one in a], axis=1)
    mean, pairs, by_shape = (_curve_of_logs(low, step, logs) for logs in found)
    assert mean.log.shape[-1] == size
    return MeanRenewals(k, a, mean, pairs, by_shape, renewals(k))


@cache
def _grid(k: float) -> tuple[float, float, int]:
    """First place, step and number of places of log(zeta a / k), the expected number of gaps, for all shapes a >= k."""
    low = -min(max(1.5, 20.0 / (k + 0.5)), 22.0)
    step = 0.15 * min(2.0 / 3.0, 1.0 / np.sqrt(k))
    # A wave that the start leaves, averaged over the rate, is (1 + zeta (1 - exp(2 pi i / k)))^-a.
    shape = k * np.concatenate([np.linspace(1.0, 4.0, 13), np.geomspace(5.0, 1e4, 20)])
    real = 1.0 - np.cos(2.0 * np.pi / max(k, 4.0))
    power = np.minimum(2.0 * _FORGOTTEN / shape, 200.0)
    gaps = shape / k * 0.5 * (np.sqrt(1.0 + 2.0 * np.expm1(power) / real) - 1.0)
    high = min(np.log(gaps.max()), _LONGEST)
    return low, step, int(np.ceil((high - low) / step)) + 1


@lru_cache(maxsize=8192)
def _mean_renewals(k: float, a: float) -> FloatArray:
    """Logarithms of E N, E N (N - 1) and the derivative of E N in a on the grid and two places beyond either end."""
    from scipy.special import digamma, gammaln

    low, step, size = _grid(k)
    # Where purchases are few the tail of small rates falls with the power a + k, before with a.
    far = 26.0 / a + np.sqrt(52.0 / a)
    if far > _LONGEST:
        far = min(_LONGEST + (26.0 - _LONGEST * min(a, 1.0)) / (a + k), far)
    lower = np.log(a) - far
    upper = np.log(a + 7.5 * np.sqrt(a) + 30.0)
    # The nodes of log G divide the grid's step, so that places and nodes add up to places of one finer grid.
    fine = int(np.ceil(step / min(0.35, 0.5 / np.sqrt(a), (upper - lower) / (_NODES - 1))))
    apart = step / fine
    g = lower + apart * np.arange(int(np.ceil((upper - lower) / apart)) + 1)
    weight = np.exp(a * g - np.exp(g) - gammaln(a)) * apart
    first = np.log(k / a) + low - 2.0 * step + lower
    z = np.maximum(np.exp(first + apart * np.arange(fine * (size + 3) + g.size)), _TINY)
    mean, pairs = (np.lib.stride_tricks.sliding_window_view(one, g.size)[::fine] for one in renewals(k).of(z))
    found = np.stack([mean @ weight, pairs @ weight, mean @ (weight * (g - digamma(a)))])
    return np.asarray(np.log(np.maximum(found, _TINY)))


def _curve_of_logs(low: float, step: float, logs: FloatArray) -> Curve:
    """A curve from logarithms that reach two places beyond either end, slopes being differences of the fourth order."""
    slope = (logs[..., :-4] - logs[..., 4:] + 8.0 * (logs[..., 3:-1] - logs[..., 1:-3])) / 12.0
    return Curve(low, step, np.ascontiguousarray(logs[..., 2:-2]), slope)


def _sums(k: float, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """E N, its derivative in z, E N (N - 1) and its derivative: sums over the purchases that are possible until z."""
    from scipy.special import gammainc, gammaln

    results = np.empty((4, z.size))
    most = ((z + 12.0 * np.sqrt(z) + 40.0) / k).astype(np.intp) + 2
    start = 0
    while start < z.size:
        stop = start + 1
        while stop < z.size and (stop + 1 - start) * most[stop] < _BLOCK:
            stop += 1
        m = np.arange(1.0, most[stop - 1] + 1.0)
        at = z[start:stop, None]
        reached = gammainc(k * m, at)
        density = np.exp((k * m - 1.0) * np.log(at) - at - gammaln(k * m))
        twice = 2.0 * (m - 1.0)
        results[:, start:stop] = reached.sum(1), density.sum(1), reached @ twice, density @ twice
        start = stop
    return results[0], results[1], results[2], results[3]


def _of_clumps(k: float, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The same for small k from the sums at a larger one: both are integrals over m k with Euler's corrections."""
    from scipy.special import exp1

    mean, density, pairs, pair_density = _sums(_CLUMPS, z)
    near, near_slope = exp1(z) / 12.0, -np.exp(-z) / z / 12.0
    ratio = _CLUMPS / k
    of_mean = ratio * (mean + 0.5 - _CLUMPS * near) - 0.5 + k * near
    of_density = ratio * (density - _CLUMPS * near_slope) + k * near_slope
    weighted = ratio**2 * (0.5 * pairs + mean + 1.0 / 12.0) - 1.0 / 12.0
    weighted_slope = ratio**2 * (0.5 * pair_density + density)
    return of_mean, of_density, 2.0 * (weighted - of_mean), 2.0 * (weighted_slope - of_density)


def _curve(low: float, step: float, values: FloatArray, slopes: FloatArray) -> Curve:
    """A curve from values and their derivatives along the grid, times the step."""
    safe = np.maximum(values, _TINY)
    return Curve(float(low), step, np.log(safe), np.where(values > _TINY, slopes / safe, 0.0))


def _place(z: FloatArray) -> FloatArray:
    """A coordinate even in log(z) below 1, where powers rule, and in sqrt(z) above, where waves of that width do."""
    return np.asarray(np.log(z) + 2.0 * (np.sqrt(1.0 + z) - 1.0))


def _z_of(place: FloatArray) -> FloatArray:
    z = np.where(place < 1.0, np.exp(np.minimum(place, 1.0)), (0.5 * np.maximum(place, 0.0) + 1.0) ** 2)
    for _ in range(40):
        z = z * np.exp(-(_place(z) - place) / (1.0 + z / np.sqrt(1.0 + z)))
    return np.asarray(z)
