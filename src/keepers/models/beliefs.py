"""Beliefs about one positive parameter before any data: printable, drawable, and smooth in its logarithm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError

FloatArray = NDArray[np.float64]


class Belief(Protocol):
    """A distribution of one positive parameter theta, seen through u = log theta.

    A class of your own with these members works like those of this file, except that a saved model cannot name it.
    """

    def log_density(self, u: float) -> tuple[float, float, float]:
        """Logarithm of the density of u up to a constant, and its first two derivatives."""

    def divided(self, by: float) -> Belief:
        """The belief about theta / by: a change of unit."""

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Draws of theta, shape (n,)."""


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

    def log_density(self, u: float) -> tuple[float, float, float]:
        """A normal of u around log(median)."""
        precision, away = self.spread**-2, u - math.log(self.median)
        return -0.5 * precision * away**2, -precision * away, -precision

    def divided(self, by: float) -> LogNormal:
        """The same with the median in the other unit."""
        return LogNormal(self.median / by, self.spread)

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Draws of theta."""
        return np.asarray(self.median * np.exp(self.spread * rng.standard_normal(n)))


@dataclass(frozen=True, slots=True)
class Gamma:
    """A belief about a positive parameter that may be near zero but hardly far above its mean: Gamma(shape) of a mean.

    Shape 1 is the exponential distribution. Unlike a lognormal it does not keep the parameter away from zero.

    >>> print(Gamma(mean=2.0, shape=1.0))
    2 on average, with 95% below 5.99
    """

    mean: float
    shape: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and self.mean > 0 and math.isfinite(self.shape) and self.shape > 0):
            raise ConfigError(
                f"A gamma prior needs a positive mean and shape, not {self.mean!r} and {self.shape!r}. "
                "Write for example Gamma(mean=2.0, shape=1.0)."
            )

    def __str__(self) -> str:
        from scipy.special import gammaincinv

        above = float(gammaincinv(self.shape, 0.95)) * self.mean / self.shape
        return f"{self.mean:.3g} on average, with 95% below {above:.3g}"

    def log_density(self, u: float) -> tuple[float, float, float]:
        """shape u - shape exp(u) / mean, the Jacobian of the logarithm included."""
        pull = self.shape * math.exp(min(u, 700.0)) / self.mean
        return self.shape * u - pull, self.shape - pull, -pull

    def divided(self, by: float) -> Gamma:
        """The same with the mean in the other unit."""
        return Gamma(self.mean / by, self.shape)

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Draws of theta, kept off zero by the smallest normal number."""
        return np.maximum(rng.gamma(self.shape, self.mean / self.shape, n), np.finfo(float).tiny)


@dataclass(frozen=True, slots=True)
class PenalisedComplexity:
    """A belief about the shape of a gamma mixture (`r`, `s`) that prefers customers who are alike.

    Customers who are all alike are the simpler model; their coefficient of variation 1 / sqrt(shape) is the distance
    from it, and gets an exponential distribution: the further, the less likely, at a constant rate of penalisation.
    All that has to be said is how large a variation would surprise.

    Parameters
    ----------
    variation : float
        A coefficient of variation between customers that would surprise.
    probability : float
        How likely it is exceeded, 0 to 1.

    References
    ----------
    Simpson, Rue, Riebler, Martins, Sorbye (2017), "Penalising Model Component Complexity", Statistical Science 32,
    section 3.1: principles 1 to 4.

    Examples
    --------
    >>> print(PenalisedComplexity(variation=3.0, probability=0.05))
    differences between customers beyond 3 times their mean with probability 0.05
    """

    variation: float
    probability: float = 0.05

    def __post_init__(self) -> None:
        if not (math.isfinite(self.variation) and self.variation > 0 and 0 < self.probability < 1):
            raise ConfigError(
                f"A penalised complexity prior needs a positive variation and a probability between 0 and 1, not "
                f"{self.variation!r} and {self.probability!r}. Write for example PenalisedComplexity(3.0, 0.05)."
            )

    def __str__(self) -> str:
        return (
            f"differences between customers beyond {self.variation:.3g} times their mean with probability "
            f"{self.probability:.3g}"
        )

    @property
    def rate(self) -> float:
        """Rate of the exponential distribution of 1 / sqrt(theta)."""
        return -math.log(self.probability) / self.variation

    def log_density(self, u: float) -> tuple[float, float, float]:
        """-rate exp(-u / 2) - u / 2, the Jacobian included."""
        pull = self.rate * math.exp(min(-0.5 * u, 700.0))
        return -pull - 0.5 * u, 0.5 * pull - 0.5, -0.25 * pull

    def divided(self, by: float) -> PenalisedComplexity:
        """The belief about theta / by; a shape has no unit, so that `by` is 1 where it is used as meant."""
        return PenalisedComplexity(self.variation * math.sqrt(by), self.probability)

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Draws of theta."""
        return np.asarray(np.maximum(rng.exponential(1 / self.rate, n), 1e-150) ** -2.0)


KINDS: dict[str, type[LogNormal | Gamma | PenalisedComplexity]] = {
    "lognormal": LogNormal,
    "gamma": Gamma,
    "penalised complexity": PenalisedComplexity,
}
"""The beliefs that a saved model can name."""


def to_plain(belief: Belief) -> Any:
    """A belief as plain numbers and words, for a saved model."""
    if isinstance(belief, LogNormal):
        return [belief.median, belief.spread]
    for kind, known in KINDS.items():
        if isinstance(belief, known):
            return {"kind": kind, **asdict(belief)}
    raise ConfigError(
        f"A saved model cannot name a belief of class {type(belief).__name__}. Use one of "
        f"{', '.join(known.__name__ for known in KINDS.values())}, or keep the model in memory."
    )


def from_plain(data: Any) -> Belief:
    """The belief that `to_plain` wrote."""
    if isinstance(data, Mapping):
        numbers = {key: float(value) for key, value in data.items() if key != "kind"}
        return KINDS[data["kind"]](**numbers)
    return LogNormal(*data)
