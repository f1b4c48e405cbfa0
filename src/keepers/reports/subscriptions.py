"""The parts of the report about subscriptions: what they bring, how long they last, who may leave."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.domain.time import Horizon, TimeUnit
from keepers.reports.evidence import Backtest
from keepers.reports.figures import Estimate, MoneyMeaning, PersonName
from keepers.reports.groups import CohortTriangle
from keepers.reports.next_plans import NextPlans, PlanMade


@dataclass(frozen=True, slots=True)
class RevenueMonth:
    """Monthly recurring revenue at the end of one month, and what moved it since the end of the one before."""

    day: dt.date
    """The day it ended on."""
    customers: int
    """Customers who paid then."""
    new: float
    """Of customers who never paid before."""
    reactivation: float
    """Of customers who came back."""
    expansion: float
    """More than before, of those who stayed."""
    contraction: float
    """Less than before, of those who stayed; positive."""
    churned: float
    """Of customers who left; positive."""
    end: float
    """At its end."""


@dataclass(frozen=True, slots=True)
class Revenue:
    """Monthly recurring revenue."""

    now: float
    """Of active and past-due subscriptions."""
    meaning: MoneyMeaning
    """The five things for every figure here."""
    months: tuple[RevenueMonth, ...]
    """In order of time."""
    net_retention: float | None = None
    """What the customers of a year ago bring now, by what they brought: 1.02 for 102%."""
    gross_retention: float | None = None
    """The same without what they pay more."""
    quick_ratio: float | None = None
    """Revenue gained by revenue lost over the last year; infinite where nothing was lost."""
    over: int = 12
    """Months that the ratios look back."""
    logo_churn: float | None = None
    """Share of subscribers who leave in a month, the mean over the last year; None where it cannot be counted."""
    revenue_churn: float | None = None
    """Share of recurring revenue that is lost with them in a month."""
    churn_months: int = 0
    """Months over which both are counted."""
    paused: float = 0.0
    """What subscriptions that are paused now brought; it counts as lost in the last month."""


@dataclass(frozen=True, slots=True)
class SubscriptionEquity:
    """What all subscribers together are expected to bring."""

    total: Estimate
    """Within the horizon."""
    meaning: MoneyMeaning
    """The five things for `total`, `mean` and the values of plans."""
    lifetime: Estimate
    """Within the stated lifetime."""
    lifetime_meaning: MoneyMeaning
    """The five things for `lifetime`."""
    historic: float
    """What they have brought so far."""
    historic_meaning: MoneyMeaning
    """The five things for `historic`."""
    mean: float | None
    """Mean value of those who subscribe now."""
    returning: float = 0.0
    """The part of the total that former subscribers are expected to bring by coming back."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan."""

    name: str
    """As the data name it."""
    contracts: int
    """Subscriptions to it so far."""
    running: int
    """Those that run."""
    mrr: float | None
    """What they bring a month."""
    kept: Estimate
    """Share of new subscriptions that still run after a year."""
    median_tenure: float
    """Periods after which as many have ended as not; may be infinite."""
    value: float | None
    """What those that run are expected to bring within the horizon."""


@dataclass(frozen=True, slots=True)
class SurvivalPoint:
    """Share of subscriptions that outlast an age, in periods."""

    age: int
    observed: float | None
    """As counted, censoring respected; None beyond what enough subscriptions have reached."""
    predicted: Estimate
    """By the model, with the uncertainty of its parameters."""


@dataclass(frozen=True, slots=True)
class BlindPoint:
    """How many of the subscriptions that ran at the cut still ran on a day."""

    day: dt.date
    actual: float
    predicted: float


@dataclass(frozen=True, slots=True)
class BlindTest:
    """A forecast of what had been hidden: subscriptions that ran at a cut, day by day."""

    points: tuple[BlindPoint, ...]
    """From the cut on."""
    model: str
    """Whose forecast."""


@dataclass(frozen=True, slots=True)
class LeavingGroup:
    """Some of the running subscriptions."""

    name: str
    """Such as "Payment failed"."""
    rule: str
    """Who they are, to follow "Subscriptions"."""
    subscriptions: int
    mrr: float | None


@dataclass(frozen=True, slots=True)
class LeavingCustomer:
    """One subscriber worth a call."""

    name: PersonName
    """Name, e-mail or key by which the owner finds them."""
    plan: str
    state: str
    """"active", "past due", "paused"."""
    since: dt.date
    """First paid day."""
    mrr: float | None
    """What they pay a month."""
    renewal: float
    """Chance that they outlast one more period."""
    staying: float
    """Chance that they still subscribe at the end of the horizon."""
    value_at_risk: float | None
    """What they would bring if they certainly stayed, less what is expected of them."""
    customer_key: str | None = None


@dataclass(frozen=True, slots=True)
class EndReason:
    """Why subscriptions ended, as the data tell it."""

    name: str
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who may leave, and how much money that is."""

    soon: Estimate
    """Subscriptions expected to end within `within`."""
    within: Horizon
    soon_mrr: Estimate | None
    """What they bring a month."""
    at_risk: float | None
    """What running subscriptions would bring within the horizon if none ended, less what is expected."""
    certain: float | None
    """What they would bring if none ended."""
    meaning: MoneyMeaning | None
    """The five things for money at risk."""
    groups: tuple[LeavingGroup, ...]
    customers: tuple[LeavingCustomer, ...]
    """Most money at risk first (or least likely to stay, without prices)."""
    reasons: tuple[EndReason, ...] = ()
    """Most frequent first."""
    ended: int = 0
    """Subscriptions that ended, of which the reasons are told."""
    failed_payments: int = 0
    """Those of them that ended because a payment failed."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Everything about subscriptions; a part that is None or empty is left out."""

    customers: int
    """Who ever subscribed."""
    running: int
    """Who subscribes now, paused and past-due subscriptions included."""
    period: TimeUnit
    """Period of renewals."""
    horizon: Horizon
    """How far `equity` and "chance to stay" look."""
    trust: str
    """The verdict on the model, in a sentence."""
    leaving: Leaving
    """Who may leave."""
    survival: tuple[SurvivalPoint, ...]
    """By age from 0."""
    model: str
    """Name of the model."""
    median_tenure: float
    """Periods that a new subscription outlasts as likely as not; may be infinite."""
    kept: Estimate
    """Share of new subscriptions that still run after a year."""
    revenue: Revenue | None = None
    """Monthly recurring revenue; None without prices."""
    equity: SubscriptionEquity | None = None
    """What all are worth; None without prices."""
    plans: tuple[PlanRow, ...] = ()
    """Most revenue first."""
    cohorts: CohortTriangle | None = None
    """Share still subscribed by month of the start and age."""
    blind: BlindTest | None = None
    """The forecast of the last holdout."""
    test: Backtest | None = None
    """Every candidate on unseen days."""
    next_plans: NextPlans | None = None
    plans_made: tuple[PlanMade, ...] = ()
    """What changes of plan bring; None where too few were seen."""
    beside_orders: bool = False
    """Whether the page also values orders, of which payments of subscriptions may be a part."""
