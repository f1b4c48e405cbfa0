"""What a living customer of the Pareto/GGG does next: over k and the gap that is open, then over fresh gaps.

Alive at T after a silence w, the open gap u > w ends with a purchase at T + u - w unless the customer leaves before;
from there gaps start afresh with lambda ~ Gamma(a + k, A + k u). The remaining lifetime is Pareto (s, beta + T),
whatever the purchases. So every answer is a sum over nodes of (k, u) of an integral over the time y since the first
purchase, of purchases without leaving (`ggg_renewals`) against the loss of customers and of money over time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import IndexArray, distinct
from keepers.numerics.likelihoods.ggg_likelihood import Standing
from keepers.numerics.likelihoods.ggg_pairs import Pairs, Six, gap_nodes, joined
from keepers.numerics.likelihoods.ggg_renewals import MeanRenewals, mean_renewals
from keepers.numerics.quadrature import legendre

_NEGLIGIBLE = 1e-10
"""Nodes of a history that are so much less likely than its likeliest are left out."""
_WORTHLESS = 25.0
"""Discounting ends where a purchase is worth exp(-25) of now."""
_POINTS = 22
_BLOCK = 32_768


@dataclass(frozen=True, eq=False)
class Openings:
    """Nodes of (k, u): how the purchase that comes next may come.

    Parameters
    ----------
    row : array of int, shape (n,)
        The history.
    chance : array, shape (n,)
        Probability of being alive at T, of k, and of the open gap; leaving after T is not in it.
    wait : array, shape (n,)
        Time from T to the end of the open gap.
    x, k, a, A : arrays, shape (n,)
        Repeat purchases until T, k, and shape and rate of lambda after the open gap.
    B : array, shape (n,)
        beta + T.
    by_t, by_gamma : arrays, shape (n,)
        Derivatives of the logarithm of the probability of k in log t and log gamma.
    """

    row: IndexArray
    chance: FloatArray
    wait: FloatArray
    x: FloatArray
    k: FloatArray
    a: FloatArray
    A: FloatArray
    B: FloatArray
    by_t: FloatArray
    by_gamma: FloatArray

    @classmethod
    def of(cls, theta: Six, now: Standing, t_x: FloatArray, T: FloatArray, t: float | None) -> Openings:
        """Those that end in (T, T + t]."""
        pairs, chances = likely_pairs(now)
        w = (T - t_x)[pairs.row]
        with np.errstate(divide="ignore"):
            scale = pairs.log_k - np.log(pairs.A)
            low = scale + np.log(w)
            high = np.full(w.shape, np.inf) if t is None else scale + np.log(w + t)
        # Near the horizon's end what may still follow falls with a power of the time that is left.
        near = np.maximum(low, high - 0.4) if t is not None else high
        parts = [gap_nodes(pairs, low, near, points=12, drop=21.0, spread=4.5)]
        if t is not None:
            parts.append(gap_nodes(pairs, near, high, points=12))
        nodes = joined(parts)
        pair = np.repeat(nodes.pair, nodes.z.shape[1])
        z, chance = nodes.z.ravel(), chances[pair] * nodes.mass.ravel()
        row = pairs.row[pair]
        largest = np.zeros(T.size)
        np.maximum.at(largest, row, chance)
        kept = chance > _NEGLIGIBLE * largest[row]
        pair, z, chance, row = pair[kept], z[kept], chance[kept], row[kept]
        k, A, since = pairs.k[pair], pairs.A[pair], w[pair]
        with np.errstate(invalid="ignore"):
            # Where the gap hardly outlasts the silence their difference would lose its digits.
            wait = np.where(since > 0, since * np.expm1(z - low[pair]), A * np.exp(z) / k)
        fresh = pairs.a[pair] + k, A * (1.0 + np.exp(z))
        law = pairs.by_t[pair], pairs.by_gamma[pair]
        return cls(row, chance, wait, pairs.x[pair], k, *fresh, theta[3] + T[row], *law)

    def by_k(self) -> Iterator[tuple[IndexArray, MeanRenewals, IndexArray]]:
        """Nodes of each k, the purchases that follow, and which of their shapes each node has."""
        order = np.argsort(self.k, kind="stable")
        cuts = np.flatnonzero(np.diff(self.k[order])) + 1
        for nodes in np.split(order, cuts):
            if not nodes.size:
                continue
            counts = distinct(self.x[nodes])
            first = np.zeros(counts.size, dtype=np.intp)
            first[counts.index] = nodes
            following = mean_renewals(float(self.k[nodes[0]]), self.a[first])
            step = max(1, _BLOCK // _points(following.k))
            for start in range(0, nodes.size, step):
                yield nodes[start : start + step], following, counts.index[start : start + step]


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Purchases in a horizon, of each history; the chance of being alive at T is in them.

    Parameters
    ----------
    some : array, shape (n,)
        Probability of at least one.
    expected : array, shape (n,)
        Their expected number, each discounted to T.
    pairs : array, shape (n,)
        E N (N - 1), zeros where it was not asked for.
    """

    some: FloatArray
    expected: FloatArray
    pairs: FloatArray


