"""Subscribers as pages and calls show them: the list of the newest run, one of them, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keepers.domain.access import Scope, Visitor
from keepers.domain.alert import Alert, AlertStatus
from keepers.domain.errors import KeepersError
from keepers.pipeline.next_plan_list import FILE as NEXT_PLANS
from keepers.pipeline.subscriber_list import (
    Contract,
    Subscriber,
    SubscriberFilter,
    SubscriberPage,
    all_subscribers,
    contracts_of,
    renewals_ahead,
    subscriber,
    subscribers,
)
from keepers.pipeline.timeline import Entry, listed_for, timeline
from keepers.storage.generation import Generation
from keepers.storage.state import Books

Who = Mapping[str, tuple[str | None, str | None]]
"""Names and addresses by key."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing to do first: in words, why, what hangs on it, and how that is known."""

    action: str
    why: str
    money: float | None = None
    evidence: str = "predictive"


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of one subscriber.

    Attributes
    ----------
    one : Subscriber
    who : (str or None, str or None)
        Name and address, for who may see them and has not been erased.
    contracts : tuple of Contract
        The newest first; reasons in somebody's words only for who may see persons.
    renewals : tuple of float
        Chances to outlast the next period, the next two, and so on.
    alerts : tuple of Alert
    next_plan : mapping or None
        The row of next_plans.parquet.
    entries : tuple of Entry
        Contacts, feedback and warnings, the newest first.
    buys : bool
        Whether the customer also has a page of orders.
    """

    one: Subscriber
    who: tuple[str | None, str | None]
    contracts: tuple[Contract, ...]
    renewals: tuple[float, ...]
    alerts: tuple[Alert, ...]
    next_plan: Mapping[str, Any] | None
    entries: tuple[Entry, ...]
    buys: bool

    @property
    def next(self) -> NextStep | None:
        """What to do first."""
        return next_step(self.one, self.alerts, self.next_plan)


def listed(
    books: Books, generation: Generation, visitor: Visitor, wanted: SubscriberFilter, offset: int, limit: int
) -> tuple[SubscriberPage, Who]:
    """A page of subscribers, with the names of those who may be named; nobody who was erased since the run."""
    found = subscribers(Path(generation.folder), _seen(wanted, generation, visitor), offset, limit)
    return found, _who(books, found.rows, visitor)


def every_one(
    books: Books, generation: Generation, visitor: Visitor, wanted: SubscriberFilter
) -> Iterator[tuple[tuple[Subscriber, ...], Who]]:
    """The same of all of them, some at a time."""
    for some in all_subscribers(Path(generation.folder), _seen(wanted, generation, visitor)):
        yield some, _who(books, some, visitor)


def has_page(generation: Generation, customer_key: str) -> bool:
    """Whether somebody is a subscriber of the newest run who was not erased since."""
    return not generation.forgets(customer_key) and subscriber(Path(generation.folder), customer_key) is not None


def known(books: Books, generation: Generation, visitor: Visitor, customer_key: str) -> Known | None:
    """One subscriber; None where nobody has the key, or had it and was erased since the run."""
    folder, persons = Path(generation.folder), visitor.may(Scope.PERSONS)
    one = subscriber(folder, customer_key)
    if one is None or generation.forgets(customer_key):
        return None
    alerts = tuple(alert.for_eyes(persons) for alert in books.alerts.listed(None, customer=customer_key))
    who = books.live.persons([customer_key]) if persons else {}
    contracts = contracts_of(folder, customer_key)
    if not persons:
        contracts = tuple(replace(contract, reason=None) for contract in contracts)
    try:
        renewals = renewals_ahead(folder, one)
    except KeepersError:
        renewals = ()
    plans = listed_for(folder, NEXT_PLANS, customer_key)
    return Known(
        one, who.get(customer_key, (None, None)), contracts, renewals, alerts, plans[0] if plans else None,
        timeline(folder, customer_key, (), alerts, persons),
        customer_key in books.live.customers(generation.number, [customer_key]),
    )  # fmt: skip


def next_step(one: Subscriber, alerts: Sequence[Alert], plan: Mapping[str, Any] | None) -> NextStep | None:
    """What a warning asks for, else a payment that failed, else the next plan, else to win them back."""
    waiting = [alert for alert in alerts if alert.status is AlertStatus.OPEN]
    if waiting:
        worst = max(waiting, key=lambda alert: alert.proposal.expected_loss or 0.0)
        return NextStep(worst.proposal.action, worst.proposal.reason, worst.proposal.expected_loss)
    if one.state == "past_due":
        return NextStep("Ask for another way to pay", "their last payment has failed", one.value)
    if plan is not None and plan.get("next_plan") and not plan.get("held_out"):
        seen = "offering it by lot brought more" if plan.get("evidence") == "experimental" else (
            "those who changed like that went on to bring more than subscribers like them"
        )  # fmt: skip
        return NextStep(
            f"Offer the plan {plan['next_plan']}", seen, _number(plan.get("expected_gain")), str(plan.get("evidence")),
        )  # fmt: skip
    if one.state == "paused":
        return NextStep("Ask when they want to go on", "their subscription is paused and pays nothing", one.value)
    if not one.runs and (one.value or 0.0) > 0:
        return NextStep("Invite them back", "some who left as long ago came back", one.value)
    return None


def _seen(wanted: SubscriberFilter, generation: Generation, visitor: Visitor) -> SubscriberFilter:
    return replace(wanted, persons=visitor.may(Scope.PERSONS), forgotten=generation.forgotten)


def _who(books: Books, some: Sequence[Subscriber], visitor: Visitor) -> Who:
    return books.live.persons([one.customer_key for one in some]) if visitor.may(Scope.PERSONS) else {}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
