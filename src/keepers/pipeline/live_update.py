"""Received events into live values: once each, in their order, all of a batch or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keepers.domain.live import History, LiveOrder, extended
from keepers.pipeline.live_events import CANCEL, REFUND, Told, told
from keepers.pipeline.live_values import LiveValuer, Meaning, value_of
from keepers.storage.generation import Generation
from keepers.storage.live import LiveBook, LiveCustomer
from keepers.storage.state import State


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch of events has changed.

    Attributes
    ----------
    events : int
        How many were looked at.
    customers : tuple of LiveCustomer
        Those whose values changed, as they are now.
    again : bool
        Nothing was done, as the values that are served became others meanwhile.
    """

    events: int
    customers: tuple[LiveCustomer, ...]
    again: bool = False


def apply_events(state: State, valuer: LiveValuer, time_zone: str, now: dt.datetime, limit: int = 2_000) -> Applied:
    """Take the next received events into the values that are served.

    Parameters
    ----------
    state : State
        With a generation that is served; without one events wait.
    valuer : LiveValuer
        The models of that generation.
    time_zone : str
        The business's.
    now : datetime
        The present moment.
    limit : int
        Events of one transaction at most.
    """
    with state.reading() as books:
        generation = books.live.current()
        events = [] if generation is None else books.inbox.after(generation.applied_event, limit)
        if generation is None or not events:
            return Applied(0, ())
        said = told(events, time_zone)
        keys, names = _known(books.live, said)
        orders = _orders(books.live, said, keys, generation)
        concerned = list(dict.fromkeys(order.customer_key for order in orders))
        known = books.live.customers(generation.number, concerned)
        before = books.live.orders_of(concerned, generation.base_event)
    # Valued before the transaction that writes: whoever sends events does not wait for it.
    changed = _valued(generation, concerned, known, _with(before, orders), valuer, now)
    with state.writing() as books:
        current = books.live.current()
        if current is None or (current.number, current.applied_event) != (generation.number, generation.applied_event):
            # Another process was quicker, or a run's values have come: what is still to do is looked up anew.
            return Applied(0, (), again=True)
        if books.inbox.many(generation.applied_event, events[-1].number) != len(events):
            # Somebody was erased meanwhile, and their events with them.
            return Applied(0, (), again=True)
        books.live.know(names)
        _name(books.live, said, keys)
        books.live.put_orders(orders)
        books.live.put(generation.number, changed)
        books.live.applied(generation.number, events[-1].number)
    return Applied(len(events), tuple(changed))


def _with(before: Mapping[str, Sequence[LiveOrder]], orders: Sequence[LiveOrder]) -> dict[str, list[LiveOrder]]:
    """A customer's orders since the run, as they are with those of a batch."""
    found = {key: {one.order_id: one for one in some} for key, some in before.items()}
    for order in orders:
        found.setdefault(order.customer_key, {})[order.order_id] = order
    return {key: list(some.values()) for key, some in found.items()}


def _known(live: LiveBook, said: Sequence[Told]) -> tuple[list[str], dict[str, str]]:
    """The customer's key of each event, whom any name tells, an event naming later ones; and names that are new."""
    known = live.keys_of(name for one in said for name in one.names)
    fresh: dict[str, str] = {}
    keys = []
    for one in said:
        key = next((known[name] for name in one.names if name in known), f"live_{one.names[0]}")
        for name in one.names:
            if name not in known:
                known[name] = fresh[name] = key
        keys.append(key)
    return keys, fresh


def _name(live: LiveBook, said: Sequence[Told], keys: Sequence[str]) -> None:
    persons = {key: one for one, key in zip(said, keys, strict=True) if one.name or one.email}
    live.name([(key, one.name, one.email) for key, one in persons.items()])