def likely_pairs(now: Standing) -> tuple[Pairs, FloatArray]:
    """Pairs that matter for the living, and what each node's density is to be multiplied by."""
    largest = np.zeros(now.alive.size)
    np.maximum.at(largest, now.pairs.row, now.share)
    kept = np.flatnonzero((now.share > _NEGLIGIBLE * largest[now.pairs.row]) & (now.silence > 0))
    return now.pairs.take(kept), now.share[kept] / now.silence[kept]


def purchases(
    theta: Six,
    now: Standing,
    t_x: FloatArray,
    T: FloatArray,
    t: float | None,
    delta: float = 0.0,
    second: bool = False,
) -> Purchases:
    """Purchases in (T, T + t], without end where t is None; infinite then where delta = 0 and s <= 1."""
    s = theta[2]
    if t is None and delta == 0.0:
        return _without_end(theta, now, t_x, T)
    end = _WORTHLESS / delta if delta > 0 else np.inf
    length = end if t is None else min(t, end)
    open_gaps = Openings.of(theta, now, t_x, T, length)
    some = open_gaps.chance * np.exp(-s * np.log1p(open_gaps.wait / open_gaps.B) - delta * open_gaps.wait)
    expected, pairs = some.copy(), np.zeros(some.shape)
    for nodes, following, which in open_gaps.by_k():
        y, weight, last = _loss(open_gaps, nodes, following, s, delta, length)
        zeta = _zeta(open_gaps, nodes, y)
        many = following.purchases(which[:, None], zeta)
        after = _against(many, weight, last)
        expected[nodes] += open_gaps.chance[nodes] * after
        if second:
            more = _against(following.factorial(which[:, None], zeta), weight, last)
            pairs[nodes] = open_gaps.chance[nodes] * (2.0 * after + more)
    size = T.size
    return Purchases(*(_by_history(open_gaps, column, size) for column in (some, expected, pairs)))


def _without_end(theta: Six, now: Standing, t_x: FloatArray, T: FloatArray) -> Purchases:
    s = theta[2]
    if s <= 1.0:
        endless = np.where(now.alive > 0, np.inf, 0.0)
        return Purchases(now.alive, endless, endless)
    open_gaps = Openings.of(theta, now, t_x, T, None)
    some = open_gaps.chance * np.exp(-s * np.log1p(open_gaps.wait / open_gaps.B))
    age = open_gaps.B + open_gaps.wait
    # Purchases grow in proportion to time but for what the start leaves, which is soon all there.
    expected = some * (1.0 + open_gaps.a / open_gaps.A * age / (s - 1.0))
    length = float(np.max(age, initial=1.0)) * np.exp(min(25.0 / s, 60.0))
    for nodes, following, which in open_gaps.by_k():
        y, weight, _ = _loss(open_gaps, nodes, following, s, 0.0, length + open_gaps.wait[nodes])
        zeta = _zeta(open_gaps, nodes, y)
        excess = following.purchases(which[:, None], zeta) - zeta * open_gaps.a[nodes, None] / following.k
        expected[nodes] += open_gaps.chance[nodes] * np.einsum("ij,ij->i", excess[:, :-1], weight)
    found = _by_history(open_gaps, expected, T.size)
    return Purchases(now.alive, found, np.full(T.shape, np.inf))


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """Everything about purchases in one horizon, of each history.

    Parameters
    ----------
    plain : Purchases
        Without discount; `pairs` where more than the gradient was asked for.
    gradient : array, shape (n, 6)
        Derivatives of their expected number in the logarithms of the parameters.
    discounted : array, shape (n,)
        Their expected number, each discounted to T; as without discount where that was not asked for.
    """

    plain: Purchases
    gradient: FloatArray
    discounted: FloatArray


