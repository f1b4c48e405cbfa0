"""Everything the report says, as plain numbers and rows that the pipeline fills and the page draws."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.time import Horizon
from keepers.evaluation.verdict import Trust
from keepers.reports.acquisition import Channels
from keepers.reports.attribution import Attribution
from keepers.reports.budget import Budget
from keepers.reports.decisions import Drivers, Offers
from keepers.reports.evidence import Backtest, Calibration, FittedModel, Formulas, Reconciliation, Tracking
from keepers.reports.figures import Estimate, MoneyMeaning, PersonName
from keepers.reports.groups import AliveMap, Breakdown, CohortTriangle, Grouping
from keepers.reports.leads import Leads
from keepers.reports.loyalty import Loyalty
from keepers.reports.recommendations import Recommendations
from keepers.reports.retention import Promise, Segments, Warnings
from keepers.reports.season import BusyMonths
from keepers.reports.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Store:
    """Whose report it is and what it rests on."""

    name: str
    """As the owner calls it; the file's name where nothing better is known."""
    first_day: dt.date
    """Day of the first order, or on which the first subscription began."""
    last_day: dt.date
    """Day of the last order, or of the last change of a subscription; everything is seen from here."""
    customers: int
    """Customers who are valued."""
    orders: int | None
    """Their counted orders; None where there are subscriptions alone."""
    generated_at: dt.datetime
    """When the report was written."""
    version: str
    """Version of Keepers."""
    currency: str | None = UNSPECIFIED_CURRENCY
    """ISO code, "unspecified" where the data name none, None where the data hold no money at all."""
    revenue: float | None = None
    """Net revenue of these orders; None without money."""
    revenue_meaning: MoneyMeaning | None = None
    """The five things for `revenue`."""
    simulated: bool = False
    """Whether the store is a made-up one (the demo), which the page then says."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Can you trust this: the first thing the page says."""

    trust: Trust
    """The verdict."""
    model: str
    """Model whose numbers are shown: "Pareto/NBD"."""
    naive_rule: str | None = None
    """The best naive rule, as it reads in a sentence: "each customer goes on buying at the same rate as before"."""
    improvement: float | None = None
    """How much smaller the model's error is than the best naive rule's: 0.23 for 23%; negative where it is larger."""
    measure: str = "mean absolute error of purchases a customer"
    """What `improvement` compares."""
    total_error: float | None = None
    """Signed error of the predicted total on unseen days: -0.12 where 12% too few were predicted."""
    coverage: float | None = None
    """Share of customers whose purchases fell inside their 80% interval on unseen days."""
    origins: int = 0
    """From how many days in the past was predicted."""
    holdout: Horizon | None = None
    """How long a time was predicted from each."""
    reservations: tuple[str, ...] = ()
    """Whole sentences that an owner must know before using the numbers."""
    counted: str = "purchases"
    """What was predicted and counted."""
    hidden: str = "orders"
    """What a test hides from the model."""
    whose: str = "customers"
    """Of whom intervals held what happened."""
    test: str = "trust"
    """The section that shows the test."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What can be said without money."""

    horizon: Horizon
    """How far `expected_orders` looks."""
    still_customers: Estimate
    """Expected number of customers who are still customers (the sum of their probabilities)."""
    expected_orders: Estimate
    """Orders expected from today's customers within the horizon."""
    repeat_customers: int
    """Customers who bought on more than one day."""
    expected_orders_next_month: Estimate | None = None
    """Orders expected from today's customers within the next month."""


@dataclass(frozen=True, slots=True)
class Equity:
    """What today's customers are worth together, and how it is spread over them."""

    total: Estimate
    """Sum of all customers' predicted value within the horizon."""
    meaning: MoneyMeaning
    """The five things for every figure here but those with their own."""
    mean: float
    """Mean predicted value of a customer."""
    median: float
    """Median predicted value of a customer."""
    top_share: float
    """Share of the total that the most valuable `top_customers` hold."""
    top_customers: float = 0.10
    """Share of customers that counts as the top."""
    lifetime: Estimate | None = None
    """The same sum over the stated lifetime."""
    lifetime_meaning: MoneyMeaning | None = None
    """The five things for `lifetime`."""
    historic: float | None = None
    """What the same customers have brought so far."""
    historic_meaning: MoneyMeaning | None = None
    """The five things for `historic`."""
    also: Estimate | None = None
    """The same sum over the second horizon."""
    also_meaning: MoneyMeaning | None = None
    """The five things for `also`."""
    concentration: tuple[tuple[float, float], ...] = ()
    """Points (share of customers, most valuable first; share of value), from (0, 0) to (1, 1), about 20."""


@dataclass(frozen=True, slots=True)
class RiskGroup:
    """Customers at risk by one rule."""

    customers: int
    """How many."""
    value_if_active: float | None = None
    """What they would bring within the horizon were all of them certainly still customers."""
    value_expected: float | None = None
    """What remains of it, counting the chance that they have left; the difference is the money at risk."""


class RiskReason(Enum):
    """By which rule a customer is at risk."""

    MODEL = "probably gone"
    RHYTHM = "late for their rhythm"
    BOTH = "late, probably gone"


