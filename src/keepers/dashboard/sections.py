"""Pages made of the same parts as the report of the newest run, with its charts."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from keepers.dashboard.pages import Person, TheSite, page
from keepers.domain.access import Scope
from keepers.domain.errors import ConfigError
from keepers.reports.kept import without_persons
from keepers.reports.sections import render_sections

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Topic:
    """A page: its title, the parts of the report on it, and what to say where the run has none of them."""

    title: str
    parts: tuple[str, ...]
    missing: str


TOPICS = {
    "/cohorts": Topic(
        "Customers by the month they came in",
        ("origin", "cohorts"),
        "Cohorts need customers who came in at least two months.",
    ),
}
"""Pages by their address."""


def topic(request: Request, site: TheSite, visitor: Person) -> Response:
    """A page of a topic."""
    wanted = TOPICS[request.url.path]
    generation = site.generation()
    if generation is None:
        with site.state.reading() as books:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
    try:
        content = site.content(generation)
    except (OSError, ConfigError):
        return page(request, visitor, "topic", topic=wanted, shown=None)
    if not visitor.may(Scope.PERSONS):
        content = without_persons(content)
    return page(request, visitor, "topic", topic=wanted, shown=render_sections(content, wanted.parts))


for _path in TOPICS:
    router.get(_path)(topic)
