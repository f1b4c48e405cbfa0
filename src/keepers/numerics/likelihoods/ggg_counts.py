"""How many purchases a living customer of the Pareto/GGG makes, and when the next one comes: their distributions."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.ggg_future import Openings, likely_pairs
from keepers.numerics.likelihoods.ggg_likelihood import Standing
from keepers.numerics.likelihoods.ggg_pairs import Six
from keepers.numerics.quadrature import legendre

_RARE = 20.0
_FRESH = 8
"""Counts between which densities follow by a factor from the one before."""
_BLOCK = 100_000
_FARTHEST = 600.0
"""Waiting times beyond exp(600) times A are infinite."""


def distribution(theta: Six, now: Standing, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int) -> FloatArray:
    """P(X(T, T + t) = m) for m = 0 .. max_purchases, shape (n, max_purchases + 1).

    After the purchase that ends the open gap the m-th further one comes at a time y whose k y / A is beta prime
    (m k, a); it is made if the customer has not left by then.
    """
    s = theta[2]
    some = Openings.of(theta, now, t_x, T, t)
    reached = np.zeros((T.size, max_purchases + 2))
    reached[:, 0] = 1.0
    reached[:, 1] = np.bincount(some.row, some.chance * np.exp(-s * np.log1p(some.wait / some.B)), T.size)
    if max_purchases:
        for nodes, following, _ in some.by_k():
            _add_later(s, some, nodes, following.k, t, reached)
    return np.maximum(reached[:, :-1] - reached[:, 1:], 0.0)


def _add_later(s: float, some: Openings, nodes: np.ndarray, k: float, t: float, reached: FloatArray) -> None:
    """Add the probabilities of two purchases and more, of nodes with one k."""
    from scipy.special import betaln

    count = reached.shape[1] - 2
    m = k * np.arange(1.0, count + 1.0)
    room = t - some.wait[nodes]
    nodes, room = nodes[room > 0], room[room > 0]
    if not nodes.size:
        return
    a, rate = some.a[nodes], k / some.A[nodes]
    end = np.log(rate * room)
    # Below `start` there is next to nothing even of the first.
    start = np.minimum((np.log(k) + betaln(k, a) - _RARE) / k, end - 12.0 / k)
    most = np.clip(k * count, k, np.maximum(np.exp(end) * a, k))
    narrow = np.sqrt(1.0 / most + 1.0 / a)
    points = np.ceil((end - start) / np.minimum(narrow, 2.5) * 2.2).astype(np.intp) + 12
    sizes = np.unique(np.minimum(-(-points // 16) * 16, 640))
    bounds = np.concatenate([[0], sizes])
    for low, size in zip(bounds, sizes, strict=False):
        group = np.flatnonzero((np.minimum(points, 640) <= size) & (np.minimum(points, 640) > low))
        step = max(1, _BLOCK // (int(size) * count))
        for begin in range(0, group.size, step):
            part = group[begin : begin + step]
            node, share = legendre(int(size))
            width = (end - start)[part, None]
            place = start[part, None] + width * node
            y = np.exp(place) / rate[part, None]
            at = nodes[part]
            gone = np.log1p((some.wait[at, None] + y) / some.B[at, None])
            softplus = np.maximum(place, 0.0) + np.log1p(np.exp(-np.abs(place)))
            base = np.log(width * share) - s * gone + np.log(some.chance[at])[:, None] - a[part, None] * softplus
            odds = place - softplus
            ratio = np.exp(k * odds)
            constant = betaln(m, a[part, None])
            steps = np.exp(constant[:, :-1] - constant[:, 1:])
            found = np.empty((part.size, count))
            for one in range(count):
                if one % _FRESH == 0:
                    density = np.exp(base + m[one] * odds - constant[:, one, None])
                else:
                    density *= ratio
                    density *= steps[:, one - 1, None]
                found[:, one] = density.sum(axis=1)
            np.add.at(reached[:, 2:], some.row[at], found)


def median_wait(now: Standing, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase of a customer alive at T who stays; may be infinite."""
    from scipy.special import betainc

    pairs, density = likely_pairs(now)
    size = T.size
    w = (T - t_x)[pairs.row]
    silent = betainc(pairs.a, pairs.k, pairs.A / (pairs.A + pairs.k * w))
    total = np.bincount(pairs.row, density * silent, size)
    scale = np.bincount(pairs.row, density * silent * pairs.A / pairs.a, size) / np.where(total > 0, total, 1.0)
    scale = np.where(scale > 0, scale, 1.0)

    def left(logs: FloatArray) -> FloatArray:
        later = w + (scale * np.exp(np.minimum(logs, _FARTHEST)))[pairs.row]
        still = betainc(pairs.a, pairs.k, pairs.A / (pairs.A + pairs.k * later))
        return np.bincount(pairs.row, density * still, size) / np.where(total > 0, total, 1.0)

    low, high = np.full(size, -30.0), np.full(size, 4.0)
    while np.any(beyond := (left(high) > 0.5) & (high < _FARTHEST)):
        low, high = np.where(beyond, high, low), np.where(beyond, np.minimum(3.0 * high, _FARTHEST), high)
    endless = left(high) > 0.5
    for _ in range(46):
        middle = 0.5 * (low + high)
        more = left(middle) > 0.5
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(endless, np.inf, scale * np.exp(0.5 * (low + high)))
