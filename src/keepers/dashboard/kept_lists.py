"""Lists that people keep: customers, leads or a question about the budget, under a name, for oneself or for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from keepers.dashboard.looking import View
from keepers.dashboard.pages import Back, TheSite, changer
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.storage.live_lists import Filter
from keepers.storage.saved_views import SavedView
from keepers.storage.state import Books
from keepers.web.list_address import PAGE, check_kept, filter_of, lists_seen, queries_seen

router = APIRouter(include_in_schema=False)

PAGES = ("/customers", "/leads", "/budget")
"""Pages whose address can be kept."""

_READS = Annotated[Visitor, changer(Scope.READ)]
_Page = Annotated[Literal["/customers", "/leads", "/budget"], Form()]


def named_in(kept: Sequence[SavedView], wanted: Wanted) -> str | None:
    """What the kept list is called that an address names; None without one that is seen."""
    return next((one.name for one in kept if one.number == wanted.kept_list), None)


def kept(books: Books, visitor: Visitor, page: str, query: str) -> dict[str, Any]:
    """What the template of kept lists needs to know."""
    return {"kept": lists_seen(books, visitor, page), "keep_page": page, "keep_query": query}


def chosen_of(books: Books, visitor: Visitor, view: View, wanted: Wanted, persons: bool) -> Filter:
    """The customers of a page: those that its address says, within a kept list where it names one that one sees."""
    if wanted.kept_list is None:
        return wanted.filter(persons)
    queries = queries_seen(books, visitor)
    query = queries.get(wanted.kept_list)
    # Whom a list is about is its own matter, as it is kept: a search of somebody who may see names is for them alone.
    sees = visitor.may(Scope.PERSONS)
    within = None if query is None else filter_of(query, sees, view.told.reaches, queries)
    return wanted.filter(persons, within)


@router.post("/lists")
def keep(
    site: TheSite,
    visitor: _READS,
    back: Back,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    page: _Page,
    query: Annotated[str, Form(max_length=2_000)] = "",
    shared: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Keep a list; one of the same name is replaced."""
    if shared and not visitor.may(Scope.DECIDE):
        raise HTTPException(403, "Your role keeps lists for yourself. An analyst or an owner can share one.")
    with site.state.writing() as books:
        if page == PAGE:
            check_kept(lists_seen(books, visitor, PAGE), visitor.name, name, query, shared)
        view = books.views.keep(visitor.name, name, page, query, shared, site.now())
        books.users.note(visitor.name, "list kept", str(view.number), site.now(), {"shared": view.shared})
    return back(view.address)


@router.post("/lists/{number}/remove")
def remove(
    request: Request, site: TheSite, visitor: _READS, back: Back, number: int, page: _Page = "/customers"
) -> RedirectResponse:
    """Forget a list of one's own; an owner may forget anybody's."""
    whose = None if visitor.may(Scope.ADMIN) else visitor.name
    with site.state.writing() as books:
        if not 0 < number < 2**31 or not books.views.remove(number, whose):
            raise HTTPException(404, "There is no such list of yours.")
        books.users.note(visitor.name, "list removed", str(number), site.now())
    wanted = Wanted.of(request)
    return back(page, list=None if wanted.kept_list == number else wanted.kept_list)
