"""What several parts of the API need: the values that are served, what they mean, and who may see whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Query
from starlette.exceptions import HTTPException

from keepers.api.shapes import Meaning
from keepers.domain.access import Scope, Visitor
from keepers.domain.reach import OWN, Reach
from keepers.pipeline import live_values
from keepers.storage.generation import Generation
from keepers.storage.state import Books
from keepers.web.problems import Problem
from keepers.web.site import Site

ERRORS: dict[int | str, dict[str, object]] = {
    code: {"model": Problem, "description": words}
    for code, words in (
        (401, "nobody is signed in, and no token holds"),
        (403, "the right is missing"),
        (422, "something in the request makes no sense"),
        (503, "nothing has been valued yet, or the store cannot be reached"),
    )
}
"""Answers that every call may give."""

MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "there is no such thing"}}


def served(books: Books) -> Generation:
    """The values that are served.

    Raises
    ------
    HTTPException
        503 before the first run.
    """
    found = books.live.current()
    if found is None:
        raise HTTPException(503, "Nothing has been valued yet. Upload orders, or ask for a run.", {"Retry-After": "30"})
    return found


HorizonName = Annotated[
    str,
    Query(
        max_length=20,
        description="what `value` covers: one of `horizons` in `meaning`, such as 3m, 12m, 5y or infinite; the run's "
        "own horizon if left out",
    ),
]
"""How far ahead values look, by its name."""


def reach_of(generation: Generation, name: str) -> Reach:
    """The horizon that a call asks for.

    Raises
    ------
    HTTPException
        422 where customers are not valued at it.
    """
    told = live_values.Meaning.from_dict(generation.settings)
    found = told.reach(name)
    if found is None:
        known = ", ".join(one.name for one in told.reaches)
        raise HTTPException(422, f"Customers are not valued at the horizon {name!r}. Use one of: {known}.")
    return found


def reaches_of(generation: Generation) -> tuple[Reach, ...]:
    """The horizons at which customers are valued."""
    return live_values.Meaning.from_dict(generation.settings).reaches


def meaning_of(generation: Generation, reach: Reach = OWN) -> Meaning:
    """What money means in the values that are served, or in those of another horizon."""
    told = live_values.Meaning.from_dict(generation.settings)
    return Meaning(
        currency=told.currency,
        basis=told.basis,
        horizon=str(told.horizon) if reach.own else str(reach.horizon or "without end"),
        horizons=[one.name for one in told.reaches],
        discount_annual=told.discount,
        as_of=generation.as_of,
    )


def persons(books: Books, visitor: Visitor, keys: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Names and addresses, for those who may see them."""
    return books.live.persons(keys) if visitor.may(Scope.PERSONS) else {}


def said_of(site: Site, generation: Generation) -> dict[str, object]:
    """The summary of the run behind the values.

    Raises
    ------
    HTTPException
        503 where its folder is gone.
    """
    try:
        return site.said(generation)
    except OSError:
        raise HTTPException(503, f"The results in {generation.folder} are gone. Ask for a new run.") from None
