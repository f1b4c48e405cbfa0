"""Forms of the page of data that are about sources: pulling one now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse

from keepers.dashboard.pages import Back, TheSite, changer
from keepers.domain.access import Scope, Visitor
from keepers.web.pulls import ask_pull

router = APIRouter(include_in_schema=False)


@router.post("/data/pull")
def pull(
    site: TheSite, visitor: Annotated[Visitor, changer(Scope.DECIDE)], back: Back,
    name: Annotated[str, Form(max_length=40)],
) -> RedirectResponse:  # fmt: skip
    """Ask for a pull of a source."""
    ask_pull(site, name, visitor.name)
    return back("/data")
