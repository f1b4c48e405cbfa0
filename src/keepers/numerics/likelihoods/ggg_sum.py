"""The log-likelihood of the Pareto/GGG over many customers: what is dear is found once for histories that are alike.

At one k the likelihood is the density of the known gaps, elementary in each customer's t_x and `log_gaps`, times the
probability of the silence since, an integral that depends on x, t_x and T alone. The former is taken exactly, the
latter once for all customers with the same history, or nearly the same where histories are very many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import digamma, polygamma

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import CellTables, IndexArray
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.ggg_likelihood import by_row, moments, silences
from keepers.numerics.likelihoods.ggg_pairs import Pairs, Six, pairs_of
from keepers.numerics.likelihoods.ggg_regularity import FINEST_STEP, LOWEST
from keepers.numerics.neighbours import Neighbours

_ROWS = 8_192


def log_likelihood_sum(theta: Six, tables: CellTables, order: int) -> Evaluation:
    """Weighted sum over cells, whose customers have equal `log_gaps` each, with derivatives in log parameters."""
    gaps = None
    if tables.log_gaps is not None:
        gaps = tables.log_gaps / np.where(tables.weight > 0, tables.weight, 1.0)
    near, total = tables.neighbours, Evaluation.of_value(0.0, 6)
    rows = np.argsort(near.index, kind="stable")
    for start in range(0, rows.size, _ROWS):
        part = rows[start : start + _ROWS]
        known = _Rows(
            tables.x[part], tables.t_x[part], None if gaps is None else gaps[part], tables.weight[part],
            near.index[part],
        )  # fmt: skip
        total += _sum_of(theta, known, near, order)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Customers; arrays of shape (n,), `group` being that of their history."""

    x: FloatArray
    t_x: FloatArray
    gaps: FloatArray | None
    weight: FloatArray
    group: IndexArray


def _sum_of(theta: Six, rows: _Rows, near: Neighbours, order: int) -> Evaluation:
    r, _, s, beta, _, _ = theta
    pairs = pairs_of(theta, rows.x, rows.t_x, rows.gaps)
    shared, place = _shared(theta, pairs, rows.group, near)
    if order == 0:
        silent, left = silences(theta, shared, near.t_x, near.T)
        value, _ = by_row(pairs, (silent + left)[place], rows.x.size)
        return Evaluation.of_value(float(rows.weight @ (value - s * np.log1p(rows.t_x / beta))), 6)
    mass, first, second = moments(theta, shared, near.t_x, near.T)
    value, share = by_row(pairs, mass[place], rows.x.size)
    weight = rows.weight[pairs.row] * share
    # The derivatives are those of the history's own gaps; each customer's take their place.
    psi, trigamma = digamma(shared.a) - digamma(r), polygamma(1, shared.a) - polygamma(1, r)
    of_shared = _of_gaps(theta, shared.a, shared.A, psi, trigamma)
    of_each = _of_gaps(theta, pairs.a, pairs.A, psi[place], trigamma[place])
    slope = first[place]
    for i in range(2):
        slope[:, i] += of_each.first[i] - of_shared.first[i][place]
    together = np.asarray(np.bincount(place, weight, shared.size), dtype=np.float64)
    lower = np.tensordot(together, second, 1)
    hessian = lower + np.tril(lower, -1).T - (first * together[:, None]).T @ first
    hessian += (slope * weight[:, None]).T @ slope
    hessian[:2, :2] += of_each.summed(weight) - of_shared.summed(together)
    by_customer = [np.bincount(pairs.row, share * column, rows.x.size) for column in slope.T]
    gradient = np.column_stack(by_customer).astype(np.float64)
    hessian -= (gradient * rows.weight[:, None]).T @ gradient
    # Nobody had left by t_x.
    young = beta / (beta + rows.t_x)
    stays, moved = -s * np.log1p(rows.t_x / beta), s * (1.0 - young)
    gradient[:, 2] += stays
    gradient[:, 3] += moved
    lasting, moving = float(rows.weight @ stays), float(rows.weight @ moved)
    hessian[2:4, 2:4] += [[lasting, moving], [moving, -float(rows.weight @ (moved * young))]]
    return Evaluation(float(rows.weight @ (value + stays)), rows.weight @ gradient, hessian)


def _shared(theta: Six, pairs: Pairs, group: IndexArray, near: Neighbours) -> tuple[Pairs, IndexArray]:
    """The distinct pairs of a group and a k, and the place of each pair among them."""
    at = np.rint((pairs.log_k - LOWEST) / FINEST_STEP).astype(np.int64)
    codes = group[pairs.row].astype(np.int64) * (int(at.max(initial=0)) + 1) + at
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    some = pairs.take(first)
    of = group[some.row]
    return replace(some, row=of, A=theta[1] + some.k * near.t_x[of]), place.ravel()


@dataclass(frozen=True, slots=True, eq=False)
class _OfGaps:
    """Derivatives in log r and log alpha of the log density of known gaps; columns of shape (n,)."""

    first: tuple[FloatArray, FloatArray]
    second: tuple[FloatArray, FloatArray, FloatArray]

    def summed(self, weight: FloatArray) -> FloatArray:
        """The weighted sum of the second derivatives, shape (2, 2)."""
        by_r, both, by_alpha = (float(weight @ column) for column in self.second)
        return np.array([[by_r, both], [both, by_alpha]])


def _of_gaps(theta: Six, a: FloatArray, A: FloatArray, psi: FloatArray, trigamma: FloatArray) -> _OfGaps:
    """Of log [Gamma(a) alpha^r / (Gamma(r) A^a)], a = r + k x, A = alpha + k t_x."""
    r, alpha = theta[:2]
    fresh = alpha / A
    by_r = r * (psi + np.log(fresh))
    return _OfGaps(
        (by_r, r - a * fresh),
        (by_r + r * r * trigamma, r * (1.0 - fresh), -a * fresh * (1.0 - fresh)),
    )
