"""What a figure of the report carries: its interval, and the five things that say what a sum of money means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from keepers.domain.money import DiscountRate, MoneyBasis
from keepers.domain.time import Horizon


class Personal:
    """Marks a text that names a person, which not everybody may see."""


PersonName = Annotated[str, Personal]
"""A name, an e-mail address or a key by which the owner finds a person."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval that holds the truth with probability `level`."""

    value: float
    """The expected value, in currency or as a count."""
    low: float | None = None
    """Lower end of the interval; None where no interval is known."""
    high: float | None = None
    """Upper end of the interval."""
    level: float = 0.80
    """Probability that the interval holds the truth; 0.80 everywhere unless said otherwise."""


class Span(Enum):
    """A stretch of time that is not a horizon ahead."""

    PAST = "everything up to the last day of the data"
    PAST_YEAR = "the last 12 months of the data"
    UNLIMITED = "without an end"
    A_MONTH = "a month, at the prices of the last day of the data"


@dataclass(frozen=True, slots=True)
class MoneyMeaning:
    """The five things without which a sum of money can be argued about; one stands beside every money figure."""

    basis: MoneyBasis
    """Revenue, net revenue or contribution margin."""
    horizon: Horizon | Span
    """How far ahead the figure looks, or which past it covers."""
    population: str
    """Whose money it is, as the end of "of ...": "all 2,357 customers", "customers at risk"."""
    acquisition_cost_deducted: bool = False
    """Whether what it cost to win the customers has been taken off."""
    discount: DiscountRate | None = None
    """The rate at which later money is worth less; None where nothing is discounted (the past)."""
    margin: float | None = None
    """Where the basis is a contribution margin of one rate: that rate, 0.35 for 35%."""
