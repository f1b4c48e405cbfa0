"""The likelihood of contracts whose risk runs at paces of their own, all patterns together, with exact derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.contracts import ContractCells
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.contract_family import ContractFamily, Slopes, of_ending
from keepers.numerics.likelihoods.contract_risk import RiskSlopes

_CHUNK = 1 << 14


@dataclass(frozen=True, eq=False)
class Paces:
    """When and how the covariates of every pattern change.

    Parameters
    ----------
    edges : array, shape (p, n) or (1, n)
        Ages above zero at which those that vary in time change, rising; (1, n) where they are the same for all.
    steady : array, shape (p, j)
        Covariates that do not change.
    varying : array, shape (p, n + 1, m)
        The others, in each piece.
    offset : array, shape (p,)
        What known effects add to the logarithm of the risk.
    """

    edges: FloatArray
    steady: FloatArray
    varying: FloatArray
    offset: FloatArray

    @property
    def coefficients(self) -> int:
        """How many there are: those of covariates that do not change come first."""
        return int(self.steady.shape[1] + self.varying.shape[2])

    def scaled(self, by: float, stretch: FloatArray) -> Paces:
        """The same with ages divided by a number and covariates multiplied with some."""
        steady = self.steady.shape[1]
        return replace(
            self, edges=self.edges / by, steady=self.steady * stretch[:steady], varying=self.varying * stretch[steady:]
        )

    def places(self, pattern: IntArray, age: FloatArray) -> IntArray:
        """The piece in which each age of a pattern lies; an edge belongs to the piece before it."""
        if self.edges.shape[0] == 1:
            return np.searchsorted(self.edges[0], age, side="left")
        found = np.empty(age.shape, dtype=np.int64)
        for part in np.array_split(np.arange(age.size), max(1, age.size * self.edges.shape[1] // 4_000_000)):
            found[part] = np.sum(self.edges[pattern[part]] < age[part, None], axis=1)
        return found


@dataclass(frozen=True, eq=False)
class _Points:
    """Ages of patterns, with the piece that each lies in."""

    pattern: IntArray
    age: FloatArray
    place: IntArray

    def take(self, rows: slice) -> _Points:
        return _Points(self.pattern[rows], self.age[rows], self.place[rows])


class PacedLikelihood:
    """The log-likelihood of contracts in (log parameters, coefficients).

    Parameters
    ----------
    family : ContractFamily
    cells : ContractCells
        With the pattern of each row.
    paces : Paces
        Of the patterns, in the unit of the cells' ages.
    """

    def __init__(self, family: ContractFamily, cells: ContractCells, paces: Paces) -> None:
        self.family, self._cells, self._paces = family, cells, paces
        pattern = np.zeros(cells.size, dtype=np.int64) if cells.pattern is None else cells.pattern
        ended = cells.ended > 0
        since = cells.tenure if cells.since is None else np.where(ended, cells.since, cells.tenure)
        if family.DISCRETE:
            since = np.where(ended & (since == cells.tenure), cells.tenure - 1.0, since)
        since = np.maximum(since, cells.entry)
        between, at = ended & (since < cells.tenure), ended & (since == cells.tenure)
        both, weights = (
            np.concatenate([since, cells.entry]),
            np.concatenate([cells.weight, -cells.weight]),
        )
        (who, age), lived = _counted((np.tile(pattern, 2), both), weights)
        kept = (lived != 0) & (age > 0)
        self._lived, self._lived_weight = self._points(who[kept], age[kept]), lived[kept]
        (who, start, stop), self._between_weight = _counted(
            (pattern[between], since[between], cells.tenure[between]), cells.weight[between]
        )
        self._start, self._stop = self._points(who, start), self._points(who, stop)
        (who, age), self._at_weight = _counted((pattern[at], cells.tenure[at]), cells.weight[at])
        self._at = self._points(who, age)

    @property
    def size(self) -> int:
        """Terms of one evaluation."""
        return int(self._lived_weight.size + 2 * self._between_weight.size + self._at_weight.size)

    @property
    def effort(self) -> int:
        """What an evaluation costs, in terms of a closed form: the risk of every piece of every pattern is summed."""
        return self.size + int(np.prod(self._paces.varying.shape[:2]))

    @property
    def endings_at_moments(self) -> float:
        """Contracts that ended at a known moment, which have a density."""
        return float(self._at_weight.sum())

    def reweighted(self, weight: FloatArray) -> PacedLikelihood:
        """The log-likelihood of the rows with other numbers of contracts."""
        return PacedLikelihood(self.family, replace(self._cells, weight=weight), self._paces)

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters followed by coefficients."""
        clock = _Clock(self.family, self._paces, point, order)
        total = Evaluation.of_value(0.0, point.size)
        for part in _parts(self._lived_weight.size):
            total += clock.kept(self._lived.take(part)).summed(self._lived_weight[part])
        for part in _parts(self._between_weight.size):
            total += clock.ending(self._start.take(part), self._stop.take(part)).summed(self._between_weight[part])
        for part in _parts(self._at_weight.size):
            total += clock.rate(self._at.take(part)).summed(self._at_weight[part])
        return total if order else Evaluation.of_value(total.value, point.size)

    def _points(self, pattern: IntArray, age: FloatArray) -> _Points:
        return _Points(pattern, age, self._paces.places(pattern, age))


