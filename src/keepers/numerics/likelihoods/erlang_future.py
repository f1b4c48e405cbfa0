"""The future of living customers with an Erlang-k clock, averaged over the stages that nobody saw.

The functions of `erlang_table` are tabulated at Chebyshev points of log(1 + scale w) with measured error, times powers
of 1 + scale w that undo their fall; what is asked for is an integral or a value of them at each age, averaged over a
customer's phases.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.beta_mixture import BetaMixture, beta_mixture
from keepers.numerics.chebyshev import ChebyshevGrid, relative_tail
from keepers.numerics.distinct import CellTables, Distinct
from keepers.numerics.likelihoods.erlang_table import Curves, Wanted, curves
from keepers.numerics.quadrature import legendre
from keepers.numerics.special import digamma, log_beta, log_rising

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
OfScales = Callable[[FloatArray], FloatArray]
"""Gives, for scales alpha + T of shape (m,), an operator on tables of shape (m, size)."""

_ERROR = 1e-11
_FIRST_SIZE, _LARGEST_SIZE = 40, 500
_INFINITE = 40.0
"""Without end is until discounting has shrunk a purchase by exp(-40)."""
_FIRST_AGES = 24
_BLOCK = 4_000_000


class ErlangFuture:
    """What living customers with given counts, ages and phases do next; results are given for the rows of the data.

    Parameters
    ----------
    k : int
        Stages a purchase.
    r, alpha, a, b : float
        Parameters; `b` includes the chances to leave before the first repeat purchase.
    tables : CellTables
        The rows.
    chance : array, shape (n, k)
        Probability of each phase given alive.
    longest : float
        The longest time that will be asked for.
    wanted : Wanted
        What will be asked for besides expected purchases.
    """

    def __init__(
        self,
        k: int,
        r: float,
        alpha: float,
        a: float,
        b: float,
        tables: CellTables,
        chance: FloatArray,
        longest: float,
        wanted: Wanted = Wanted.NOTHING,
    ) -> None:
        self.k, self.r, self.alpha, self.a, self.b = k, r, alpha, a, b
        self.counts: Distinct = tables.counts
        self.ages: Distinct = tables.ages
        self.chance = chance
        self.longest = longest
        self._wanted = wanted

    @cached_property
    def _s(self) -> FloatArray:
        return self.r + self.k * self.counts.values

    @cached_property
    def scales(self) -> FloatArray:
        """alpha + T of the distinct ages."""
        return self.alpha + self.ages.values

    @cached_property
    def _falls(self) -> tuple[float, float, float]:
        """How fast survival, intensity and pairs fall with w at least, as powers."""
        return min(self.a, self.r, 1.0), min(self.a, 1.0), min(self.a, 2.0) - 1.0

    @cached_property
    def _stretch(self) -> float:
        """The scale of log(1 + scale w): about how often the fastest customer buys in a scaled time of one."""
        return float(np.clip(np.max(self._s / self.k, initial=1.0), 1.0, 1e6))

    @cached_property
    def _tabulated(self) -> tuple[ChebyshevGrid, Curves]:
        far = self.longest / float(self.scales[0])
        high = math.log1p(self._stretch * far)
        b = self.b + self.counts.values
        start = log_beta(self.a, self.b)
        x = self.counts.values
        normaliser = start + log_rising(self.b, x, 0).value - log_rising(self.a + self.b, x, 0).value
        mixture = beta_mixture(self.a, b, normaliser, (self._s + self.k + 1) * far / self.k)
        logs = None
        if Wanted.GRADIENT in self._wanted:
            both = digamma(self.a + b)
            logs = (digamma(np.array([self.a])) - both, digamma(b) - both)
        size = _FIRST_SIZE if high < 6 else 2 * _FIRST_SIZE
        # A few counts tell how fine the table must be; the highest has the most to tell.
        few = np.unique(np.linspace(0, self.counts.size - 1, 3).astype(np.intp))
        while True:
            grid = ChebyshevGrid(0.0, high, size)
            times = np.expm1(grid.points) / self._stretch
            some = curves(self.k, self._s[few], times, _of_counts(mixture, few), Wanted.SURVIVAL)
            survival, intensity, pairs = (np.exp(power * grid.points) for power in self._falls)
            wanting = max(
                _tail(grid.coefficients(values)) for values in (some.survival * survival, some.intensity * intensity)
            )
            if wanting <= _ERROR or size >= _LARGEST_SIZE:
                break
            size = min(math.ceil(1.4 * size), _LARGEST_SIZE)
        raw = curves(self.k, self._s, times, mixture, self._wanted, logs)
        return grid, Curves(
            raw.survival * survival,
            raw.intensity * intensity,
            raw.pairs * pairs,
            raw.by_n * intensity,
            raw.by_a * intensity,
            raw.by_b * intensity,
        )

    def _integral(self, t: float, fall: float, delta: float = 0.0) -> OfScales:
        """The operator that turns a tabulated f into the integral of exp(-delta u) f(w) dw up to t."""
        grid, stretch = self._tabulated[0], self._stretch
        if delta > 0:
            # The rule's places must not be spent on a time whose purchases are worth nothing.
            t = min(t, _INFINITE / delta)

        def operator(scales: FloatArray) -> FloatArray:
            reach = np.log1p(stretch * t / scales)
            places, weights = legendre(max(grid.size, 24 + 8 * math.ceil(float(reach.max()))))
            logs = reach[:, None] * places
            w = np.expm1(logs) / stretch
            density = reach[:, None] * weights * np.exp((1 - fall) * logs - delta * scales[:, None] * w) / stretch
            mixed = np.empty((scales.size, grid.size))
            step = max(1, _BLOCK // logs[0].size // grid.size)
            for begin in range(0, scales.size, step):
                part = slice(begin, begin + step)
                table = grid.polynomials(logs[part].ravel()).reshape(grid.size, *logs[part].shape)
                mixed[part] = np.einsum("smp,mp->ms", table, density[part])
            return np.asarray(mixed @ grid.transform)

        return operator

    def _point(self, t: float, fall: float) -> OfScales:
        """The operator that turns a tabulated f into its value at t."""
        grid, stretch = self._tabulated[0], self._stretch

        def operator(scales: FloatArray) -> FloatArray:
            logs = np.log1p(stretch * t / scales)
            return np.asarray((grid.polynomials(logs).T * np.exp(-fall * logs)[:, None]) @ grid.transform)

        return operator

    def _rows(self, operator: OfScales, tables: list[tuple[FloatArray, FloatArray]]) -> list[FloatArray]:
        """Operators applied to tables, each averaged over its own weights of the phases, shape (n, k), row by row."""
        results = [np.zeros(self.counts.index.size) for _ in tables]
        operators = self._of_ages(operator)
        most = max(1, _BLOCK // (self.k * max(self.counts.size, self._tabulated[0].size)))
        order = np.argsort(self.ages.index, kind="stable")
        bounds = np.searchsorted(self.ages.index[order], np.arange(0, self.ages.size + most, most))
        for number, (begin, end) in enumerate(itertools.pairwise(bounds)):
            rows = order[begin:end]
            if not rows.size:
                continue
            first = number * most
            part = operators(slice(first, first + most))
            count, age = self.counts.index[rows], self.ages.index[rows] - first
            for result, (table, weights) in zip(results, tables, strict=True):
                for j in range(self.k):
                    result[rows] += weights[rows, j] * (table[:, j] @ part.T)[count, age]
        return results

    def _of_ages(self, operator: OfScales) -> Callable[[slice], FloatArray]:
        """The operator at each age, interpolated in log(alpha + T) where ages are many and that is as exact."""
        low, high = math.log(self.scales[0]), math.log(self.scales[-1])
        size = _FIRST_AGES
        while 2 * size < self.ages.size:
            grid = ChebyshevGrid(low, high, size)
            table = operator(np.exp(grid.points))
            if relative_tail(np.ascontiguousarray(grid.coefficients(table.T))) <= _ERROR:
                at = grid
                return lambda ages: at.matrix(np.log(self.scales[ages])) @ table
            size *= 2
        return lambda ages: operator(self.scales[ages])

    def survival(self, t: float) -> FloatArray:
        """Probability of being alive a time t from now."""
        return self._rows(self._point(t, self._falls[0]), [(self._tabulated[1].survival, self.chance)])[0]

    def purchases(self, t: float, delta: float = 0.0) -> FloatArray:
        """Expected purchases within t, discounted at the continuous rate delta."""
        operator = self._integral(t, self._falls[1], delta)
        return self._rows(operator, [(self._tabulated[1].intensity, self.chance)])[0]

    def purchases_without_end(self, delta: float) -> FloatArray:
        """Discounted expected purchases without end; infinite where delta is 0 and a <= 1."""
        if delta <= 0:
            b = self.b + self.counts.values
            forever = np.full(b.shape, np.inf) if self.a <= 1 else (self.a + b - 1) / (self.a - 1)
            return np.asarray(forever[self.counts.index])
        return self.purchases(_INFINITE / delta, delta)

    def pairs(self, t: float) -> FloatArray:
        """E X(X - 1) of the purchases X within t."""
        return self._rows(self._integral(t, self._falls[2]), [(self._tabulated[1].pairs, self.chance)])[0]

    def lifetime(self, cap: float) -> FloatArray:
        """Expected lifetime within the cap."""
        operator = self._integral(cap, self._falls[0])
        scaled = self._rows(operator, [(self._tabulated[1].survival, self.chance)])[0]
        return scaled * self.ages.rows(self.scales)

    def purchases_gradient(self, t: float, slope: FloatArray, stages: FloatArray) -> FloatArray:
        """Derivatives of the expected purchases within t in log r, log alpha, log a and (as is) in b, shape (4, n).

        Parameters
        ----------
        slope, stages : arrays, shape (n, k)
            Derivatives of the logarithms of the phases' probabilities in log r and in log alpha.
        """
        _, found = self._tabulated
        weights = self.chance
        by_n, by_a, by_b, by_r_weight, by_alpha_weight = self._rows(
            self._integral(t, self._falls[1]),
            [
                (found.by_n, weights),
                (found.by_a, weights),
                (found.by_b, weights),
                (found.intensity, weights * slope),
                (found.intensity, weights * stages),
            ],
        )
        ends = self._rows(self._point(t, self._falls[1]), [(found.intensity, weights)])[0]
        by_scale = -self.alpha * t / self.ages.rows(self.scales) ** 2 * ends
        return np.stack([self.r * by_n + by_r_weight, by_scale + by_alpha_weight, self.a * by_a, by_b])

    def time_of_survival(self, target: FloatArray) -> FloatArray:
        """The scaled time at which each row's survival falls to its target; infinite beyond the longest time."""
        grid, found = self._tabulated
        plain = grid.coefficients(found.survival * np.exp(-self._falls[0] * grid.points))
        result = np.full(target.shape, np.inf)
        step = max(1, _BLOCK // (grid.size * self.k))
        for begin in range(0, target.size, step):
            rows = slice(begin, begin + step)
            mixed = np.einsum("ij,ijs->is", self.chance[rows], plain[self.counts.index[rows]])
            low, high = np.zeros(len(mixed)), np.full(len(mixed), grid.high)

            def missed(place: FloatArray, mixed: FloatArray = mixed, rows: slice = rows) -> FloatArray:
                return np.asarray(np.einsum("is,si->i", mixed, grid.polynomials(place)) - target[rows])

            beyond = missed(high) > 0
            for _ in range(56):
                middle = 0.5 * (low + high)
                above = missed(middle) > 0
                low, high = np.where(above, middle, low), np.where(above, high, middle)
            result[rows] = np.where(beyond, np.inf, np.expm1(0.5 * (low + high)) / self._stretch)
        return result


def _of_counts(mixture: BetaMixture, rows: IndexArray) -> BetaMixture:
    """The rules of some of the counts."""
    m = mixture
    return BetaMixture(
        m.a, m.b[rows], m.p[rows], m.q[rows], m.log_p[rows], m.log_q[rows],
        m.weight[rows], m.take_low[rows], m.take_high[rows],
    )  # fmt: skip


def _tail(coefficients: FloatArray) -> float:
    """How large the last coefficients of the phases' functions are beside the largest of their count, at worst."""
    sizes = np.abs(coefficients)
    largest = np.maximum(sizes.max(axis=(1, 2)), np.finfo(float).tiny)
    return float(np.max(sizes[..., -3:].max(axis=(1, 2)) / largest, initial=0.0))


def longest_without_end(delta: float) -> float:
    """The time that stands for "without end" at a discount rate."""
    return _INFINITE / delta if delta > 0 else 0.0
