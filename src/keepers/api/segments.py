"""Segments: the groups that a run divides customers into, and the lists that people have named."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING, meaning_of, served
from keepers.api.shapes import GroupShape, Meaning, group_shape
from keepers.domain.access import Scope
from keepers.storage.live_lists import GROUPS, Filter
from keepers.storage.saved_views import SavedView
from keepers.storage.state import Books
from keepers.web.access import Reader, TheSite
from keepers.web.list_address import PAGE, filter_of, lists_seen

router = APIRouter(tags=["segments"], responses=ERRORS)


class NamedSegment(GroupShape):
    """A list of customers that somebody has named, with what is in it now."""

    number: int
    owner: str
    shared: bool
    query: str = Field(description="filters as `GET /customers` and the page of customers take them in their address")
    made_at: dt.datetime


class SegmentList(BaseModel):
    """All segments."""

    divisions: dict[str, list[GroupShape]] = Field(description="groups of the run, by what divides customers")
    named: list[NamedSegment] = Field(description="one's own and those of all")
    meaning: Meaning


class NewSegment(BaseModel):
    """A list to keep; one of the same name is replaced."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    query: Annotated[str, Field(max_length=2_000, examples=["tier=Platinum&below_alive=0.5"])]
    shared: bool = False


@router.get("/segments")
def segments(site: TheSite, visitor: Reader) -> SegmentList:
    """Groups that a run divides customers into, and lists that people have named, with what is in them now."""
    persons = visitor.may(Scope.PERSONS)
    with site.state.reading() as books:
        generation = served(books)
        lists = books.lists(generation.number)
        divisions = {name: [group_shape(one) for one in lists.groups(name, Filter())] for name in GROUPS}
        named = [_named(books, generation.number, one, persons) for one in lists_seen(books, visitor, PAGE)]
    return SegmentList(divisions=divisions, named=named, meaning=meaning_of(generation))


@router.post("/segments", status_code=201)
def keep(site: TheSite, visitor: Reader, wish: NewSegment) -> NamedSegment:
    """Name a list of customers, for oneself or, with the right `decide`, for all."""
    if wish.shared and not visitor.may(Scope.DECIDE):
        raise HTTPException(403, "To share a list takes the right `decide`. Keep it for yourself, or ask an owner.")
    with site.state.writing() as books:
        generation = served(books)
        view = books.views.keep(visitor.name, wish.name, PAGE, wish.query, wish.shared, site.now())
        books.users.note(visitor.name, "list kept", str(view.number), site.now(), {"shared": view.shared})
        return _named(books, generation.number, view, visitor.may(Scope.PERSONS))


@router.delete("/segments/{number}", status_code=204, responses=MISSING)
def remove(site: TheSite, visitor: Reader, number: int) -> None:
    """Forget a list of one's own; an owner may forget anybody's."""
    whose = None if visitor.may(Scope.ADMIN) else visitor.name
    with site.state.writing() as books:
        if not 0 < number < 2**31 or not books.views.remove(number, whose):
            raise HTTPException(404, f"There is no list {number} of yours.")
        books.users.note(visitor.name, "list removed", str(number), site.now())


def _named(books: Books, generation: int, view: SavedView, persons: bool) -> NamedSegment:
    inside = books.lists(generation).totals(filter_of(view.query, persons))
    return NamedSegment(
        **group_shape(inside).model_dump(exclude={"name"}), name=view.name, number=view.number, owner=view.owner,
        shared=view.shared, query=view.query, made_at=view.made_at,
    )  # fmt: skip
