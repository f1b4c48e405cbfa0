"""Integrals of purchase histories over lognormal, correlated rates of buying and leaving, on grids fitted to each.

For rates lambda and mu with a bivariate normal of their logarithms, and pairs (x, t), the three integrals

    F = E lambda^x mu exp(-(lambda + mu) t) / (lambda + mu)          leaving comes next, whenever,
    H = E lambda^(x + 1) exp(-(lambda + mu) t) / (lambda + mu)       another purchase comes next,
    A = E lambda^x exp(-(lambda + mu) t)                             alive at t

have integrands that are log-concave in the independent normal coordinates (a, e) of the log rates, and analytic. So
the trapezoidal rule on a grid around each one's own peak converges faster than any power of its step: relative errors
of about 1e-9. Every factor but exp(-mu t) / (lambda + mu) belongs to one coordinate alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.rate_mixture import RateNodes
from keepers.numerics.likelihoods.two_terms import TermTable
from keepers.numerics.lognormal_density import HIGHEST, HIGHEST_OF_GRADIENT, NormalRates, RowLaws, derivatives

_DROP = 26.0
"""The grid follows the integrand until it has fallen by exp(-26), which is 5e-12."""
_DROP_OF_NODES = 30.0
"""Nodes that answer other questions reach further, because answers such as 1 / mu weigh the tails."""
_FINEST, _OF_SPREAD = 0.38, 0.6
"""Largest step in a log rate, and in standard deviations at the peak, that keep errors below 1e-9."""
_ROUGH_DROP, _ROUGHER = 13.0, 1.5
"""Reach, and how much longer steps are, where errors of 1e-5 do: a third of the nodes."""
_ROUND = 4
_STEPS_OF_DRAWS = 4
_NODES_A_CHUNK = 1 << 16


class Kind(Enum):
    """Which of the three integrals: (powers of lambda beyond x, of mu, of lambda + mu below the line)."""

    LEAVES = (0, 1, 1)
    BUYS = (1, 0, 1)
    ALIVE = (0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Some rows with grids of one size: coordinates, their steps, and what the integrand is made of.

    `value` is the integrand over its peak; the logarithm of its sum plus `log_scale` is that of the integral.
    """

    rows: NDArray[np.intp]
    a: FloatArray
    e: FloatArray
    rate: FloatArray
    leaving: FloatArray
    value: FloatArray
    log_scale: FloatArray