class _Clock:
    """The risk run by ages of patterns at one set of parameters, and what the law says of it."""

    def __init__(self, family: ContractFamily, paces: Paces, point: FloatArray, order: int) -> None:
        d = len(family.PARAMETERS)
        self._parts, self._order, self._size = family.RISK, order, point.size
        theta = np.exp(point[:d])
        law, alpha, c = self._parts.split(tuple(theta))
        self._law, self._alpha, self._c = law, float(alpha), float(c)
        steady, varying = np.split(point[d:], [paces.steady.shape[1]])
        own = paces.offset + paces.steady @ steady
        self._paces, self._speed = paces, np.exp(own[:, None] + paces.varying @ varying)
        self._first = d
        self._edges = self._powers(paces.edges / self._alpha)
        self._steps = [np.diff(one, axis=1, prepend=0.0) for one in self._edges]
        self._tables: dict[tuple[int, int, int], FloatArray] = {}

    def kept(self, points: _Points) -> Slopes:
        """Log-probability to outlast each point."""
        risk, first, second = self._risk(points)
        if not self._order:
            return self._plain(self._parts.law.log_kept(self._law, 0.0, risk))
        return self._joined(self._parts.law.kept_slopes(self._law, risk), first, second)

    def ending(self, start: _Points, stop: _Points) -> Slopes:
        """Log-probability to end between two points, having outlasted the first."""
        value = self._parts.law.log_kept(self._law, self._risk(start)[0], self._risk(stop)[0])
        if not self._order:
            return self._plain(np.log(-np.expm1(value)))
        before, after = self.kept(start), self.kept(stop)
        return of_ending(Slopes(value, after.gradient - before.gradient, after.hessian - before.hessian))

    def rate(self, points: _Points) -> Slopes:
        """Logarithm of the rate of ending at each point."""
        risk, first, second = self._risk(points)
        density = self._parts.law.density_slopes(self._law, risk)
        log_age = np.log(points.age / self._alpha)
        speed = np.log(self._speed[points.pattern, points.place])
        run = speed + np.log(self._c) - np.log(self._alpha) + (self._c - 1.0) * log_age
        if not self._order:
            return self._plain(density.value + run)
        found = self._joined(density, first, second)
        gradient, hessian = found.gradient, found.hessian
        scale, exponent, c = self._parts.scale, self._parts.exponent, self._c
        if scale is not None:
            gradient[scale] -= c
        if exponent is not None:
            gradient[exponent] += 1.0 + c * log_age
            hessian[exponent, exponent] += c * log_age
            if scale is not None:
                hessian[exponent, scale] -= c
                hessian[scale, exponent] -= c
        gradient[self._first :] += self._values(points)
        return Slopes(found.value + run, gradient, hessian)

    def _plain(self, value: FloatArray) -> Slopes:
        return Slopes(value, np.zeros((self._size, value.size)), np.zeros((self._size, self._size, value.size)))

    def _joined(self, law: RiskSlopes, first: FloatArray, second: FloatArray) -> Slopes:
        """The chain rule: what the law says of risk, and risk of the parameters."""
        gradient = law.by_risk * first
        hessian = law.by_risk_twice * first[:, None] * first[None, :] + law.by_risk * second
        places = list(self._parts.of_law)
        for one, place in enumerate(places):
            gradient[place] += law.by_law[one]
            crossed = law.by_both[one] * first
            hessian[place] += crossed
            hessian[:, place] += crossed
            for other, second_place in enumerate(places):
                hessian[place, second_place] += law.by_law_twice[one, other]
        return Slopes(law.value, gradient, hessian)

    def _values(self, points: _Points) -> FloatArray:
        """Covariates at each point, shape (k, n)."""
        return np.concatenate(
            [self._paces.steady[points.pattern].T, self._paces.varying[points.pattern, points.place].T]
        )

    def _powers(self, ratio: FloatArray) -> list[FloatArray]:
        """Ratio to the power of c with two derivatives in log c."""
        power = np.power(ratio, self._c)
        log = self._c * np.log(np.where(ratio > 0, ratio, 1.0))
        return [power, log * power, (log + log * log) * power]

    def _run(self, points: _Points, own: list[FloatArray], order: int, one: int = -1, other: int = -1) -> FloatArray:
        """Risk at the points, each piece weighted with up to two covariates that vary, differentiated in log c."""
        key = (order, one, other)
        weight = self._speed
        for place in (one, other):
            if place >= 0:
                weight = weight * self._paces.varying[:, :, place]
        if key not in self._tables:
            run = np.cumsum(weight[:, :-1] * self._steps[order], axis=1)
            self._tables[key] = np.concatenate([np.zeros((len(run), 1)), run], axis=1)
        begun = np.concatenate([np.zeros((len(self._edges[order]), 1)), self._edges[order]], axis=1)
        row = points.pattern if len(begun) > 1 else np.zeros_like(points.pattern)
        last = own[order] - begun[row, points.place]
        return np.asarray(self._tables[key][points.pattern, points.place] + weight[points.pattern, points.place] * last)

    def _risk(self, points: _Points) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Risk at the points, with derivatives in all parameters, shape (n,), (d + k, n), (d + k, d + k, n)."""
        own = self._powers(points.age / self._alpha)
        risk = self._run(points, own, 0)
        if not self._order:
            return risk, np.empty(0), np.empty(0)
        size, c = self._size, self._c
        first, second = np.zeros((size, risk.size)), np.zeros((size, size, risk.size))
        scale, exponent = self._parts.scale, self._parts.exponent
        steady = self._paces.steady[points.pattern].T
        varying = self._paces.varying.shape[2]
        at = self._first + len(steady)
        # Of each function of risk those by the covariates that do not change are multiples of it.
        by = np.array([self._run(points, own, 0, one) for one in range(varying)]).reshape(varying, risk.size)
        first[self._first : at], first[at:] = steady * risk, by
        second[self._first : at, self._first : at] = steady[:, None] * steady[None, :] * risk
        second[self._first : at, at:] = steady[:, None] * by[None, :]
        second[at:, self._first : at] = second[self._first : at, at:].swapaxes(0, 1)
        for one in range(varying):
            for other in range(one + 1):
                found = self._run(points, own, 0, one, other)
                second[at + one, at + other] = second[at + other, at + one] = found
        if exponent is not None:
            slope = self._run(points, own, 1)
            first[exponent] = slope
            second[exponent, exponent] = self._run(points, own, 2)
            crossed = [self._run(points, own, 1, one) for one in range(varying)]
            mixed = np.concatenate([steady * slope, np.array(crossed).reshape(varying, risk.size)])
            second[exponent, self._first :] = second[self._first :, exponent] = mixed
        if scale is not None:
            first[scale] = -c * risk
            second[scale, self._first :] = second[self._first :, scale] = -c * first[self._first :]
            second[scale, scale] = c * c * risk
            if exponent is not None:
                second[scale, exponent] = second[exponent, scale] = -c * (risk + first[exponent])
        return risk, first, second


def _counted(columns: tuple[Any, ...], weight: FloatArray) -> tuple[tuple[Any, ...], FloatArray]:
    """Distinct rows, the first column a pattern, with the sums of their weights."""
    distinct, index = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    sums = np.bincount(index.ravel(), weights=weight, minlength=len(distinct)).astype(np.float64)
    first, *rest = distinct.T
    return (first.astype(np.int64), *rest), sums


def _parts(size: int) -> list[slice]:
    return [slice(start, start + _CHUNK) for start in range(0, size, _CHUNK)]
