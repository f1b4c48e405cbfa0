"""Contracts whose risk runs faster or slower by covariates: any family of contracts, seen through one pattern of them.

Covariates multiply the risk that is run while they last: a contract of age t has run the risk

    v(t) = sum over pieces i of exp(offset_i + design_i gamma) [(e_{i+1} / alpha)^c - (e_i / alpha)^c]

up to its age, pieces being between the ages e at which covariates change (proportional risks; for contracts that end at
renewals, the grouped form of Prentice and Gloeckler 1978). One piece without end is a covariate that does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw
from keepers.numerics.likelihoods.contract_risk import RiskParts


@dataclass(frozen=True, eq=False)
class Pace:
    """When and how covariates of one pattern change.

    Parameters
    ----------
    edges : array, shape (n,)
        Ages above zero at which they change, rising.
    design : array, shape (n + 1, k)
        Their values in each piece.
    offset : array, shape (n + 1,)
        What known effects add to the logarithm of the risk.
    """

    edges: FloatArray
    design: FloatArray
    offset: FloatArray

    @classmethod
    def steady(cls, design: FloatArray, offset: float = 0.0) -> Pace:
        """Covariates that never change, design of shape (k,)."""
        return cls(np.empty(0), np.asarray(design, dtype=np.float64)[None], np.array([float(offset)]))


@dataclass(frozen=True, eq=False)
class Paced:
    """A family of contracts whose last parameters are the coefficients of covariates, for one pattern of these.

    It answers whatever a family answers, so that outlooks, values and draws need not know of covariates. The likelihood
    of all patterns together is in `contract_clock`.
    """

    base: ContractLaw
    pace: Pace

    @property
    def PARAMETERS(self) -> tuple[str, ...]:
        """Those of the family, then a coefficient for each covariate."""
        return (*self.base.PARAMETERS, *(f"gamma_{place}" for place in range(self.pace.design.shape[1])))

    @property
    def TIME_POWERS(self) -> Mapping[str, int]:
        """Those of the family; coefficients know no time."""
        return self.base.TIME_POWERS

    @property
    def DISCRETE(self) -> bool:
        """Whether contracts end at renewals only."""
        return self.base.DISCRETE

    @property
    def RISK(self) -> RiskParts:
        """Of what the family is made; coefficients come last, so that places stay."""
        return self.base.RISK

    def log_retention(self, theta: Columns, start: FloatArray | float, stop: FloatArray | float) -> FloatArray:
        """log P(T > stop | T > start); broadcasts over columns of draws."""
        law = self._split(theta)[0]
        return self.RISK.law.log_kept(law, self.risk(theta, start), self.risk(theta, stop))

    def tail(self, theta: Columns) -> FloatArray:
        """The power of age by which survival falls off in the end, whatever the last pace."""
        return self.base.tail(self._own(theta))

    def rates(self, theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw how prone to end contracts are that have reached these ages."""
        return self.RISK.law.propensities(self._split(theta)[0], self.risk(theta, age), rng)

    def residual(self, theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
        """How long contracts of these ages last in all, before rounding up."""
        _, alpha, c, weight = self._split(theta)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            left = np.asarray(self.risk(theta, age) + exponential / draw)
            lasting = np.zeros(left.shape)
            begun: FloatArray | float = 0.0
            open_still = np.ones(left.shape, dtype=bool)
            for place, edge in enumerate([*self.pace.edges, np.inf]):
                end = np.power(np.divide(edge, alpha), c)
                speed = weight[..., place]
                run = speed * (end - begun)
                here = open_still & (left <= run)
                lasting = np.where(here, alpha * np.power(begun + left / speed, 1.0 / np.asarray(c)), lasting)
                open_still &= ~here
                left, begun = left - np.where(open_still, run, 0.0), end
        return np.asarray(np.where(open_still, np.inf, lasting))

    def risk(self, theta: Columns, age: FloatArray | float) -> FloatArray:
        """The risk that contracts of these ages have run; broadcasts over columns of draws."""
        _, alpha, c, weight = self._split(theta)
        time = np.asarray(age, dtype=np.float64)
        with np.errstate(over="ignore"):
            own = np.power(np.divide(time, alpha), c)
            if not self.pace.edges.size:
                return np.asarray(weight[..., 0] * own)
            # Per set of parameters the risk at the edges once, then for each age the piece that it lies in.
            sets = weight.shape[:-1]
            alphas, powers = (np.broadcast_to(np.asarray(value, float), sets)[..., None] for value in (alpha, c))
            ends = np.power(self.pace.edges / alphas, powers)
        begin = np.concatenate([np.zeros((*sets, 1)), ends], axis=-1)
        run = np.cumsum(weight[..., :-1] * np.diff(begin, axis=-1), axis=-1)
        run = np.concatenate([np.zeros((*sets, 1)), run], axis=-1)
        place = np.searchsorted(self.pace.edges, time, side="left")
        if not sets:
            return np.asarray(run[place] + weight[place] * (own - begin[place]))
        shape = np.broadcast_shapes(sets, time.shape)
        # Parameters stand in columns: their last axis is that of the ages.
        if sets[-1] == 1:
            at = np.broadcast_to(place, shape)
            run, weight, begin = (
                np.take_along_axis(np.broadcast_to(table[..., 0, :], (*shape[:-1], table.shape[-1])), at, axis=-1)
                for table in (run, weight, begin)
            )
        else:
            at = np.broadcast_to(place, shape)[..., None]
            run, weight, begin = (
                np.take_along_axis(np.broadcast_to(table, (*shape, table.shape[-1])), at, axis=-1)[..., 0]
                for table in (run, weight, begin)
            )
        return np.asarray(run + weight * (own - begin))

    def _own(self, theta: Columns) -> tuple[FloatArray | float, ...]:
        return tuple(theta[: len(self.base.PARAMETERS)])

    def _split(
        self, theta: Columns
    ) -> tuple[tuple[FloatArray | float, ...], FloatArray | float, FloatArray | float, FloatArray]:
        """The law's parameters, alpha, c, and what each piece multiplies risk with, shape (..., n + 1)."""
        law, alpha, c = self.RISK.split(self._own(theta))
        gammas = theta[len(self.base.PARAMETERS) :]
        sets = np.broadcast_shapes(*(np.shape(value) for value in theta))
        logs = np.zeros((*sets, self.pace.offset.size)) + self.pace.offset
        for gamma, values in zip(gammas, self.pace.design.T, strict=True):
            logs = logs + np.asarray(gamma, dtype=np.float64)[..., None] * values
        return law, alpha, c, np.exp(logs)
