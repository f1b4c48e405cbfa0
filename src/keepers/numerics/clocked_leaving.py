"""Pareto/NBD whose customers buy in a clock that covariates drive and leave in real time: likelihood and derivatives.

The moment of leaving is integrated out: over the periods from the last purchase to the end of observation, within each
of which the clock is linear. All terms are positive and are added in logarithms (Bachmann, Meierer, Naef 2021, "The
Role of Time-Varying Contextual Factors in Latent Attrition Models for Customer Base Analysis").
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows
from keepers.numerics.clocked_pieces import Pieces, alike
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.row_derivatives import rising_rows

FloatArray = NDArray[np.float64]


class LeavingLikelihood(ClockedLikelihood):
    """The log-likelihood in log r, alpha, s, beta, coefficients that do not vary, and coefficients of the clock."""

    effort: ClassVar[float] = 100.0

    def __init__(self, family: object, rows: ClockedRows, values: FloatArray, length: float) -> None:
        self.family, self.rows, self.length, self._values = family, rows, length, values  # type: ignore[assignment]
        self.size = rows.size

    def sample(self, customers: int) -> LeavingLikelihood:
        """The log-likelihood of so many customers drawn evenly over the rows, standing for all."""
        return LeavingLikelihood(self.family, self._sampled(customers), self._values, self.length)

    def reweighted(self, weight: FloatArray) -> LeavingLikelihood:
        """The log-likelihood of the rows with other numbers of customers."""
        return LeavingLikelihood(self.family, replace(self.rows, weight=weight), self._values, self.length)

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters, then coefficients, those of the clock last."""
        d, j = self.rows.design.shape[1:]
        k = self._values.shape[2]
        clock = Clock(self._values, self.length, point[d + j :], 2 if order else 0)
        total = Evaluation.of_value(0.0, d + j + k)
        begin, end = self.rows.start + self.rows.t_x, self.rows.start + self.rows.T
        for chosen in alike(self.length, begin, end):
            total += _of_rows(clock, self.rows.take(chosen), point, order)
        return total


def integrand(
    clock: Clock, rows: ClockedRows, own: FloatArray
) -> tuple[FloatArray, Pieces, FloatArray, FloatArray, FloatArray]:
    """Log terms of leaving at each node and of staying: shares of each row's likelihood that sum to one.

    Returns
    -------
    log_total : array, shape (n,)
    pieces : Pieces
    since, share : arrays, shape (n, m, q)
    staying : array, shape (n,)
        Share of those alive at T, which is the probability of it.
    """
    r, alpha, s, beta = (column[:, None, None] for column in own.T)
    count = r + rows.x[:, None, None]
    born = rows.start[:, None]
    pieces = Pieces.of(clock, rows.path, rows.start + rows.t_x, rows.start + rows.T)
    zero = clock.at(rows.path, rows.start)
    shown, age = pieces.shown - zero[:, None], pieces.begin - born
    slope = count[..., 0] * pieces.speed / (alpha[..., 0] + shown) + (s[..., 0] + 1.0) / (beta[..., 0] + age)
    since, weight = pieces.nodes(slope)
    bought = np.log(alpha + shown[..., None] + pieces.speed[..., None] * since)
    stayed = np.log(beta + age[..., None] + since)
    log_left = np.log(s) - count * bought - (s + 1.0) * stayed
    at_end = clock.at(rows.path, rows.start + rows.T) - zero
    log_stay = -count[:, 0, 0] * np.log(own[:, 1] + at_end) - own[:, 2] * np.log(own[:, 3] + rows.T)
    top = np.maximum(log_left.max(axis=(1, 2)), log_stay)
    share = weight * np.exp(log_left - top[:, None, None])
    staying = np.exp(log_stay - top)
    total = share.sum(axis=(1, 2)) + staying
    return top + np.log(total), pieces, since, share / total[:, None, None], staying / total


