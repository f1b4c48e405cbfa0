"""What an order is worth: Gamma-Gamma spend, alone or in step with how often customers buy and how long they stay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Spend:
    """Gamma-Gamma spend: an order is gamma with shape `p`, its mean varies over customers with shape `q`.

    A customer's inverse scale is gamma distributed with shape `q` and rate `gamma`; an order is gamma with shape
    `p` and that inverse scale; the mean over customers is ``p gamma / (q - 1)`` (Fader and Hardie 2013, eq. 1).
    """

    p: float
    q: float
    gamma: float

    def __post_init__(self) -> None:
        for name in ("p", "q", "gamma"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(f"The spend parameter `{name}` is {value!r}; it must be positive.")

    @property
    def mean(self) -> float:
        """Mean order value over all customers; infinite where `q` is at most one."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else math.inf

    def draw_means(self, customers: int, rng: np.random.Generator, uniforms: FloatArray | None = None) -> FloatArray:
        """Each customer's own mean order value; `uniforms` are its ranks where it is to be correlated."""
        if uniforms is None:
            return self.p * self.gamma / rng.standard_gamma(self.q, customers)
        return np.asarray(self.p * self.gamma / special.gammainccinv(self.q, uniforms), dtype=np.float64)


def draw_amounts(means: FloatArray, shape: FloatArray, rng: np.random.Generator) -> FloatArray:
    """One order each, gamma distributed with these means and shapes `p`."""
    return rng.standard_gamma(shape) * means / shape


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlations of the normal scores behind purchase rate, dropout and mean spend (a Gaussian copula).

    Each margin keeps its law; a positive `rate_dropout` means that who buys often leaves sooner.
    """

    rate_dropout: float = 0.0
    rate_spend: float = 0.0
    dropout_spend: float = 0.0

    def __post_init__(self) -> None:
        if np.linalg.eigvalsh(self.matrix)[0] <= 1e-9:
            raise ConfigError(f"The correlations {self!r} contradict each other; bring them closer to zero.")

    @property
    def matrix(self) -> FloatArray:
        """The 3 x 3 matrix in the order rate, dropout, spend."""
        a, b, c = self.rate_dropout, self.rate_spend, self.dropout_spend
        return np.array([[1.0, a, b], [a, 1.0, c], [b, c, 1.0]])

    def draw_ranks(self, customers: int, rng: np.random.Generator) -> FloatArray:
        """Ranks in (0, 1), shape (3, customers)."""
        scores = np.linalg.cholesky(self.matrix) @ rng.standard_normal((3, customers))
        return np.clip(special.ndtr(scores), 1e-15, 1.0 - 1e-15)


def normal_scores(values: FloatArray) -> FloatArray:
    """Ranks as standard normal scores; what signals of a latent quantity are made from."""
    rank = np.empty(values.size)
    rank[np.argsort(values, kind="stable")] = np.arange(values.size)
    return np.asarray(special.ndtri((rank + 0.5) / max(values.size, 1)))
