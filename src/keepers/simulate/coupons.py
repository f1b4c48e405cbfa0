"""Coupons that customers use by themselves: a welcome for the first order, a standing code for later ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Coupons:
    """A welcome coupon and a standing one.

    Parameters
    ----------
    welcome, standing : str
        The codes.
    rate : float
        What they take off the list price.
    welcome_use : float
        Share of first orders with the welcome coupon.
    standing_use : float
        Mean probability of the standing coupon with a later order; customers differ.
    """

    welcome: str = "WELCOME10"
    standing: str = "THANKYOU10"
    rate: float = 0.10
    welcome_use: float = 0.3
    standing_use: float = 0.12

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1:
            raise ConfigError(f"A coupon's rate is {self.rate!r}; it must lie between 0 and 1 (0.10 for 10%).")

    @property
    def codes(self) -> tuple[str, str]:
        """The codes, as rows of `draw` name them."""
        return self.welcome, self.standing

    def draw(
        self, first: np.ndarray, discount_use: FloatArray, rng: np.random.Generator
    ) -> tuple[IntArray, FloatArray]:
        """Code (-1 for none) and rate of each order; `discount_use` is its customer's."""
        chance = np.where(first, self.welcome_use, discount_use)
        used = rng.random(first.size) < chance
        return np.where(used, np.where(first, 0, 1), -1), np.where(used, self.rate, 0.0)
