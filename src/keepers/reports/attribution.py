"""The part of the report about which contacts brought customers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.reports.figures import Estimate, MoneyMeaning

RULES = ("last", "first", "linear", "position", "decay", "shapley", "markov")
"""Descriptive methods in the order of the table."""


@dataclass(frozen=True, slots=True)
class AttributionRow:
    """One channel under all methods: in money where there is any, in customers otherwise."""

    channel: str
    """The channel."""
    caused: Estimate
    """What its contacts caused."""
    customers: Estimate
    """The same in customers."""
    share: float
    """Share of the whole."""
    lost: float | None
    """What would not have come at all without it."""
    rules: tuple[float, ...]
    """What descriptive methods credit, in the order of `RULES`."""
    experimental: bool
    """Whether an experiment has set it right."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which contacts brought customers, and what those are worth."""

    rows: tuple[AttributionRow, ...]
    """Channels, those first that caused most."""
    rest: AttributionRow
    """What would have come without any contact."""
    has_money: bool
    """Whether figures are money; customers otherwise."""
    total: float
    """The whole that every method divides."""
    customers: int
    """Customers whom it is about."""
    unled: int
    """Of them, whom no contact led to."""
    lost_ways: int
    """Ways that ended in no order."""
    unresolved: int
    """Ways that may still end in one."""
    later: int
    """Contacts after the first order."""
    unseen: int
    """Customers who came before or after the time that is looked at."""
    since: dt.date | None
    """From when ways count."""
    until: dt.date | None
    """Until when they began."""
    look_back: int | None
    """Days that a contact counts."""
    half_life: float | None
    """Days in which the effect of a contact fades by half."""
    order: int
    """Contacts that the Markov chain remembers."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""
    meaning: MoneyMeaning | None = None
    """The five things for every sum of money here."""
