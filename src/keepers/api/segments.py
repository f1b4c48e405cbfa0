"""Segments: the groups that a run divides customers into, and the lists that people have named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING, HorizonName, meaning_of, reach_of, reaches_of, served
from keepers.api.shapes import GroupShape, Meaning, group_shape
from keepers.domain.access import Scope
from keepers.domain.reach import Reach
from keepers.storage.live_lists import GROUPS, Filter, LiveLists
from keepers.storage.saved_views import SavedView
from keepers.web.access import Reader, TheSite
from keepers.web.list_address import PAGE, check_kept, filter_of, lists_seen

router = APIRouter(tags=["segments"], responses=ERRORS)

_MOST_GROUPS = 100
"""Groups of a division: what orders say of channels may be a name each."""

_MOST_LISTS = 50
"""Named lists of one answer: the customers of each are summed."""


class NamedSegment(GroupShape):
    """A list of customers that somebody has named, with what is in it now."""

    number: int
    owner: str
    shared: bool
    query: str = Field(description="filters as `GET /customers` and the page of customers take them in their address")
    made_at: dt.datetime


class SegmentList(BaseModel):
    """All segments."""

    divisions: dict[str, list[GroupShape]] = Field(
        description=f"groups of the run, by what divides customers; of each the {_MOST_GROUPS} most valuable ones"
    )
    total: int = Field(description="lists that people have named, one's own and those of all")
    offset: int
    named: list[NamedSegment] = Field(description="some of these, with what is in them now")
    meaning: Meaning


class NewSegment(BaseModel):
    """A list to keep; one of the same name is replaced."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    query: Annotated[str, Field(max_length=2_000, examples=["tier=Platinum&below_alive=0.5"])]
    shared: bool = False


@router.get("/segments")
def segments(
    site: TheSite,
    visitor: Reader,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000, description="of the named lists")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTS)] = _MOST_LISTS,
    horizon: HorizonName = "",
) -> SegmentList:
    """Groups that a run divides customers into, and lists that people have named, with what is in them now."""
    persons = visitor.may(Scope.PERSONS)
    with site.state.reading() as books:
        generation = served(books)
        reach = reach_of(generation, horizon)
        lists = books.lists(generation.number, reach)
        divided = lists.divisions(GROUPS, Filter())
        divisions = {name: [group_shape(one) for one in some[:_MOST_GROUPS]] for name, some in divided.items()}
        kept = lists_seen(books, visitor, PAGE)
        inside = filters(kept, persons, reaches_of(generation))
        named = [_named(lists, one, inside(one)) for one in kept[offset : offset + limit]]
    return SegmentList(
        divisions=divisions, total=len(kept), offset=offset, named=named, meaning=meaning_of(generation, reach)
    )


@router.post("/segments", status_code=201)
def keep(site: TheSite, visitor: Reader, wish: NewSegment) -> NamedSegment:
    """Name a list of customers, for oneself or, with the right `decide`, for all."""
    if wish.shared and not visitor.may(Scope.DECIDE):
        raise HTTPException(403, "To share a list takes the right `decide`. Keep it for yourself, or ask an owner.")
    with site.state.writing() as books:
        generation = served(books)
        check_kept(lists_seen(books, visitor, PAGE), visitor.name, wish.name, wish.query, wish.shared)
        view = books.views.keep(visitor.name, wish.name, PAGE, wish.query, wish.shared, site.now())
        books.users.note(visitor.name, "list kept", str(view.number), site.now(), {"shared": view.shared})
        inside = filters(lists_seen(books, visitor, PAGE), visitor.may(Scope.PERSONS), reaches_of(generation))
        return _named(books.lists(generation.number), view, inside(view))


@router.delete("/segments/{number}", status_code=204, responses=MISSING)
def remove(site: TheSite, visitor: Reader, number: int) -> None:
    """Forget a list of one's own; an owner may forget anybody's."""
    whose = None if visitor.may(Scope.ADMIN) else visitor.name
    with site.state.writing() as books:
        if not 0 < number < 2**31 or not books.views.remove(number, whose):
            raise HTTPException(404, f"There is no list {number} of yours.")
        books.users.note(visitor.name, "list removed", str(number), site.now())


def filters(kept: Sequence[SavedView], persons: bool, reaches: Sequence[Reach]) -> Callable[[SavedView], Filter]:
    """What tells the customers of one of the kept lists."""
    queries = {one.number: one.query for one in kept}
    return lambda one: filter_of(one.query, persons, reaches, queries)


def _named(lists: LiveLists, view: SavedView, chosen: Filter) -> NamedSegment:
    inside = lists.totals(chosen)
    return NamedSegment(
        **group_shape(inside).model_dump(exclude={"name"}), name=view.name, number=view.number, owner=view.owner,
        shared=view.shared, query=view.query, made_at=view.made_at,
    )  # fmt: skip
