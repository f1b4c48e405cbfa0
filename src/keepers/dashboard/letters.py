"""The page of letters and of the quarterly report: what was sent, what the next one says, and the PDF."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from keepers.dashboard.pages import Back, Person, TheSite, changer, page
from keepers.domain.access import Scope, Visitor
from keepers.domain.errors import ConfigError
from keepers.pipeline.letters import keep_letter, letter_of, newest_run
from keepers.pipeline.quarterly import quarterly_report
from keepers.reports.letter_page import letter_html
from keepers.reports.quarterly import Paper
from keepers.reports.quarters import reported
from keepers.web.once import OnceField

router = APIRouter(include_in_schema=False)

LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A letter carries its look within it, and nothing else."""

_NUMBERS = 2**31 - 1


@router.get("/letters")
def letters(request: Request, site: TheSite, visitor: Person) -> Response:
    """What was sent, what would be, and the quarterly report."""
    with site.state.reading() as books:
        listed = books.letters.listed(20)
    try:
        quarter = str(reported(newest_run(site.state).content.store.last_day))
    except ConfigError:
        quarter = ""
    return page(request, visitor, "letters", letters=listed, quarter=quarter, settings=site.project.letter)


@router.get("/letters/next")
def next_letter(site: TheSite, visitor: Person) -> Response:
    """The letter as it would be written now."""
    del visitor
    written, _ = letter_of(site.project, site.state, site.now())
    return _as_mail(letter_html(written))


@router.get("/letters/{number}")
def one_letter(site: TheSite, visitor: Person, number: int) -> Response:
    """A letter as it was written."""
    del visitor
    with site.state.reading() as books:
        kept = books.letters.numbered(max(min(number, _NUMBERS), 0))
    if kept is None:
        raise HTTPException(404, "There is no such letter.")
    return _as_mail(kept.html)


@router.post("/letters/send")
def send_now(
    site: TheSite, visitor: Annotated[Visitor, changer(Scope.DECIDE)], back: Back, once: OnceField = ""
) -> RedirectResponse:
    """Write a letter now, which is sent within the minute; asked twice in a minute or by one form, it is one letter."""
    now, once = site.now(), once and f"letter {once}"
    with site.state.reading() as books:
        if books.once.said(visitor.name, once, now) is not None:
            return back("/letters")
    kept = keep_letter(site.project, site.state, now.replace(second=0, microsecond=0), now, (visitor.name, once))
    with site.state.writing() as books:
        books.users.note(visitor.name, "letter asked", "" if kept is None else str(kept.number), now)
    return back("/letters")


@router.get("/quarterly.pdf")
def quarterly(site: TheSite, visitor: Person, paper: Annotated[Literal["a4", "letter"], Query()] = "a4") -> Response:
    """The quarterly report."""
    del visitor
    size = Paper.A4 if paper == "a4" else Paper.LETTER
    name, content = quarterly_report(site.project, site.state, site.now(), size)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def _as_mail(html: str) -> Response:
    headers = {"Content-Security-Policy": LETTER_POLICY, "Cache-Control": "no-store"}
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)
