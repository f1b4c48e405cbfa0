"""What covariates multiply the money of customers' orders with: by row, and by draw of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray, IntArray, SpendCells
from keepers.models.covariates.answers import CustomerMix, attributes_of, pattern_of
from keepers.models.covariates.encoding import Coding, pattern_weights
from keepers.models.frames import attributes_given

_MOVED = 3
"""Every model's first parameters are p, q and gamma, which the forecast of a customer goes by."""


@dataclass(frozen=True, slots=True, eq=False)
class CellEffects:
    """Effects of covariates on the spend of cells.

    Parameters
    ----------
    coding : Coding
        Between attributes and coefficients.
    theta : array, shape (d + k,)
        Estimates.
    pattern : array of int, shape (n,)
        Pattern of each cell.
    design, offset : arrays, shape (patterns, k), (patterns,)
        How coefficients move the logarithm of spend, and by how much it is moved anyway.
    arrivals : CustomerMix
        Who new customers are, those counting most who will order most.
    """

    coding: Coding
    theta: FloatArray
    pattern: IntArray
    design: FloatArray
    offset: FloatArray
    arrivals: CustomerMix

    @classmethod
    def of(cls, coding: Coding, theta: FloatArray, cells: Cells, buying: Any, horizon: Any) -> CellEffects:
        """The effects on the customers of cells, and on those whom a model of buying expects like them."""
        attributes, pattern = _table(coding, cells), pattern_of(cells)
        mix = CustomerMix.of(attributes, pattern_weights(pattern, cells.weight, attributes.size))
        arrivals = CustomerMix(mix.attributes, _by_orders(mix, buying, horizon))
        return cls(coding, theta, pattern, *moves(coding, attributes), arrivals)

    @property
    def factor(self) -> FloatArray:
        """What multiplies the spend of each cell, shape (n,)."""
        return np.asarray(np.exp(self.offset + self.design @ _coefficients(self.coding, self.theta))[self.pattern])

    def drawn(self, draws: FloatArray, cells: Cells) -> FloatArray:
        """The same for other cells under each draw, shape (draws, rows)."""
        design, offset = moves(self.coding, _table(self.coding, cells))
        return np.asarray(np.exp(_coefficients(self.coding, draws) @ design.T + offset)[:, pattern_of(cells)])

    def drawn_new(self, draws: FloatArray) -> FloatArray:
        """The mean of it over new customers under each draw, shape (draws,)."""
        return mean_factor(self.coding, draws, self.arrivals)

    def log_variance(self, covariance: FloatArray, gradient: FloatArray, share: FloatArray) -> FloatArray:
        """What coefficients add to the variance of the logarithm of each cell's expected order value, shape (n,).

        Parameters
        ----------
        covariance : array, shape (d + k, d + k)
            Of log parameters and coefficients.
        gradient : array, shape (n, 3)
            Derivatives of that logarithm in the log parameters.
        share : array, shape (n,)
            The one in log gamma, along which coefficients act.
        """
        first = len(self.coding.symbols)
        ours = slice(first, first + self.design.shape[1])
        crossed = covariance[:_MOVED, ours] @ self.design.T
        own = np.einsum("pk,kl,pl->p", self.design, covariance[ours, ours], self.design)
        along = np.einsum("nd,dn->n", gradient, crossed[:, self.pattern])
        return np.asarray(2.0 * share * along + share**2 * own[self.pattern])


def moves(coding: Coding, attributes: Attributes, symbol: str = "gamma") -> tuple[FloatArray, FloatArray]:
    """How coefficients move a log parameter of patterns, shape (patterns, k), and what known ones add, (patterns,)."""
    design, offset = coding.design(attributes)
    place = coding.symbols.index(symbol)
    return design[:, place, :], offset[:, place]


def factors_of(coding: Coding | None, theta: FloatArray, rows: SpendCells | Cells, symbol: str = "gamma") -> FloatArray:
    """What multiplies the money of each row, or another parameter, shape (n,); ones without covariates."""
    if coding is None:
        return np.ones(rows.size)
    design, offset = moves(coding, _table(coding, rows), symbol)
    return np.asarray(np.exp(offset + design @ _coefficients(coding, theta))[pattern_of(rows)])


def mean_factor(coding: Coding, draws: FloatArray, mix: CustomerMix) -> FloatArray:
    """The mean over a mix of customers under each draw, shape (draws,)."""
    design, offset = moves(coding, mix.attributes)
    return np.asarray(np.exp(_coefficients(coding, draws) @ design.T + offset) @ mix.share)


def mix_given(coding: Coding, attributes: Any) -> CustomerMix:
    """Customers of whom a user says who they are: one by a dict of values, several by columns."""
    table, pattern = attributes_given(attributes, coding.covariates.columns)
    return CustomerMix.of(table, pattern_weights(pattern, np.ones(pattern.size), table.size))


def _table(coding: Coding, rows: SpendCells | Cells) -> Attributes:
    """The attributes of rows; none are needed where covariates vary in time alone."""
    if rows.attributes is None and not coding.covariates.columns:
        return Attributes({})
    return attributes_of(rows)


def _coefficients(coding: Coding, theta: FloatArray) -> FloatArray:
    """The part of parameters, shape (..., d + k), that are coefficients of columns."""
    first = len(coding.symbols)
    return theta[..., first : first + len(coding.names)]


def _by_orders(mix: CustomerMix, buying: Any, horizon: Any) -> FloatArray:
    """Shares of patterns among the orders that new customers will make."""
    if not getattr(buying, "needed_attributes", ()) or not hasattr(buying, "expected_purchases_new_customer"):
        return mix.share
    rows = np.arange(mix.share.size)
    ahead = [
        float(buying.expected_purchases_new_customer(horizon, attributes=mix.attributes.take(rows[[row]]).columns))
        for row in rows
    ]
    orders = mix.share * np.array(ahead)
    return np.asarray(orders / orders.sum()) if orders.sum() > 0 else mix.share
