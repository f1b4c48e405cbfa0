"""What comes back: orders cancelled, sent back whole or refunded in part, each at a time of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError

FULL_REASONS = ("changed my mind", "arrived broken", "not as pictured", "wrong article")
CANCEL_REASON = "cancelled"
PART_REASONS = ("one piece was chipped", "one article was missing", "late delivery", "price matched")


@dataclass(frozen=True, slots=True)
class Refunds:
    """How often orders come back.

    Parameters
    ----------
    cancelled : float
        Share of orders that are cancelled within two days.
    full : float
        Share of orders that are sent back whole.
    partial : float
        Share of orders of which a part is refunded.
    partial_share : float
        Mean part of the order's value that such a refund gives back.
    mean_delay : float
        Days from the order to the refund, on average.
    """

    cancelled: float = 0.008
    full: float = 0.02
    partial: float = 0.03
    partial_share: float = 0.3
    mean_delay: float = 14.0

    def __post_init__(self) -> None:
        if min(self.cancelled, self.full, self.partial) < 0 or self.cancelled + self.full + self.partial >= 1:
            raise ConfigError(
                f"Shares of cancelled, returned and partly refunded orders are {self.cancelled}, {self.full} and "
                f"{self.partial}; none may be negative and their sum must stay below 1."
            )

    @property
    def counted(self) -> float:
        """Share of orders that stay orders."""
        return 1.0 - self.cancelled - self.full

    @property
    def kept(self) -> float:
        """Share of the revenue of orders that stay which is kept."""
        return 1.0 - self.partial * self.partial_share / self.counted


@dataclass(frozen=True, eq=False)
class RefundEvents:
    """Refunds and cancellations that happened before the end; one entry each.

    Attributes
    ----------
    order : array of int
        Row of the order.
    moment : array
        When, in days.
    amount : array of int
        Cents given back, of the order's value without tax and shipping.
    whole : array of bool
        Whether the order stops counting.
    cancelled : array of bool
        Whether it was cancelled before anything was sent.
    reason : array of int
        Position in the list of reasons.
    """

    order: IntArray
    moment: FloatArray
    amount: IntArray
    whole: np.ndarray
    cancelled: np.ndarray
    reason: IntArray


def draw_refunds(
    law: Refunds, moment: FloatArray, amount: IntArray, end: float, rng: np.random.Generator
) -> RefundEvents:
    """Refunds of orders of these moments and amounts (cents), as far as they happen before the end."""
    size = moment.size
    lot = rng.random(size)
    cancelled = lot < law.cancelled
    whole = lot < law.cancelled + law.full
    comes_back = lot < law.cancelled + law.full + law.partial
    delay = np.where(cancelled, rng.uniform(0.02, 2.0, size), 2.0 + rng.gamma(2.0, (law.mean_delay - 2.0) / 2.0, size))
    part = rng.beta(4.0 * law.partial_share, 4.0 * (1.0 - law.partial_share), size)
    back = np.where(whole, amount, np.clip(np.round(amount * part), 1, np.maximum(amount - 1, 1))).astype(np.int64)
    reason = rng.choice(len(FULL_REASONS), size=size, p=[0.4, 0.3, 0.2, 0.1])
    rows = np.flatnonzero(comes_back & (moment + delay < end))
    return RefundEvents(
        rows, (moment + delay)[rows], back[rows], whole[rows], cancelled[rows], reason[rows]
    )  # fmt: skip
