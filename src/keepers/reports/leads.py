"""The part of the report about leads: whom to call first, why, and whether such a list would have been right."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.reports.figures import Estimate, MoneyMeaning, PersonName


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One open lead."""

    name: PersonName
    """Company, or the lead's number."""
    number: str
    """Its number in the CRM."""
    person: PersonName | None
    """Who takes it this week; None where nobody does."""
    moved_from: PersonName | None
    """Its owner, where somebody else takes it."""
    came: dt.date
    """When it came."""
    chance: Estimate
    """Of becoming a customer within the time looked at."""
    if_won: float | None
    """Value of such a customer."""
    expected: Estimate | None
    """Chance times value, less the cost of working on it; None without money."""
    reasons: tuple[str, ...]
    """What adds to it or takes from it, in words."""
    owner: PersonName | None = None
    """What its owner adds to it or takes from it, in words; None where that is little."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What the first tenth of an order of leads held."""

    order: str
    """`value`, `chance` or `age`."""
    share: Estimate
    """Of all that followed."""


@dataclass(frozen=True, slots=True)
class LeadTest:
    """What such lists said in the past, and what came of it."""

    leads: int
    """Leads that were scored."""
    won: int
    """Of them became customers in time."""
    predicted: float
    """Were expected to."""
    days: int
    """How long wins were waited for."""
    error: float
    """Mean distance between chance and share won."""
    by_chance: float
    """What chance alone makes of it."""
    groups: tuple[tuple[int, float, float], ...]
    """Leads, predicted chance and share won, by group of like chance."""
    captured: tuple[Captured, ...]
    """By order; empty without money."""
    gain: Estimate | None
    """Share captured by value less that by the chance alone."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """What one step added."""

    name: str
    """Of the sequence, offer, experiment or page."""
    kind: str
    """Which of these it is."""
    leads: int
    """Leads that took it."""
    without: int
    """Leads they are compared with."""
    chance: Estimate
    """What it added to the chance of a win."""
    value: Estimate | None
    """The same in money a lead."""
    proven: bool
    """Whether chance decided who took it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Expected value by number of leads worked on, in three orders."""

    calls: tuple[int, ...]
    """Numbers of leads."""
    by_value: tuple[float, ...]
    """The best first."""
    by_chance: tuple[float, ...]
    """The likeliest first."""
    newest: tuple[float, ...]
    """The newest first."""


@dataclass(frozen=True, slots=True)
class Ripening:
    """Share of leads that have become customers, by days since they came."""

    days: tuple[int, ...]
    """Days."""
    share: tuple[float, ...]
    """Of an average lead."""
    low: tuple[float, ...]
    """Lower end."""
    high: tuple[float, ...]
    """Upper end."""


@dataclass(frozen=True, slots=True)
class Leads:
    """Whom to call first."""

    rows: tuple[LeadRow, ...]
    """The first open leads."""
    open: int
    """All of them."""
    leads: int
    """All leads that ever came."""
    won: int
    """Of them became customers."""
    week: Estimate | None
    """What this week's leads are expected to bring; None without money."""
    all_open: float | None
    """What all open leads are."""
    chosen: int
    """Leads of this week."""
    room: int
    """Leads that the team can work on in a week."""
    capacity: tuple[tuple[str, int], ...]
    """By person."""
    from_pace: bool
    """Whether that is the pace of late."""
    one_more: float
    """What room for one more would be worth."""
    leave_alone: int
    """Leads that cost more than they are expected to bring."""
    moved: int
    """Leads that change hands."""
    cost: float
    """Of working on one."""
    curve: Curve | None
    """Value by number of leads worked on."""
    ripening: Ripening
    """How leads become customers with time."""
    leaks: tuple[str, ...]
    """Columns that were left out because they know the outcome, in sentences."""
    prior_share: float
    """How much of what is known is prior."""
    test: LeadTest | None
    """Whether it would have been right."""
    steps: tuple[StepRow, ...]
    """What steps added."""
    within: str
    """How long a lead may take, in words."""
    of_deals: bool
    """Whether value is the size of deals."""
    meaning: MoneyMeaning | None
    """The five things for every figure here; None without money."""
    notes: tuple[str, ...]
    """What a reader should know."""
