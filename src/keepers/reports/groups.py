"""The parts of the report that divide the customers: cohorts, tiers, breakdowns and the map of who is still there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import Enum

from keepers.reports.figures import MoneyMeaning


class CohortMeasure(Enum):
    """What a cohort triangle shows."""

    ACTIVE_SHARE = "share that ordered"
    """Share of the cohort that ordered in the period of that age; 1 at age 0."""
    CUMULATIVE_ORDERS = "orders a customer"
    """Orders a customer of the cohort up to the end of that age."""
    CUMULATIVE_VALUE = "value a customer"
    """Money a customer of the cohort up to the end of that age."""
    RUNNING_SHARE = "share still subscribed"
    """Share of the cohort's contracts that outlast that age."""


@dataclass(frozen=True, slots=True)
class CohortRow:
    """Customers who first bought in one month."""

    start: dt.date
    """First day of the month."""
    customers: int
    """How many."""
    observed: tuple[float | None, ...]
    """By age in months, from 0; None where the age is not over for all of them (immature, shown blank)."""
    forecast: tuple[float | None, ...] = ()
    """By age in months, from 0; None where observed or not predicted."""


@dataclass(frozen=True, slots=True)
class CohortTriangle:
    """One measure of all cohorts by age in months; the page gathers months into quarters or years where many."""

    measure: CohortMeasure
    """What the cells hold."""
    rows: tuple[CohortRow, ...]
    """Cohorts in order of time, all months between the first and the last."""
    meaning: MoneyMeaning | None = None
    """The five things where the measure is money."""


@dataclass(frozen=True, slots=True)
class AliveMap:
    """Mean probability of still being a customer by number of orders and time since the last one."""

    order_bands: tuple[str, ...]
    """Bands of the number of orders, fewest first: "1", "2", "3", "4-5", "6 or more"."""
    silence_bands: tuple[str, ...]
    """Bands of the time since the last order, shortest first: "under 30 days", "30-59 days"."""
    probability: tuple[tuple[float | None, ...], ...]
    """A row an order band, a column a silence band; None where nobody is."""
    customers: tuple[tuple[int, ...], ...]
    """Customers in each cell."""


@dataclass(frozen=True, slots=True)
class Group:
    """One tier or group of customers."""

    name: str
    """Such as "Top 10%", "Champions"."""
    rule: str
    """Who belongs to it, in words."""
    customers: int
    """How many."""
    value: float | None = None
    """Their predicted value together; None without money."""
    value_historic: float | None = None
    """What they have brought so far."""
    probability_alive: float | None = None
    """Mean probability of still being a customer."""
    expected_orders: float | None = None
    """Orders expected of them together within the horizon."""
    ahead: dict[str, float | None] = field(default_factory=dict)
    """Their value together within other horizons, by name."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """All customers divided into groups, each customer in one."""

    rows: tuple[Group, ...]
    """Groups from best to worst."""
    rule: str
    """How the division is made, a sentence or two."""
    meaning: MoneyMeaning | None = None
    """The five things for `value`."""
    historic_meaning: MoneyMeaning | None = None
    """The five things for `value_historic`."""


class Dimension(Enum):
    """By what value is broken down; the value completes "by"."""

    ACQUISITION_MONTH = "month of the first order"
    PRODUCT = "first product bought"
    CATEGORY = "first category bought"
    COUNTRY = "country"
    CHANNEL = "channel of the first order"


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """Customers who share one value of a dimension."""

    label: str
    """The value: a product, a country; ignored for months."""
    customers: int
    """How many."""
    value: float | None = None
    """Their predicted value together; None without money."""
    value_historic: float | None = None
    """What they have brought so far."""
    repeat_customers: int | None = None
    """How many of them bought on more than one day."""
    expected_orders: float | None = None
    """Orders expected of them together within the horizon."""
    month: dt.date | None = None
    """For the acquisition month: its first day."""
    ahead: dict[str, float | None] = field(default_factory=dict)
    """Their value together within other horizons, by name."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Value by one dimension; give all rows, the page gathers those beyond the largest twelve."""

    dimension: Dimension
    """By what."""
    rows: tuple[BreakdownRow, ...]
    """The rows; months in order of time, others in any order. Customers without a value have an empty label."""
    meaning: MoneyMeaning | None = None
    """The five things for `value`."""
