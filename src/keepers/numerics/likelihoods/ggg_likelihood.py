"""The likelihood of the Pareto/GGG row by row with exact derivatives: a sum over k and over the next gap.

With lifetimes that are Pareto (s, beta) over customers and survival e(v) = (beta / (beta + v))^s, the likelihood of a
history at one k is (known gaps, see `ggg_pairs`) times the probability that nothing follows t_x until T,

    e(t_x) P(U > w) + E [ (e(t_x) - e(t_x + U)) ; U <= w ],      w = T - t_x,

U being the next gap: it is longer than w, or the customer leaves before it is over. Both parts are positive, and at
fixed nodes of (k, U) the logarithm of the integrand is elementary, so that derivatives are moments of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import IndexArray
from keepers.numerics.likelihoods.ggg_pairs import GapNodes, Pairs, Six, gap_nodes, pairs_of
from keepers.numerics.row_derivatives import RowDerivatives

_PAIRS = 512
"""Pairs that are worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What is known of histories at T.

    Parameters
    ----------
    pairs : Pairs
        Histories with the k that they allow.
    log_likelihood : array, shape (n,)
        Of each history.
    alive : array, shape (n,)
        Probability of being alive at T.
    weight : array, shape (m,)
        Probability of the k of each pair.
    share : array, shape (m,)
        Probability of it and of being alive at T.
    silence : array, shape (m,)
        Of each pair, the probability that the gap after t_x is longer than T - t_x.
    """

    pairs: Pairs
    log_likelihood: FloatArray
    alive: FloatArray
    weight: FloatArray
    share: FloatArray
    silence: FloatArray


def standing(theta: Six, x: FloatArray, t_x: FloatArray, T: FloatArray, gaps: FloatArray | None) -> Standing:
    """Likelihood and probability of being alive, with what each k contributes to it."""
    _, _, s, beta, _, _ = theta
    pairs = pairs_of(theta, x, t_x, gaps)
    silent, left = silences(theta, pairs, t_x, T)
    log_total, share = by_row(pairs, silent + left, x.size)
    log_total = log_total - s * np.log1p(t_x / beta)
    stays = -s * np.log1p((T - t_x) / (beta + t_x))
    with np.errstate(divide="ignore", invalid="ignore"):
        still = share * np.where(silent > 0, silent / (silent + left), 0.0) * np.exp(stays)[pairs.row]
    alive = np.minimum(np.bincount(pairs.row, weights=still, minlength=x.size), 1.0)
    return Standing(pairs, log_total, alive, share, still, silent)


def silences(theta: Six, pairs: Pairs, t_x: FloatArray, T: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of each pair, the probabilities that nothing follows t_x until T as the gap is long, or as the customer left."""
    _, _, s, beta, _, _ = theta
    silent, left = np.zeros(pairs.size), np.zeros(pairs.size)
    for part in _parts(pairs):
        some = pairs.take(part)
        rows = some.row
        above, below = silence_nodes(some, (T - t_x)[rows])
        silent[part] = _total(above.pair, above.mass, some.size)
        lost = -np.expm1(-s * _ahead(some, below, (beta + t_x)[rows]))
        left[part] = _total(below.pair, below.mass * lost, some.size)
    return silent, left


def log_likelihood_rows(
    theta: Six, x: FloatArray, t_x: FloatArray, T: FloatArray, gaps: FloatArray | None
) -> RowDerivatives:
    """Log-likelihood of each row with first and second derivatives in the logarithms of the parameters."""
    s, beta = theta[2], theta[3]
    pairs = pairs_of(theta, x, t_x, gaps)
    mass, first, second = moments(theta, pairs, t_x, T)
    log_total, share = by_row(pairs, mass, x.size)
    gradient = np.empty((x.size, 6))
    hessian = np.empty((x.size, 6, 6))
    for i in range(6):
        gradient[:, i] = np.bincount(pairs.row, weights=share * first[:, i], minlength=x.size)
        for j in range(i + 1):
            moment = np.bincount(pairs.row, weights=share * second[:, i, j], minlength=x.size)
            hessian[:, i, j] = hessian[:, j, i] = moment - gradient[:, i] * gradient[:, j]
    young = beta / (beta + t_x)
    stays = -s * np.log1p(t_x / beta)
    gradient[:, 2] += stays
    gradient[:, 3] += s * (1.0 - young)
    hessian[:, 2, 2] += stays
    hessian[:, 2, 3] += s * (1.0 - young)
    hessian[:, 3, 2] += s * (1.0 - young)
    hessian[:, 3, 3] -= s * young * (1.0 - young)
    return RowDerivatives(log_total + stays, gradient, hessian)


def silence_nodes(pairs: Pairs, w: FloatArray) -> tuple[GapNodes, GapNodes]:
    """Nodes over gaps longer than the silence w since the last purchase, and over shorter ones."""
    with np.errstate(divide="ignore"):
        since = pairs.log_k + np.log(w) - np.log(pairs.A)
    endless = np.full(w.shape, np.inf)
    return gap_nodes(pairs, since, endless), gap_nodes(pairs, -endless, since, lift=1.0)


def _ahead(pairs: Pairs, nodes: GapNodes, age: FloatArray) -> FloatArray:
    """log((beta + t_x + u) / (beta + t_x)) at the nodes, `age` being beta + t_x of each pair."""
    scale = pairs.A / (pairs.k * age)
    return np.log1p(scale[nodes.pair, None] * np.exp(nodes.z))


