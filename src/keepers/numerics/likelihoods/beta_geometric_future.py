"""The future of a living customer who may leave at each purchase: a table in scaled time, and integrals of it.

A customer who is alive at T after x repeat purchases buys at a rate ~ Gamma(r + x, alpha + T) and leaves at each
purchase with probability p ~ Beta(a, b + x + c), where c is the number of chances to leave before the first repeat
purchase (0 for BG/NBD, 1 for MBG/NBD). With w = u / (alpha + T) for a time u from now, everything follows from three
functions of w alone for each x,

    survival   S(w) = E (1 + p w)^-(r + x),
    intensity  g(w) = (r + x) E (1 + p w)^-(r + x + 1),       of purchases, by which E X = integral of g,
    pairs      h(w) = (r + x)(r + x + 1) E (1 - p)(1 + p w)^-(r + x + 2),  by which E X(X - 1) = 2 integral of w h,

the expectation being over p. They are tabulated at Chebyshev points of log(1 + k w) with measured error, times a power
of 1 + k w that undoes their fall, so that what happens late is as exact as what happens soon.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.polynomial.chebyshev import chebder
from numpy.typing import NDArray

from keepers.numerics.beta_mixture import BetaMixture, beta_mixture
from keepers.numerics.chebyshev import ChebyshevGrid, relative_tail
from keepers.numerics.distinct import Distinct, distinct
from keepers.numerics.quadrature import legendre
from keepers.numerics.special import digamma, log_beta, log_rising
from keepers.numerics.sums import product

FloatArray = NDArray[np.float64]

_ERROR = 1e-11
"""Relative size of the last coefficients at which a table is fine enough."""
_FIRST_SIZES, _LARGEST_SIZE = (24, 32, 48), 400
_REACH = 3.0
"""Tables end at multiples of it in log(1 + k w), so that horizons which differ share them."""
_KEPT, _LARGEST_KEPT = 256, 5_000
"""So many tables are kept for further questions at the same parameters, and up to so many numbers each."""
_CHUNK = 1_500_000
_INFINITE = 40.0
"""Without end is until discounting has shrunk a purchase by exp(-40)."""
_LARGEST_GRID = 3_000_000


Curve = Literal["survival", "intensity", "pairs"]

_FURTHER: dict[Curve, int] = {"survival": 0, "intensity": 1, "pairs": 2}
"""By how much the power of 1 + p w in each function is above r + x."""


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A function of scaled time for each distinct count at the points of a grid, times (1 + k w) to a power.

    Arrays have shape (counts, size); derivatives in r, a and b are there where they were asked for.
    """

    grid: ChebyshevGrid
    power: float
    values: FloatArray
    by_parameter: tuple[FloatArray, FloatArray, FloatArray] | None


_kept: dict[tuple[object, ...], _Table] = {}
"""Tables by what they depend on, those asked for last at the end."""
_keeping = threading.Lock()


def _taken(key: tuple[object, ...]) -> _Table | None:
    with _keeping:
        return _kept.pop(key, None)


def _keep(key: tuple[object, ...], table: _Table) -> None:
    with _keeping:
        _kept[key] = table
        while len(_kept) > _KEPT:
            del _kept[next(iter(_kept))]