def _of_rows(clock: Clock, rows: ClockedRows, point: FloatArray, order: int) -> Evaluation:
    d, j = rows.design.shape[1:]
    gamma = point[d + j :]
    k, n = gamma.size, rows.size
    own = np.exp(point[:d] + rows.offset + rows.design @ point[d : d + j])
    log_total, pieces, since, share, staying = integrand(clock, rows, own)
    r, alpha, s, beta = own.T
    rising, rising1, rising2 = rising_rows(r, rows.x)
    value = log_total + rising + r * np.log(alpha) + s * np.log(beta)
    result = float(rows.weight @ (value + rows.seen @ gamma))
    if order == 0:
        return Evaluation.of_value(result, d + j + k)
    first, second = _of_integral(clock, rows, own, pieces, since, _joined(share, staying))
    of_shape, of_stay = r * (rising1 + np.log(alpha)), s * np.log(beta)
    first[:, 0] += of_shape
    first[:, 1] += r
    first[:, 2] += of_stay
    first[:, 3] += s
    second[:, 0, 0] += of_shape + r * r * rising2
    second[:, 2, 2] += of_stay
    for one, other, scale in ((0, 1, r), (2, 3, s)):
        second[:, one, other] += scale
        second[:, other, one] += scale
    slope = np.zeros((n, d + k, d + j + k))
    slope[:, np.arange(d), np.arange(d)] = 1.0
    slope[:, :d, d : d + j] = rows.design
    slope[:, np.arange(d, d + k), np.arange(d + j, d + j + k)] = 1.0
    weighted = rows.weight[:, None] * first
    gradient = np.einsum("nv,nvc->c", weighted, slope)
    gradient[d + j :] += rows.weight @ rows.seen
    hessian = np.einsum("nvc,nve->ce", slope, np.matmul(rows.weight[:, None, None] * second, slope))
    return Evaluation(result, gradient, 0.5 * (hessian + hessian.T))


def _joined(inner: FloatArray, last: FloatArray) -> FloatArray:
    """All nodes of a row, the last being that of those who stay."""
    n, m, q = inner.shape[:3]
    return np.concatenate([inner.reshape(n, m * q, *inner.shape[3:]), last[:, None]], axis=1)


def _of_integral(
    clock: Clock, rows: ClockedRows, own: FloatArray, pieces: Pieces, since: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Derivatives of the logarithm of the sum, in own log parameters and coefficients: moments over the shares p."""
    n = rows.size
    m, q = since.shape[1:]
    whose = np.broadcast_to(rows.path[:, None], (n, m))
    zero = clock.reading(rows.path, rows.start)
    left = clock.reading(whose, pieces.begin)
    z = clock.pace(whose, pieces.middle)[1]
    end = clock.reading(rows.path, rows.start + rows.T) - zero

    gone = np.ones((n, m * q + 1))
    gone[:, -1] = 0.0
    rest = pieces.speed[..., None] * since
    A = _joined(left.value[..., None] - zero.value[:, None, None] + rest, end.value)
    B = _joined(pieces.begin[..., None] - rows.start[:, None, None] + since, rows.T)
    A_first = _joined((left.first - zero.first[:, None])[:, :, None, :] + rest[..., None] * z[:, :, None, :], end.first)
    d, k = own.shape[1], z.shape[2]
    r_, alpha_, s_, beta_ = (column[:, None] for column in own.T)
    count = r_ + rows.x[:, None]
    bought, stayed = alpha_ + A, beta_ + B
    log_bought, a, log_stayed, b = np.log(bought), alpha_ / bought, np.log(stayed), beta_ / stayed
    size = d + k
    f = np.empty((n, m * q + 1, size))
    f[..., 0], f[..., 1] = -r_ * log_bought, -count * a
    f[..., 2], f[..., 3] = gone - s_ * log_stayed, -(s_ + gone) * b
    pull = count / bought
    f[..., d:] = -pull[..., None] * A_first
    first = np.einsum("nm,nmc->nc", p, f)
    second = np.matmul((p[..., None] * f).transpose(0, 2, 1), f) - first[:, :, None] * first[:, None, :]

    def mean(term: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("nm,nm->n", p, term))

    second[:, 0, 0] += mean(f[..., 0])
    second[:, 1, 1] += mean(-count * a * (1.0 - a))
    second[:, 2, 2] += mean(-s_ * log_stayed)
    second[:, 3, 3] += mean(-(s_ + gone) * b * (1.0 - b))
    for one, other, term in ((0, 1, -r_ * a), (2, 3, -s_ * b)):
        moved = mean(term)
        second[:, one, other] += moved
        second[:, other, one] += moved
    of_r = np.einsum("nm,nmk->nk", -p * r_ / bought, A_first)
    of_alpha = np.einsum("nm,nmk->nk", p * pull * a, A_first)
    for place, moved in ((0, of_r), (1, of_alpha)):
        second[:, place, d:] += moved
        second[:, d:, place] += moved
    second[:, d:, d:] += np.matmul((A_first * (p * pull / bought)[..., None]).transpose(0, 2, 1), A_first)
    pulled = p * pull
    inner = pulled[:, :-1].reshape(n, m, q)
    bent = (left.second - zero.second[:, None]) * inner.sum(axis=2)[..., None, None]
    second[:, d:, d:] -= bent.sum(axis=1) + pulled[:, -1, None, None] * end.second
    second[:, d:, d:] -= np.matmul((z * (inner * rest).sum(axis=2)[..., None]).transpose(0, 2, 1), z)
    return first, second
