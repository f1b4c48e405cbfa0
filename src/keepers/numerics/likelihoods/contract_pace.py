"""Contracts whose risk runs faster or slower by covariates: any family of contracts, seen through one pattern of them.

Covariates multiply the risk that is run while they last: a contract of age t has run the risk

    v(t) = sum over pieces i of exp(offset_i + design_i gamma) [(e_{i+1} / alpha)^c - (e_i / alpha)^c]

up to its age, pieces being between the ages e at which covariates change (proportional risks; for contracts that end at
renewals, the grouped form of Prentice and Gloeckler 1978). One piece without end is a covariate that does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw
from keepers.numerics.likelihoods.contract_risk import RiskParts

_Parts: TypeAlias = "tuple[tuple[FloatArray | float, ...], FloatArray | float, FloatArray | float, FloatArray]"


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
        parts = self._split(theta)
        return self.RISK.law.log_kept(parts[0], self._risk(parts, start), self._risk(parts, stop))

    def tail(self, theta: Columns) -> FloatArray:
        """The power of age by which survival falls off in the end, whatever the last pace."""
        return self.base.tail(self._own(theta))

    def rates(self, theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw how prone to end contracts are that have reached these ages."""
        parts = self._split(theta)
        return self.RISK.law.propensities(parts[0], self._risk(parts, age), rng)

    def residual(self, theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
        """How long contracts of these ages last in all, before rounding up."""
        parts = self._split(theta)
        _, alpha, c, weight = parts
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            whole = np.asarray(self._risk(parts, age) + exponential / draw)
            begin, run = self._at_edges(alpha, c, weight)
            place = self._reached(run, whole)
            begun, done, speed = (self._picked(table, place) for table in (begin, run, weight))
            own = np.asarray(begun + (whole - done) / speed)
            lasting = alpha * np.power(own, 1.0 / np.asarray(c))
        return np.asarray(np.where(np.isnan(whole) | (speed <= 0), np.inf, lasting))

    def risk(self, theta: Columns, age: FloatArray | float) -> FloatArray:
        """The risk that contracts of these ages have run; broadcasts over columns of draws."""
        return self._risk(self._split(theta), age)

    def until(self, age: float) -> Paced:
        """The same for questions that reach no further than an age: it is quicker where covariates change often."""
        kept = int(np.searchsorted(self.pace.edges, age, side="left"))
        if kept == self.pace.edges.size:
            return self
        pace = Pace(self.pace.edges[:kept], self.pace.design[: kept + 1], self.pace.offset[: kept + 1])
        return Paced(self.base, pace)

    def _risk(self, parts: _Parts, age: FloatArray | float) -> FloatArray:
        _, alpha, c, weight = parts
        time = np.asarray(age, dtype=np.float64)
        with np.errstate(over="ignore"):
            own = np.power(np.divide(time, alpha), c)
            if not self.pace.edges.size:
                return np.asarray(weight[..., 0] * own)
            begin, run = self._at_edges(alpha, c, weight)
        # Per set of parameters the risk at the edges once, then for each age the piece that it lies in.
        place = np.searchsorted(self.pace.edges, time, side="left")
        run, weight, begin = (self._picked(table, place) for table in (run, weight, begin))
        return np.asarray(run + weight * (own - begin))

    def _at_edges(
        self, alpha: FloatArray | float, c: FloatArray | float, weight: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Own time, and the risk run, at the beginning of each piece, shape (..., n + 1)."""
        sets = weight.shape[:-1]
        alphas, powers = (np.broadcast_to(np.asarray(value, float), sets)[..., None] for value in (alpha, c))
        begin = np.concatenate([np.zeros((*sets, 1)), np.power(self.pace.edges / alphas, powers)], axis=-1)
        run = np.cumsum(weight[..., :-1] * np.diff(begin, axis=-1), axis=-1)
        return begin, np.concatenate([np.zeros((*sets, 1)), run], axis=-1)

    @staticmethod
    def _picked(table: FloatArray, place: IntArray) -> FloatArray:
        """Entries of a table of pieces, (..., n + 1), at places that broadcast with its other axes."""
        sets = table.shape[:-1]
        if not sets:
            return np.asarray(table[place])
        shape = np.broadcast_shapes(sets, place.shape)
        # Parameters stand in columns: their last axis is that of the ages.
        if sets[-1] == 1:
            rows = np.broadcast_to(table[..., 0, :], (*shape[:-1], table.shape[-1]))
            return np.asarray(np.take_along_axis(rows, np.broadcast_to(place, shape), axis=-1))
        at = np.broadcast_to(place, shape)[..., None]
        return np.asarray(np.take_along_axis(np.broadcast_to(table, (*shape, table.shape[-1])), at, axis=-1)[..., 0])

    @staticmethod
    def _reached(run: FloatArray, risk: FloatArray) -> IntArray:
        """The piece in which a risk has been run, shape of `risk` broadcast with the sets of parameters."""
        sets, pieces = run.shape[:-1], run.shape[-1]
        if not sets:
            return np.asarray(np.maximum(np.searchsorted(run, risk, side="left") - 1, 0))
        shape = np.broadcast_shapes(sets, risk.shape)
        wanted = np.broadcast_to(risk, shape)
        # A bisection in all rows at once: pieces are few hundred, and a table of rows by pieces would not stay small.
        low, high = np.zeros(shape, dtype=np.int64), np.full(shape, pieces - 1)
        for _ in range(int(pieces).bit_length()):
            middle = (low + high + 1) // 2
            begins = Paced._picked(run, middle) < wanted
            low, high = np.where(begins, middle, low), np.where(begins, high, middle - 1)
            high = np.maximum(low, high)
        return low

    def _own(self, theta: Columns) -> tuple[FloatArray | float, ...]:
        return tuple(theta[: len(self.base.PARAMETERS)])

    def _split(self, theta: Columns) -> _Parts:
        """The law's parameters, alpha, c, and what each piece multiplies risk with, shape (..., n + 1)."""
        law, alpha, c = self.RISK.split(self._own(theta))
        gammas = theta[len(self.base.PARAMETERS) :]
        sets = np.broadcast_shapes(*(np.shape(value) for value in theta))
        logs = np.zeros((*sets, self.pace.offset.size)) + self.pace.offset
        for gamma, values in zip(gammas, self.pace.design.T, strict=True):
            logs = logs + np.asarray(gamma, dtype=np.float64)[..., None] * values
        return law, alpha, c, np.exp(logs)


def reaching(law: ContractLaw, age: float) -> ContractLaw:
    """A law for questions that reach no further than an age."""
    return law.until(age) if isinstance(law, Paced) else law
