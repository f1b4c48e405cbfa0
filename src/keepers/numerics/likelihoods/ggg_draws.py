"""Draws from the Pareto/GGG: histories of new customers, times between known purchases, and what customers do next."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import IndexArray
from keepers.numerics.likelihoods.ggg_likelihood import Standing
from keepers.numerics.likelihoods.ggg_pairs import Pairs, Six
from keepers.numerics.likelihoods.ggg_regularity import levels, regularity

_CHUNK = 1 << 20


def histories(theta: Six, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """x, t_x and the sum of the logarithms of the gaps of new customers, observed to the ages T."""
    r, alpha, s, beta, t, gamma = theta
    law = regularity(t, gamma, int(levels(t, np.zeros(1))[0]))
    k = law.lattice.k[_choose(np.exp(law.log_weight), rng.random(T.size))]
    rate = rng.gamma(r, 1.0 / alpha, T.size)
    stays = np.minimum(_lifetime(s, np.full(T.shape, beta), rng), T)
    return _renewals(k, rate, stays, rng)


def log_gaps(now: Standing, x: FloatArray, t_x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Sum of the logarithms of x gaps that add up to t_x, for histories whose gaps are not known."""
    pairs = now.pairs
    # At a given k the known gaps and what follows them are independent given lambda, and t_x says of lambda all there
    # is.
    k = pairs.k[_choose_pairs(pairs, now.weight, x.size, rng)]
    result, counts = np.zeros(x.size), x.astype(np.intp)
    ends = np.cumsum(counts)
    start = 0
    while start < x.size:
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _CHUNK, side="right")))
        some = np.arange(start, stop)[counts[start:stop] > 0]
        if some.size:
            many = counts[some]
            first = np.cumsum(many) - many
            parts = np.maximum(rng.gamma(np.repeat(k[some], many)), 1e-300)
            total = np.add.reduceat(parts, first)
            result[some] = np.add.reduceat(np.log(parts), first) + many * np.log(t_x[some] / total)
        start = stop
    return result


def future(theta: Six, now: Standing, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator) -> FloatArray:
    """Purchases in (T, T + t]."""
    from scipy.special import betainc, betaincinv

    _, _, s, beta, _, _ = theta
    pairs, result = now.pairs, np.zeros(T.size)
    alive = np.flatnonzero(rng.random(T.size) < now.alive)
    chosen = _choose_pairs(pairs, now.share, T.size, rng)[alive]
    k, a, A = pairs.k[chosen], pairs.a[chosen], pairs.A[chosen]
    w = (T - t_x)[alive]
    # A / (A + k u) is Beta(a, k), and below what it is at the silence.
    longest = betainc(a, k, A / (A + k * w))
    share = np.maximum(betaincinv(a, k, longest * rng.random(alive.size)), 1e-300)
    gap = np.maximum(A / k * (1.0 / share - 1.0), w)
    stays = np.minimum(_lifetime(s, beta + T[alive], rng), t)
    left = stays - (gap - w)
    going = np.flatnonzero(left > 0)
    rate = rng.gamma((a + k)[going]) / (A[going] + k[going] * gap[going])
    result[alive[going]] = 1.0 + _renewals(k[going], rate, left[going], rng)[0]
    return result


def _lifetime(s: float, B: FloatArray, rng: np.random.Generator) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(B * np.expm1(rng.standard_exponential(B.size) / s))


def _renewals(
    k: FloatArray, rate: FloatArray, length: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Purchases within a length of time, the time of the last, and the sum of the logarithms of their gaps."""
    count, last, logs = np.zeros(k.size), np.zeros(k.size), np.zeros(k.size)
    going = np.flatnonzero((length > 0) & (rate > 0))
    while going.size:
        gap = np.maximum(rng.gamma(k[going]) / (k[going] * rate[going]), 1e-12 * length[going])
        before_end = last[going] + gap <= length[going]
        going, gap = going[before_end], gap[before_end]
        count[going] += 1.0
        last[going] += gap
        logs[going] += np.log(gap)
    return count, last, logs


def _choose(chance: FloatArray, uniform: FloatArray) -> IndexArray:
    reached = np.cumsum(chance)
    return np.asarray(np.minimum(np.searchsorted(reached, uniform * reached[-1], side="right"), chance.size - 1))


def _choose_pairs(pairs: Pairs, chance: FloatArray, size: int, rng: np.random.Generator) -> IndexArray:
    """One pair of each history, drawn by its chance."""
    reached = np.cumsum(chance)
    ends = np.searchsorted(pairs.row, np.arange(size), side="right") - 1
    starts = np.searchsorted(pairs.row, np.arange(size), side="left")
    before = np.where(starts > 0, reached[starts - 1], 0.0)
    wanted = before + rng.random(size) * (reached[ends] - before)
    return np.clip(np.searchsorted(reached, wanted, side="right"), starts, ends)
