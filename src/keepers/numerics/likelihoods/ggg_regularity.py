"""How regularly customers buy: the distribution of k over customers of the Pareto/GGG, on lattices of log k.

k has the density k^(t - 1) exp(-gamma k - EASE / k): Gamma(t, gamma) as in the paper but for the last term, which is
next to nothing at k = 1 and shuts out k below 0.01, customers whose purchases all fall on one moment. Without it
expected purchases are infinite wherever t <= 1. Integrals over k are sums over points h apart in log k. A history of x
purchases, or a narrow distribution, tells k to about 1 / sqrt(t + x / 2) in log k, and the sum is exact to 1e-10 where
h is below 0.8 of that: each history gets the coarsest of the nested lattices that is fine enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import IndexArray

EASE = 0.1
"""How strongly a k near zero is shut out."""

LOWEST, HIGHEST = -5.6, 5.6
"""Limits of log k. At the upper one, k = 270, times between purchases differ by 6%: as regular as can be told."""

_COARSEST = 0.4
_FINEST = 8
_FINE_ENOUGH = 0.8
FINEST_STEP = _COARSEST / 2**_FINEST
"""Distance of log k on the finest lattice."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Points of log k and what all likelihoods need of them.

    Parameters
    ----------
    log_k, k : arrays, shape (m,)
        The points.
    log_share : array, shape (m,)
        Logarithm of the rule's weights (the spacing, half of it at the ends) less EASE / k.
    """

    log_k: FloatArray
    k: FloatArray
    log_share: FloatArray


@dataclass(frozen=True, eq=False)
class Regularity:
    """The distribution of k on a lattice, with its derivatives in log t and log gamma.

    Parameters
    ----------
    lattice : Lattice
        The points.
    log_weight : array, shape (m,)
        Logarithms of probabilities, which sum to one.
    by_t, by_gamma : arrays, shape (m,)
        Derivatives of `log_weight`.
    by_t_twice, by_both, by_gamma_twice : arrays, shape (m,)
        Second derivatives.
    """

    lattice: Lattice
    log_weight: FloatArray
    by_t: FloatArray
    by_gamma: FloatArray
    by_t_twice: FloatArray
    by_both: FloatArray
    by_gamma_twice: FloatArray

    def within(self, drop: float) -> Regularity:
        """The same without the points whose probability is below exp(-drop) of the largest."""
        near = self.log_weight >= self.log_weight.max() - drop
        if near.all():
            return self
        points, law = self.lattice, (self.log_weight, self.by_t, self.by_gamma)
        fewer = Lattice(points.log_k[near], points.k[near], points.log_share[near])
        twice = (self.by_t_twice, self.by_both, self.by_gamma_twice)
        return Regularity(fewer, *(column[near] for column in (*law, *twice)))


@cache
def lattice(level: int) -> Lattice:
    """The lattice of a level; each has the points of the one before and those half way between."""
    step = _COARSEST / 2**level
    count = round((HIGHEST - LOWEST) / step) + 1
    log_k = LOWEST + step * np.arange(count)
    share = np.full(count, np.log(step))
    share[[0, -1]] -= np.log(2.0)
    k = np.exp(log_k)
    return Lattice(log_k, k, share - EASE / k)


def levels(t: float, x: FloatArray) -> IndexArray:
    """The level of the lattice that each count of purchases needs."""
    needed = _FINE_ENOUGH / np.sqrt(t + 0.5 * x + 1.0)
    return np.clip(np.ceil(np.log2(_COARSEST / needed)), 0, _FINEST).astype(np.intp)


def regularity(t: float, gamma: float, level: int) -> Regularity:
    """The distribution of k on a level's lattice, an exponential family in (t, gamma)."""
    points = lattice(level)
    u, k = points.log_k, points.k
    logs = t * u - gamma * k + points.log_share
    top = logs.max()
    log_weight = logs - (top + np.log(np.exp(logs - top).sum()))
    weight = np.exp(log_weight)
    du, dk = u - weight @ u, k - weight @ k
    return Regularity(
        points,
        log_weight,
        by_t=t * du,
        by_gamma=-gamma * dk,
        by_t_twice=t * du - t**2 * (weight @ du**2),
        by_both=np.full(u.shape, t * gamma * (weight @ (du * dk))),
        by_gamma_twice=-gamma * dk - gamma**2 * (weight @ dk**2),
    )