def moments(theta: Six, pairs: Pairs, t_x: FloatArray, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each pair: the probability of silence, and of its integrand the first and second derivatives over itself.

    Returns
    -------
    mass, first, second : arrays, shape (n,), (n, 6), (n, 6, 6)
        Of the last the lower triangle.
    """
    mass, first, second = np.zeros(pairs.size), np.zeros((pairs.size, 6)), np.zeros((pairs.size, 6, 6))
    for part in _parts(pairs):
        mass[part], first[part], second[part] = _moments(theta, pairs.take(part), t_x, T)
    return mass, first, second


def _moments(theta: Six, pairs: Pairs, t_x: FloatArray, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same of few pairs.

    At a node the derivative in log r is r (c - l), l being log(1 + e^z), and that in log alpha r - (a + k) h, h being
    alpha / (A + k u). Of gaps below w the factor 1 - e^-y, y = s log((beta + t_x + u) / (beta + t_x)), moves too: with
    its derivatives every moment of second order is one under e^-y.
    """
    r, alpha, s, beta, _, _ = theta
    size = pairs.size
    above, below = silence_nodes(pairs, (T - t_x)[pairs.row])
    fresh, age = alpha / pairs.A, (beta + t_x)[pairs.row]
    young_above = fresh[above.pair, None] * np.exp(-above.softplus)
    at = below.pair
    young = fresh[at, None] * np.exp(-below.softplus)
    ahead = _ahead(pairs, below, age)
    y = s * ahead
    lost = below.mass * -np.expm1(-y)
    mass, log1, young1, log2, young2, both = _of_clock(above, above.mass, young_above, size) + _of_clock(
        below, lost, young, size
    )
    stays = below.mass - lost
    now = (beta / age)[at, None]
    later = now * np.exp(-ahead)
    moved = s * (later - now)
    by_s, by_beta = stays * y, stays * moved

    a = pairs.a + pairs.k
    known = pairs.rising + np.log(alpha) - np.log(pairs.A)
    first, second = np.zeros((size, 6)), np.zeros((size, 6, 6))
    first[:, 0] = r * (known * mass - log1)
    first[:, 1] = r * mass - a * young1
    first[:, 2], first[:, 3] = _total(at, by_s, size), _total(at, by_beta, size)
    squared = known * known * mass - 2.0 * known * log1 + log2
    second[:, 0, 0] = r * r * (squared + pairs.rising_twice * mass) + first[:, 0]
    second[:, 1, 0] = r * (r * (known * mass - log1) - a * (known * young1 - both)) + r * (mass - young1)
    second[:, 1, 1] = r * r * mass - 2.0 * r * a * young1 + a * a * young2 - a * (young1 - young2)
    for i, weighted in ((2, by_s), (3, by_beta)):
        second[:, i, 0] = r * (known * first[:, i] - _products(at, weighted, below.softplus, size))
        second[:, i, 1] = r * first[:, i] - a * _products(at, weighted, young, size)
    second[:, 2, 2] = first[:, 2] - _products(at, by_s, y, size)
    second[:, 3, 2] = first[:, 3] - _products(at, by_beta, y, size)
    twice = s * (later * (1.0 - later) - now * (1.0 - now)) - moved * moved
    second[:, 3, 3] = _products(at, stays, twice, size)
    whole = np.where(mass > 0, mass, 1.0)
    first /= whole[:, None]
    second /= whole[:, None, None]
    _add_regularity(pairs, first, second)
    return mass, first, second


def _of_clock(nodes: GapNodes, density: FloatArray, young: FloatArray, size: int) -> FloatArray:
    """Moments of the density at the nodes of each pair: 1, l, h, l^2, h^2 and l h, shape (6, size)."""
    by_log, by_young, pair = density * nodes.softplus, density * young, nodes.pair
    plain = (_total(pair, column, size) for column in (density, by_log, by_young))
    squares = ((by_log, nodes.softplus), (by_young, young), (by_log, young))
    return np.stack([*plain, *(_products(pair, one, other, size) for one, other in squares)])


def _add_regularity(pairs: Pairs, first: FloatArray, second: FloatArray) -> None:
    """Fill in the derivatives in log t and log gamma, which are the same at all nodes of a pair."""
    second[:, 4, :4] = pairs.by_t[:, None] * first[:, :4]
    second[:, 5, :4] = pairs.by_gamma[:, None] * first[:, :4]
    first[:, 4], first[:, 5] = pairs.by_t, pairs.by_gamma
    second[:, 4, 4] = pairs.by_t**2 + pairs.by_t_twice
    second[:, 5, 4] = pairs.by_t * pairs.by_gamma + pairs.by_both
    second[:, 5, 5] = pairs.by_gamma**2 + pairs.by_gamma_twice


def _products(pair: IndexArray, one: FloatArray, other: FloatArray, size: int) -> FloatArray:
    """Sums over the nodes of each pair of the products of two columns."""
    return np.asarray(np.bincount(pair, weights=np.einsum("ij,ij->i", one, other), minlength=size))


def _total(pair: IndexArray, values: FloatArray, size: int) -> FloatArray:
    return np.asarray(np.bincount(pair, weights=values.sum(axis=1), minlength=size))


def by_row(pairs: Pairs, mass: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the sum over the k of each history, and the share that each has in it."""
    with np.errstate(divide="ignore"):
        logs = pairs.log_weight + np.log(mass)
    top = np.full(size, -np.inf)
    np.maximum.at(top, pairs.row, logs)
    part = np.exp(logs - top[pairs.row])
    total = np.bincount(pairs.row, weights=part, minlength=size)
    return np.log(total) + top, part / total[pairs.row]


def _parts(pairs: Pairs) -> Iterator[slice]:
    for start in range(0, pairs.size, _PAIRS):
        yield slice(start, start + _PAIRS)
