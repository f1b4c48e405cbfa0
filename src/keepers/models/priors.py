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
from keepers.models.beliefs import Belief, Gamma, LogNormal, PenalisedComplexity, from_plain, to_plain
from keepers.numerics.evaluation import Evaluation

FloatArray = NDArray[np.float64]

__all__ = [
    "FULL_STRENGTH_UNTIL", "NO_STRENGTH_FROM", "Gamma", "LogNormal", "ParameterPrior", "PenalisedComplexity", "Prior",
    "automatic_strength",
]  # fmt: skip

FULL_STRENGTH_UNTIL = 200
"""Up to so many customers with a repeat purchase ``prior="auto"`` has its full strength."""
NO_STRENGTH_FROM = 400
"""From so many customers with a repeat purchase on ``prior="auto"`` is exactly maximum likelihood."""


@dataclass(frozen=True)
class Prior:
    """Independent beliefs about the parameters of a model.

    Parameters
    ----------
    beliefs : mapping of str to belief
        One for each parameter, by its symbol: `LogNormal`, `Gamma`, `PenalisedComplexity`, or a class of your own with
        the members of `keepers.models.beliefs.Belief`.
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
    >>> print(Prior({"r": PenalisedComplexity(3.0, 0.05), "alpha": Gamma(mean=10, shape=2)}, TimeUnit.WEEK))
    Prior (times in weeks):
      r      differences between customers beyond 3 times their mean with probability 0.05
      alpha  10 on average, with 95% below 23.7
    """

    beliefs: Mapping[str, Belief]
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
        beliefs = [self.beliefs[name].divided(float(by)) for name, by in zip(parameters, divisors, strict=True)]
        normal = [
            (math.log(one.median), one.spread**-2) if isinstance(one, LogNormal) else (0.0, 0.0) for one in beliefs
        ]
        others = tuple((place, one) for place, one in enumerate(beliefs) if not isinstance(one, LogNormal))
        centre, precision = np.array(normal).T
        return ParameterPrior(centre, self.strength * precision, others, self.strength)

    def draw(self, parameters: tuple[str, ...], rng: np.random.Generator, n: int) -> FloatArray:
        """Draws of the parameters in the prior's own unit at full strength, shape (n, d)."""
        return np.column_stack([self.beliefs[name].draw(rng, n) for name in parameters])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, for a saved model."""
        return {
            "unit": self.unit.value,
            "strength": self.strength,
            "money": self.money,
            "beliefs": {name: to_plain(belief) for name, belief in self.beliefs.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prior:
        """The prior that `to_dict` wrote."""
        beliefs = {name: from_plain(belief) for name, belief in data["beliefs"].items()}
        return cls(beliefs, TimeUnit.parse(data["unit"]), float(data["strength"]), bool(data.get("money", False)))


@dataclass(frozen=True, slots=True, eq=False)
class ParameterPrior:
    """Independent beliefs about log parameters.

    Parameters
    ----------
    centre, precision : arrays, shape (d,)
        Of the parameters whose logarithm is believed to be normal; precision 0 for all others.
    others : tuple of (place, belief)
        What is believed of those.
    strength : float
        Weight of their logarithms; that of the normal ones stands in their precision.
    """

    centre: FloatArray
    precision: FloatArray
    others: tuple[tuple[int, Belief], ...] = ()
    strength: float = 1.0

    def evaluate(self, log_parameters: FloatArray) -> Evaluation:
        """Logarithm of the prior without its constant, with derivatives."""
        away = log_parameters - self.centre
        value, first, second = float(-0.5 * self.precision @ away**2), -self.precision * away, -self.precision
        for place, belief in self.others:
            one = belief.log_density(float(log_parameters[place]))
            value += self.strength * one[0]
            first[place] += self.strength * one[1]
            second[place] += self.strength * one[2]
        return Evaluation(value, first, np.diag(second))

    def precision_at(self, log_parameters: FloatArray) -> FloatArray:
        """Information about each log parameter at a point, shape (d,); never negative."""
        return np.maximum(-np.diag(self.evaluate(log_parameters).hessian), 0.0)


def automatic_strength(repeat_customers: float) -> float:
    """How strong ``prior="auto"`` is: 1 up to 200 customers with a repeat purchase, 0 from 400 on, linear between.

    >>> automatic_strength(50), automatic_strength(300), automatic_strength(946)
    (1.0, 0.5, 0.0)
    """
    share = (NO_STRENGTH_FROM - repeat_customers) / (NO_STRENGTH_FROM - FULL_STRENGTH_UNTIL)
    return float(min(1.0, max(0.0, share)))
