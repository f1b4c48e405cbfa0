"""What winning customers cost: spend, contacts with a price and referral rewards, by channel, campaign and month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepers.acquisition.newcomers import PACKAGE, Newcomers
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.data.table import Table
from keepers.domain.columns import REFERRALS, SPEND, TOUCHES
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.summaries.feature_sources import Known, tables_of

COSTED = {
    "channel": "channel",
    "campaign": "channel || ' / ' || coalesce(campaign, 'no campaign')",
    "cohort": "CAST(date_trunc('month', day) AS DATE)",
}
"""Dimensions by which costs are known, as SQL over a row of costs."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one group cost.

    Parameters
    ----------
    cost : float
        All of it.
    spend : float
        The part that platforms charged.
    first, last : date
        First day with a cost, and the last day of which costs are known: customers who came in between belong to it.
    impressions, clicks, claimed_conversions, claimed_value : float or None
        As platforms say; None where they say nothing.
    """

    cost: float
    spend: float
    first: dt.date
    last: dt.date
    impressions: float | None = None
    clicks: float | None = None
    claimed_conversions: float | None = None
    claimed_value: float | None = None

    @property
    def months(self) -> float:
        """Length of that time in months."""
        return ((self.last - self.first).days + 1) / 30.4375


@dataclass(frozen=True, eq=False)
class Costs:
    """All costs of acquisition, in the currency of the orders.

    Parameters
    ----------
    table : Table
        One row a channel, campaign, kind and day: `channel, campaign, day, kind, cost` and what platforms claim.
    first, last : date
        First and last day with spend (with any cost, where no spend is known).
    """

    table: Table
    first: dt.date
    last: dt.date

    def by(self, dimension: str) -> dict[Any, Cost]:
        """Costs by channel, by "channel / campaign" or by month; nothing for other dimensions."""
        if dimension not in COSTED:
            return {}
        rows = self.table.engine.rows(
            f"SELECT {COSTED[dimension]} AS label, sum(cost), sum(CASE WHEN kind = 'spend' THEN cost ELSE 0 END), "
            "min(day), sum(impressions), sum(clicks), sum(claimed_conversions), sum(claimed_value) "
            f"FROM {quoted(self.table.name)} AS paid GROUP BY 1 ORDER BY 1"
        )
        found = {}
        for label, cost, spend, first, *claims in rows:
            begin = max(label, self.first) if dimension == "cohort" else first
            last = min(_month_end(label), self.last) if dimension == "cohort" else self.last
            found[label] = Cost(float(cost), float(spend), begin, last, *(_number(claim) for claim in claims))
        return found

    @property
    def total(self) -> Cost:
        """All of it."""
        row = self.table.engine.row(
            "SELECT sum(cost), sum(CASE WHEN kind = 'spend' THEN cost ELSE 0 END), sum(impressions), sum(clicks), "
            f"sum(claimed_conversions), sum(claimed_value) FROM {quoted(self.table.name)} AS paid"
        )
        return Cost(float(row[0]), float(row[1]), self.first, self.last, *(_number(claim) for claim in row[2:]))


def costs(dataset: Any, found: Newcomers, rates: Mapping[str, float] | None = None) -> Costs | None:
    """Gather what was paid to win customers; None where nothing tells it.

    Days before the first order are left out, since the customers they brought are not seen; days after the last one
    too.

    Parameters
    ----------
    dataset : Dataset
        With canonical names of channels.
    found : Newcomers
        The customers.
    rates : mapping of str to float, optional
        Currency to its price in the currency of the orders, for spend in another one.

    Raises
    ------
    InputError
        Spend is in another currency than the orders, or in several, and there is no rate.
    """
    engine, tables = tables_of(dataset)
    known = Known(engine, tables, None)
    summary = found.summary
    first = engine.row(f"SELECT min(first_day) FROM {quoted(summary.name)} AS summary")[0]
    sql = fill(
        template(PACKAGE, "costs"),
        spend=known.relation(SPEND),
        touches=known.relation(TOUCHES),
        referrals=known.relation(REFERRALS),
        origins=quoted(found.origins.table.name),
        rate=spend_rate(known, summary.currency, rates or {}),
        first=first.isoformat(),
        last=summary.calibration_end.isoformat(),
    )
    table = Table(engine, engine.create(engine.new_name("costs"), sql))
    begin, end, spent_from, spent_to = engine.row(
        "SELECT min(day), max(day), min(CASE WHEN kind = 'spend' THEN day END), max(CASE WHEN kind = 'spend' THEN day "
        f"END) FROM {quoted(table.name)} AS paid"
    )
    if begin is None:
        engine.drop(table.name)
        return None
    return Costs(table, spent_from or begin, spent_to or end)


def spend_rate(known: Known, currency: str, rates: Mapping[str, float]) -> str:
    """SQL of what an amount of spend, in a row `spend`, is multiplied with to be in the currency of the orders.

    Raises
    ------
    InputError
        There is no rate of a currency.
    """
    if not known.has("spend"):
        return "1.0"
    relation = known.relation(SPEND)
    rows = known.engine.rows(f"SELECT DISTINCT currency FROM {relation} AS spend WHERE currency IS NOT NULL ORDER BY 1")
    found = [str(row[0]) for row in rows]
    foreign = [code for code in found if code not in (currency, UNSPECIFIED_CURRENCY)]
    if not foreign or (currency == UNSPECIFIED_CURRENCY and len(found) == 1):
        return "1.0"
    missing = [code for code in foreign if code not in rates]
    if missing:
        raise InputError(
            f"Spend is in {' and '.join(found)}, and the orders are in {currency}. Say what one {missing[0]} is worth "
            f"in the orders' currency: --rate {missing[0]}=..., rates={{'{missing[0]}': ...}}."
        )
    whens = " ".join(f"WHEN '{code}' THEN {float(rates[code])!r}" for code in foreign)
    return f"(CASE spend.currency {whens} ELSE 1.0 END)"


def _month_end(first: dt.date) -> dt.date:
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
