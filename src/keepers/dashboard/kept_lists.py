"""Lists that people keep: customers, leads or a question about the budget, under a name, for oneself or for all."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from keepers.dashboard.pages import TheSite, changer
from keepers.domain.access import Scope, Visitor
from keepers.storage.state import Books
from keepers.web.list_address import lists_seen

router = APIRouter(include_in_schema=False)

PAGES = ("/customers", "/leads", "/budget")
"""Pages whose address can be kept."""

_READS = Annotated[Visitor, changer(Scope.READ)]
_Page = Annotated[Literal["/customers", "/leads", "/budget"], Form()]


def kept(books: Books, visitor: Visitor, page: str, query: str) -> dict[str, object]:
    """What the template of kept lists needs to know."""
    return {"kept": lists_seen(books, visitor, page), "keep_page": page, "keep_query": query}


@router.post("/lists")
def keep(
    site: TheSite,
    visitor: _READS,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    page: _Page,
    query: Annotated[str, Form(max_length=2_000)] = "",
    shared: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Keep a list; one of the same name is replaced."""
    if shared and not visitor.may(Scope.DECIDE):
        raise HTTPException(403, "Your role keeps lists for yourself. An analyst or an owner can share one.")
    with site.state.writing() as books:
        view = books.views.keep(visitor.name, name, page, query, shared, site.now())
        books.users.note(visitor.name, "list kept", str(view.number), site.now(), {"shared": view.shared})
    return RedirectResponse(view.address, 303)


@router.post("/lists/{number}/remove")
def remove(site: TheSite, visitor: _READS, number: int, page: _Page = "/customers") -> RedirectResponse:
    """Forget a list of one's own; an owner may forget anybody's."""
    whose = None if visitor.may(Scope.ADMIN) else visitor.name
    with site.state.writing() as books:
        if not 0 < number < 2**31 or not books.views.remove(number, whose):
            raise HTTPException(404, "There is no such list of yours.")
        books.users.note(visitor.name, "list removed", str(number), site.now())
    return RedirectResponse(page, 303)
