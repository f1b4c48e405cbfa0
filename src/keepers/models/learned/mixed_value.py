"""A forecast of money mixed from learned value, a model of buying and the plain ratio rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import NotFittedError
from keepers.numerics.conformal_bins import ConformalBins, ZeroLognormal
from keepers.numerics.recalibration import Recalibration

FloatArray = NDArray[np.float64]

MIX = "MixedValue"


@dataclass(frozen=True, slots=True, eq=False)
class MixedValue:
    """Forecasts of money with fixed weights, recalibrated.

    Attributes
    ----------
    weights : dict of str to float
        Of each forecast; none is negative, and they sum to at most one.
    recalibration : Recalibration
        Makes the mix right in total and by tenth.
    repair : ConformalBins or None
        What held-out customers said of the mix's intervals.
    """

    weights: dict[str, float]
    recalibration: Recalibration
    repair: ConformalBins | None

    @property
    def title(self) -> str:
        """Its name for people."""
        return "mix of forecasts"

    @property
    def bins(self) -> ConformalBins:
        """The repair of its intervals."""
        if self.repair is None:
            raise NotFittedError(MIX)
        return self.repair

    def value(self, forecasts: Mapping[str, FloatArray]) -> FloatArray:
        """Expected money of each customer, shape (n,).

        Parameters
        ----------
        forecasts : mapping of str to array of shape (n,)
            One for each weight.
        """
        mixed = np.sum([weight * forecasts[name] for name, weight in self.weights.items()], axis=0)
        return self.recalibration(np.maximum(mixed, 1e-9))

    def law(self, forecasts: Mapping[str, FloatArray], learned: ZeroLognormal) -> ZeroLognormal:
        """The whole distribution: the mix's mean with the chance to buy and the spread of learned value."""
        return ZeroLognormal(learned.probability, self.value(forecasts), learned.scale)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {
            "weights": self.weights,
            "recalibration": self.recalibration.to_dict(),
            "bins": None if self.repair is None else self.repair.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The mix that `to_dict` wrote."""
        bins = data["bins"]
        return cls(
            dict(data["weights"]),
            Recalibration.from_dict(data["recalibration"]),
            None if bins is None else ConformalBins.from_dict(bins),
        )
