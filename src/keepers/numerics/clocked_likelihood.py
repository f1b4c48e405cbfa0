"""Families whose customers buy in a clock that covariates drive: likelihood and answers by a change of time.

Where purchases come as a Poisson process while a customer stays, and customers leave at purchases or never (NBD,
BG/NBD, MBG/NBD), a rate lambda exp(gamma' z(t)) is a constant rate in the time A(t). So (x, A(t_x), A(T)) take the
place of (x, t_x, T), and the density of the purchase times gains the sum of gamma' z over the repeat purchases. This is
exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_draws import Newcomers, PurchaseTimes, draw_histories
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.leaving_risk import Risk
from keepers.numerics.likelihoods.family import BuyingFamily

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CHUNK = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class ClockedRows:
    """Histories with their place on the paths; times in one unit.

    Parameters
    ----------
    x, t_x, T, weight : arrays, shape (n,)
        Histories and their customers.
    start : array, shape (n,)
        Time of the first purchase since the start of the paths.
    path : array of int, shape (n,)
        The path of each.
    seen : array, shape (n, k)
        Sum of each covariate over the repeat purchases of one customer of the row.
    design, offset : arrays, shape (n, d, j), (n, d)
        How coefficients that do not vary move the log parameters of each row.
    bought : PurchaseTimes, optional
        When each row's repeat purchases were, for families to which the times between purchases tell something.
    """

    x: FloatArray
    t_x: FloatArray
    T: FloatArray
    weight: FloatArray
    start: FloatArray
    path: IntArray
    seen: FloatArray
    design: FloatArray
    offset: FloatArray
    bought: PurchaseTimes | None = None

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.x.size)

    def take(self, rows: IntArray | slice, weight: FloatArray | None = None) -> ClockedRows:
        """Some of the rows, perhaps with other numbers of customers."""
        return ClockedRows(
            self.x[rows], self.t_x[rows], self.T[rows], self.weight[rows] if weight is None else weight,
            self.start[rows], self.path[rows], self.seen[rows], self.design[rows], self.offset[rows],
            None if self.bought is None else self.bought.take(rows),
        )  # fmt: skip

    def on_own_paths(self, *values: FloatArray) -> tuple[Any, ...]:
        """The rows, and of paths only those that they are on, so that tables of clocks stay small."""
        if values[0].shape[0] == 1:
            return (self, *values)
        used, path = np.unique(self.path, return_inverse=True)
        return (replace(self, path=path.ravel().astype(np.int64)), *(one[used] for one in values))


class ClockedLikelihood:
    """The log-likelihood in log parameters, coefficients that do not vary, and coefficients of the clock.

    Parameters
    ----------
    family : BuyingFamily
        With `log_likelihood_clocked`, which gives derivatives in t_x and T too.
    rows : ClockedRows
        The customers.
    values : array, shape (p, m, k)
        The paths, see `Clock`.
    length : float
        Of a period, in the unit of the rows.
    """

    effort: ClassVar[float] = 1.0
    """What a row costs, in rows of a closed form."""

    def __init__(self, family: BuyingFamily, rows: ClockedRows, values: FloatArray, length: float) -> None:
        self.family, self.rows, self.length, self._values = family, rows, length, values
        self.size = rows.size
        self._by_row: Callable[..., Any] = family.log_likelihood_clocked  # type: ignore[attr-defined]

    @property
    def values(self) -> None:
        """There is no quicker way to many points at once."""

    def _of(self, rows: ClockedRows) -> ClockedLikelihood:
        """The log-likelihood of other rows."""
        return ClockedLikelihood(self.family, rows, self._values, self.length)

    def sample(self, customers: int) -> ClockedLikelihood:
        """The log-likelihood of so many customers drawn evenly over the rows, standing for all."""
        reached = np.cumsum(self.rows.weight)
        share = float(reached[-1]) / customers
        drawn = np.minimum(np.searchsorted(reached, share * (np.arange(customers) + 0.5)), self.size - 1)
        rows, times = np.unique(drawn, return_counts=True)
        return self._of(self.rows.take(rows, share * times.astype(np.float64)))

    def reweighted(self, weight: FloatArray) -> ClockedLikelihood:
        """The log-likelihood of the rows with other numbers of customers."""
        return self._of(replace(self.rows, weight=weight))

    def simulated(self, point: FloatArray, rng: np.random.Generator) -> ClockedLikelihood:
        """The log-likelihood of as many customers who came when these did, drawn at log parameters and coefficients."""
        rows = self.rows.take(np.repeat(np.arange(self.size), np.rint(self.rows.weight).astype(np.int64)))
        d, j = rows.design.shape[1:]
        own = np.exp(point[:d] + rows.offset + rows.design @ point[d : d + j])
        new = Newcomers(rows.path, rows.start, rows.T, own)
        drawn = draw_histories(self.family, new, *self._clocks(point), rng)
        return self._of(
            replace(rows, x=drawn.x, t_x=drawn.t_x, weight=np.ones(rows.size), seen=drawn.seen, bought=drawn.bought)
        )

    def _clocks(self, point: FloatArray) -> tuple[Clock, Risk | None]:
        """The clock of buying of all paths, and the risk of leaving where the family has one."""
        return Clock(self._values, self.length, point[sum(self.rows.design.shape[1:]) :]), None

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters, then coefficients, those of the clock last."""
        d, j = self.rows.design.shape[1:]
        k = self._values.shape[2]
        gamma = point[d + j :]
        total = Evaluation.of_value(0.0, d + j + k)
        for begin in range(0, self.size, _CHUNK):
            some, values = self.rows.take(slice(begin, begin + _CHUNK)).on_own_paths(self._values)
            clock = Clock(values, self.length, gamma, 2)
            born = clock.reading(some.path, some.start)
            last = clock.reading(some.path, some.start + some.t_x) - born
            now = clock.reading(some.path, some.start + some.T) - born
            theta = np.exp(point[:d] + some.offset + some.design @ point[d : d + j]).T
            found = self._by_row(theta, some.x, last.value, now.value)
            weight = some.weight
            value = float(weight @ (found.value + some.seen @ gamma))
            if order == 0:
                total += Evaluation.of_value(value + self._between(clock, some, d + j).value, d + j + k)
                continue
            # What each row's log parameters, A(t_x) and A(T) gain from every coefficient.
            slope = np.zeros((some.size, d + 2, d + j + k))
            slope[:, np.arange(d), np.arange(d)] = 1.0
            slope[:, :d, d : d + j] = some.design
            slope[:, d, d + j :], slope[:, d + 1, d + j :] = last.first, now.first
            first = weight[:, None] * found.first
            gradient = np.einsum("nv,nvc->c", first, slope)
            gradient[d + j :] += weight @ some.seen
            bent = np.matmul(weight[:, None, None] * found.second, slope)
            hessian = np.einsum("nvc,nve->ce", slope, bent)
            hessian[d + j :, d + j :] += np.einsum("n,nkl->kl", first[:, d], last.second)
            hessian[d + j :, d + j :] += np.einsum("n,nkl->kl", first[:, d + 1], now.second)
            total += Evaluation(value, gradient, 0.5 * (hessian + hessian.T))
            total += self._between(clock, some, d + j)
        return total

    def _between(self, clock: Clock, rows: ClockedRows, before: int) -> Evaluation:  # noqa: ARG002
        """What the times between purchases add; nothing where buying has no memory. `before` precede the clock's."""
        return Evaluation.of_value(0.0, before + self._values.shape[2])
