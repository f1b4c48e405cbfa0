"""The part of the report about channels: what customers cost, what they bring, and when the one covers the other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.reports.figures import Estimate, MoneyMeaning


@dataclass(frozen=True, slots=True)
class ValueAhead:
    """What a new customer is worth within a horizon."""

    name: str
    """Of the horizon, such as "3m"."""
    value: Estimate
    """Discounted, from the first order on."""
    times: Estimate | None
    """By the cost of a customer; None without one."""


@dataclass(frozen=True, slots=True)
class AcquisitionRow:
    """One channel, campaign, landing page, product, coupon or month."""

    label: str
    """Its name."""
    customers: int
    """All who came."""
    new_customers: int
    """Who came in the days of which costs are known."""
    cost: float | None
    """What it cost; None where nothing tells it."""
    cac: float | None
    """Cost of a new customer, overhead in it."""
    value_90: float | None
    """What customers have brought after 90 days; None where nobody is that old."""
    value_365: float | None
    """After a year."""
    predicted: Estimate | None
    """Expected value of a new customer within the horizon."""
    lifetime: Estimate | None
    """Within the lifetime."""
    times: Estimate | None
    """Lifetime value by cost."""
    payback: Estimate | None
    """Months until the cost is back; infinite where not within the lifetime."""
    within_target: float | None
    """Chance that it is back within the target."""
    at_most: float | None
    """The most that may be paid for one more customer."""
    leads: int | None
    """Leads in these days."""
    cost_per_lead: float | None
    """What one cost."""
    lead_at_most: float | None
    """The most that may be paid for one more."""
    one_time: float | None
    """Share who did not buy again within a year."""
    prior_share: float | None
    """How far its value leans on that of all others."""
    course: tuple[float, ...] = ()
    """Value of a new customer by month of age, from month 0 on."""
    ahead: tuple[ValueAhead, ...] = ()
    """What they are worth within shorter horizons than the lifetime."""

    def within(self, name: str) -> tuple[Estimate | None, Estimate | None]:
        """Value of a new customer and times the cost within a horizon; without a name within the lifetime."""
        if not name:
            return self.lifetime, self.times
        found = next((one for one in self.ahead if one.name == name), None)
        return (None, None) if found is None else (found.value, found.times)


@dataclass(frozen=True, slots=True)
class NextCustomer:
    """The next customer of a channel at today's spend."""

    channel: str
    """Which."""
    weekly_spend: float | None
    """Spend a week of late; None where nothing can be said."""
    cost: Estimate | None
    """What they cost."""
    value: Estimate | None
    """Their lifetime value."""
    sentence: str | None = None
    """Why nothing can be said."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What one platform claims."""

    channel: str
    """Its channel."""
    claimed: float
    """Conversions it claims."""
    orders: int | None
    """Orders that came through it; None where orders do not say."""
    new_customers: int
    """Customers it brought."""


@dataclass(frozen=True, slots=True)
class QualityLine:
    """Early value of a channel's customers over time."""

    channel: str
    """Which."""
    quarters: tuple[tuple[dt.date, int, float, float, float], ...]
    """First day, customers, value with chance held down and its interval."""
    change: Estimate | None
    """Change a year, as a share; None where it cannot be said."""


@dataclass(frozen=True, slots=True)
class Table:
    """The same figures by another dimension."""

    name: str
    """Of the dimension, as on a tab."""
    rows: tuple[AcquisitionRow, ...]
    """The groups."""


@dataclass(frozen=True, slots=True)
class Channels:
    """What winning customers costs and brings."""

    rows: tuple[AcquisitionRow, ...]
    """Channels, the dearest first."""
    total: AcquisitionRow
    """All customers."""
    next_customers: tuple[NextCustomer, ...]
    """The next customer of each paid channel."""
    claims: tuple[ClaimRow, ...]
    """What platforms claim."""
    all_orders: int | None
    """Orders of these days, whatever brought them."""
    quality: tuple[QualityLine, ...]
    """Channels over time."""
    others: tuple[Table, ...]
    """Campaigns, landing pages, first products, coupons and months."""
    first: dt.date | None
    """First day of which costs are known."""
    last: dt.date | None
    """Last one."""
    payback_months: float
    """Target."""
    ratio: float
    """Target."""
    overhead: float
    """Costs a month that no platform charges."""
    lifetime_words: str
    """The lifetime in words."""
    is_margin: bool
    """Whether money is what is left, and not revenue."""
    meaning: MoneyMeaning | None
    """The five things for values; None without money."""
    known: int
    """Customers whose channel is known."""
    notes: tuple[str, ...]
    """What is missing."""
    over: str = ""
    """Name of the horizon that the table and the chart look to; empty for the lifetime."""
    over_words: str = ""
    """The same in words, "3 months"."""

    @property
    def value_label(self) -> str:
        """What the value of a customer is called that table and chart show."""
        return f"Value in {self.over_words}" if self.over else "Lifetime value"