def _orders(live: LiveBook, said: Sequence[Told], keys: Sequence[str], generation: Generation) -> list[LiveOrder]:
    """Orders as they are after what events say of them."""
    known = live.orders(one.order_id for one in said if one.order_id)
    changed: dict[str, LiveOrder] = {}
    for one, key in zip(said, keys, strict=True):
        if not one.order_id:
            continue
        order = changed.get(one.order_id) or known.get(one.order_id)
        # The run knows the order already: what is said of it anew counts with the next run, but for money given back.
        counted = order is not None and order.event_id <= generation.base_event
        if one.kind in (REFUND, CANCEL):
            made = _given_back(one, key, order) if order is None or counted else _taken_back(one, order)
        elif counted:
            continue
        elif order is None:
            made = LiveOrder(one.order_id, key, one.day, one.amount, event_id=one.number)
        else:
            made = replace(order, amount=one.amount if one.amount is not None else order.amount)
        if made is not None:
            changed[made.order_id] = made
    return list(changed.values())


def _taken_back(one: Told, order: LiveOrder) -> LiveOrder:
    """An order that came as an event, after a refund of at most what was paid, or a cancellation."""
    if one.kind == CANCEL:
        return replace(order, cancelled=True)
    paid = order.amount or 0.0
    return replace(order, refunded=paid if one.amount is None else min(order.refunded + one.amount, paid))


def _given_back(one: Told, key: str, order: LiveOrder | None) -> LiveOrder | None:
    """A refund of an order that the run knows; None where nobody here knows how much it was."""
    left = None if order is None or order.amount is None else order.money
    amount = one.amount if one.kind == REFUND and one.amount is not None else left
    if amount is None:
        return None
    back = amount if left is None else min(amount, left)
    whose = key if order is None else order.customer_key
    return LiveOrder(f"{one.order_id} back {one.number}", whose, None, None, back, event_id=one.number)


def _valued(
    generation: Generation,
    keys: Sequence[str],
    known: Mapping[str, LiveCustomer],
    orders: Mapping[str, Sequence[LiveOrder]],
    valuer: LiveValuer,
    now: dt.datetime,
) -> list[LiveCustomer]:
    """Customers as they are with their orders since the run."""
    histories: dict[str, History] = {}
    share = valuer.meaning.contribution
    for key in keys:
        base = known[key].base if key in known else None
        history = extended(base, _contributing(orders.get(key, ()), share))
        if history is not None:
            full = history if share == 1.0 else extended(base, orders.get(key, ()))
            histories[key] = history if full is None else replace(history, revenue=full.revenue)
    found = valuer.value(histories, max(now.date(), generation.as_of))
    return [
        _customer(key, history, known.get(key), found[key], valuer.meaning, now) for key, history in histories.items()
    ]


def _contributing(orders: Sequence[LiveOrder], share: float) -> list[LiveOrder]:
    """Orders by what they contribute, where the run's money is each order's own contribution."""
    return [
        replace(one, amount=None if one.amount is None else one.amount * share, refunded=one.refunded * share)
        for one in orders
    ]


def _customer(
    key: str, history: History, known: LiveCustomer | None, row: Mapping[str, Any], told: Meaning, now: dt.datetime
) -> LiveCustomer:
    value = told.value
    values: dict[str, Any] = dict(known.values) if known is not None else {}
    values |= {one.column: row.get(value_of(one)) for one in told.reaches if not one.own}
    values |= {
        "probability_alive": row.get("probability_alive"),
        "expected_orders": row.get("expected_orders"),
        "value": row.get(value),
        "value_low": row.get(f"{value}_low"),
        "value_high": row.get(f"{value}_high"),
        # Who orders today is here today.
        "money_at_risk": 0.0 if row.get(value) is not None else None,
        "state": "active",
        "tier": row.get("clv_tier", values.get("tier")),
    }
    beside = {name: said for name, said in row.items() if name not in told.in_columns}
    fields = {**({} if known is None else known.fields), **beside, "frequency": history.frequency}
    return LiveCustomer(key, history, None if known is None else known.base, values, fields, now, True)
