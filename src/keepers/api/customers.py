"""Customers: lists, one of them, the value alone, and groups."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from keepers.api.served import ERRORS, MISSING, HorizonName, meaning_of, persons, reach_of, reaches_of, served
from keepers.api.shapes import (
    CustomerDetail,
    CustomerList,
    CustomerRow,
    GroupList,
    Timeline,
    TimelineEntry,
    alert_shape,
    at_horizons,
    customer_row,
    decomposition,
    early_shape,
    group_shape,
    learned_shape,
)
from keepers.domain.access import Scope
from keepers.pipeline.learned_said import early_said, learned_said
from keepers.pipeline.timeline import timeline
from keepers.storage.live_lists import GROUPS, LARGEST_PAGE, SORTABLE, Filter, seen
from keepers.web.access import QuickRoute, Reader, TheSite
from keepers.web.keys import CUSTOMER

router = APIRouter(tags=["customers"], responses=ERRORS)

_ENCODER = msgspec.json.Encoder()

_Names = Annotated[list[str] | None, Query()]


@router.get("/customers")
def customers(
    site: TheSite,
    visitor: Reader,
    search: Annotated[str, Query(max_length=200, description="part of a name or address, or beginning of a key")] = "",
    tier: _Names = None,
    segment: _Names = None,
    rfm_group: _Names = None,
    state: _Names = None,
    channel: _Names = None,
    country: _Names = None,
    least_value: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    most_value: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    least_alive: Annotated[float | None, Query(ge=0, le=1)] = None,
    most_alive: Annotated[float | None, Query(ge=0, le=1)] = None,
    below_value: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    below_alive: Annotated[float | None, Query(ge=0, le=1)] = None,
    least_orders: Annotated[int | None, Query(ge=0, le=1_000_000_000)] = None,
    most_orders: Annotated[int | None, Query(ge=0, le=1_000_000_000)] = None,
    bought_since: dt.date | None = None,
    silent_since: dt.date | None = None,
    won_since: dt.date | None = None,
    won_until: dt.date | None = None,
    sort: Annotated[
        str,
        Query(
            description=f"one of {', '.join(SORTABLE)}; a minus before it turns it round; learned_value where "
            "the run learned any"
        ),
    ] = "-value",
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    horizon: HorizonName = "",
) -> CustomerList:
    """A page of customers; names and addresses for those who may see persons."""
    given = (tier, segment, rfm_group, state, channel, country)
    names = ("tier", "segment", "rfm_group", "state", "channel", "country")
    chosen = Filter(
        {name: tuple(some) for name, some in zip(names, given, strict=True) if some},
        search, visitor.may(Scope.PERSONS), least_value=least_value, most_value=most_value, least_alive=least_alive,
        most_alive=most_alive, below_value=below_value, below_alive=below_alive, least_orders=least_orders,
        most_orders=most_orders, bought_since=bought_since, silent_since=silent_since, won_since=won_since,
        won_until=won_until,
    )  # fmt: skip
    with site.state.reading() as books:
        generation = served(books)
        reach = reach_of(generation, horizon)
        lists = books.lists(generation.number, reach)
        page = lists.page(chosen, sort.removeprefix("-"), sort.startswith("-"), offset, limit)
        who = persons(books, visitor, [one.customer_key for one in page.customers])
    rows = [CustomerRow(**customer_row(one, who.get(one.customer_key))) for one in page.customers]
    return CustomerList(total=page.total, offset=offset, customers=rows, meaning=meaning_of(generation, reach))


@router.get(f"/customers/{CUSTOMER}/timeline", responses=MISSING)
def customer_timeline(
    site: TheSite,
    visitor: Reader,
    customer_key: str,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Timeline:
    """What happened with a customer, the newest first: orders, refunds, contacts, tickets, offers, warnings."""
    with site.state.reading() as books:
        generation = served(books)
        if customer_key not in books.live.customers(generation.number, [customer_key]):
            raise HTTPException(404, f"There is no customer {customer_key!r}.")
        since = books.live.orders_of([customer_key], generation.base_event).get(customer_key, [])
        persons_too = visitor.may(Scope.PERSONS)
        alerts = [one.for_eyes(persons_too) for one in books.alerts.listed(None, customer=customer_key)]
    found = timeline(Path(generation.folder), customer_key, since, alerts, persons_too)
    entries = [
        TimelineEntry(
            day=one.day, kind=one.kind, title=one.title, detail=one.detail, amount=one.amount, since_run=one.live
        )
        for one in found[offset : offset + limit]
    ]
    return Timeline(total=len(found), offset=offset, entries=entries, currency=meaning_of(generation).currency)


async def customer_value(site: TheSite, visitor: Reader, customer_key: str) -> Response:
    """The value alone, for programs that ask often: `value`, `low`, `high`, `probability_alive`, `tier`.

    It is of the run's own horizon.
    """
    del visitor
    found = await site.asking.ask(lambda: site.state.value_of(customer_key))
    if found is None:
        raise HTTPException(404, f"There is no customer {customer_key!r}.")
    return Response(_ENCODER.encode(found), media_type="application/json")


router.add_api_route(
    f"/customers/{CUSTOMER}/value", customer_value, methods=["GET"], responses=MISSING,
    route_class_override=QuickRoute,
)  # fmt: skip


@router.get(f"/customers/{CUSTOMER}", responses=MISSING)
def customer(site: TheSite, visitor: Reader, customer_key: str, horizon: HorizonName = "") -> CustomerDetail:
    """One customer: history, value with its interval and what it is made of, reasons and next action."""
    with site.state.reading() as books:
        generation = served(books)
        one = books.live.customers(generation.number, [customer_key]).get(customer_key)
        if one is None:
            raise HTTPException(404, f"There is no customer {customer_key!r}.")
        reach = reach_of(generation, horizon)
        known, one = one, seen(one, reach)
        who = persons(books, visitor, [customer_key]).get(customer_key)
        alerts = books.alerts.listed(customer=customer_key)
    told = [alert_shape(alert.for_eyes(visitor.may(Scope.PERSONS))) for alert in alerts]
    first = max(told, key=lambda alert: alert.expected_loss or 0.0, default=None)
    return CustomerDetail(
        **customer_row(one, who),
        decomposition=decomposition(one),
        alerts=told,
        next_best_action=None if first is None else first.action,
        horizons=at_horizons(known, reaches_of(generation)),
        learned=learned_shape(learned_said(known.fields, known.values, known.by_event, site.learned(generation))),
        early=early_shape(early_said(known.fields)),
        fields=dict(one.fields),
        meaning=meaning_of(generation, reach),
    )


@router.get("/groups/{by}", responses=MISSING)
def groups(site: TheSite, visitor: Reader, by: str, horizon: HorizonName = "") -> GroupList:
    """Customers by tier, RFM group, behaviour segment, state, channel or country."""
    del visitor
    if by not in GROUPS:
        raise HTTPException(404, f"Customers are not divided by {by!r}, but by {', '.join(GROUPS)}.")
    with site.state.reading() as books:
        generation = served(books)
        reach = reach_of(generation, horizon)
        found = books.lists(generation.number, reach).groups(by, Filter())
    return GroupList(by=by, groups=[group_shape(one) for one in found], meaning=meaning_of(generation, reach))
