"""What a run found in a few figures, none of which names a person: kept to tell later what has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keepers.evaluation.verdict import Trust
from keepers.reports.content import ReportContent
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.formatting import finite
from keepers.reports.sentences import money_at_risk


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run in a few figures.

    Two runs can be compared in money where their `meaning` and `currency` are the same.
    """

    as_of: dt.date
    """Last day of its data."""
    customers: int
    """Customers who were valued, or who ever subscribed."""
    orders: int | None
    """Their orders so far."""
    revenue: float | None
    """What these brought."""
    currency: str | None
    """Of all money here."""
    model: str
    """Which model told the value."""
    trust: Trust
    """What the backtest found."""
    value: Estimate | None = None
    """What all of them together are expected to bring; None without money."""
    meaning: MoneyMeaning | None = None
    """The five things for `value`."""
    still: Estimate | None = None
    """How many are still customers."""
    risky: int | None = None
    """Customers at risk."""
    at_risk: float | None = None
    """Money at risk."""
    subscribers: int | None = None
    """Who subscribes now."""
    monthly_revenue: float | None = None
    """What these pay a month."""

    def same_money(self, other: RunFigures) -> bool:
        """Whether the values of two runs can be compared."""
        if self.meaning is None or other.meaning is None or self.currency != other.currency:
            return False
        mine, theirs = self.meaning, other.meaning
        return (mine.basis, mine.horizon, mine.discount, mine.margin, mine.acquisition_cost_deducted) == (
            theirs.basis, theirs.horizon, theirs.discount, theirs.margin, theirs.acquisition_cost_deducted,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told

    @classmethod
    def from_dict(cls, said: Mapping[str, Any] | None) -> RunFigures | None:
        """As they were kept; None where there are none, or another version kept them."""
        if said is None:
            return None
        try:
            return msgspec.convert(dict(said), cls)
        except msgspec.ValidationError:
            return None


def figures_of(content: ReportContent) -> RunFigures:
    """The figures of a run by what its report says."""
    store, equity, risk, subscribed = content.store, content.equity, content.at_risk, content.subscriptions
    total, meaning = (None, None) if equity is None else (equity.total, equity.meaning)
    if total is None and subscribed is not None and subscribed.equity is not None:
        total, meaning = subscribed.equity.total, subscribed.equity.meaning
    gone = None if risk is None else money_at_risk(risk.either)
    risky = None if risk is None else risk.either.customers
    if risk is None and subscribed is not None:
        gone = finite(subscribed.leaving.at_risk)
    return RunFigures(
        store.last_day,
        store.customers,
        store.orders,
        finite(store.revenue),
        store.currency,
        content.verdict.model,
        content.verdict.trust,
        None if total is None or finite(total.value) is None else _plain(total),
        meaning,
        None if content.activity is None else _plain(content.activity.still_customers),
        risky,
        gone,
        None if subscribed is None else subscribed.running,
        None if subscribed is None or subscribed.revenue is None else finite(subscribed.revenue.now),
    )


def _plain(found: Estimate) -> Estimate:
    """Without what JSON has no number for."""
    return Estimate(found.value, finite(found.low), finite(found.high), found.level)