class Future:
    """What living customers with given counts and ages do next; results are spread over the rows of the data.

    Parameters
    ----------
    r, alpha, a, b : float
        Parameters; `b` includes the chances to leave before the first repeat purchase.
    counts, ages : Distinct
        Repeat purchases x and ages T of the rows.
    longest : float
        The longest time that will be asked for.
    with_gradient : bool
        Whether derivatives of the expected purchases will be asked for.
    """

    def __init__(
        self,
        r: float,
        alpha: float,
        a: float,
        b: float,
        counts: Distinct,
        ages: Distinct,
        longest: float,
        with_gradient: bool = False,
    ) -> None:
        self.r, self.alpha, self.a, self.b = r, alpha, a, b
        if not counts.size:
            # Tables are of something, whoever asks for nobody.
            counts = ages = Distinct(np.ones(1), counts.index)
        self.counts, self.ages = counts, ages
        self.longest = longest
        self._with_gradient = with_gradient
        self._scales = alpha + ages.values
        self._tables: dict[Curve, _Table] = {}

    @cached_property
    def _shape(self) -> FloatArray:
        return self.r + self.counts.values

    @cached_property
    def _log_normaliser(self) -> FloatArray:
        x = self.counts.values
        start = log_beta(self.a, self.b)
        return start + log_rising(self.b, x, 0).value - log_rising(self.a + self.b, x, 0).value

    @cached_property
    def _age_grid(self) -> ChebyshevGrid | None:
        """Points of log(alpha + T) between which results are interpolated; None where ages are few."""
        low, high = math.log(self._scales[0]), math.log(self._scales[-1])
        # Results are analytic in log(alpha + T) on a strip of half width pi (Bernstein's ellipse gives the size).
        height = 2 * math.pi / max(high - low, 1e-9)
        size = 8 + math.ceil(30 / math.log(height + math.sqrt(1 + height**2)))
        return ChebyshevGrid(low, high, size) if size < self.ages.size else None

    @cached_property
    def _node_scales(self) -> FloatArray:
        return self._scales if self._age_grid is None else np.asarray(np.exp(self._age_grid.points))

    @cached_property
    def _stretch(self) -> float:
        """The k of log(1 + k w): about how often the fastest customer would leave in a scaled time of one."""
        x = self.counts.values
        chance = (self.a + 1) / (self.a + self.b + x + 1)
        return float(np.clip(np.max((self.r + x) * chance, initial=1.0), 1.0, 1e6))

    @cached_property
    def _high(self) -> float:
        """The end of tables in log(1 + k w)."""
        longest = math.log1p(self._stretch * self.longest / float(self._scales[0]))
        return _REACH * max(1, math.ceil(longest / _REACH))

    @cached_property
    def _far(self) -> float:
        """The longest scaled time."""
        return math.expm1(self._high) / self._stretch

    @cached_property
    def _mixture(self) -> BetaMixture:
        return beta_mixture(self.a, self.b + self.counts.values, self._log_normaliser, (self._shape + 2) * self._far)

    def _table(self, curve: Curve) -> _Table:
        """The table of a function, made when it is first asked for: most questions need one of them."""
        if curve not in self._tables:
            # Neither alpha nor ages matter to it, and many horizons lie within its end.
            known = (self.r, self.a, self.b, self._high, self.counts.values.tobytes())
            key = (*known, curve, self._with_gradient and curve == "intensity")
            table = _taken(key) or self._fine_enough(curve)
            if table.values.size <= _LARGEST_KEPT:
                _keep(key, table)
            self._tables[curve] = table
        return self._tables[curve]

    def _fine_enough(self, curve: Curve) -> _Table:
        size = _FIRST_SIZES[min(round(self._high / _REACH), len(_FIRST_SIZES)) - 1]
        while True:
            table = self._tabulated(curve, ChebyshevGrid(0.0, self._high, size))
            if relative_tail(table.grid.coefficients(table.values)) <= _ERROR or size >= _LARGEST_SIZE:
                return table
            size = math.ceil(1.6 * size)

    def _power(self, curve: Curve) -> float:
        """How fast the function falls with w at least, as a power (no more than integrals can use)."""
        return min(self.a, *{"survival": (self.r, 1.0), "intensity": (1.0,), "pairs": (2.0,)}[curve])

    def _tabulated(self, curve: Curve, grid: ChebyshevGrid) -> _Table:
        mixture, further = self._mixture, _FURTHER[curve]
        w = np.expm1(grid.points) / self._stretch
        rows = self.counts.size
        values, by_r, by_a, by_b = (np.zeros((rows, grid.size)) for _ in range(4))
        mean_log_p, mean_log_q = self._mean_logs if self._with_gradient and curve == "intensity" else (None, None)
        step = max(1, _CHUNK // (grid.size * mixture.nodes))
        for begin in range(0, rows, step):
            part = slice(begin, begin + step)
            rule = mixture.part(part)
            shape = self._shape[part, None]
            # Log of 1 + p w rather than log1p of p w: twice as quick, and what it loses of small p w is lost of one.
            logs = rule.p[:, None, :] * w[None, :, None]
            logs += 1.0
            np.log(logs, out=logs)
            inside = logs * -(shape + further)[:, :, None]
            np.exp(inside, out=inside)
            low, high = np.ones((len(shape), w.size)), np.exp(-(shape + further) * np.log1p(w))
            factor = (1.0, shape, shape * (shape + 1))[further]
            if curve == "pairs":
                inside *= rule.q[:, None, :]
                high = np.zeros(low.shape)
            if mean_log_p is not None and mean_log_q is not None:
                # d/dr of r (1 + p w)^-(r + 1) is (1 + p w)^-(r + 1) (1 - r log(1 + p w)).
                by_shape = inside * (1 - shape[:, :, None] * logs)
                end_by_shape = high * (1 - shape * np.log1p(w))
                by_r[part] = rule.expectation(rule.reduced(by_shape, low, end_by_shape), low, end_by_shape)
            reduced = rule.reduced(inside, low, high)
            values[part] = factor * rule.expectation(reduced, low, high)
            if mean_log_p is not None and mean_log_q is not None:
                down = rule.derivatives(reduced, low, high, mean_log_p[part], mean_log_q[part])
                by_a[part], by_b[part] = shape * down[0], shape * down[1]
        power = self._power(curve)
        rise = np.exp(power * grid.points)
        by_parameter = (by_r * rise, by_a * rise, by_b * rise) if mean_log_p is not None else None
        return _Table(grid, power, values * rise, by_parameter)

    @cached_property
    def _mean_logs(self) -> tuple[FloatArray, FloatArray]:
        """E log p and E log(1 - p) for each distinct count."""
        b = self.b + self.counts.values
        both = digamma(self.a + b)
        return digamma(np.array([self.a])) - both, digamma(b) - both

    def _integral(self, table: _Table, t: float, delta: float = 0.0, power: int = 0) -> FloatArray:
        """The operator that turns a table of f into the integral of w^power exp(-delta u) f(w) dw to t.

        Shape (ages of the nodes, size of the table).
        """
        grid, stretch = table.grid, self._stretch
        scales = self._node_scales
        if delta > 0:
            # The rule's places must not be spent on a time whose purchases are worth nothing.
            t = min(t, _INFINITE / delta)
        reach = np.log1p(stretch * t / scales)
        places, weights = legendre(24 + 8 * math.ceil(float(reach.max())))
        logs = reach[:, None] * places
        w = np.expm1(logs) / stretch
        density = reach[:, None] * weights * np.exp((1 - table.power) * logs - delta * scales[:, None] * w) / stretch
        if power:
            density = density * w**power
        polynomials = grid.polynomials(logs.ravel()).reshape(grid.size, *logs.shape)
        return np.asarray(np.einsum("kij,ij->ik", polynomials, density) @ grid.transform)

    def _point(self, table: _Table, t: float) -> FloatArray:
        """The operator that turns a table into the function's values at t, shape (ages of the nodes, size)."""
        logs = np.log1p(self._stretch * t / self._node_scales)
        return np.asarray(table.grid.matrix(logs) * np.exp(-table.power * logs)[:, None])

    def rows(self, values: FloatArray) -> FloatArray:
        """Spread values for (counts, ages of the nodes) over the rows of the data."""
        grid = self._age_grid
        if grid is None:
            return np.asarray(np.take(values, self._flat))
        if self.counts.size * self.ages.size <= _LARGEST_GRID:
            return np.asarray(np.take(product(values, self._age_matrix.T), self._flat))
        coefficients = np.ascontiguousarray(grid.coefficients(values))
        result = np.empty(self.counts.index.size)
        for begin in range(0, result.size, 50_000):
            part = slice(begin, begin + 50_000)
            places = grid.polynomials(np.log(self._scales[self.ages.index[part]]))
            result[part] = np.einsum("ij,ji->i", coefficients[self.counts.index[part]], places)
        return result

    @cached_property
    def _age_matrix(self) -> FloatArray:
        assert self._age_grid is not None
        return self._age_grid.matrix(np.log(self._scales))

    @cached_property
    def _flat(self) -> NDArray[np.intp]:
        return np.asarray(self.counts.index * self.ages.size + self.ages.index)

    def survival(self, t: float) -> FloatArray:
        """Probability of being alive a time t from now."""
        table = self._table("survival")
        return self.rows(product(table.values, self._point(table, t).T))

    def purchases(self, t: float, delta: float = 0.0) -> FloatArray:
        """Expected purchases within t, discounted at the continuous rate delta."""
        table = self._table("intensity")
        return self.rows(product(table.values, self._integral(table, t, delta).T))

    def purchases_without_end(self, delta: float) -> FloatArray:
        """Discounted expected purchases without end; infinite where delta is 0 and a <= 1."""
        if delta <= 0:
            b = self.b + self.counts.values
            forever = np.full(b.shape, np.inf) if self.a <= 1 else (self.a + b - 1) / (self.a - 1)
            return np.asarray(forever[self.counts.index])
        return self.purchases(_INFINITE / delta, delta)

    def pairs(self, t: float) -> FloatArray:
        """E X(X - 1) of the purchases X within t."""
        table = self._table("pairs")
        return self.rows(2 * product(table.values, self._integral(table, t, power=1).T))

    def lifetime(self, cap: float) -> FloatArray:
        """Expected lifetime within the cap."""
        table = self._table("survival")
        return self.rows(product(table.values, self._integral(table, cap).T) * self._node_scales)

    def time_of_survival(self, target: FloatArray) -> FloatArray:
        """The scaled time at which each row's survival falls to its target; infinite beyond the longest time."""
        table = self._table("survival")
        grid = table.grid
        coefficients = grid.coefficients(table.values * np.exp(-table.power * grid.points))
        slopes = chebder(coefficients, axis=1) * (2 / grid.high)
        steps = np.linspace(0.0, grid.high, 1024)
        coarse = np.minimum.accumulate(coefficients @ grid.polynomials(steps), axis=1)
        result = np.full(target.shape, np.inf)
        for count in range(self.counts.size):
            rows = np.flatnonzero((self.counts.index == count) & (target > coarse[count, -1]))
            if not rows.size:
                continue
            after = np.clip(np.searchsorted(-coarse[count], -target[rows]), 1, steps.size - 1)
            low, high = steps[after - 1], steps[after]
            place = 0.5 * (low + high)
            for _ in range(4):
                polynomials = grid.polynomials(place)
                missed = coefficients[count] @ polynomials - target[rows]
                place = np.clip(place - missed / (slopes[count] @ polynomials[:-1]), low, high)
            result[rows] = np.expm1(place) / self._stretch
        return result

    def purchases_gradient(self, t: float) -> FloatArray:
        """Derivatives of the expected purchases within t in log r, log alpha, log a and (as is) in b, shape (4, n)."""
        table = self._table("intensity")
        assert table.by_parameter is not None
        by_r, by_a, by_b = table.by_parameter
        operator = self._integral(table, t).T
        ends = product(table.values, self._point(table, t).T)
        by_alpha = -self.alpha * t / self._node_scales**2 * ends
        down = [product(one, operator) for one in (by_r, by_a, by_b)]
        wanted = (self.r * down[0], by_alpha, self.a * down[1], down[2])
        result = np.empty((4, self.counts.index.size))
        for row, values in zip(result, wanted, strict=True):
            row[:] = self.rows(values)
        return result


def longest_without_end(delta: float) -> float:
    """The time that stands for "without end" at a discount rate."""
    return _INFINITE / delta if delta > 0 else 0.0


def median_survival(r: float, a: float, b: float, x: FloatArray, target: FloatArray) -> FloatArray:
    """The scaled time w at which the survival S(w) of a living customer falls to a target between 1/2 and 1.

    Infinite where it is beyond 1e30.
    """
    result = np.full(x.shape, np.inf)
    for far in (1e2, 1e5, 1e10, 1e30):
        rows = np.flatnonzero(np.isinf(result))
        if not rows.size:
            break
        future = Future(r, 0.0, a, b, distinct(x[rows]), distinct(np.ones(rows.size)), far)
        result[rows] = future.time_of_survival(target[rows])
    return result
