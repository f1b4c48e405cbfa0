"""What money does: budgets that change over time, and responses with carry-over and diminishing returns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Response:
    """How strongly a channel answers to money.

    Pressure is geometric carry-over of daily spend, ``(1 - adstock) * sum(adstock^k spend[t - k])``, so that an
    even budget makes a pressure of its own size. What it brings is a share of a ceiling,
    ``pressure^shape / (pressure^shape + half_saturation^shape)``, concave from the first cent as `shape` is at
    most one.

    Parameters
    ----------
    half_saturation : float
        Pressure a day, in money, that brings half of what the channel can bring.
    adstock : float
        Share of a day's pressure that is left on the next day, in [0, 1).
    shape : float
        Exponent in (0, 1].
    """

    half_saturation: float
    adstock: float = 0.0
    shape: float = 1.0

    def __post_init__(self) -> None:
        if not (self.half_saturation > 0 and math.isfinite(self.half_saturation)):
            raise ConfigError(f"`half_saturation` is {self.half_saturation!r}; it must be a positive amount a day.")
        if not 0 <= self.adstock < 1:
            raise ConfigError(f"`adstock` is {self.adstock!r}; it must be at least 0 and below 1.")
        if not 0 < self.shape <= 1:
            raise ConfigError(f"`shape` is {self.shape!r}; it must be above 0 and at most 1.")

    def pressure(self, daily_spend: FloatArray, before: float | None = None) -> FloatArray:
        """Pressure of each day; `before` is the pressure at the start, by default that of the first day's spend."""
        level = float(daily_spend[0]) if before is None else before
        result = np.empty(len(daily_spend))
        for day, spent in enumerate(daily_spend):
            level = self.adstock * level + (1.0 - self.adstock) * spent
            result[day] = level
        return result

    def saturation(self, pressure: FloatArray | float) -> FloatArray:
        """Share of the ceiling that is reached."""
        raised = np.asarray(pressure, dtype=np.float64) ** self.shape
        return np.asarray(raised / (raised + self.half_saturation**self.shape))

    def marginal_saturation(self, pressure: FloatArray | float) -> FloatArray:
        """Share of the ceiling that one more unit of money a day adds."""
        p = np.maximum(np.asarray(pressure, dtype=np.float64), 1e-9)
        half = self.half_saturation**self.shape
        return np.asarray(self.shape * p ** (self.shape - 1) * half / (p**self.shape + half) ** 2)


@dataclass(frozen=True, slots=True)
class Budget:
    """Money a day, week by week different, with growth and pauses.

    Parameters
    ----------
    daily : float
        Average money a day at the start.
    growth : float
        Factor a year.
    variation : float
        Standard deviation of the logarithm of weekly budgets.
    on_weeks, off_weeks : int
        Weeks with and without the channel, in turn; no pauses with ``off_weeks=0``.
    """

    daily: float
    growth: float = 1.0
    variation: float = 0.3
    on_weeks: int = 1
    off_weeks: int = 0

    def draw(self, days: int, demand: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Spend of each day in whole cents; it follows the season's demand half way, as shops' budgets do."""
        week = np.arange(days) // 7
        weekly = np.exp(rng.normal(-0.5 * self.variation**2, self.variation, week[-1] + 1))
        running = week % (self.on_weeks + self.off_weeks) < self.on_weeks
        level = self.daily * self.growth ** (np.arange(days) / 365.25) * weekly[week] * running * np.sqrt(demand)
        return np.asarray(np.round(level * rng.uniform(0.9, 1.1, days), 2))


@dataclass(frozen=True, slots=True)
class Campaign:
    """A part of a channel: its share of the channel's money and of the customers it brings."""

    name: str
    spend_share: float
    customer_share: float


@dataclass(frozen=True, slots=True)
class Advertising:
    """A channel that costs money.

    Parameters
    ----------
    budget : Budget
        What is spent.
    response : Response
        What it does.
    campaigns : tuple of Campaign
        How money and customers divide; one campaign if left out.
    cost_per_click : float
        Money a click.
    click_rate : float
        Clicks an impression.
    claims : float
        Conversions that the platform claims for each customer it truly brought.
    """

    budget: Budget
    response: Response
    campaigns: tuple[Campaign, ...] = (Campaign("always on", 1.0, 1.0),)
    cost_per_click: float = 0.6
    click_rate: float = 0.02
    claims: float = 1.4
