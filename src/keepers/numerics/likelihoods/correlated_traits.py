"""What a history says of a customer's buying rate and of how soon the customer leaves, as nodes with weights.

Given the history both are known as a mixture: of who is still there, and of who has left (at some moment, where leaving
happens at any). Within a part they are independent, the rate gamma distributed, the trait of leaving a gamma
distributed risk or a beta distributed chance. Each is integrated over by Gauss-Hermite nodes in its normal score, in
which the long lower tails of small shapes are short: 8 and 12 nodes meet the log-likelihood of a customer to a few
hundredths at elasticities of 0.7, that of a thousand to a tenth. Weights sum to one, so that what does not depend on
the traits is met to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import (
    betaincinv,
    betaln,
    gammainccinv,
    gammaincinv,
    gammaln,
    log_ndtr,
    ndtr,
    polygamma,
    psi,
)

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.distinct import distinct

RATE_NODES = 24
"""Of the rate where it is the only trait."""

JOINT_NODES = (8, 12)
"""Of the rate and of leaving where both matter."""

USUAL_NODES = (6, 6)
"""The same at usual elasticities: at 0.1 they meet the log-likelihood of 2,000 customers to 0.06."""

_USUAL = 0.2

_TINY = 1e-280


@dataclass(frozen=True, slots=True, eq=False)
class GammaTrait:
    """A gamma distributed rate or risk: its logarithm, against the geometric mean of all, is log of a standard gamma
    less `log_exposure`; arrays of shape (n,).
    """

    shape: FloatArray
    log_exposure: FloatArray

    def nodes(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Nodes of that logarithm and the logarithms of their weights, shape (n, count)."""
        z, log_weight = _normal(count)
        shapes = distinct(self.shape)
        form = shapes.values[:, None]
        # From the smaller tail, so that neither end loses its digits; far below, by the first term of the series.
        found = np.where(z < 0, gammaincinv(form, ndtr(z)), gammainccinv(form, ndtr(-z)))
        far = (log_ndtr(z) + gammaln(form + 1.0)) / form
        log_y = np.where(found > _TINY, np.log(np.maximum(found, _TINY)), far)
        return log_y[shapes.index] - self.log_exposure[:, None], np.broadcast_to(log_weight, (self.shape.size, count))

    @property
    def mean(self) -> FloatArray:
        """The expected logarithm, shape (n,)."""
        return np.asarray(psi(self.shape) - self.log_exposure)


