"""One customer's days: orders, refunds, contacts, e-mails, tickets, offers and warnings, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, literal
from keepers.domain.alert import Alert
from keepers.domain.errors import InputError
from keepers.domain.live import LiveOrder
from keepers.pipeline.contacts import FILE as CONTACTS
from keepers.pipeline.kept import FOLDER
from keepers.summaries.base_files import live
from keepers.summaries.customer_base import CustomerBase

MOST = 1_000
"""Entries of a customer, the newest."""

_TITLES = {
    "visit": "Came by {what}", "sent": "Was sent an e-mail", "open": "Opened an e-mail", "click": "Followed a link",
    "unsubscribe": "Unsubscribed", "session": "Looked around", "login": "Logged in",
    "nps": "Would recommend us: {what}", "csat": "Satisfaction: {what}",
    "review": "Reviewed: {what}", "complaint": "Complained", "offer": "Got “{what}”",
    "held out": "Was held out of an offer", "referral": "Was brought by another customer",
    "lead": "Asked as a lead", "subscribed": "Subscribed to {what}", "ended": "Ended {what}",
}  # fmt: skip
_WITH_WHAT = frozenset({"sent", "open", "click"})
_PRIVATE = frozenset({"nps", "csat", "review", "complaint", "ended"})
"""Kinds whose words a person wrote."""

GROUPS = {
    "order": "orders", "refund": "orders", "cancelled": "orders", "sent": "e-mails", "open": "e-mails",
    "click": "e-mails", "unsubscribe": "e-mails", "visit": "visits", "session": "visits", "login": "visits",
    "nps": "feedback", "csat": "feedback", "review": "feedback", "complaint": "feedback", "offer": "offers",
    "held out": "offers", "subscribed": "contracts", "ended": "contracts",
}  # fmt: skip
"""What a kind belongs to; the others to `other`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes
    ----------
    day : date
    kind : str
        ``order``, ``refund``, ``cancelled``, ``visit``, ``sent``, ``open``, ``complaint``, ``offer``, ``warning``, ...
    title, detail : str
        In words.
    amount : float or None
        Money of it.
    live : bool
        Whether it came as an event since the run.
    """

    day: dt.date
    kind: str
    title: str
    detail: str = ""
    amount: float | None = None
    live: bool = False

    @property
    def group(self) -> str:
        """What it belongs to."""
        return GROUPS.get(self.kind, "other")


def timeline(
    folder: Path, customer_key: str, orders: Iterable[LiveOrder] = (), alerts: Iterable[Alert] = (),
    persons: bool = True,
) -> tuple[Entry, ...]:  # fmt: skip
    """What happened with a customer.

    Parameters
    ----------
    folder : Path
        The run's results.
    customer_key : str
    orders : iterable of LiveOrder
        What came as events since the run.
    alerts : iterable of Alert
        Warnings about them.
    persons : bool
        Whether the words that they wrote may be shown.

    Returns
    -------
    tuple of Entry
        The newest first, `MOST` at most.
    """
    found = [*_live(orders), *_warned(alerts), *_kept(folder, customer_key, persons)]
    return tuple(sorted(found, key=lambda one: (one.day, one.live), reverse=True)[:MOST])


def listed_for(folder: Path, file: str, customer_key: str) -> tuple[Mapping[str, Any], ...]:
    """Rows of a list of the run that are about a customer, as they stand there; none where the run has no such list."""
    path = folder / file
    if not path.exists():
        return ()
    engine = Engine()
    try:
        names = [str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})")]
        rows = engine.rows(
            f"SELECT * FROM read_parquet({literal(str(path))}) WHERE customer_key = {literal(customer_key)} LIMIT 50"
        )
    finally:
        engine.close()
    return tuple(dict(zip(names, row, strict=True)) for row in rows)


def _kept(folder: Path, customer_key: str, persons: bool) -> list[Entry]:
    kept, path = folder / FOLDER, folder / FOLDER / CONTACTS
    try:
        segments = CustomerBase.open(kept).facts.segments
    except InputError:
        # Of a business without orders contacts and contracts are kept alone.
        segments = ()
    who = f"customer_key = {literal(customer_key)}"
    placed: Sequence[Sequence[Any]] = ()
    back: Sequence[Sequence[Any]] = ()
    met: Sequence[Sequence[Any]] = ()
    engine = Engine()
    try:
        if segments:
            placed = engine.rows(
                "SELECT day, counted, voided_on, CAST(amount AS DOUBLE) "
                f"FROM ({live(kept, 'orders', segments)}) AS o WHERE {who} ORDER BY day DESC LIMIT {MOST}"
            )
            back = engine.rows(
                f"SELECT day, CAST(amount AS DOUBLE) FROM ({live(kept, 'refunds', segments)}) AS r "
                f"WHERE {who} AND NOT coalesce(restates, FALSE) ORDER BY day DESC LIMIT {MOST}"
            )
        if path.exists():
            met = engine.rows(
                f"SELECT day, kind, what, detail, amount FROM read_parquet({literal(str(path))}) WHERE {who} "
                f"ORDER BY day DESC LIMIT {MOST}"
            )
    finally:
        engine.close()
    refunds = [Entry(day, "refund", "Refund", amount=_less(amount)) for day, amount in back]
    contacts = [_contact(day, kind, what, said, amount, persons) for day, kind, what, said, amount in met]
    return [*_orders(placed), *refunds, *contacts]


def _orders(rows: Sequence[Sequence[Any]]) -> Iterable[Entry]:
    for day, counted, voided, amount in rows:
        if voided is not None:
            yield Entry(voided, "cancelled", "Order taken back", f"of {day.isoformat()}", _less(amount))
        yield Entry(day, "order", "Order", "" if counted or voided is not None else "not counted", amount)


def _contact(
    day: dt.date, kind: str, what: str | None, detail: str | None, amount: float | None, persons: bool
) -> Entry:
    title = _TITLES.get(kind, kind.capitalize()).format(what=what or "something")
    told = [what] if kind in _WITH_WHAT and what else []
    if detail and (persons or kind not in _PRIVATE):
        told.append(detail)
    return Entry(day, kind, title, " · ".join(told), amount)


def _live(orders: Iterable[LiveOrder]) -> Iterable[Entry]:
    for order in orders:
        if order.day is None:
            continue
        yield Entry(order.day, "order", "Order", order.order_id, order.amount, True)
        if order.cancelled:
            yield Entry(order.day, "cancelled", "Order taken back", order.order_id, _less(order.amount), True)
        elif order.refunded:
            yield Entry(order.day, "refund", "Refund", order.order_id, -order.refunded, True)


def _warned(alerts: Iterable[Alert]) -> Iterable[Entry]:
    for alert in alerts:
        yield Entry(alert.raised_on, "warning", "A warning was raised", alert.proposal.reason)
        if alert.closed_at is not None:
            title = f"The warning was closed: {alert.status.value}"
            yield Entry(alert.closed_at.date(), "warning", title, alert.outcome)


def _less(amount: float | None) -> float | None:
    return None if amount is None else -abs(amount)
