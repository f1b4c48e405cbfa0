"""The page of a customer: what they are worth and of what that is made, all that happened, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from keepers.dashboard.looking import view_of
from keepers.dashboard.pages import Person, TheSite, kept_along, page
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope
from keepers.domain.alert import Alert, AlertStatus
from keepers.pipeline.learned_said import early_said, learned_said
from keepers.pipeline.offer_list import FILE as OFFERS
from keepers.pipeline.timeline import listed_for, timeline
from keepers.storage.live import LiveCustomer
from keepers.storage.live_lists import seen
from keepers.web.keys import CUSTOMER
from keepers.web.subscribers import has_page

router = APIRouter(include_in_schema=False)

FIRST = 30
"""Entries that are shown before somebody asks for all."""

_LEAVING = ("at risk",)


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next: in words, why, what it should bring, and how that is known."""

    action: str
    why: str
    money: float | None = None
    evidence: str = "predictive"


@router.get(f"/customers/{CUSTOMER}")
def customer(
    request: Request,
    site: TheSite,
    visitor: Person,
    customer_key: str,
    only: Annotated[str, Query(max_length=20)] = "",
    whole: bool = False,
) -> Response:
    """One customer: what they are worth and why, what happened, what to do."""
    persons = visitor.may(Scope.PERSONS)
    with site.state.reading() as books:
        generation = books.live.current()
        one = None if generation is None else books.live.customers(generation.number, [customer_key]).get(customer_key)
        if generation is not None and one is None and has_page(generation, customer_key):
            # Whoever subscribes and never ordered has a page of the subscription alone.
            return RedirectResponse(kept_along(request)(f"/subscribers/{quote(customer_key, safe='')}"), 303)
        if generation is None or one is None:
            raise HTTPException(
                404, "There is no such customer. The next run may have given them another key: search by name."
            )
        alerts = tuple(one.for_eyes(persons) for one in books.alerts.listed(None, customer=customer_key))
        since = books.live.orders_of([customer_key], generation.base_event).get(customer_key, [])
        who = books.live.persons([customer_key]) if persons else {}
    view = view_of(generation, Wanted.of(request))
    learned = learned_said(one.fields, one.values, one.by_event, site.learned(generation))
    early = early_said(one.fields)
    reaches = [(name, view.customer(seen(one, name)).values) for name in view.told.reaches]
    one = view.customer(seen(one, view.reach))
    folder = Path(generation.folder)
    entries = timeline(folder, customer_key, since, alerts, persons)
    groups = Counter(entry.group for entry in entries)
    shown = [entry for entry in entries if not only or entry.group == only]
    offers = listed_for(folder, OFFERS, customer_key)
    products = listed_for(folder, "next_products.parquet", customer_key)
    return page(
        request, visitor, "customer", one=one, alerts=alerts, who=who, today=site.now().date(),
        entries=shown if whole else shown[:FIRST], more=len(shown) - FIRST, groups=groups, only=only, whole=whole,
        offers=offers, products=products, next=next_of(one, alerts, offers, products), reaches=reaches,
        learned=learned, early=early,
        page_at=partial(kept_along(request), f"/customers/{quote(customer_key, safe='')}"),
    )  # fmt: skip


def next_of(
    one: LiveCustomer,
    alerts: Sequence[Alert],
    offers: Sequence[Mapping[str, Any]],
    products: Sequence[Mapping[str, Any]],
) -> Next | None:
    """The one thing to do first: what a warning asks for, else the offer that pays most, else a product to name."""
    open_ones = [alert for alert in alerts if alert.status is AlertStatus.OPEN]
    if open_ones:
        worst = max(open_ones, key=lambda alert: alert.proposal.expected_loss or 0.0)
        return Next(worst.proposal.action, worst.proposal.reason, worst.proposal.expected_loss)
    paying = [
        row for row in offers if row["offer"] != "nothing" and not row["held_out"] and (row["expected_gain"] or 0.0) > 0
    ]
    if paying:
        best = max(paying, key=lambda row: row["expected_gain"])
        why = f"in the experiment “{best['experiment']}” it earned most with customers like them"
        return Next(f"Send “{best['offer']}”", why, best["expected_gain"], best["evidence"])
    if one.values["state"] in _LEAVING and (one.values["money_at_risk"] or 0.0) > 0:
        why = "they have been silent for long by their own rhythm or by the model; no warning names a cause"
        return Next("Write to them, to win them back", why, one.values["money_at_risk"])
    named = [row for row in products if row.get("next_product") and not row.get("held_out")]
    if named and (one.values["probability_alive"] or 0.0) >= 0.5:
        return Next(
            f"Show them {named[0]['next_product']}", "it is what customers with such a basket buy next most often",
            named[0].get("expected_gain"), str(named[0].get("evidence") or "predictive"),
        )  # fmt: skip
    return None
