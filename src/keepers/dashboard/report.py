"""The report of the newest run, whole, with the files beside it; and without names for those who may not see them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from keepers.dashboard.pages import Person, TheSite, kept_along
from keepers.domain.access import Scope
from keepers.domain.errors import ConfigError
from keepers.reports.kept import without_persons
from keepers.reports.page import render_report
from keepers.storage.generation import Generation
from keepers.web.leads import without_forgotten
from keepers.web.site import Site

router = APIRouter(include_in_schema=False)

POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
"""The report brings a policy of its own, which names its scripts by their content."""

_PAGE = "report.html"


@router.get("/report")
def report(request: Request, visitor: Person) -> RedirectResponse:
    """The report lies in a folder, so that its links find the files beside it."""
    del visitor
    return RedirectResponse(kept_along(request)("/report/"))


@router.get("/report/")
def whole_report(site: TheSite, visitor: Person) -> Response:
    """The report of the newest run."""
    generation = site.generation()
    path = None if generation is None else Path(generation.folder) / _PAGE
    if generation is None or path is None or not path.exists():
        raise HTTPException(404, "There is no report yet: it comes with the first run that ends.")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    persons = visitor.may(Scope.PERSONS)
    if persons and not generation.forgotten:
        return FileResponse(path, media_type="text/html", headers=headers)
    kind = f"report {'with' if persons else 'without'} persons, {len(generation.forgotten)} forgotten"
    text = site.once(kind, generation, lambda: _written_anew(site, generation, persons))
    return HTMLResponse(text, headers=headers)


@router.get("/report/{name}")
def file(site: TheSite, visitor: Person, name: str) -> Response:
    """A file that lies beside the report."""
    if not visitor.may(Scope.PERSONS):
        raise HTTPException(403, "The files of a run name customers; your role does not show you names. Ask an owner.")
    generation = site.generation()
    try:
        files = () if generation is None else site.content(generation).files
    except (OSError, ConfigError):
        files = ()
    path = None if generation is None else Path(generation.folder) / name
    if path is None or name not in {one.name for one in files} or not path.is_file():
        raise HTTPException(404, "The newest run has no such file.")
    with site.state.writing() as books:
        books.users.note(visitor.name, "file taken", name, site.now())
    return FileResponse(path, filename=name, headers={"Cache-Control": "no-store"})


def _written_anew(site: Site, generation: Generation, persons: bool) -> str:
    """The report without names, where somebody may not see them, and without who was erased since."""
    try:
        content = site.content(generation)
    except (OSError, ConfigError):
        raise HTTPException(
            404, "The report is of an earlier version of Keepers, which cannot show it without names. Start a run."
        ) from None
    content = without_forgotten(content, generation)
    return render_report(content if persons else replace(without_persons(content), files=()))
