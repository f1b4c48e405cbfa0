"""What purchases say of a customer's buying rate, by the models of buying whose rates are gamma distributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import psi

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.time import Horizon, TimeUnit
from keepers.numerics.quadrature import legendre

LEAVING = {"NBD": "never", "BGNBD": "after orders", "MBGNBD": "after orders", "ParetoNBD": "with time"}
"""How customers leave in the models that can be asked."""

_NODES = 12
_STEP = 1.1


@dataclass(frozen=True, slots=True)
class BuyingRates:
    """Rates of customers, Gamma(r, alpha) over all of them.

    Parameters
    ----------
    model : str
        Name of the model of buying.
    r, alpha, s, beta : float
        Its parameters; s and beta are used where customers leave with time.
    unit : TimeUnit
        Unit of alpha and beta.
    """

    model: str
    r: float
    alpha: float
    s: float
    beta: float
    unit: TimeUnit

    @classmethod
    def of(cls, buying: Any) -> Self:
        """The rates of a fitted model of buying.

        Raises
        ------
        ConfigError
            If its rates are not gamma distributed.
        FitError
            If it is not fitted.
        """
        name = str(getattr(buying, "name", type(buying).__name__))
        if name not in LEAVING:
            raise ConfigError(
                f"Spend that goes with the buying rate needs a model whose rates are gamma distributed, and {name} is "
                f"none. Fit one of: {', '.join(LEAVING)}; or use GammaGamma."
            )
        if getattr(buying, "needed_attributes", ()):
            raise ConfigError(
                f"Spend that goes with the buying rate takes all rates for alike before any order, and {name} "
                "was fitted with attributes of customers. Fit it without them, or use GammaGamma."
            )
        if not hasattr(buying, "parameters_"):
            raise FitError(f"{name} is not fitted. Call fit first.")
        known = buying.parameters_
        return cls(name, known["r"], known["alpha"], known.get("s", 1.0), known.get("beta", 1.0), buying.unit_)

    def shape(self, cells: Cells) -> FloatArray:
        """Shape of the gamma distribution of each cell's rate."""
        return np.asarray(self.r + cells.x)

    def log_exposure_alive(self, cells: Cells) -> FloatArray:
        """Logarithm of alpha + T times the geometric mean rate: of customers who are still there."""
        return np.asarray(np.log(self.alpha + cells.in_unit(self.unit).T) + self._log_middle)

    def log_exposure(self, cells: Cells, alive: FloatArray) -> FloatArray:
        """The same on average over who is still there and who has left, when that is not known."""
        timed = cells.in_unit(self.unit)
        there = np.log(self.alpha + timed.T)
        kind = LEAVING[self.model]
        if kind == "never":
            return np.asarray(there + self._log_middle)
        gone = np.log(self.alpha + timed.t_x)
        if kind == "with time":
            node, weight = legendre(_NODES)
            # Closer where the density is steep, right after the last purchase.
            left = timed.t_x[:, None] + (timed.T - timed.t_x)[:, None] * node**2
            density = -(self.r + timed.x)[:, None] * np.log(self.alpha + left) - (self.s + 1) * np.log(self.beta + left)
            share = weight * node * np.exp(density - density.max(axis=1, keepdims=True))
            gone = np.sum(share * np.log(self.alpha + left), axis=1) / share.sum(axis=1)
        return np.asarray(alive * there + (1.0 - alive) * gone + self._log_middle)

    def pull(self, buying: Any, cells: Cells, horizon: Horizon) -> FloatArray:
        """Power of the rate that expected purchases within the horizon follow.

        Where customers leave with time or never, purchases are proportional to the rate. Where they leave after orders,
        they depend on rate and time by the product of both, so that the power is that of time.
        """
        if LEAVING[self.model] != "after orders":
            return np.ones(cells.size)
        longer, shorter = (Horizon(horizon.length * by, horizon.unit) for by in (_STEP, 1 / _STEP))
        more, less = (np.maximum(buying.expected_purchases(cells, at), 1e-300) for at in (longer, shorter))
        return np.asarray(np.clip(np.log(more / less) / (2 * np.log(_STEP)), 0.0, 1.0))

    def pull_new(self, buying: Any, horizon: Horizon) -> float:
        """The same for customers who come now."""
        if LEAVING[self.model] != "after orders":
            return 1.0
        longer, shorter = (Horizon(horizon.length * by, horizon.unit) for by in (_STEP, 1 / _STEP))
        more, less = (float(buying.expected_purchases_new_customer(at)) for at in (longer, shorter))
        return float(np.clip(np.log(more / less) / (2 * np.log(_STEP)), 0.0, 1.0))

    @property
    def log_exposure_new(self) -> float:
        """That of a customer of whom nothing is known."""
        return float(np.log(self.alpha) + self._log_middle)

    @property
    def _log_middle(self) -> float:
        """Logarithm of the geometric mean of the rates."""
        return float(psi(self.r) - np.log(self.alpha))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "model": self.model,
            "r": self.r,
            "alpha": self.alpha,
            "s": self.s,
            "beta": self.beta,
            "unit": self.unit.value,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote."""
        r, alpha, s, beta = (float(data[name]) for name in ("r", "alpha", "s", "beta"))
        return cls(str(data["model"]), r, alpha, s, beta, TimeUnit.parse(data["unit"]))
