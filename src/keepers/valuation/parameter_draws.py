"""What sums would be if the parameters were others that the data allow: discounted orders and spend by draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon
from keepers.valuation.spend_forecast import SpendModel

MOST_DRAWS = 64
"""Draws of the parameters behind an interval of a sum."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of the parameters of both models, the estimate first.

    Parameters
    ----------
    buying : fitted model
        Of buying.
    thetas : array, shape (n + 1, d), or None
        Its parameters; None for a rule without a posterior.
    spends : array, shape (n + 1, d), or None
        Those of spend; None without money.
    """

    buying: Any
    thetas: FloatArray | None
    spends: FloatArray | None

    @property
    def count(self) -> int:
        """Draws and the estimate."""
        if self.thetas is not None:
            return len(self.thetas)
        return 1 if self.spends is None else len(self.spends)

    def discounted_orders(
        self, cells: Cells, horizon: Horizon | None, per_unit: float, speed: float = 1.0
    ) -> FloatArray:
        """Discounted expected orders of each cell under each draw, shape (n + 1, cells).

        Parameters
        ----------
        cells : Cells
            Histories.
        horizon : Horizon or None
            How far ahead; None is without end.
        per_unit : float
            Continuous discount rate for one unit of the model's time, zero or more.
        speed : float
            Factor on the clock of everything that happens after now.
        """
        unit = self.buying.unit_
        cells = cells.in_unit(unit)
        t = None if horizon is None else horizon.in_unit(unit) * speed
        delta = per_unit / speed
        if self.thetas is None:
            rate = DiscountRate(delta / unit.days)
            length = None if t is None else Horizon(t, unit)
            one = self.buying.discounted_expected_purchases(cells, length, rate)
            return np.broadcast_to(one, (self.count, cells.size))
        value = self.buying.answer
        return np.stack([value("discounted_expected_purchases", theta, cells, delta, t) for theta in self.thetas])

    def orders(self, cells: Cells, horizon: Horizon) -> FloatArray:
        """Expected orders of each cell within the horizon under each draw, shape (n + 1, cells)."""
        cells = cells.in_unit(self.buying.unit_)
        t = horizon.in_unit(self.buying.unit_)
        if self.thetas is None:
            return np.broadcast_to(self.buying.expected_purchases(cells, horizon), (self.count, cells.size))
        value = self.buying.answer
        return np.stack([value("expected_purchases", theta, cells, t) for theta in self.thetas])

    def alive(self, cells: Cells, at: Horizon | None = None) -> FloatArray:
        """Probability of being a customer now or later under each draw, shape (n + 1, cells)."""
        cells = cells.in_unit(self.buying.unit_)
        later = 0.0 if at is None else at.in_unit(self.buying.unit_)
        if self.thetas is None:
            return np.broadcast_to(self.buying.probability_alive(cells, at), (self.count, cells.size))
        value = self.buying.answer
        return np.stack([value("probability_alive", theta, cells, later) for theta in self.thetas])


def draw_parameters(
    buying: Any, spending: SpendModel | None, rng: np.random.Generator, draws: int = MOST_DRAWS
) -> Draws:
    """Draw parameters from the posteriors of both models, independently; the estimate comes first."""
    thetas = None
    if hasattr(buying, "posterior_"):
        estimate = np.array([buying.parameters_[name] for name in buying.posterior_.parameters])
        thetas = np.vstack([estimate, buying.posterior_.draws(draws, rng)])
    spends = None
    if spending is not None:
        spends = np.vstack([np.array(list(spending.parameters_.values())), spending.posterior_.draws(draws, rng)])
    return Draws(buying, thetas, spends)
