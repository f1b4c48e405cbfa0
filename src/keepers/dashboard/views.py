"""The pages: overview, customers, one customer, who is leaving."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from keepers.dashboard import words
from keepers.dashboard.changes import changes
from keepers.dashboard.context import groups_of
from keepers.dashboard.kept_lists import kept
from keepers.dashboard.pages import Person, TheSite, asset, back_to, changer, page
from keepers.dashboard.sections import parts_of
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.domain.alert import AlertStatus
from keepers.exports.files import BYTE_ORDER_MARK, lines_for_people
from keepers.storage.live_lists import GROUPS, LARGEST_PAGE
from keepers.storage.state import Books
from keepers.web import week
from keepers.web.once import OnceField
from keepers.web.site import Site

router = APIRouter(include_in_schema=False)

ROWS = 50
"""Customers of a page."""

_FIRST = 6
"""Decisions on the overview."""

_Text = Annotated[str, Query(max_length=300)]
_DECIDES = changer(Scope.DECIDE)


@router.get("/assets/{name}")
def assets(name: str) -> Response:
    """A file of the look."""
    return asset(name)


@router.get("/")
def overview(request: Request, site: TheSite, visitor: Person) -> Response:
    """What all customers are worth, what to do this week, and what has just changed."""
    with site.state.reading() as books:
        generation = books.live.current()
        if generation is None:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
        lists = books.lists(generation.number)
        wanted = Wanted.of(request).context
        chosen = wanted.filter(False)
        everybody = lists.totals(chosen)
        divisions = {name: lists.groups(name, chosen) for name in ("tier", "segment", "channel")}
        proposed = week.this_week(site, books, generation)
        changed = None if wanted.narrows else changes(site, books, generation, everybody)
        newest = lists.page(replace(chosen, by_event=True), "updated_at", True, 0, 8).customers
        keys = [one.customer for one in proposed[:_FIRST] if one.customer is not None]
        who = _who(books, visitor, [one.customer_key for one in newest] + keys)
    return page(
        request, visitor, "overview", wanted=wanted, everybody=everybody, changed=changed, divisions=divisions,
        proposed=proposed[:_FIRST], more=len(proposed) - _FIRST, newest=newest, who=who, said=_said(site),
        today=site.now().date(),
    )  # fmt: skip


@router.get("/customers")
def customers(request: Request, site: TheSite, visitor: Person) -> Response:
    """A list of customers, filtered, searched, sorted, a page at a time; the address says all of it."""
    wanted = Wanted.of(request)
    with site.state.reading() as books:
        generation = books.live.current()
        if generation is None:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
        lists = books.lists(generation.number)
        chosen = wanted.filter(visitor.may(Scope.PERSONS))
        found = lists.page(chosen, wanted.sort, not wanted.ascending, wanted.offset, ROWS)
        totals = lists.totals(chosen)
        query = wanted.address(offset=None).partition("?")[2]
        lists_kept = kept(books, visitor, "/customers", query)
        who = _who(books, visitor, [one.customer_key for one in found.customers])
    return page(
        request, visitor, "customers", wanted=wanted, found=found, totals=totals, options=groups_of(site, generation),
        who=who, rows=ROWS, today=site.now().date(), **lists_kept,
    )  # fmt: skip


@router.get("/customers.csv")
def customers_csv(request: Request, site: TheSite, visitor: Person) -> Response:
    """The whole list as a file for a spreadsheet, with names and addresses for those who may see them."""
    wanted = Wanted.of(request)
    with site.state.writing() as books:
        # Whom somebody searched for stays out of the log, which outlasts them.
        said = wanted.address(search="…" if wanted.search else None)
        books.users.note(visitor.name, "list exported", said, site.now())
    headers = {"Content-Disposition": 'attachment; filename="customers.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_csv(site, visitor, wanted), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/leaving")
def leaving(request: Request, site: TheSite, visitor: Person, status: _Text = "open") -> Response:
    """Whom to look after, by what is at stake, and what came of it."""
    wanted = next((one for one in AlertStatus if one.value == status), AlertStatus.OPEN)
    with site.state.reading() as books:
        alerts = tuple(one.for_eyes(visitor.may(Scope.PERSONS)) for one in books.alerts.listed(wanted))
        counts = {one.value: size for one, size in books.alerts.counts().items()}
        who = _who(books, visitor, [one.proposal.customer_key for one in alerts])
    generation = site.generation()
    shown = None if generation is None else parts_of(request, site, visitor, generation, ("warnings", "risk"))
    if wanted is AlertStatus.OPEN:
        alerts = tuple(sorted(alerts, key=lambda one: -(one.proposal.expected_loss or 0.0)))
    return page(
        request, visitor, "leaving", alerts=alerts[:200], counts=counts, status=wanted.value, who=who,
        shown=shown, today=site.now().date(),
    )  # fmt: skip


@router.post("/leaving/{number}")
def close(
    site: TheSite,
    number: int,
    visitor: Annotated[Visitor, _DECIDES],
    status: Annotated[str, Form()],
    outcome: Annotated[str, Form(min_length=1, max_length=2_000)],
    once: OnceField = "",
) -> RedirectResponse:
    """Record what came of an alert."""
    end = AlertStatus.DONE if status == "done" else AlertStatus.DISMISSED
    once = once and f"alert {number} {once}"
    with site.state.writing() as books:
        if books.once.said(visitor.name, once) is not None:
            return back_to("/leaving")
        books.once.keep(visitor.name, once, {}, site.now())
        books.alerts.close(min(number, 2**31 - 1), end, outcome, site.now())
        # What was said of a customer stands in the book of alerts, where it goes with them; the log outlasts them.
        books.users.note(visitor.name, f"alert {end.value}", str(number), site.now())
    return back_to("/leaving")


def _csv(site: Site, visitor: Visitor, wanted: Wanted) -> Iterator[str]:
    """The lines of a list, a stretch at a time."""
    names = (
        "customer_key", "name", "email", "first_order_date", "last_order_date", "orders", "revenue",
        "probability_alive", "expected_orders", "value", "value_low", "value_high", "money_at_risk", *GROUPS,
    )  # fmt: skip
    yield BYTE_ORDER_MARK + ",".join(names) + "\r\n"
    offset = 0
    while True:
        with site.state.reading() as books:
            generation = books.live.current()
            if generation is None:
                return
            found = books.lists(generation.number).page(
                wanted.filter(visitor.may(Scope.PERSONS)), wanted.sort, not wanted.ascending, offset, LARGEST_PAGE
            )
            who = _who(books, visitor, [one.customer_key for one in found.customers])
        rows = []
        for one in found.customers:
            name, email = who.get(one.customer_key, (None, None))
            history, values = one.history, one.values
            numbers = ("probability_alive", "expected_orders", "value", "value_low", "value_high", "money_at_risk")
            rows.append((
                one.customer_key, name, email, history.first_day, history.last_day, history.orders, history.revenue,
                *(values[key] for key in numbers), *(values[key] for key in GROUPS),
            ))  # fmt: skip
        yield lines_for_people(rows)
        offset += LARGEST_PAGE
        if offset >= found.total:
            return


def _who(books: Books, visitor: Visitor, keys: list[str]) -> dict[str, tuple[str | None, str | None]]:
    return books.live.persons(keys) if visitor.may(Scope.PERSONS) else {}


def _said(site: Site) -> dict[str, Any]:
    generation = site.generation()
    try:
        return {} if generation is None else site.said(generation)
    except OSError:
        return {}


__all__ = ["router", "words"]
