"""What the economics of acquisition say: a row a group with its costs, its value and when the one covers the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.claims import Claims
from keepers.acquisition.costs import Cost
from keepers.acquisition.lead_counts import LeadCount
from keepers.acquisition.marginal import Marginal
from keepers.acquisition.newcomers import AGES
from keepers.acquisition.payback import Payback
from keepers.acquisition.quality import Quality
from keepers.acquisition.seen import ValueSeen
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.cells import FloatArray
from keepers.domain.money import DiscountRate, MoneyBasis
from keepers.domain.time import Horizon
from keepers.valuation.equity import Interval


@dataclass(frozen=True, eq=False)
class Course:
    """How value grows with age, not discounted; arrays of shape (months,), from month 0 on.

    Parameters
    ----------
    value, low, high : arrays
        Of a new customer, with the 80% interval of the expected value.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a new customer is worth within a horizon, and how many times the cost that is.

    Parameters
    ----------
    horizon : Horizon
    value : Interval
        Discounted, from the first order on; the interval is of the expected value.
    ratio : Interval or None
        By the fully loaded cost; None without one.
    """

    horizon: Horizon
    value: Interval
    ratio: Interval | None


@dataclass(frozen=True, eq=False)
class Economics:
    """One group: a channel, a campaign, a landing page, a first product, a discount code or a month.

    Money is in the basis of the values; value counts from the first order on, which is in it. Figures that nothing
    tells are None.

    Parameters
    ----------
    label : str
        The group.
    customers : int
        All who came.
    new_customers : int
        Who came in the days of which costs are known; those that `cac` divides by.
    cost : Cost or None
        What the group cost.
    overhead : float
        Its part of the costs that no platform charges.
    leads : LeadCount or None
        Its leads.
    values : tuple of ValueSeen
        Value as it was, at ages of 30, 90 and 365 days, of customers who are old enough.
    ahead : tuple of Ahead
        The same within the horizon and a second one, with what it is to the cost.
    predicted, lifetime : Interval or None
        Value of a new customer within the horizon and the lifetime, discounted; the interval is of the expected value.
    payback : Payback or None
        When the cost is back.
    ratio : Interval or None
        Lifetime value by the fully loaded cost.
    max_cac : Interval or None
        The most that may be paid for one more customer: back within the target, and `ratio` times over in the lifetime.
    max_cost_per_lead : float or None
        The same for a lead.
    one_time : float or None
        Share who did not buy again within a year.
    course : Course or None
        Value by month of age.
    prior_share : float or None
        Part of how often its customers buy that is taken from all groups.
    marginal : Marginal, str or None
        The next customer; a sentence where it cannot be told.
    """

    label: str
    customers: int
    new_customers: int
    cost: Cost | None
    overhead: float
    leads: LeadCount | None
    values: tuple[ValueSeen, ...]
    one_time: float | None
    predicted: Interval | None = None
    lifetime: Interval | None = None
    payback: Payback | None = None
    ratio: Interval | None = None
    max_cac: Interval | None = None
    course: Course | None = None
    prior_share: float | None = None
    marginal: Marginal | str | None = None
    ahead: tuple[Ahead, ...] = ()

    @property
    def cac(self) -> float | None:
        """Cost of a new customer without overhead; None without a cost or without customers."""
        return None if self.cost is None or not self.new_customers else self.cost.cost / self.new_customers

    @property
    def cac_loaded(self) -> float | None:
        """The same with its part of the overhead."""
        if self.cost is None or not self.new_customers:
            return None
        return (self.cost.cost + self.overhead) / self.new_customers

    @property
    def cost_per_lead(self) -> float | None:
        """Cost of a lead."""
        return None if self.cost is None or self.leads is None or not self.leads.leads else (
            self.cost.cost / self.leads.leads
        )  # fmt: skip

    @property
    def max_cost_per_lead(self) -> float | None:
        """The most that may be paid for one more lead."""
        return None if self.max_cac is None or self.leads is None else self.max_cac.value * self.leads.conversion

    def value_at(self, age: int) -> ValueSeen:
        """Value as it was at one of the ages."""
        return next(found for found in self.values if found.age == age)


@dataclass(frozen=True, eq=False)
class ChannelEconomics:
    """What winning customers costs and brings, by group.

    Parameters
    ----------
    by : str
        What groups are: channel, campaign, landing_page, first_product, discount_code or cohort.
    rows : tuple of Economics
        The groups, those with most cost first, then those with most customers.
    total : Economics
        All customers together; its `cac` is the blended one.
    claims : Claims or None
        What platforms claim, held against orders; of channels alone.
    quality : tuple of Quality
        Channels over time; of channels alone.
    told_by : dict of str to int
        Customers whose channel is known, by the table that tells it.
    rules : AcquisitionRules
        Targets.
    basis, currency, horizon, lifetime_horizon, discount
        What money means.
    first, last : date or None
        The days of which costs are known.
    notes : tuple of str
        What is missing, and what brought it.
    """

    by: str
    rows: tuple[Economics, ...]
    total: Economics
    claims: Claims | None
    quality: tuple[Quality, ...]
    told_by: dict[str, int]
    rules: AcquisitionRules
    basis: MoneyBasis
    currency: str
    horizon: Horizon
    lifetime_horizon: Horizon
    discount: DiscountRate
    first: dt.date | None
    last: dt.date | None
    notes: tuple[str, ...] = ()

    def row(self, label: str) -> Economics:
        """The row of a group."""
        return next(row for row in self.rows if row.label == label)

    def to_columns(self) -> dict[str, list[Any]]:
        """A row a group, the whole last under the label "all", as columns."""
        return columns_of([(self.by, row) for row in (*self.rows, self.total)], self.currency, self.basis)


def columns_of(rows: Sequence[tuple[str, Economics]], currency: str, basis: MoneyBasis) -> dict[str, list[Any]]:
    """Rows of any dimensions as columns of one table."""
    listed = [_columns(by, row, currency, basis) for by, row in rows]
    return {name: [row[name] for row in listed] for name in listed[0]} if listed else {}


def _columns(by: str, row: Economics, currency: str, basis: MoneyBasis) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dimension": by,
        "label": row.label,
        "customers": row.customers,
        "new_customers": row.new_customers if row.cost is not None else None,
        "spend": None if row.cost is None else row.cost.spend,
        "cost": None if row.cost is None else row.cost.cost,
        "cost_loaded": None if row.cost is None else row.cost.cost + row.overhead,
        "leads": None if row.leads is None else row.leads.leads,
        "cost_per_lead": row.cost_per_lead,
        "lead_conversion": None if row.leads is None else row.leads.conversion,
        "cac": row.cac,
        "cac_loaded": row.cac_loaded,
    }
    for age in AGES:
        value = row.value_at(age)
        found |= {
            f"value_{age}d": value.value, f"value_{age}d_low": value.low, f"value_{age}d_high": value.high,
            f"value_{age}d_customers": value.customers,
        }  # fmt: skip
    for name, one in (
        ("value_predicted", row.predicted),
        ("value_lifetime", row.lifetime),
        ("ltv_cac", row.ratio),
        ("max_cac", row.max_cac),
    ):
        found |= _ends(name, one)
    back, next_one = row.payback, row.marginal if isinstance(row.marginal, Marginal) else None
    found |= {
        "max_cost_per_lead": row.max_cost_per_lead,
        "payback_months": None if back is None else back.months,
        "payback_months_low": None if back is None else back.low,
        "payback_months_high": None if back is None else back.high,
        "payback_probability": None if back is None else back.probability,
        "one_time_share": row.one_time,
        **_ends("marginal_cac", None if next_one is None else next_one.cost),
        **_ends("marginal_value_ratio", None if next_one is None else next_one.value_ratio),
        "marginal_evidence": None if next_one is None else next_one.evidence.value,
        "prior_share": row.prior_share,
        "currency": currency,
        "basis": basis.value,
    }
    return found


def _ends(name: str, one: Interval | None) -> dict[str, float | None]:
    if one is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: _plain(one.value), f"{name}_low": _plain(one.low), f"{name}_high": _plain(one.high)}


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