def within(
    theta: Six,
    now: Standing,
    slopes: FloatArray,
    t_x: FloatArray,
    T: FloatArray,
    t: float,
    delta: float | None = None,
) -> Within:
    """Purchases in (T, T + t], with derivatives, at nodes that all answers share.

    Parameters
    ----------
    slopes : array, shape (n, 6)
        Derivatives of each history's log-likelihood.
    delta : float, optional
        Discount rate, where second moments and discounted purchases are asked for too.
    """
    from scipy.special import digamma

    r, alpha, s, beta, _, _ = theta
    some = Openings.of(theta, now, t_x, T, t)
    survival = np.exp(-s * np.log1p(some.wait / some.B))
    age = some.B + some.wait
    # Values at each node, then derivatives in log r, log alpha, log s and log beta of what follows it.
    inner = np.stack([survival, np.zeros(age.size), np.zeros(age.size), *_of_survival(s, beta, survival, age)])
    pairs, worth = np.zeros(age.size), survival * np.exp(-(delta or 0.0) * some.wait)
    for nodes, following, which in some.by_k():
        y, weight, last = _loss(some, nodes, following, s, 0.0, t)
        zeta = _zeta(some, nodes, y)
        many = following.purchases(which[:, None], zeta)
        by_time, by_shape = following.slopes(which[:, None], zeta)
        after = _against(many, weight, last)
        inner[0, nodes] += after
        if delta is not None:
            pairs[nodes] = 2.0 * after + _against(following.factorial(which[:, None], zeta), weight, last)
            worth[nodes] += _against(many, *_discounted(some, nodes, y, weight, last, s, delta))
        inner[1, nodes] += r * _against(by_shape, weight, last)
        inner[2, nodes] -= alpha / some.A[nodes] * _against(by_time, weight, last)
        at = age[nodes, None] + y
        logs, young = s * np.log(beta / at), beta / at
        for place, (inside, end) in enumerate(
            ((logs[:, :-1] + 1.0, logs[:, -1]), (s * (1 - young[:, :-1]) - young[:, :-1], s * (1 - young[:, -1])))
        ):
            inner[3 + place, nodes] += _against(many, weight * inside, last * end)
    # The nodes' own weights move with the parameters as in the likelihood.
    shape = some.a
    own = np.zeros((6, age.size))
    own[0] = r * (digamma(shape) - digamma(r) + np.log(alpha / some.A))
    own[1] = r - shape * alpha / some.A
    gradient = own * inner[0]
    gradient[:4] += inner[1:]
    gradient[4] += some.by_t * inner[0]
    gradient[5] += some.by_gamma * inner[0]
    size = T.size
    met, expected, twice, later = (
        _by_history(some, some.chance * column, size) for column in (survival, inner[0], pairs, worth)
    )
    total = np.stack([_by_history(some, some.chance * one, size) for one in gradient], axis=1)
    return Within(Purchases(met, expected, twice), total - expected[:, None] * slopes, later)


def _by_history(some: Openings, column: FloatArray, size: int) -> FloatArray:
    return np.asarray(np.bincount(some.row, column, size), dtype=np.float64)


def _of_survival(s: float, beta: float, survival: FloatArray, age: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Survival from the start of the relationship to an age beta + ..., times its log-derivatives in s and beta."""
    return survival * s * np.log(beta / age), survival * s * (1.0 - beta / age)


def _points(k: float) -> int:
    return _POINTS + (0 if k < 8 else min(60, round(2.5 * np.sqrt(k))))


def _zeta(open_gaps: Openings, nodes: IndexArray, y: FloatArray) -> FloatArray:
    return np.asarray((open_gaps.k[nodes] / open_gaps.A[nodes])[:, None] * y)


def _loss(
    open_gaps: Openings,
    nodes: IndexArray,
    following: MeanRenewals,
    s: float,
    delta: float,
    length: float | FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Times y after the first purchase, the loss of purchases at each, and what is left at the end, which is the last
    y.

    Purchases that are counted by E N (y) count as the integral of E N against the loss, and E N at the end times what
    is left.
    """
    wait, B = open_gaps.wait[nodes], open_gaps.B[nodes]
    room = np.maximum(length - wait, 0.0)
    gap = 0.5 * open_gaps.A[nodes] / open_gaps.a[nodes]
    node, share = legendre(_points(following.k))
    reach = np.log1p(room / gap)[:, None]
    grown = np.exp(reach * node)
    y = gap[:, None] * (grown - 1.0)
    at = wait[:, None] + y
    left = np.exp(-s * np.log1p(at / B[:, None]) - delta * at)
    weight = reach * share * gap[:, None] * grown * left * (s / (B[:, None] + at) + delta)
    end = wait + room
    last = np.exp(-s * np.log1p(end / B) - delta * end)
    return np.concatenate([y, room[:, None]], axis=1), weight, last


def _discounted(
    open_gaps: Openings, nodes: IndexArray, y: FloatArray, weight: FloatArray, last: FloatArray, s: float, delta: float
) -> tuple[FloatArray, FloatArray]:
    """The loss without discount turned into that with one, at the same times."""
    wait, B = open_gaps.wait[nodes, None], open_gaps.B[nodes, None]
    at = wait + y
    kept = np.exp(-delta * at)
    return weight * kept[:, :-1] * (1.0 + delta / s * (B + at[:, :-1])), last * kept[:, -1]


def _against(values: FloatArray, weight: FloatArray, last: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", values[:, :-1], weight) + values[:, -1] * last)
