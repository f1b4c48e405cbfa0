"""The parts of the report about offers and about what drives value."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.reports.figures import Estimate, MoneyMeaning


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer of an experiment."""

    name: str
    """The offer."""
    customers: int
    """Who got it."""
    gain: Estimate
    """What it earned a customer beyond the control, net of its cost."""
    chosen: int
    """Today's customers who get it."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Profit of the experiment's customers where a share of them is treated, those first who gain most."""

    share: float
    """Share treated."""
    profit: float
    """Net gain."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""
    at_random: float
    """The same share drawn by lot."""


@dataclass(frozen=True, slots=True)
class OfferExperiment:
    """What one experiment has shown."""

    name: str
    """Which."""
    day: dt.date | None
    """When it began."""
    days: int
    """How long orders were counted."""
    customers: int
    """Customers in it."""
    experimental: bool
    """Whether chance decided who got what; otherwise customers were made comparable."""
    rows: tuple[OfferRow, ...]
    """The offers."""
    personalised: bool
    """Whether choosing for each customer passed the gate."""
    constant: str | None
    """The one action that everybody gets otherwise, where it is proven to be better than nothing."""
    advantage: float
    """What choosing earned more than the best single action, a customer."""
    advantage_low: float
    """The least it earned more than any single action, with `confidence`."""
    best_single: str
    """That best single action."""
    confidence: float
    """Of the gate."""
    choosable: int
    """Today's customers."""
    treated: int
    """Of them, who gets an offer."""
    held_out: int
    """Who was chosen, but is held out as control."""
    leave_alone: int
    """With whom every offer is expected to lose money."""
    gain: Estimate
    """What the rule earned a customer."""
    curve: tuple[CurvePoint, ...]
    """The profit curve."""
    problems: tuple[str, ...]
    """Why the effects may be wrong."""
    meaning: MoneyMeaning
    """The five things for every figure here."""


@dataclass(frozen=True, slots=True)
class OfferMade:
    """An offer that was decided on, and what came of it."""

    offer: str
    """What was offered."""
    experiment: str
    """What it was learned from."""
    first_day: dt.date
    """From then on orders count."""
    last_day: dt.date
    """Until then."""
    customers: int
    """Who was chosen."""
    held_out: int
    """Who was chosen, but held out as control."""
    expected: float
    """What all who were chosen were expected to bring more."""
    earned: Estimate | None
    """What they brought more than those held out; None while it cannot be said."""
    is_over: bool
    """Whether these days lie behind."""
    remark: str
    """What a reader should know."""
    known: bool = True
    """Whether the data say that it was given at all."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What experiments with offers have shown, and what came of offers since."""

    experiments: tuple[OfferExperiment, ...]
    """The latest first."""
    made: tuple[OfferMade, ...] = ()
    """Offers that were decided on, the newest first."""
    made_meaning: MoneyMeaning | None = None
    """The five things for what these earned."""


@dataclass(frozen=True, slots=True)
class DriverRow:
    """One driver of value."""

    label: str
    """In words."""
    gain: Estimate
    """Money a customer."""
    customers: int
    """Customers with it."""
    plain: float | None
    """The plain difference to the others."""
    stability: float | None
    """Of a predictive driver: share of fits to halves in which it leads."""
    robustness: float | None
    """Of an adjusted driver: its robustness value."""
    certain: bool
    """Whether it lies on one side of nothing and nothing is known against it."""
    problems: tuple[str, ...]
    """What is known against it."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """An experiment that is worth making."""

    label: str
    """Of what."""
    test: str
    """How lots are drawn."""
    group: int
    """Customers in each of two groups."""
    days: int
    """How long."""
    finds: float
    """Gain a customer that it finds."""
    could_earn: float
    """What it could bring if it is a cause."""
    without: int
    """New customers of a year who are without it."""
    possible: bool
    """Whether there are enough customers."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """What drives value, by grade."""

    predictive: tuple[DriverRow, ...]
    """What goes with it."""
    adjusted: tuple[DriverRow, ...]
    """What may cause it."""
    experimental: tuple[DriverRow, ...]
    """What was proven."""
    proposals: tuple[Proposed, ...]
    """What is worth an experiment."""
    age: int
    """Days of life from which drivers are read."""
    horizon: int
    """Days after them in which value is counted."""
    customers: int
    """Customers they rest on."""
    meaning: MoneyMeaning
    """The five things for every figure here."""
