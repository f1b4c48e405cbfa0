"""Leads: who asks, what is known of them when they ask, and whether and when they become customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.simulate.streams import stream

COMPANY_SIZES = ("1-9", "10-49", "50-249", "250+")
"""Staff of the company that asks."""
INTERESTS = ("catalogue", "sample box", "call me back", "price list")
"""What the form was filled in for."""

_SIZE_MIX = np.array([0.48, 0.31, 0.15, 0.06])
_SIZE_PULL = np.array([-0.25, 0.15, 0.45, 0.1])  # large companies ask a lot and decide late
_SIZE_VALUE = np.array([0.6, 1.0, 1.9, 3.4])
_INTEREST_MIX = np.array([0.42, 0.24, 0.14, 0.20])
_INTEREST_PULL = np.array([-0.55, 0.5, 0.95, -0.1])
_PAGES_MEAN = 3.0
_PAGES_PULL = 0.16


@dataclass(frozen=True, slots=True)
class LeadLaw:
    """How leads of a channel turn into customers.

    Parameters
    ----------
    conversion : float
        Share of leads that become customers sooner or later, in (0, 1).
    pull : float
        How much what is known of a lead says about it; 0 makes all leads equal.
    median_delay : float
        Days from asking to the first order, in the median.
    delay_spread : float
        Standard deviation of the logarithm of that delay.
    order_size : float
        Typical value of a deal of a company of 10 to 49 people.
    """

    conversion: float = 0.2
    pull: float = 1.0
    median_delay: float = 18.0
    delay_spread: float = 0.8
    order_size: float = 240.0

    def __post_init__(self) -> None:
        if not 0 < self.conversion < 1:
            raise ConfigError(f"The conversion of leads is {self.conversion!r}; it must lie between 0 and 1.")

    def converted_within(self, days: FloatArray | float) -> FloatArray:
        """Share of those who convert at all that have done so after so many days."""
        with np.errstate(divide="ignore"):
            score = np.log(np.maximum(days, 0.0) / self.median_delay) / self.delay_spread
        return np.asarray(special.ndtr(score))


@dataclass(frozen=True, eq=False)
class LeadBatch:
    """Leads with what was known of them when they came, and the truth.

    Attributes
    ----------
    channel : array of int
        Position of the channel in the plan.
    created : array
        Moment of asking, in days.
    size, interest, pages : arrays of int
        Company size, what the form was for, and pages seen before; all known at `created`.
    deal : array
        Size of the deal as estimated when it was opened.
    probability : array
        True probability of ever becoming a customer.
    converts : array of bool
        Whether the lead does, sooner or later.
    closes : array
        Moment of the first order, or of giving up.
    value_factor : array
        What a customer of such a company spends, relative to others of the channel.
    expected_leads : float
        Leads that the channel's intensity stands for.
    """

    channel: IntArray
    created: FloatArray
    size: IntArray
    interest: IntArray
    pages: IntArray
    deal: FloatArray
    probability: FloatArray
    converts: NDArray[np.bool_]
    closes: FloatArray
    value_factor: FloatArray
    expected_leads: float

    def won_by(self, moment: float) -> NDArray[np.bool_]:
        """Who has become a customer before a moment."""
        return self.converts & (self.closes < moment)

    def joined(self, other: LeadBatch) -> LeadBatch:
        """The leads of two channels together."""
        columns = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in self.__dataclass_fields__
            if name != "expected_leads"
        }
        return LeadBatch(**columns, expected_leads=self.expected_leads + other.expected_leads)


def draw_leads(
    law: LeadLaw, channel: int, intensity: FloatArray, customers: float, span: int, seed: int, name: str
) -> LeadBatch:
    """Leads of one channel, as many as it takes to win about so many customers before the end.

    Parameters
    ----------
    law : LeadLaw
        How they convert.
    channel : int
        Position of the channel in the plan.
    intensity : array, shape (days,)
        Relative number of leads by day.
    customers : float
        Customers that are to be won before the end, in expectation.
    span : int
        Day at which observation ends.
    seed : int
        Seed of the simulation.
    name : str
        Name of the channel.
    """
    rng = stream(seed, f"leads of {name}")
    density = intensity / intensity.sum()
    ripe = float(density @ law.converted_within(span - np.arange(density.size) - 0.5))
    expected = customers / (law.conversion * max(ripe, 1e-9))
    count = int(rng.poisson(expected))
    created = rng.choice(density.size, size=count, p=density) + rng.random(count)
    created.sort()
    size = rng.choice(len(COMPANY_SIZES), size=count, p=_SIZE_MIX)
    interest = rng.choice(len(INTERESTS), size=count, p=_INTEREST_MIX)
    pages = 1 + rng.poisson(_PAGES_MEAN, count)
    score = law.pull * (_SIZE_PULL[size] + _INTEREST_PULL[interest] + _PAGES_PULL * (pages - 1 - _PAGES_MEAN))
    probability = special.expit(score + _intercept(law))
    converts = rng.random(count) < probability
    delay = law.median_delay * np.exp(law.delay_spread * rng.standard_normal(count))
    # Who does not convert is given up later than who does converts, on average.
    patience = 2.5 * law.median_delay * np.exp(0.5 * rng.standard_normal(count))
    deal = law.order_size * _SIZE_VALUE[size] * np.exp(0.35 * rng.standard_normal(count))
    closes = created + np.where(converts, delay, patience)
    factor = _SIZE_VALUE[size] / float(_SIZE_MIX @ _SIZE_VALUE)
    return LeadBatch(
        np.full(count, channel), created, size, interest, pages, np.round(deal, 0), probability, converts, closes,
        factor, expected,
    )  # fmt: skip


def _intercept(law: LeadLaw) -> float:
    """The constant of the score that makes the mean probability over all kinds of leads the conversion asked for."""
    pages = np.arange(0, 40)
    weight = np.exp(special.xlogy(pages, _PAGES_MEAN) - _PAGES_MEAN - special.gammaln(pages + 1))
    score = (
        _SIZE_PULL[:, None, None] + _INTEREST_PULL[None, :, None] + _PAGES_PULL * (pages - _PAGES_MEAN)[None, None, :]
    ) * law.pull
    mass = _SIZE_MIX[:, None, None] * _INTEREST_MIX[None, :, None] * (weight / weight.sum())[None, None, :]
    low, high = -20.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        if float(np.sum(mass * special.expit(score + middle))) < law.conversion:
            low = middle
        else:
            high = middle
    return (low + high) / 2