class RateIntegral:
    """One of the three integrals at pairs (x, t), under one law or at all of them under each of several.

    Parameters
    ----------
    laws : sequence of NormalRates
        Distributions of the log rates.
    x, t : arrays, shape (n,)
        Repeat purchases and age.
    kind : Kind
        Which integral.
    rough : bool
        Whether relative errors of 1e-5 will do.
    """

    def __init__(
        self, laws: Sequence[NormalRates], x: FloatArray, t: FloatArray, kind: Kind, rough: bool = False
    ) -> None:
        more, self._mu_power, self._below = kind.value
        self._laws, self._rough = laws, rough
        self._law, self.t, self._power = RowLaws.of(laws, t.size), np.tile(t, len(laws)), np.tile(x + more, len(laws))
        self._reach = _ROUGH_DROP if rough else _DROP

    def log_value(self) -> FloatArray:
        """Logarithm of the integral, one law after the other, shape (laws n,)."""
        result = np.empty(self.t.shape)
        for grid in self._grids(self._reach):
            result[grid.rows] = grid.log_scale + np.log(grid.value.sum(axis=(1, 2)))
        return result

    def moments(self, highest: int = HIGHEST) -> tuple[FloatArray, FloatArray]:
        """Logarithm of the integral, and E a^i e^j under the integrand up to a power, shapes (n,) and (n, m, m)."""
        logs, moments = np.empty(self.t.shape), np.empty((self.t.size, highest + 1, highest + 1))
        for grid in self._grids(self._reach):
            along_e = grid.value @ _powers(grid.e, highest)
            both = _powers(grid.a, highest).transpose(0, 2, 1) @ along_e
            total = both[:, 0, 0]
            logs[grid.rows] = grid.log_scale + np.log(total)
            moments[grid.rows] = both / total[:, None, None]
        return logs, moments

    def table(self, order: int = 2) -> TermTable:
        """The logarithm with its derivatives, up to the order, in the logarithms of the parameters of the one law."""
        (law,) = self._laws
        logs, moments = self.moments(HIGHEST if order > 1 else HIGHEST_OF_GRADIENT)
        return TermTable(logs, *derivatives(law, moments, order))

    def nodes(self) -> Iterator[RateNodes]:
        """The grids as nodes of the rates, weighted to one a row."""
        for nodes, _, _ in self.nodes_with_places():
            yield nodes

    def nodes_with_places(self) -> Iterator[tuple[RateNodes, FloatArray, FloatArray]]:
        """The nodes with their coordinates (a, e), shapes (k, a, 1) and (k, 1, e)."""
        for grid in self._grids(_DROP_OF_NODES):
            weight = grid.value / grid.value.sum(axis=(1, 2), keepdims=True)
            yield RateNodes(grid.rows, grid.rate, grid.leaving, weight), grid.a[:, :, None], grid.e[:, None, :]

    def draw(self, index: NDArray[np.intp], rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw rates of buying and of leaving for customers with these pairs, by their places in (x, t).

        A node is drawn by its weight and a place around it evenly; steps of Metropolis and Hastings against such
        proposals, which are nearly right already, make them follow the integrand itself.
        """
        a, e = np.empty(index.size), np.empty(index.size)
        wanted, where = np.unique(index, return_inverse=True)
        some = copy(self)
        some._law, some.t, some._power = self._law.take(wanted), self.t[wanted], self._power[wanted]
        order = np.argsort(where, kind="stable")
        first = np.searchsorted(where[order], np.arange(wanted.size + 1))
        for grid in some._grids(some._reach):
            size = first[grid.rows + 1] - first[grid.rows]
            customer = order[np.repeat(first[grid.rows], size) + _within(size)]
            row = np.repeat(np.arange(grid.rows.size), size)
            a[customer], e[customer] = some._drawn(grid, row, rng)
        rate, leaving = self._law.take(index).log_rates(a, e)
        return np.exp(rate), np.exp(leaving)

    def _drawn(self, grid: _Grid, row: NDArray[np.intp], rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        flat = grid.value.reshape(grid.rows.size, -1)
        reached = np.cumsum(flat / flat.sum(axis=1, keepdims=True), axis=1)
        ladder = (np.minimum(reached, 1.0) + np.arange(grid.rows.size)[:, None]).ravel()
        step_a, step_e = grid.a[:, 1] - grid.a[:, 0], grid.e[:, 1] - grid.e[:, 0]

        def proposed() -> tuple[FloatArray, FloatArray, FloatArray]:
            node = np.searchsorted(ladder, row + rng.random(row.size) * (1 - 1e-12)) - row * flat.shape[1]
            node = np.clip(node, 0, flat.shape[1] - 1)
            place_a, place_e = np.divmod(node, grid.e.shape[1])
            a = grid.a[row, place_a] + step_a[row] * (rng.random(row.size) - 0.5)
            e = grid.e[row, place_e] + step_e[row] * (rng.random(row.size) - 0.5)
            with np.errstate(divide="ignore"):
                weight = self.log_integrand(grid.rows[row], a, e) - np.log(flat[row, node])
            return a, e, weight

        a, e, weight = proposed()
        for _ in range(_STEPS_OF_DRAWS):
            other_a, other_e, other = proposed()
            with np.errstate(over="ignore"):
                moves = rng.random(row.size) < np.exp(other - weight)
            a, e, weight = np.where(moves, other_a, a), np.where(moves, other_e, e), np.where(moves, other, weight)
        return a, e

    def log_integrand(self, rows: NDArray[np.intp], a: FloatArray, e: FloatArray) -> FloatArray:
        """Logarithm of the integrand at coordinates whose last axis is that of `rows`, without -log(2 pi)."""
        u, v = self._law.take(rows).log_rates(a, e)
        with np.errstate(over="ignore"):
            bitten = (np.exp(u) + np.exp(v)) * self.t[rows]
            level = self._power[rows] * u + self._mu_power * v - bitten - 0.5 * (a**2 + e**2)
        return np.asarray(level - np.logaddexp(u, v) if self._below else level)

    def _grids(self, drop: float) -> Iterator[_Grid]:
        a, e, steepness_a, steepness_e = self._peaks()
        every = np.arange(self.t.size)
        top = self.log_integrand(every, a, e)
        low_a, high_a = self._ends(a, e, top, drop, True)
        low_e, high_e = self._ends(a, e, top, drop, False)
        law = self._law
        if drop == _DROP_OF_NODES:
            # Answers such as lambda / mu tilt the weights towards small rates of leaving and large ones of buying.
            low_e = low_e - law.by_e
            low_a, high_a = low_a - np.abs(law.by_a), high_a + law.sigma_u * (self.t <= 0)
        longer = _ROUGHER if self._rough else 1.0
        step_a = longer * np.minimum(_FINEST / np.maximum(law.sigma_u, np.abs(law.by_a)), _OF_SPREAD / steepness_a)
        step_e = longer * np.minimum(_FINEST / law.by_e, _OF_SPREAD / steepness_e)
        count_a, count_e = (
            _rounded((high - low) / step) for low, high, step in ((low_a, high_a, step_a), (low_e, high_e, step_e))
        )
        sizes = count_a * 100_000 + count_e
        for size in np.unique(sizes):
            chosen = np.flatnonzero(sizes == size)
            n_a, n_e = int(size) // 100_000, int(size) % 100_000
            chunk = max(1, _NODES_A_CHUNK // (n_a * n_e))
            for start in range(0, chosen.size, chunk):
                rows = chosen[start : start + chunk]
                yield self._grid(
                    rows,
                    *_points(low_a[rows], high_a[rows], n_a),
                    *_points(low_e[rows], high_e[rows], n_e),
                    a[rows],
                    e[rows],
                )

    def _grid(
        self,
        rows: NDArray[np.intp],
        a: FloatArray,
        step_a: FloatArray,
        e: FloatArray,
        step_e: FloatArray,
        peak_a: FloatArray,
        peak_e: FloatArray,
    ) -> _Grid:
        law, power, t = self._law.take(rows), self._power[rows], self.t[rows]
        u = law.m_u[:, None] + law.sigma_u[:, None] * a
        rate = np.exp(u)
        along_a, along_e = law.m_v[:, None] + law.by_a[:, None] * a, law.by_e[:, None] * e
        leaving = np.exp(along_a)[:, :, None] * np.exp(along_e)[:, None, :]
        own_a = power[:, None] * u + self._mu_power * along_a - rate * t[:, None] - 0.5 * a**2
        own_e = self._mu_power * along_e - 0.5 * e**2
        # Each factor is taken relative to its size at the peak of the whole.
        u_peak = law.m_u + law.sigma_u * peak_a
        v_peak = law.m_v + law.by_a * peak_a
        at_a = power * u_peak + self._mu_power * v_peak - np.exp(u_peak) * t - 0.5 * peak_a**2
        at_e = self._mu_power * law.by_e * peak_e - 0.5 * peak_e**2
        mu_peak = np.exp(v_peak + law.by_e * peak_e)
        value = np.exp((mu_peak[:, None, None] - leaving) * t[:, None, None])
        both_peak = np.exp(u_peak) + mu_peak
        if self._below:
            value *= both_peak[:, None, None] / (rate[:, :, None] + leaving)
        value *= np.exp(own_a - at_a[:, None])[:, :, None]
        value *= np.exp(own_e - at_e[:, None])[:, None, :]
        log_scale = at_a + at_e - mu_peak * t + np.log(step_a * step_e / (2 * np.pi))
        if self._below:
            log_scale -= np.log(both_peak)
        return _Grid(rows, a, e, rate[:, :, None], leaving, value, log_scale)

    def _peaks(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Where the integrands are highest, and the square roots of their curvatures along a and e."""
        law, power, t = self._law, self._power, self.t
        tiny = np.finfo(float).tiny
        # Between what the purchases say and what the law says, and left of where exp(-lambda t) bites.
        precise = power * law.sigma_u**2
        told = np.minimum(np.log((power + 0.5) / np.maximum(t, tiny**0.5)), law.m_u + precise)
        a = ((precise * told + law.m_u) / (precise + 1.0) - law.m_u) / law.sigma_u
        latest = np.log((power + 3.0) / np.maximum(t, tiny**0.5))
        a = np.clip(np.minimum(a, (latest - law.m_u) / law.sigma_u), -30.0, None)
        e = np.zeros(t.shape)
        late = np.log(3.0 / np.maximum(t, tiny**0.5)) - law.m_v - law.by_a * a
        e = np.clip(np.minimum(e, late / law.by_e), -30.0, 0.0)
        for _ in range(80):
            gradient_a, gradient_e, aa, ae, ee = self._slopes(a, e)
            area = aa * ee - ae * ae
            step_a = (ee * gradient_a - ae * gradient_e) / area
            step_e = (aa * gradient_e - ae * gradient_a) / area
            # In log rates no step is longer than two, so that exp() does not run away.
            length = np.maximum(np.abs(law.sigma_u * step_a), np.abs(law.by_a * step_a + law.by_e * step_e))
            shrink = np.minimum(1.0, 2.0 / np.maximum(length, tiny))
            a, e = a + shrink * step_a, e + shrink * step_e
            if np.all(length < 1e-3):
                break
        _, _, aa, _, ee = self._slopes(a, e)
        return a, e, np.sqrt(aa), np.sqrt(ee)

    def _slopes(self, a: FloatArray, e: FloatArray) -> tuple[FloatArray, ...]:
        """Gradient of the log-integrand and its negative Hessian in (a, e), whose last axis is that of all rows."""
        law = self._law
        u, v = law.log_rates(a, e)
        uu, vv = np.exp(u) * self.t, np.exp(v) * self.t
        by_u, by_v = self._power - uu, self._mu_power - vv
        su, c, d = law.sigma_u, law.by_a, law.by_e
        across: FloatArray | float = 0.0
        if self._below:
            share = 1.0 / (1.0 + np.exp(v - u))
            mixed = share * (1.0 - share)
            by_u, by_v = by_u - share, by_v - (1.0 - share)
            uu, vv, across = uu + mixed, vv + mixed, mixed
        return (
            su * by_u + c * by_v - a,
            d * by_v - e,
            su**2 * uu - 2 * su * c * across + c**2 * vv + 1.0,
            d * (c * vv - su * across),
            d**2 * vv + 1.0,
        )

    def _ends(
        self, a: FloatArray, e: FloatArray, top: FloatArray, drop: float, along_a: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Where the integrand has fallen by exp(-drop) along one coordinate, at the other's best place for each."""
        every = np.arange(a.size)
        # Both ends at once, the lower one first; the normal density alone falls so far within sqrt(2 drop).
        sign = np.array([[-1.0], [1.0]])
        near, far = np.zeros((2, a.size)), np.full((2, a.size), np.sqrt(2.0 * drop))
        at_a, at_e = a, e
        for _ in range(4 if self._rough else 6):
            middle = 0.5 * (near + far)
            at_a, at_e = (a + sign * middle, at_e) if along_a else (at_a, e + sign * middle)
            at_a, at_e = self._climbed(at_a, at_e, along_a)
            inside = self.log_integrand(every, at_a, at_e) > top - drop
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        low, high = (a if along_a else e) + sign * far
        return low, high

    def _climbed(self, a: FloatArray, e: FloatArray, along_a: bool) -> tuple[FloatArray, FloatArray]:
        """Two of Newton's steps of the coordinate that is not given, which is near enough for a grid's end."""
        law = self._law
        longest = 2.0 / (law.by_e if along_a else np.maximum(law.sigma_u, np.abs(law.by_a)))
        for _ in range(2):
            gradient_a, gradient_e, aa, _, ee = self._slopes(a, e)
            if along_a:
                e = e + np.clip(gradient_e / ee, -longest, longest)
            else:
                a = a + np.clip(gradient_a / aa, -longest, longest)
        return a, e


def _powers(places: FloatArray, highest: int) -> FloatArray:
    """1, place, ..., place^highest along a further axis."""
    result = np.ones((*places.shape, highest + 1))
    for power in range(1, highest + 1):
        np.multiply(result[..., power - 1], places, out=result[..., power])
    return result


def _within(size: NDArray[np.intp]) -> NDArray[np.intp]:
    """0, 1, ..., size - 1 for each size, one after the other."""
    return np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)


def _rounded(count: FloatArray) -> NDArray[np.intp]:
    return (np.ceil((count + 1.0) / _ROUND) * _ROUND).astype(np.intp)


def _points(low: FloatArray, high: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Evenly spaced points from end to end, and their step."""
    step = (high - low) / (count - 1)
    return low[:, None] + step[:, None] * np.arange(count), step
