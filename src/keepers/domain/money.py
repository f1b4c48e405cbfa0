"""Currency, basis, margin and discount: what a money figure means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from keepers.domain.errors import ConfigError
from keepers.domain.time import TimeUnit

UNSPECIFIED_CURRENCY = "unspecified"
"""Shown where the data name no currency."""


class MoneyBasis(Enum):
    """What a sum of money is before anything is predicted from it."""

    REVENUE = "revenue"
    NET_REVENUE = "net revenue"
    CONTRIBUTION = "contribution margin"


@dataclass(frozen=True, slots=True)
class Margin:
    """The part of revenue that is left after the cost of serving: one rate, or each order's own.

    `rate` in (0, 1] applies to revenue; `per_order` says that orders carry their own contribution. Never both.
    """

    rate: float | None = None
    per_order: bool = False

    def __post_init__(self) -> None:
        if self.rate is not None and self.per_order:
            raise ConfigError("A margin is one rate or a contribution per order, never both. Leave one out.")
        if self.rate is not None and not 0 < self.rate <= 1:
            raise ConfigError(f"The margin is {self.rate!r}; it must be above 0 and at most 1 (write 35% as 0.35).")

    @property
    def basis(self) -> MoneyBasis:
        """The basis of values computed with this margin."""
        return MoneyBasis.NET_REVENUE if self.rate is None and not self.per_order else MoneyBasis.CONTRIBUTION

    @property
    def factor(self) -> float:
        """What a unit of order value is multiplied with."""
        return 1.0 if self.rate is None else self.rate


@dataclass(frozen=True, slots=True)
class DiscountRate:
    """What later money is worth now, kept as a continuous rate a day. Make one with `annual_rate` and its siblings."""

    per_day: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.per_day) and self.per_day >= 0):
            raise ConfigError(f"A discount rate must be zero or positive, not {self.per_day!r} a day.")

    def continuous(self, unit: TimeUnit) -> float:
        """The continuous rate for one unit of time."""
        return self.per_day * unit.days

    @property
    def annual(self) -> float:
        """The effective rate a year of 365.25 days, 0.10 for ten percent."""
        return math.expm1(self.per_day * TimeUnit.YEAR.days)

    def factor(self, days: float) -> float:
        """What one unit of money is worth that comes in so many days."""
        return math.exp(-self.per_day * days)


def annual_rate(rate: float) -> DiscountRate:
    """An effective annual rate: 0.10 means that 110 in a year are worth 100 now.

    >>> round(annual_rate(0.10).factor(365.25), 6)
    0.909091
    """
    _check_rate(rate)
    if rate >= 1:
        raise ConfigError(f"A discount rate of {rate:.0%} a year is surely meant otherwise: write 10% as 0.10.")
    return DiscountRate(math.log1p(rate) / TimeUnit.YEAR.days)


def continuous_rate(rate: float, per: TimeUnit | str) -> DiscountRate:
    """A continuously compounded rate for a unit of time, as in the literature.

    >>> round(continuous_rate(0.0027, per="week").annual, 4)
    0.1513
    """
    _check_rate(rate)
    return DiscountRate(rate / TimeUnit.parse(per).days)


def periodic_rate(rate: float, per: TimeUnit | str = TimeUnit.YEAR) -> DiscountRate:
    """An effective rate for one period of a discrete model, compounded period by period."""
    _check_rate(rate)
    return DiscountRate(math.log1p(rate) / TimeUnit.parse(per).days)


def _check_rate(rate: float) -> None:
    if not (math.isfinite(rate) and rate >= 0):
        raise ConfigError(f"A discount rate must be zero or positive, not {rate!r} (write 10% as 0.10).")


DEFAULT_DISCOUNT = annual_rate(0.10)
"""Ten percent a year, effective."""
