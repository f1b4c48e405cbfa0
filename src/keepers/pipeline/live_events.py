"""What received events say: orders, refunds and cancellations, and who somebody is; the rest is for the next run."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from keepers.pipeline.serving import known_as
from keepers.storage.inbox import Received

ORDER, UPDATED, REFUND, CANCEL = "order completed", "order updated", "order refunded", "order cancelled"


@dataclass(frozen=True, slots=True)
class Told:
    """One event that changes what is known of a customer.

    Attributes
    ----------
    number : int
        Of the received event.
    kind : str
        `order completed`, `order updated`, `order refunded`, `order cancelled`, or empty where only a person is named.
    names : tuple of str
        What the customer is known as; the first decides who is new.
    order_id : str
        Of the order; empty without one.
    day : date
        In the business's time zone.
    amount : float or None
        Money of the order, or of the refund.
    email, name : str or None
        Who the person is.
    """

    number: int
    kind: str
    names: tuple[str, ...]
    order_id: str
    day: dt.date
    amount: float | None
    email: str | None = None
    name: str | None = None


def told(events: Iterable[Received], time_zone: str) -> list[Told]:
    """What events say, in their order; those that say nothing of customers' orders are left out."""
    zone = ZoneInfo(time_zone)
    found = []
    for event in events:
        said = json.loads(event.body)
        if event.kind == "track":
            one = _of_track(event, said, zone)
        elif event.kind in ("identify", "alias"):
            one = Told(event.number, "", _names(said), "", event.received_at.date(), None, *_person(said))
        else:
            one = None
        if one is not None and one.names:
            found.append(one)
    return found


def _of_track(event: Received, said: Mapping[str, Any], zone: ZoneInfo) -> Told | None:
    kind = str(said.get("event", "")).strip().lower()
    properties = said.get("properties")
    if kind not in (ORDER, UPDATED, REFUND, CANCEL) or not isinstance(properties, Mapping):
        return None
    order_id = str(properties.get("order_id") or properties.get("checkout_id") or "").strip()
    if not order_id:
        return None
    moment = _moment(said, event.received_at)
    amount = _refunded(properties) if kind == REFUND else _money(properties)
    return Told(event.number, kind, _names(said), order_id, moment.astimezone(zone).date(), amount, *_person(said))


def _money(properties: Mapping[str, Any]) -> float | None:
    """Revenue, then subtotal, then total without tax and shipping: the precedence of the wire conventions."""
    for name in ("revenue", "subtotal"):
        if (value := _number(properties.get(name))) is not None:
            return value
    total = _number(properties.get("total"))
    if total is None:
        return None
    return total - (_number(properties.get("tax")) or 0.0) - (_number(properties.get("shipping")) or 0.0)


def _refunded(properties: Mapping[str, Any]) -> float | None:
    """What was given back; None where all of it was."""
    for name in ("revenue", "subtotal", "total", "amount"):
        if (value := _number(properties.get(name))) is not None:
            return abs(value)
    return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _moment(said: Mapping[str, Any], received: dt.datetime) -> dt.datetime:
    """When it happened: as the sender says, and never after it was received."""
    for name in ("timestamp", "originalTimestamp", "sentAt"):
        text = said.get(name)
        if isinstance(text, str):
            try:
                moment = dt.datetime.fromisoformat(text)
            except ValueError:
                continue
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
            return min(moment, received)
    return received


def names_in(body: str) -> tuple[str, ...]:
    """What an event, as it was sent, calls its customer; nothing where it cannot be read."""
    try:
        said = json.loads(body)
    except ValueError:
        return ()
    return _names(said) if isinstance(said, Mapping) else ()


def _names(said: Mapping[str, Any]) -> tuple[str, ...]:
    """What the customer is known as: by address, by the sender's id, and by the visitor's."""
    email, _ = _person(said)
    names = [] if email is None else [known_as("email", email)]
    ids = (said.get(field) for field in ("userId", "previousId"))
    names += [known_as("segment", str(one).strip()) for one in ids if one]
    if said.get("anonymousId"):
        names.append(known_as("visitor", str(said["anonymousId"]).strip()))
    return tuple(dict.fromkeys(names))


def _person(said: Mapping[str, Any]) -> tuple[str | None, str | None]:
    places = (said.get("traits"), said.get("properties"), (said.get("context") or {}).get("traits"))
    email = name = None
    for place in places:
        if isinstance(place, Mapping):
            email = email or _text(place.get("email"))
            name = name or _text(place.get("name"))
    return (None if email is None or "@" not in email else email.lower()), name


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
