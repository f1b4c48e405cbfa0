"""The part of the report about the budget: curves, the plan, the next money, experiments, and what plans earned."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.domain.time import Horizon
from keepers.reports.figures import Estimate, MoneyMeaning


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """New customers a week at one spend."""

    spend: float
    """Money a week."""
    customers: float
    """Median of what is believed, beyond those who come anyway."""
    low: float
    """Lower end of the 80% band."""
    high: float
    """Upper end."""


@dataclass(frozen=True, slots=True)
class BudgetChannel:
    """One paid channel."""

    name: str
    """Which."""
    today: float
    """Money a week now."""
    planned: float
    """Money a week of the best plan."""
    customers_today: Estimate
    """New customers that today's money brings in the period."""
    customers: Estimate
    """Those of the plan."""
    last_unit: Estimate
    """Value that the last unit of the plan's money brings."""
    limit: str
    """What keeps it from more or less, in words; empty where nothing does."""
    outside: bool
    """Whether the plan's spend was never seen."""
    weeks: int
    """Weeks with spend behind the curve; 0 where another program learned it."""
    won: int
    """New customers in them."""
    prior_share: float
    """Share of what is said of its response that is belief and not data."""
    proven: bool
    """Whether an experiment stands behind it."""
    seen: tuple[float, float]
    """Least and most money a week that was spent over a month."""
    curve: tuple[CurvePoint, ...]
    """The response curve."""


@dataclass(frozen=True, slots=True)
class NextMoney:
    """Where more money would go."""

    amount: float
    """How much, in the period."""
    channels: tuple[tuple[str, float], ...]
    """How much where, most first."""
    value: Estimate
    """What it would bring."""
    probability: float
    """That it brings more than it costs."""


@dataclass(frozen=True, slots=True)
class SpendTest:
    """An experiment that would pay."""

    channel: str
    """With which channel's money."""
    today: float
    """Money a week now."""
    spend: float
    """Money a week in the experiment."""
    length: Horizon
    """How long."""
    worth: float
    """What knowing is worth in a year of plans."""
    cost: float
    """What it costs meanwhile."""
    customers: tuple[float, float]
    """New customers a week expected without and with it."""


@dataclass(frozen=True, slots=True)
class PlanKept:
    """One channel of an earlier plan, held against what happened."""

    channel: str
    """Which."""
    first_day: dt.date
    """Of the period."""
    last_day: dt.date
    """Of the period."""
    planned: float
    """Money of the period, as planned."""
    done: float
    """As spent."""
    expected: float
    """Value less spend, as expected."""
    earned: float
    """Value less spend of those who came."""
    customers: int
    """How many came."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What to spend where."""

    channels: tuple[BudgetChannel, ...]
    """The dearest first."""
    period: Horizon
    """How long the plan lasts."""
    starts_on: dt.date
    """Its first day."""
    gain: Estimate
    """Value less spend over today's plan, in the period."""
    probability: float
    """That the plan is better than today's."""
    recommended: bool
    """Whether to change anything."""
    gap: float
    """No plan within the limits is expected to be better by more."""
    move: float | None
    """By which share of today's spend a channel may change; None without such a limit."""
    payback: Horizon | None
    """Within which time every channel must be earned back; None without such a limit."""
    next: NextMoney | None
    """Where more money would go."""
    tests: tuple[SpendTest, ...]
    """Experiments that would pay, the best first."""
    kept: tuple[PlanKept, ...]
    """Earlier plans."""
    meaning: MoneyMeaning
    """The five things for values here."""
    asked: bool = False
    """Whether it answers a question of somebody, who need not be told how to ask others."""

    @property
    def today(self) -> float:
        """Money a week now."""
        return sum(one.today for one in self.channels)

    @property
    def planned(self) -> float:
        """Money a week of the plan."""
        return sum(one.planned for one in self.channels)