@dataclass(frozen=True, slots=True)
class RiskCustomer:
    """One customer whom it may pay to win back."""

    name: PersonName
    """Name, e-mail or key by which the owner finds them."""
    orders: int
    """Days on which they ordered."""
    last_order: dt.date
    """Day of the last one."""
    days_since: int
    """Days from then to the last day of the data."""
    reason: RiskReason
    """Why they stand here."""
    usual_gap_days: float | None = None
    """Their own usual time between orders, from three orders on."""
    probability_alive: float | None = None
    """Probability that they are still a customer."""
    value_at_risk: float | None = None
    """Their part of the money at risk."""
    value_historic: float | None = None
    """What they have brought so far."""
    customer_key: str | None = None
    """By which the dashboard finds their page; None where they have none."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Who may be leaving and how much money that is."""

    either: RiskGroup
    """Customers at risk by the model, by their own rhythm, or both."""
    by_model: RiskGroup
    """By the model's probability that they are still customers."""
    by_rhythm: RiskGroup | None
    """By their own rhythm: silent for much longer than usual for them."""
    model_rule: str
    """The rule, to follow "customers": "with repeat orders whose chance of still being a customer is below 50%"."""
    rhythm_rule: str | None
    """The rule, to follow "customers": "silent for more than twice their own usual gap between orders"."""
    customers: tuple[RiskCustomer, ...]
    """Most money at risk first; the page shows 15."""
    meaning: MoneyMeaning | None = None
    """The five things; None without money."""


class LeverKind(Enum):
    """What the owner could improve."""

    RETENTION = "retention"
    ORDER_VALUE = "order value"
    FREQUENCY = "order frequency"


@dataclass(frozen=True, slots=True)
class Lever:
    """What one improvement would be worth, everything else staying as it is."""

    kind: LeverKind
    """What is improved."""
    change: float
    """By how much: 0.01 is one percentage point of yearly retention; 0.05 is 5% of order value or frequency."""
    gain: Estimate
    """What the total value gains."""


@dataclass(frozen=True, slots=True)
class Levers:
    """The owner's levers side by side."""

    rows: tuple[Lever, ...]
    """The levers; the page sorts them by gain."""
    meaning: MoneyMeaning
    """The five things for every gain."""
    base: float
    """The total value today, of which the gains are shares."""
    remark: str | None = None
    """How a lever was computed, where a sentence is needed."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that lies beside the report."""

    name: str
    """File name, linked relative to the report."""
    what: str
    """What is in it, in a few words."""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """The whole report; a part that is None or empty is left out of the page."""

    store: Store
    """Whose report it is."""
    verdict: Verdict
    """Can you trust this."""
    activity: Activity | None = None
    """What can be said of a shop's customers without money; None where there are subscriptions alone."""
    equity: Equity | None = None
    """What the customers are worth."""
    at_risk: AtRisk | None = None
    """Who may be leaving."""
    channels: Channels | None = None
    """What winning customers costs and brings."""
    leads: Leads | None = None
    """Whom to call first."""
    offers: Offers | None = None
    """What experiments with offers have shown."""
    drivers: Drivers | None = None
    """What drives value, by grade."""
    budget: Budget | None = None
    """Where the money for marketing should go."""
    loyalty: Loyalty | None = None
    """Loyalty tiers, what they cost and whether they pay."""
    next_products: Recommendations | None = None
    """What each customer may buy next."""
    attribution: Attribution | None = None
    """Which contacts brought customers."""
    levers: Levers | None = None
    """What improvements would be worth."""
    tiers: Grouping | None = None
    """Customers by predicted value."""
    rfm: Grouping | None = None
    """Customers by recency, frequency and money."""
    breakdowns: tuple[Breakdown, ...] = ()
    """Value by acquisition month, product, country, channel, as far as known."""
    cohorts: tuple[CohortTriangle, ...] = ()
    """Cohort triangles, at most one a measure."""
    season: BusyMonths | None = None
    """Which months are busy and which are quiet."""
    alive_map: AliveMap | None = None
    """Probability of still being a customer by orders and silence."""
    tracking: Tracking | None = None
    """Predicted and actual purchases over time."""
    calibration: Calibration | None = None
    """Predicted and actual purchases by decile."""
    backtest: Backtest | None = None
    """Every candidate on unseen days."""
    warnings: tuple[Warnings, ...] = ()
    """Who is about to leave, why, and what to do: customers of a shop, subscribers."""
    segments: Segments | None = None
    """Customers by behaviour, their moves, and their service."""
    promises: tuple[Promise, ...] = ()
    """Scores that were published earlier, held against what happened."""
    subscriptions: Subscriptions | None = None
    """What subscriptions bring, how long they last and who may leave."""
    formulas: Formulas | None = None
    """Simple formulas beside the model's value."""
    reconciliation: Reconciliation | None = None
    """Where every row and amount went."""
    models: tuple[FittedModel, ...] = ()
    """Models whose numbers stand in the report."""
    notes: tuple[str, ...] = ()
    """Sentences about the data that an owner must see at the top."""
    files: tuple[OutputFile, ...] = ()
    """Files beside the report."""
