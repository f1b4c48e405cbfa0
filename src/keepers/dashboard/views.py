"""The pages: overview, customers, one customer, who is leaving."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from keepers.dashboard import words
from keepers.dashboard.changes import changes
from keepers.dashboard.context import groups_of
from keepers.dashboard.kept_lists import chosen_of, kept, named_in
from keepers.dashboard.list_file import list_file, note_export, sent
from keepers.dashboard.looking import view_of
from keepers.dashboard.pages import Back, Person, TheSite, asset, changer, page
from keepers.dashboard.sections import parts_of
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.domain.alert import AlertStatus
from keepers.reports import formatting
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
        wanted = Wanted.of(request).context
        view = view_of(generation, wanted)
        lists = books.lists(generation.number, view.reach)
        chosen = chosen_of(books, visitor, view, wanted, False)
        everybody = view.group(lists.totals(chosen))
        divided = lists.divisions(("tier", "segment", "channel"), chosen)
        divisions = {name: [view.group(one) for one in some] for name, some in divided.items()}
        with formatting.shown_in(view.conversion):
            proposed = week.this_week(site, books, generation)
        changed = None if wanted.narrows or not view.own else changes(site, books, generation, everybody)
        newest = lists.page(replace(chosen, by_event=True), "updated_at", True, 0, 8).customers
        newest = tuple(view.customer(one) for one in newest)
        keys = [one.customer for one in proposed[:_FIRST] if one.customer is not None]
        who = _who(books, visitor, [one.customer_key for one in newest] + keys)
    said = _said(site)
    return page(
        request, visitor, "overview", wanted=wanted, everybody=everybody, changed=changed, divisions=divisions,
        proposed=proposed[:_FIRST], more=len(proposed) - _FIRST, newest=newest, who=who, said=said,
        equity=view.equity(said), today=site.now().date(),
    )  # fmt: skip


@router.get("/customers")
def customers(request: Request, site: TheSite, visitor: Person) -> Response:
    """A list of customers, filtered, searched, sorted, a page at a time; the address says all of it."""
    wanted = Wanted.of(request)
    with site.state.reading() as books:
        generation = books.live.current()
        if generation is None:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
        view = view_of(generation, wanted)
        lists = books.lists(generation.number, view.reach)
        chosen = chosen_of(books, visitor, view, wanted, visitor.may(Scope.PERSONS))
        wanted = wanted.as_sortable(lists.has_learned)
        found = lists.page(chosen, wanted.sort, not wanted.ascending, wanted.offset, ROWS)
        found = replace(found, customers=tuple(view.customer(one) for one in found.customers))
        totals = view.group(lists.totals(chosen))
        query = wanted.address(offset=None).partition("?")[2]
        lists_kept = kept(books, visitor, "/customers", query)
        who = _who(books, visitor, [one.customer_key for one in found.customers])
    return page(
        request, visitor, "customers", wanted=wanted, found=found, totals=totals, options=groups_of(site, generation),
        who=who, rows=ROWS, today=site.now().date(), named=named_in(lists_kept["kept"], wanted), **lists_kept,
        has_learned=lists.has_learned and view.reach.own,
    )  # fmt: skip


@router.get("/customers.csv")
def customers_csv(request: Request, site: TheSite, visitor: Person) -> Response:
    """The whole list as a file for a spreadsheet, with names and addresses for those who may see them."""
    wanted = Wanted.of(request)
    note_export(site, visitor, wanted)
    return sent("customers", list_file(site, visitor, wanted))


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
        shown=shown, today=site.now().date(), customers=0 if generation is None else generation.customers,
    )  # fmt: skip


@router.post("/leaving/{number}")
def close(
    site: TheSite,
    number: int,
    visitor: Annotated[Visitor, _DECIDES],
    back: Back,
    status: Annotated[str, Form()],
    outcome: Annotated[str, Form(min_length=1, max_length=2_000)],
    once: OnceField = "",
) -> RedirectResponse:
    """Record what came of an alert."""
    end = AlertStatus.DONE if status == "done" else AlertStatus.DISMISSED
    once = once and f"alert {number} {once}"
    with site.state.writing() as books:
        if books.once.said(visitor.name, once, site.now()) is not None:
            return back("/leaving")
        books.once.keep(visitor.name, once, {}, site.now())
        books.alerts.close(min(number, 2**31 - 1), end, outcome, site.now())
        # What was said of a customer stands in the book of alerts, where it goes with them; the log outlasts them.
        books.users.note(visitor.name, f"alert {end.value}", str(number), site.now())
    return back("/leaving")


def _who(books: Books, visitor: Visitor, keys: list[str]) -> dict[str, tuple[str | None, str | None]]:
    return books.live.persons(keys) if visitor.may(Scope.PERSONS) else {}


def _said(site: Site) -> dict[str, Any]:
    generation = site.generation()
    try:
        return {} if generation is None else site.said(generation)
    except OSError:
        return {}


__all__ = ["router", "words"]