@dataclass(frozen=True, slots=True, eq=False)
class BetaTrait:
    """A beta distributed chance: its logarithm less `centre`, the mean of that of all; arrays of shape (n,)."""

    a: FloatArray
    b: FloatArray
    centre: FloatArray

    def nodes(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Nodes of the logarithm and the logarithms of their weights, shape (n, count)."""
        z, log_weight = _normal(count)
        pairs, index = np.unique(np.column_stack([self.a, self.b]), axis=0, return_inverse=True)
        a, b = pairs[:, :1], pairs[:, 1:]
        found = betaincinv(a, b, ndtr(z))
        far = (log_ndtr(z) + np.log(a) + betaln(a, b)) / a
        log_p = np.where(found > _TINY, np.log(np.maximum(found, _TINY)), far)
        return log_p[index.ravel()] - self.centre[:, None], np.broadcast_to(log_weight, (self.a.size, count))

    @property
    def mean(self) -> FloatArray:
        """The expected logarithm, shape (n,)."""
        return np.asarray(psi(self.a) - psi(self.a + self.b) - self.centre)


@dataclass(frozen=True, slots=True, eq=False)
class TraitPart:
    """One part of the mixture.

    Parameters
    ----------
    share : array, shape (n,)
        Its probability.
    rate : GammaTrait
        The buying rate.
    leaving : GammaTrait, BetaTrait or None
        The risk or the chance to leave; None where nobody leaves.
    alive : bool
        Whether it is of customers who are still there.
    """

    share: FloatArray
    rate: GammaTrait
    leaving: GammaTrait | BetaTrait | None
    alive: bool


@dataclass(frozen=True, eq=False)
class TraitNodes:
    """Nodes of the logarithms of rate and risk (or chance) against their geometric means, shape (n, nodes).

    Parameters
    ----------
    log_rate : array
    log_leaving : array or None
        None where only the rate matters.
    log_weight : array
        Logarithms of the weights, which sum to one in each row.
    alive : array of bool, shape (nodes,)
        Which nodes are of customers who are still there.
    """

    log_rate: FloatArray
    log_leaving: FloatArray | None
    log_weight: FloatArray
    alive: NDArray[np.bool_]

    @classmethod
    def of_rate(cls, rate: GammaTrait, count: int = RATE_NODES) -> Self:
        """Nodes of the rate alone."""
        log_rate, log_weight = rate.nodes(count)
        return cls(log_rate, None, log_weight, np.ones(count, dtype=bool))

    @classmethod
    def of(cls, parts: Sequence[TraitPart], counts: tuple[int, int] = JOINT_NODES) -> Self:
        """Nodes of both traits."""
        rates, leavings, weights, alive = [], [], [], []
        for part in parts:
            rate, of_rate = part.rate.nodes(counts[0])
            size = rate.shape[0]
            with np.errstate(divide="ignore"):
                log_share = np.log(part.share)[:, None, None]
            if part.leaving is None:
                leaving, of_leaving = np.zeros((size, 1)), np.zeros((size, 1))
            else:
                leaving, of_leaving = part.leaving.nodes(counts[1])
            shape = (size, rate.shape[1], leaving.shape[1])
            rates.append(np.broadcast_to(rate[:, :, None], shape).reshape(size, -1))
            leavings.append(np.broadcast_to(leaving[:, None, :], shape).reshape(size, -1))
            weights.append((log_share + of_rate[:, :, None] + of_leaving[:, None, :]).reshape(size, -1))
            alive.append(np.full(shape[1] * shape[2], part.alive))
        return cls(np.hstack(rates), np.hstack(leavings), np.hstack(weights), np.concatenate(alive))

    def take(self, rows: slice | IntArray) -> TraitNodes:
        """Some of the rows."""
        leaving = None if self.log_leaving is None else self.log_leaving[rows]
        return TraitNodes(self.log_rate[rows], leaving, self.log_weight[rows], self.alive)


def _normal(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes of a standard normal and the logarithms of their weights."""
    h, w = np.polynomial.hermite.hermgauss(count)
    return np.sqrt(2.0) * h, np.log(w / w.sum())


def nodes_at(of_rate: float, of_leaving: float) -> tuple[int, int]:
    """Nodes of rate and leaving for elasticities: fewer where both are usual ones."""
    return USUAL_NODES if max(abs(of_rate), abs(of_leaving)) <= _USUAL else JOINT_NODES


def purchases_ahead(
    leaves: str, rate: FloatArray, leaving: FloatArray, t: FloatArray | float, new: bool = False
) -> FloatArray:
    """Expected purchases within t of customers who are still there, their rate and risk (or chance) being known.

    Parameters
    ----------
    leaves : "never", "with time", "after orders" or "after orders and at once"
        How customers leave.
    rate, leaving : arrays
        lambda, and mu or p.
    t : float or array
        Time ahead.
    new : bool
        Whether the first purchase is now, after which customers may leave at once in the last of these.
    """
    if leaves == "never":
        return np.asarray(rate * t)
    risk = leaving if leaves == "with time" else rate * leaving
    found = rate * t * np.where(risk * t > 1e-12, -np.expm1(-risk * t) / np.maximum(risk * t, 1e-300), 1.0)
    return np.asarray(found * (1.0 - leaving) if new and leaves == "after orders and at once" else found)


def log_variance_of_beta(a: FloatArray | float, b: FloatArray | float) -> FloatArray:
    """Variance of the logarithm of a beta distributed chance."""
    return np.asarray(polygamma(1, a) - polygamma(1, np.asarray(a) + b))
