"""Deliveries of orders for tests of what is kept between them: rows as the canonical tables have them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.data.table import Table

START = dt.date(2024, 1, 1)


@dataclass(frozen=True)
class Row:
    """An order as one delivery tells of it; days count from `START`. `back` is what its own row says was given back."""

    number: int | None
    customer: str | None
    day: int
    amount: int
    counted: bool = True
    voided: int | None = None
    back: tuple[int, int] | None = None

    @property
    def content(self) -> tuple[str | None, int, int]:
        """By what an order without a number is known."""
        return self.customer, self.day, self.amount


@dataclass(frozen=True)
class Refund:
    """A refund with a row of its own, which names its order."""

    id: str
    number: int
    day: int
    amount: int


@dataclass(frozen=True)
class Delivery:
    """What comes in at once."""

    rows: tuple[Row, ...]
    refunds: tuple[Refund, ...] = ()

    @property
    def last_day(self) -> int:
        """Day of its last order."""
        return max(row.day for row in self.rows)


def together(deliveries: Sequence[Delivery]) -> Delivery:
    """All deliveries as one: of each number what the newest says, of equal rows as many as any one delivery has."""
    newest: dict[int, tuple[tuple[int, int], Row]] = {}
    plain: Counter[tuple[str | None, int, int]] = Counter()
    refunds: dict[str, Refund] = {}
    for place, delivery in enumerate(deliveries):
        for row in delivery.rows:
            if row.number is not None and newest.get(row.number, ((-1, 0), row))[0] <= (delivery.last_day, place):
                newest[row.number] = ((delivery.last_day, place), row)
        plain |= Counter(row.content for row in delivery.rows if row.number is None)
        refunds |= {refund.id: refund for refund in delivery.refunds}
    unnumbered = (Row(None, *content) for content in plain.elements())
    return Delivery((*(row for _, row in newest.values()), *unnumbered), tuple(refunds.values()))


def as_orders(delivery: Delivery, system: str = "shop") -> Orders:
    """The delivery in an engine of its own."""
    engine = Engine()
    engine.execute(
        "CREATE TABLE orders (event_id VARCHAR, source VARCHAR, source_id VARCHAR, order_id VARCHAR, "
        "customer_key VARCHAR, occurred_at TIMESTAMP, day DATE, counted BOOLEAN, voided_on DATE, "
        "amount DECIMAL(18, 4), contribution DECIMAL(18, 4), product VARCHAR)"
    )
    engine.execute(
        "CREATE TABLE refunds (event_id VARCHAR, source VARCHAR, source_id VARCHAR, customer_key VARCHAR, day DATE, "
        "order_id VARCHAR, amount DECIMAL(18, 4), names_order VARCHAR, restates BOOLEAN, told DECIMAL(18, 4))"
    )
    source = f"{system} orders: file"
    here = {row.number: row for row in delivery.rows if row.number is not None}
    placed: list[list[object]] = []
    back: list[list[object]] = []
    for place, row in enumerate(delivery.rows):
        number = None if row.number is None else str(row.number)
        shown = number or f"file row {place}"
        voided = None if row.voided is None else _day(row.voided)
        own = [row.customer, _day(row.day), _day(row.day), row.counted, voided, row.amount]
        placed.append([f"event {place}", source, number, shown, *own])
        if row.back is not None:
            day, amount = row.back
            back.append([f"own {place}", source, number, row.customer, _day(day), shown, amount, None, True])
    for refund in delivery.refunds:
        order, number = here.get(refund.number), str(refund.number)
        found = [None, None] if order is None else [order.customer, number]
        back.append([refund.id, source, refund.id, found[0], _day(refund.day), found[1], refund.amount, number, False])
    engine.connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", placed)
    if back:
        engine.connection.executemany("INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", back)
    return Orders(engine, "orders", refunds=Table(engine, "refunds") if back else None, currency="EUR")


def _day(day: int) -> dt.date:
    return START + dt.timedelta(days=day)
