"""What an owner wants of the money that wins customers: how soon it is back, and how many times over."""

from __future__ import annotations

import math
from dataclasses import dataclass

from keepers.domain.errors import ConfigError

BUSINESS_TYPES = ("shop", "subscription", "services", "local")
"""Kinds of business that have beliefs of their own about how channels answer to money."""


@dataclass(frozen=True, slots=True)
class AcquisitionRules:
    """Targets and costs that only the owner knows.

    Parameters
    ----------
    payback_months : float
        Months within which a customer shall have brought back what it cost to win them.
    ratio : float
        How many times the cost of winning a customer their lifetime value shall be at least.
    overhead : float
        What acquisition costs a month beside what platforms charge: people, agencies, tools. It is spread over paid
        channels in proportion to their spend, for the fully loaded cost.
    business : str
        "shop", "subscription", "services" or "local": what is believed of how channels answer to money before their
        data are seen.
    look_back_days : float
        Whole days that a contact with marketing counts.

    >>> AcquisitionRules().payback_months
    12.0
    """

    payback_months: float = 12.0
    ratio: float = 3.0
    overhead: float = 0.0
    business: str = "shop"
    look_back_days: float = 30.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.payback_months) and 0 < self.payback_months <= 120):
            raise ConfigError(f"`payback_months` is {self.payback_months!r}; it must be above 0 and at most 120.")
        if not (math.isfinite(self.ratio) and self.ratio > 0):
            raise ConfigError(f"`ratio` is {self.ratio!r}; a lifetime value of 3 times the cost is ratio = 3.")
        if not (math.isfinite(self.overhead) and self.overhead >= 0):
            raise ConfigError(f"`overhead` is {self.overhead!r}; it is money a month, zero or more.")
        if not (1 <= self.look_back_days <= 365 and self.look_back_days == int(self.look_back_days)):
            raise ConfigError(f"`look_back_days` is {self.look_back_days!r}; it is a whole number of days, 1 to 365.")
        if self.business not in BUSINESS_TYPES:
            raise ConfigError(f"`business` is {self.business!r}. Say one of: {', '.join(BUSINESS_TYPES)}.")
