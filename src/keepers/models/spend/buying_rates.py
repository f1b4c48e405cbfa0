"""What purchases say of a customer's buying rate and of leaving, by models whose rates are gamma distributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.special import polygamma, psi

from keepers.domain.attributes import Attributes, plain_column
from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.store_clock import Calendar
from keepers.domain.time import Horizon, TimeUnit
from keepers.models.by_clock import calendar_of
from keepers.models.covariates.answers import CustomerMix, attributes_of, pattern_of
from keepers.models.covariates.encoding import Coding
from keepers.numerics.likelihoods.correlated_traits import (
    BetaTrait,
    GammaTrait,
    TraitNodes,
    TraitPart,
    log_variance_of_beta,
    purchases_ahead,
)
from keepers.numerics.patterns import parameters_of_patterns
from keepers.numerics.quadrature import legendre

LEAVING = {
    "NBD": "never", "BGNBD": "after orders", "MBGNBD": "after orders and at once", "ParetoNBD": "with time",
}  # fmt: skip
"""How customers leave in the models that can be asked."""

_NODES = 12
_STEP = 1.1


@dataclass(frozen=True, slots=True, eq=False)
class BuyingRates:
    """Rates of customers, Gamma(r, alpha) over all of them or over those alike in covariates of buying, and leaving.

    Rates and risks are counted against their geometric means over all customers; with covariates of buying, over
    customers alike.

    Parameters
    ----------
    model : str
        Name of the model of buying.
    symbols : tuple of str
        Its parameters.
    theta : array, shape (d + k,)
        Their values, and coefficients.
    unit : TimeUnit
        Of its times.
    coding, mix : Coding, CustomerMix, optional
        Of its covariates, and who the customers of its fit were.
    calendar : Calendar, optional
        With the clock by which it counts time.
    """

    model: str
    symbols: tuple[str, ...]
    theta: FloatArray
    unit: TimeUnit
    coding: Coding | None = None
    mix: CustomerMix | None = None
    shifts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    calendar: Calendar | None = None

    @classmethod
    def of(cls, buying: Any) -> Self:
        """The rates of a fitted model of buying.

        Raises
        ------
        ConfigError
            If its rates are not gamma distributed, or covariates of time move them.
        FitError
            If it is not fitted.
        """
        name = str(getattr(buying, "name", type(buying).__name__))
        if name not in LEAVING:
            raise ConfigError(
                f"Spend that goes with the buying rate needs a model whose rates are gamma distributed, and {name} is "
                f"none. Fit one of: {', '.join(LEAVING)}; or use GammaGamma."
            )
        if getattr(buying, "varying_coefficients", ()):
            raise ConfigError(
                f"Spend that goes with the buying rate needs rates that stay, and {name} was fitted with covariates "
                "that vary in time. Fit it with columns of customers or without, or use GammaGamma."
            )
        if not hasattr(buying, "parameters_"):
            raise FitError(f"{name} is not fitted. Call fit first.")
        theta = np.array(list(buying.parameters_.values()), dtype=np.float64)
        return cls(
            name, tuple(buying.symbols), theta, buying.unit_, buying.coding_, buying.mix_, buying.covariate_shifts,
            buying.calendar_,
        )  # fmt: skip

    @property
    def leaves(self) -> str:
        """How customers leave."""
        return LEAVING[self.model]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Columns that histories must have."""
        return () if self.coding is None else self.coding.covariates.columns

    @property
    def log_variances(self) -> tuple[float, float]:
        """Variances of the logarithms of rate and risk (or chance) over customers (alike); 0 where nobody leaves."""
        of = dict(zip(self.symbols, self.theta.tolist(), strict=False))
        rate = float(polygamma(1, of["r"]))
        if self.leaves == "never":
            return rate, 0.0
        return rate, float(
            polygamma(1, of["s"]) if self.leaves == "with time" else log_variance_of_beta(of["a"], of["b"])
        )

    @property
    def lower_shapes(self) -> tuple[float, float]:
        """Up to which negative powers of rate and risk (or chance) have a mean over customers."""
        of = dict(zip(self.symbols, self.theta.tolist(), strict=False))
        if self.leaves == "never":
            return of["r"], np.inf
        return of["r"], of["s"] if self.leaves == "with time" else of["a"]

    def parameters(self, cells: Cells) -> dict[str, FloatArray]:
        """The parameters of each cell by symbol, shape (n,)."""
        if self.coding is None:
            return {name: np.full(cells.size, value) for name, value in zip(self.symbols, self.theta, strict=True)}
        design, offset = self.coding.design(attributes_of(cells))
        found = parameters_of_patterns(self.theta, design, offset)[pattern_of(cells)]
        return {name: found[:, place] for place, name in enumerate(self.symbols)}

    def _timed(self, cells: Cells) -> Cells:
        """Histories in the unit and by the clock of the rates."""
        timed = cells.in_unit(self.unit)
        if self.calendar is None or self.calendar.clock is None:
            return timed
        return timed.by_clock(self.calendar.clock, self.calendar.seen)

    def _ahead(self, cells: Cells, horizon: Horizon) -> float:
        """The length of a horizon from when the cells are seen, as the rates count time; new customers have none."""
        if self.calendar is None or self.calendar.clock is None or cells.calendar is None:
            return horizon.in_unit(self.unit)
        return self.calendar.clock.ahead(cells.seen, horizon.days) / self.unit.days

    def rate_alive(self, cells: Cells) -> GammaTrait:
        """The rate of customers who are still there."""
        of = self.parameters(cells)
        return GammaTrait(of["r"] + cells.x, _exposure(of["r"], of["alpha"], self._timed(cells).T))

    def rate(self, cells: Cells, alive: FloatArray) -> GammaTrait:
        """The same on average over who is still there and who has left, when that is not known."""
        of, timed = self.parameters(cells), self._timed(cells)
        shape, there = of["r"] + cells.x, _exposure(of["r"], of["alpha"], timed.T)
        if self.leaves == "never":
            return GammaTrait(shape, there)
        gone = _exposure(of["r"], of["alpha"], timed.t_x)
        if self.leaves == "with time":
            _, mean, _ = _left(of, timed)
            gone = _exposure(of["r"], of["alpha"], np.zeros(timed.size)) + mean - np.log(of["alpha"])
        return GammaTrait(shape, alive * there + (1.0 - alive) * gone)

    def parts(self, cells: Cells, alive: FloatArray) -> tuple[TraitPart, ...]:
        """Rate and leaving of customers who are still there with probability `alive`, and of those who have left."""
        of, timed = self.parameters(cells), self._timed(cells)
        shape = of["r"] + timed.x
        there = GammaTrait(shape, _exposure(of["r"], of["alpha"], timed.T))
        if self.leaves == "never":
            return (TraitPart(np.ones(timed.size), there, None, True),)
        gone = 1.0 - alive
        if self.leaves == "with time":
            risk = GammaTrait(of["s"], _exposure(of["s"], of["beta"], timed.T))
            _, mean, spread = _left(of, timed)
            # Two moments stand for the time of leaving: they have its mean and spread.
            moments = (np.clip(np.exp(mean + by * spread) - of["alpha"], timed.t_x, timed.T) for by in (-1.0, 1.0))
            left = [
                TraitPart(
                    gone / 2.0,
                    GammaTrait(shape, _exposure(of["r"], of["alpha"], at)),
                    GammaTrait(of["s"] + 1.0, _exposure(of["s"], of["beta"], at)),
                    False,
                )
                for at in moments
            ]
            return (TraitPart(alive, there, risk, True), *left)
        centre = psi(of["a"]) - psi(of["a"] + of["b"])
        more = 1.0 if self.leaves == "after orders and at once" else 0.0
        stayed = BetaTrait(of["a"], of["b"] + timed.x + more, centre)
        went = BetaTrait(of["a"] + 1.0, of["b"] + np.maximum(timed.x + more - 1.0, 0.0), centre)
        last = GammaTrait(shape, _exposure(of["r"], of["alpha"], timed.t_x))
        return TraitPart(alive, there, stayed, True), TraitPart(gone, last, went, False)

    def purchases(self, cells: Cells, nodes: TraitNodes, horizon: Horizon, new: bool = False) -> FloatArray:
        """Expected purchases within the horizon at each node, shape (n, nodes); none of those who have left."""
        of, t = self.parameters(cells), self._ahead(cells, horizon)
        rate = np.exp(nodes.log_rate + (psi(of["r"]) - np.log(of["alpha"]))[:, None])
        leaving = np.zeros((1, 1))
        if self.leaves != "never" and nodes.log_leaving is not None:
            middle = (
                psi(of["s"]) - np.log(of["beta"])
                if self.leaves == "with time"
                else psi(of["a"]) - psi(of["a"] + of["b"])
            )
            leaving = np.exp(nodes.log_leaving + middle[:, None])
        return np.asarray(purchases_ahead(self.leaves, rate, leaving, t, new) * nodes.alive)

    def arrivals(self) -> tuple[Cells, TraitNodes]:
        """A cell for each kind of new customers, weighted by their shares, and what is known of them: nothing."""
        share = np.ones(1) if self.mix is None else self.mix.share
        nothing = np.zeros(share.size)
        known = (None, None) if self.mix is None else (np.arange(share.size), self.mix.attributes)
        cells = Cells(nothing, nothing, nothing, share, self.unit, None, *known)
        of = self.parameters(cells)
        rate = GammaTrait(of["r"], psi(of["r"]))
        leaving: GammaTrait | BetaTrait | None = None
        if self.leaves == "with time":
            leaving = GammaTrait(of["s"], psi(of["s"]))
        elif self.leaves != "never":
            leaving = BetaTrait(of["a"], of["b"], psi(of["a"]) - psi(of["a"] + of["b"]))
        return cells, TraitNodes.of((TraitPart(np.ones(share.size), rate, leaving, True),), (24, 24))

    def pull(self, buying: Any, cells: Cells, horizon: Horizon) -> FloatArray:
        """Power of the rate that expected purchases within the horizon follow.

        Where customers leave with time or never, purchases are proportional to the rate. Where they leave after orders,
        they depend on rate and time by the product of both, so that the power is that of time.
        """
        if not self.leaves.startswith("after orders"):
            return np.ones(cells.size)
        longer, shorter = (Horizon(horizon.length * by, horizon.unit) for by in (_STEP, 1 / _STEP))
        more, less = (np.maximum(buying.expected_purchases(cells, at), 1e-300) for at in (longer, shorter))
        apart = 2 * np.log(_STEP)
        if self.calendar is not None:
            apart = np.log(self._ahead(cells, longer) / self._ahead(cells, shorter))
        return np.asarray(np.clip(np.log(more / less) / apart, 0.0, 1.0))

    def pull_new(self, buying: Any, horizon: Horizon) -> float:
        """The same for customers who come now."""
        if not self.leaves.startswith("after orders"):
            return 1.0
        longer, shorter = (Horizon(horizon.length * by, horizon.unit) for by in (_STEP, 1 / _STEP))
        more, less = (float(buying.expected_purchases_new_customer(at)) for at in (longer, shorter))
        return float(np.clip(np.log(more / less) / (2 * np.log(_STEP)), 0.0, 1.0))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        coded: dict[str, Any] = {}
        if self.coding is not None and self.mix is not None:
            mix = {"attributes": self.mix.attributes.to_dict(), "share": self.mix.share.tolist()}
            shifts = {process: dict(moved) for process, moved in self.shifts.items()}
            coded = {"coding": self.coding.to_dict(), "mix": mix, "shifts": shifts}
        theta = self.theta.tolist()
        if self.calendar is not None:
            coded["clock"] = self.calendar.to_dict()
        return {"model": self.model, "symbols": list(self.symbols), "theta": theta, "unit": self.unit.value, **coded}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote."""
        symbols, theta = tuple(data["symbols"]), np.array(data["theta"], dtype=np.float64)
        unit, calendar = TimeUnit.parse(data["unit"]), calendar_of(data)
        if "coding" not in data:
            return cls(str(data["model"]), symbols, theta, unit, calendar=calendar)
        coding = Coding.from_dict(data["coding"], symbols, data["shifts"])
        columns = {name: plain_column(np.array(values)) for name, values in data["mix"]["attributes"].items()}
        mix = CustomerMix(Attributes(columns), np.array(data["mix"]["share"], dtype=np.float64))
        return cls(str(data["model"]), symbols, theta, unit, coding, mix, data["shifts"], calendar)


def _exposure(shape: FloatArray, scale: FloatArray, time: FloatArray) -> FloatArray:
    """Logarithm of scale + time, times the geometric mean of a gamma distributed trait."""
    return np.asarray(np.log(scale + time) + psi(shape) - np.log(scale))


def _left(of: Mapping[str, FloatArray], timed: Cells) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of those who left between purchases, when: shares of moments, mean and spread of the logarithm of alpha + it."""
    node, weight = legendre(_NODES)
    # Closer where the density is steep, right after the last purchase.
    left = timed.t_x[:, None] + (timed.T - timed.t_x)[:, None] * node**2
    later = np.log(of["alpha"][:, None] + left)
    density = -(of["r"] + timed.x)[:, None] * later - (of["s"][:, None] + 1) * np.log(of["beta"][:, None] + left)
    share = weight * node * np.exp(density - density.max(axis=1, keepdims=True))
    share = share / share.sum(axis=1, keepdims=True)
    mean = np.sum(share * later, axis=1)
    return share, mean, np.sqrt(np.maximum(np.sum(share * later**2, axis=1) - mean**2, 0.0))
