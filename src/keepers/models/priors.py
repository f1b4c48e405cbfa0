"""Weak priors: what is known of behaviour before any order is seen, printable, and switched off by enough data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit
from keepers.numerics.evaluation import Evaluation

FloatArray = NDArray[np.float64]

FULL_STRENGTH_UNTIL = 200
"""Up to so many customers with a repeat purchase ``prior="auto"`` has its full strength."""
NO_STRENGTH_FROM = 400
"""From so many customers with a repeat purchase on ``prior="auto"`` is exactly maximum likelihood."""


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A belief about a positive parameter: its median, and the standard deviation of its logarithm.

    >>> print(LogNormal(0.8, 1.0))
    about 0.8, with 95% between 0.113 and 5.68
    """

    median: float
    spread: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.median) and self.median > 0 and math.isfinite(self.spread) and self.spread > 0):
            raise ConfigError(
                f"A prior needs a positive median and spread, not {self.median!r} and {self.spread!r}. "
                "Write for example LogNormal(median=0.8, spread=1.0)."
            )

    def __str__(self) -> str:
        factor = math.exp(1.96 * self.spread)
        return f"about {self.median:.3g}, with 95% between {self.median / factor:.3g} and {self.median * factor:.3g}"


@dataclass(frozen=True)
class Prior:
    """Independent lognormal beliefs about the parameters of a model.

    Parameters
    ----------
    beliefs : mapping of str to LogNormal
        One for each parameter, by its symbol.
    unit : TimeUnit
        Unit of time in which the medians are stated; the model converts them to the unit of its data, so that a fit
        in days and a fit in weeks are the same fit.
    strength : float
        Weight of the prior's logarithm, 1 for the whole prior and 0 for none.
    money : bool
        Whether the medians are stated in multiples of the data's mean order value rather than in times.

    Examples
    --------
    >>> print(Prior({"r": LogNormal(0.5, 1.0), "alpha": LogNormal(8, 1.25)}, TimeUnit.WEEK))
    Prior (times in weeks):
      r      about 0.5, with 95% between 0.0704 and 3.55
      alpha  about 8, with 95% between 0.69 and 92.7
    """

    beliefs: Mapping[str, LogNormal]
    unit: TimeUnit = TimeUnit.WEEK
    strength: float = 1.0
    money: bool = False

    def __str__(self) -> str:
        width = max(len(name) for name in self.beliefs)
        measure = "money in mean order values" if self.money else f"times in {self.unit.value}s"
        head = f"Prior ({measure}" + ("" if self.strength == 1 else f"; strength {self.strength:.2f}")
        return "\n".join([head + "):", *(f"  {name:{width}}  {belief}" for name, belief in self.beliefs.items())])

    def with_strength(self, strength: float) -> Prior:
        """The same beliefs with another weight."""
        return replace(self, strength=strength)

    def on(self, parameters: tuple[str, ...], divisors: FloatArray) -> ParameterPrior:
        """The prior on the logarithms of parameters that are counted in units `divisors` times as large."""
        missing = [name for name in parameters if name not in self.beliefs]
        if missing:
            raise ConfigError(
                f"The prior says nothing about {', '.join(missing)}. It must name every parameter of the model: "
                f"{', '.join(parameters)}."
            )
        beliefs = [self.beliefs[name] for name in parameters]
        medians = np.array([belief.median for belief in beliefs]) / divisors
        return ParameterPrior(
            np.log(medians), self.strength / np.array([belief.spread**2 for belief in beliefs], dtype=float)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "unit": self.unit.value,
            "strength": self.strength,
            "money": self.money,
            "beliefs": {name: [belief.median, belief.spread] for name, belief in self.beliefs.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prior:
        """The prior that `to_dict` wrote."""
        beliefs = {name: LogNormal(*pair) for name, pair in data["beliefs"].items()}
        return cls(beliefs, TimeUnit.parse(data["unit"]), float(data["strength"]), bool(data.get("money", False)))


@dataclass(frozen=True, slots=True, eq=False)
class ParameterPrior:
    """Independent normal beliefs about log parameters: centre and precision, shape (d,) each."""

    centre: FloatArray
    precision: FloatArray

    def evaluate(self, log_parameters: FloatArray) -> Evaluation:
        """Logarithm of the prior without its constant, with derivatives."""
        away = log_parameters - self.centre
        return Evaluation(float(-0.5 * self.precision @ away**2), -self.precision * away, -np.diag(self.precision))


def automatic_strength(repeat_customers: float) -> float:
    """How strong ``prior="auto"`` is: 1 up to 200 customers with a repeat purchase, 0 from 400 on, linear between.

    >>> automatic_strength(50), automatic_strength(300), automatic_strength(946)
    (1.0, 0.5, 0.0)
    """
    share = (NO_STRENGTH_FROM - repeat_customers) / (NO_STRENGTH_FROM - FULL_STRENGTH_UNTIL)
    return float(min(1.0, max(0.0, share)))
