"""Histories of the Pareto/GGG beside each k that they allow, and nodes over the gap that follows a last purchase.

Given k a customer's times between purchases are Gamma(k, k lambda), and with lambda ~ Gamma(r, alpha) the x of them
that are known leave lambda ~ Gamma(a, A), a = r + k x, A = alpha + k t_x. The gap u that comes next then has, in
z = log(k u / A), the density exp(k z - (a + k) log(1 + e^z)) / B(k, a): log-concave, of spread sqrt(1 / a + 1 / k), and
analytic between -i pi and i pi. Gauss-Legendre panels no longer than that allows are exact to 1e-10.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import IndexArray, distinct
from keepers.numerics.likelihoods.ggg_regularity import lattice, levels, regularity
from keepers.numerics.quadrature import legendre

_DROP = 23.0
"""A k whose likelihood is below exp(-23) of the best one's is left out."""

_AT_ONCE = -15.0
"""Gaps of z below this are as good as none."""

_TABLE = 400_000
_STEPS = 4

Six = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a history and a k, in the order of the histories.

    Parameters
    ----------
    row : array of int, shape (n,)
        The history.
    x, k, log_k : arrays, shape (n,)
        Its repeat purchases, and the k.
    a, A : arrays, shape (n,)
        Shape and rate of lambda: r + k x and alpha + k t_x.
    log_weight : array, shape (n,)
        Logarithm of the probability of k times the density of the known gaps.
    rising, rising_twice : arrays, shape (n,)
        Derivatives in r of log Gamma(r + k x + k) / Gamma(r).
    by_t, by_gamma, by_t_twice, by_both, by_gamma_twice : arrays, shape (n,)
        As in `Regularity`.
    """

    row: IndexArray
    x: FloatArray
    k: FloatArray
    log_k: FloatArray
    a: FloatArray
    A: FloatArray
    log_weight: FloatArray
    rising: FloatArray
    rising_twice: FloatArray
    by_t: FloatArray
    by_gamma: FloatArray
    by_t_twice: FloatArray
    by_both: FloatArray
    by_gamma_twice: FloatArray

    def take(self, rows: slice | IndexArray) -> Pairs:
        """Some of the pairs."""
        return Pairs(*(getattr(self, one.name)[rows] for one in fields(self)))

    @property
    def size(self) -> int:
        """Number of pairs."""
        return int(self.row.size)


def pairs_of(theta: Six, x: FloatArray, t_x: FloatArray, gaps: FloatArray | None) -> Pairs:
    """The pairs of histories with the k that carry weight.

    Parameters
    ----------
    theta : (r, alpha, s, beta, t, gamma)
        Positive parameters.
    x, t_x : arrays, shape (n,)
        Repeat purchases and the age at the last one.
    gaps : array, shape (n,), optional
        Sum of the logarithms of each customer's times between purchases; where it is not known the likelihood is
        averaged over all ways to divide t_x by x purchases.
    """
    level = levels(theta[4], x)
    parts = []
    for one in np.unique(level):
        rows = np.flatnonzero(level == one)
        step = max(1, _TABLE // lattice(int(one)).k.size)
        for start in range(0, rows.size, step):
            some = rows[start : start + step]
            parts.append(_pairs_at(theta, int(one), some, x[some], t_x[some], None if gaps is None else gaps[some]))
    if not parts:
        none = np.empty(0)
        return Pairs(none.astype(np.intp), *[none] * (len(fields(Pairs)) - 1))
    joined = Pairs(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Pairs)))
    return joined if len(parts) == 1 else joined.take(np.argsort(joined.row, kind="stable"))


def _pairs_at(
    theta: Six, level: int, rows: IndexArray, x: FloatArray, t_x: FloatArray, gaps: FloatArray | None
) -> Pairs:
    from scipy.special import digamma, gammaln, polygamma

    r, alpha, _, _, t, gamma = theta
    law = regularity(t, gamma, level).within(60.0 + 3.0 * float(x.max()))
    k = law.lattice.k
    counts = distinct(x)
    n = counts.values[:, None]
    shape = r + k * n
    of_count = gammaln(shape) - gammaln(r) + r * np.log(alpha) + law.log_weight
    if gaps is None:
        of_count += k * n * law.lattice.log_k + np.where(
            n > 0, gammaln(np.maximum(n, 1.0)) - gammaln(k * n + (n == 0)), 0
        )
        timing = np.multiply.outer(x * np.log(np.where(x > 0, t_x, 1.0)), k - 1.0)
    else:
        of_count += n * (k * law.lattice.log_k - gammaln(k))
        timing = np.multiply.outer(gaps, k - 1.0)
    logs = of_count[counts.index] + timing - shape[counts.index] * np.log(alpha + np.multiply.outer(t_x, k))
    row, j = np.nonzero(logs >= logs.max(axis=1, keepdims=True) - _DROP)
    at = counts.index[row]
    return Pairs(
        rows[row],
        x[row],
        k[j],
        law.lattice.log_k[j],
        shape[at, j],
        alpha + k[j] * t_x[row],
        logs[row, j],
        (digamma(shape + k) - digamma(r))[at, j],
        (polygamma(1, shape + k) - polygamma(1, r))[at, j],
        law.by_t[j],
        law.by_gamma[j],
        law.by_t_twice[j],
        law.by_both[j],
        law.by_gamma_twice[j],
    )


@dataclass(frozen=True, slots=True, eq=False)
class GapNodes:
    """Nodes over the next gap, panel by panel.

    Parameters
    ----------
    pair : array of int, shape (m,)
        The pair of each panel.
    z : array, shape (m, p)
        Nodes in z = log(k u / A).
    mass : array, shape (m, p)
        Weight of each node times the density of z there.
    softplus : array, shape (m, p)
        log(1 + e^z).
    """

    pair: IndexArray
    z: FloatArray
    mass: FloatArray
    softplus: FloatArray


def gap_nodes(
    pairs: Pairs,
    low: FloatArray,
    high: FloatArray,
    lift: float = 0.0,
    points: int = 12,
    drop: float = 23.0,
    spread: float = 5.0,
) -> GapNodes:
    """Nodes over the part of the next gap's distribution between two z that carries weight.

    Parameters
    ----------
    low, high : arrays, shape (n,)
        Ends, which may be infinite; pairs with no length between them get no panel.
    lift : float
        Power of u by which the density is multiplied at small gaps, which shortens its left tail.
    points : int
        Nodes a panel.
    drop : float
        Tails are cut where the density has fallen by exp(-drop).
    spread : float
        Longest panel, in standard deviations of z.
    """
    from scipy.special import betaln

    some = np.flatnonzero(high > low)
    if not some.size:
        none = np.empty((0, points))
        return GapNodes(some, none, none, none)
    k, a = pairs.k[some], pairs.a[some]
    start = np.clip(np.log(k / a), low[some], high[some])
    left = np.maximum(low[some], start - _reach(k + lift, a + k, start, drop))
    floor = np.minimum(_AT_ONCE, high[some])
    at_once = np.flatnonzero(left < floor) if not lift else some[:0]
    left[at_once] = floor[at_once]
    right = np.minimum(high[some], start + _reach(a, a + k, -start, drop))
    longest = np.minimum(7.0, spread * np.sqrt(1.0 / a + 1.0 / k))
    count = np.maximum(np.ceil((right - left) / longest), 1.0).astype(np.intp)
    panel = np.repeat(np.arange(some.size), count)
    number = np.arange(panel.size) - np.repeat(np.cumsum(count) - count, count)
    node, share = legendre(points)
    width = ((right - left) / count)[panel]
    z = (left[panel] + number * width)[:, None] + width[:, None] * node
    softplus = np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
    constant = (np.log(width) - betaln(k, a)[panel])[:, None] + np.log(share)
    mass = np.exp(k[panel, None] * z - (a + k)[panel, None] * softplus + constant)
    nodes = GapNodes(some[panel], z, mass, softplus)
    if not at_once.size:
        return nodes
    # Gaps next to nothing, which clumpy customers often have, differ by nothing that matters: one node for all.
    shape, floor, least = pairs.k[some[at_once]], floor[at_once], low[some[at_once]]
    whole = np.exp(shape * floor - betaln(shape, pairs.a[some[at_once]])) / shape * -np.expm1(shape * (least - floor))
    spread_over = np.full((at_once.size, points), 1.0 / points)
    z = np.broadcast_to(floor[:, None], spread_over.shape)
    return GapNodes(
        np.concatenate([nodes.pair, some[at_once]]),
        np.concatenate([nodes.z, z]),
        np.concatenate([nodes.mass, whole[:, None] * spread_over]),
        np.concatenate([nodes.softplus, np.log1p(np.exp(z))]),
    )


def joined(parts: list[GapNodes]) -> GapNodes:
    """Nodes over several parts of the gap together."""
    return GapNodes(*(np.concatenate([getattr(one, name) for one in parts]) for name in GapNodes.__slots__))


def _reach(slope: FloatArray, both: FloatArray, z: FloatArray, drop: float) -> FloatArray:
    """How far below z exp(slope z - both log(1 + e^z)) has fallen by exp(-drop), or a little farther.

    The fall is convex in the distance, so Newton's steps from beyond come nearer and never pass.
    """
    share = 1.0 / (1.0 + np.exp(-z))
    distance = (drop + both * np.logaddexp(0.0, z)) / slope
    for _ in range(_STEPS):
        gone = np.exp(-distance)
        fallen = slope * distance + both * np.log1p(-share * (1.0 - gone))
        steep = slope - both * share * gone / (1.0 - share * (1.0 - gone))
        distance = distance - np.where(steep > 0, (fallen - drop) / np.where(steep > 0, steep, 1.0), 0.0)
    return distance
