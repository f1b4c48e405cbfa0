"""What advertising platforms claim to have brought, held against the orders that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepers.acquisition.costs import Cost, Costs
from keepers.acquisition.newcomers import PACKAGE
from keepers.acquisition.seen import Seen
from keepers.data.engine import template
from keepers.data.normalise import fill
from keepers.domain.columns import ORDERS
from keepers.summaries.feature_sources import Known, tables_of


@dataclass(frozen=True, slots=True)
class Claim:
    """One channel's claims.

    Parameters
    ----------
    channel : str
        The channel.
    conversions, value : float
        Conversions and revenue that its platform claims, in the days of which spend is known.
    orders, revenue : float or None
        Orders of these days that came through it, as the orders say, and their revenue; None where orders do not tell
        through which channel they came.
    new_customers : int
        Customers it brought in these days.
    """

    channel: str
    conversions: float
    value: float | None
    orders: int | None
    revenue: float | None
    new_customers: int

    @property
    def ratio(self) -> float | None:
        """Claimed conversions for each order that came through it; None where there is none."""
        return self.conversions / self.orders if self.orders else None

    @property
    def a_customer(self) -> float | None:
        """Claimed conversions for each new customer."""
        return self.conversions / self.new_customers if self.new_customers else None

    @property
    def value_ratio(self) -> float | None:
        """Claimed revenue for each unit of revenue that came through it."""
        return self.value / self.revenue if self.value is not None and self.revenue else None


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims of all platforms together.

    Parameters
    ----------
    rows : tuple of Claim
        By channel, the largest first.
    all_orders : int
        Every order of these days, whatever brought it: more conversions than these cannot be.
    """

    rows: tuple[Claim, ...]
    all_orders: int

    @property
    def conversions(self) -> float:
        """All that platforms claim."""
        return sum(row.conversions for row in self.rows)


def claims(dataset: Any, costs: Costs, by_channel: Mapping[Any, Cost], seen: Mapping[Any, Seen]) -> Claims | None:
    """Hold what platforms claim against orders and new customers; None where they claim nothing."""
    claiming = {channel: cost for channel, cost in by_channel.items() if cost.claimed_conversions}
    if not claiming:
        return None
    engine, tables = tables_of(dataset)
    rows = engine.rows(
        fill(
            template(PACKAGE, "claims"),
            orders=Known(engine, tables, None).relation(ORDERS),
            first=costs.first.isoformat(),
            last=costs.last.isoformat(),
        )
    )
    told = {channel: (int(orders), float(revenue)) for channel, orders, revenue in rows if channel is not None}
    found = [
        Claim(
            channel,
            float(cost.claimed_conversions or 0.0),
            cost.claimed_value,
            told.get(channel, (0, 0.0))[0] if told else None,
            told.get(channel, (0, 0.0))[1] if told else None,
            seen[channel].new_customers if channel in seen else 0,
        )
        for channel, cost in claiming.items()
    ]
    return Claims(tuple(sorted(found, key=lambda row: -row.conversions)), sum(int(row[1]) for row in rows))
