"""A person's right to know and to be forgotten: everything kept of one, and its erasure."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING
from keepers.api.shapes import AlertShape, alert_shape
from keepers.domain.errors import ConfigError
from keepers.pipeline.erase import erase
from keepers.pipeline.serving import known_as
from keepers.pipeline.timeline import Entry, timeline
from keepers.web.access import Governor, TheSite
from keepers.web.keys import CUSTOMER
from keepers.web.subscribers import known

router = APIRouter(tags=["persons"], responses=ERRORS)


class PersonFile(BaseModel):
    """Everything that the running system keeps of a person."""

    customer_key: str
    name: str | None
    email: str | None
    values: dict[str, Any] | None = Field(
        description="history, value and further columns; null where nothing is valued"
    )
    orders: list[dict[str, Any]] = Field(description="orders that came in as events")
    alerts: list[AlertShape] = Field(description="warnings about them, closed ones too")
    subscription: dict[str, Any] | None = Field(description="what the newest run says of a subscriber; null for others")
    contracts: list[dict[str, Any]] = Field(description="contracts that the newest run kept, the newest first")
    happened: list[dict[str, Any]] = Field(
        description="orders, refunds, contacts, feedback and warnings that the newest run kept or that came since"
    )


class Forgotten(BaseModel):
    """What was erased, and where the person still stands."""

    customer_keys: list[str]
    entries: int = Field(
        description="alerts, places in decisions, scores, live values, events, pulled items and rows of uploaded files"
    )
    still_named_in: list[str] = Field(description="files of results that name the person until the next run")
    uploads_to_look_at: list[str] = Field(
        description="uploaded files that name the person still, or may, as their kind is not written anew: leave them "
        "out, and upload them without the person"
    )


@router.get(f"/persons/{CUSTOMER}", responses=MISSING)
def person_file(site: TheSite, visitor: Governor, customer_key: str) -> PersonFile:
    """Everything kept of a person, to be handed to them."""
    with site.state.reading() as books:
        current = books.live.current()
        one = None if current is None else books.live.customers(current.number, [customer_key]).get(customer_key)
        orders = books.live.orders_of([customer_key], 0).get(customer_key, [])
        alerts = books.alerts.listed(None, customer=customer_key)
        name, email = books.live.persons([customer_key]).get(customer_key, (None, None))
        found = None if current is None else known(books, current, visitor, customer_key)
    entries: tuple[Entry, ...] = ()
    if current is not None and not current.forgets(customer_key):
        entries = timeline(Path(current.folder), customer_key, orders, alerts)
    if one is None and found is None and not orders and not alerts and not entries and name is None and email is None:
        raise HTTPException(404, f"Nothing is kept of {customer_key!r}.")
    with site.state.writing() as books:
        books.users.note(visitor.name, "person exported", _in_the_log(customer_key), site.now())
    values = None if one is None else {**one.history.to_dict(), **one.values, **one.fields}
    told = [
        {"order_id": order.order_id, "day": order.day, "amount": order.amount, "refunded": order.refunded}
        for order in orders
    ]
    return PersonFile(
        customer_key=customer_key, name=name, email=email, values=values, orders=told,
        alerts=[alert_shape(alert) for alert in alerts], subscription=None if found is None else asdict(found.one),
        contracts=[] if found is None else [asdict(contract) for contract in found.contracts],
        happened=[asdict(entry) for entry in entries],
    )  # fmt: skip


@router.delete(f"/persons/{CUSTOMER}", responses=MISSING)
def forget(site: TheSite, visitor: Governor, customer_key: str) -> Forgotten:
    """Erase a person from all that is kept; the audit log keeps the key alone, and no e-mail address."""
    try:
        gone = erase(site.project, [customer_key])
    except ConfigError as error:
        raise HTTPException(404, str(error)) from None
    with site.state.writing() as books:
        subject, entries = _in_the_log(customer_key), gone.erasure.entries
        books.users.note(visitor.name, "person erased", subject, site.now(), {"entries": entries})
    return Forgotten(
        customer_keys=list(gone.keys),
        entries=gone.erasure.entries + gone.pulled + gone.uploaded,
        still_named_in=[path.name for path in gone.still],
        uploads_to_look_at=[path.name for path in gone.uploads],
    )


def _in_the_log(customer_key: str) -> str:
    """What the audit log calls a person: it outlasts them, and a key may be an e-mail address."""
    return f"known as {known_as('email', customer_key)}" if "@" in customer_key else customer_key
