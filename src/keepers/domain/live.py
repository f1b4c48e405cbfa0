"""A customer as the running system knows them: a history that orders extend, and what it is worth now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class History:
    """What suffices of a customer's orders.

    Attributes
    ----------
    first_day, last_day : date
        Days of the first and the last purchase.
    frequency : int
        Further days with a purchase.
    monetary_value : float or None
        Mean money of those further days; None without any.
    monetary_value_all : float or None
        Mean money of all days with a purchase, the first among them; None without money.
    orders : int
        Orders, several a day counted each.
    revenue : float or None
        Money of all orders.
    """

    first_day: dt.date
    last_day: dt.date
    frequency: int
    monetary_value: float | None
    monetary_value_all: float | None
    orders: int
    revenue: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"first_day": self.first_day.isoformat(), "last_day": self.last_day.isoformat()}

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> History:
        """From what `to_dict` gave."""
        days = {name: dt.date.fromisoformat(said[name]) for name in ("first_day", "last_day")}
        return cls(**{**said, **days})


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """An order that came as an event; without a day it is an older one of which only a refund is known."""

    order_id: str
    customer_key: str
    day: dt.date | None
    amount: float | None
    refunded: float = 0.0
    cancelled: bool = False
    event_id: int = 0

    @property
    def money(self) -> float:
        """What is left of its amount."""
        return (self.amount or 0.0) - self.refunded

    @property
    def counts(self) -> bool:
        """Whether it is a purchase: not cancelled, and not refunded in full."""
        given_back = self.amount is not None and self.amount > 0 and self.refunded >= self.amount
        return self.day is not None and not self.cancelled and not given_back


def extended(base: History | None, orders: Iterable[LiveOrder]) -> History | None:
    """The history after orders that the base does not know; None where nothing counts.

    Orders of one day are one purchase. A day between the first and the last of the base counts as one more, as the base
    does not remember its days. A refund of an order that the base knows lowers the mean of all days alike.

    >>> day = dt.date(2026, 1, 1)
    >>> first = LiveOrder("1", "C", day, 20.0)
    >>> later = LiveOrder("2", "C", day + dt.timedelta(days=7), 30.0)
    >>> found = extended(extended(None, [first]), [later])
    >>> found.frequency, found.monetary_value, found.monetary_value_all, found.revenue
    (1, 30.0, 25.0, 50.0)
    """
    by_day: dict[dt.date, float] = {}
    count, back = 0, 0.0
    has_money = base is not None and base.revenue is not None
    for order in orders:
        if order.counts:
            assert order.day is not None
            by_day[order.day] = by_day.get(order.day, 0.0) + order.money
            count += 1
            has_money |= order.amount is not None
        elif order.day is None and order.amount is None:
            back += order.refunded
    history = base
    for day in sorted(by_day):
        history = _with_day(history, day, by_day[day])
    if history is None:
        return None
    if back and history.revenue is not None:
        history = _less(history, back)
    if not has_money:
        return replace(
            history, monetary_value=None, monetary_value_all=None, revenue=None, orders=history.orders + count
        )
    return replace(history, orders=history.orders + count)


def _with_day(known: History | None, day: dt.date, money: float) -> History:
    """The history with the money of a day; its orders are counted by the caller."""
    if known is None:
        return History(day, day, 0, None, money, 0, money)
    x, revenue = known.frequency, (known.revenue or 0.0) + money
    total, later = (known.monetary_value_all or 0.0) * (x + 1), (known.monetary_value or 0.0) * x
    if day == known.first_day:
        return replace(known, monetary_value_all=(total + money) / (x + 1), revenue=revenue)
    if day == known.last_day:
        return replace(
            known, monetary_value=(later + money) / x, monetary_value_all=(total + money) / (x + 1), revenue=revenue
        )
    # Where a day before the first arrives late, the old first day becomes a repeat.
    repeats = later + (total - later if day < known.first_day else money)
    return replace(
        known,
        first_day=min(day, known.first_day),
        last_day=max(day, known.last_day),
        frequency=x + 1,
        monetary_value=repeats / (x + 1),
        monetary_value_all=(total + money) / (x + 2),
        revenue=revenue,
    )


def _less(known: History, money: float) -> History:
    x = known.frequency
    everything = (known.monetary_value_all or 0.0) * (x + 1)
    share = 1.0 - min(money / everything, 1.0) if everything > 0 else 1.0
    return replace(
        known,
        monetary_value=None if known.monetary_value is None else known.monetary_value * share,
        monetary_value_all=None if known.monetary_value_all is None else known.monetary_value_all * share,
        revenue=(known.revenue or 0.0) - money,
    )
