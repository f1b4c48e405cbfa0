"""Pages made of the same parts as the report of the newest run, with its charts, and the way to the customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from keepers.dashboard.context import groups_of
from keepers.dashboard.looked import looked_at, shown_on
from keepers.dashboard.pages import Person, TheSite, page
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.domain.errors import ConfigError
from keepers.pipeline.looks import looks_of
from keepers.reports.content import ReportContent
from keepers.reports.formatting import shown_in
from keepers.reports.groups import Dimension
from keepers.reports.kept import without_persons
from keepers.reports.sections import Drill, Shown, render_sections
from keepers.storage.generation import Generation
from keepers.web.leads import without_forgotten
from keepers.web.site import Site

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Topic:
    """A page: its title, the parts of the report on it, and what to say where the run has none of them."""

    title: str
    parts: tuple[str, ...]
    missing: str


TOPICS = {
    "/cohorts": Topic(
        "Customers by when they came in",
        ("cohorts", "origin"),
        "Cohorts need customers who came in in at least two months. Choose a longer time, or all customers.",
    ),
    "/channels": Topic(
        "What winning customers costs and brings",
        ("channels", "attribution"),
        "Nothing is known of channels yet. They show as soon as orders name their source, or files with visits, clicks "
        "or spend are read: add them under Data and runs, or as [marketing] spend in keepers.toml.",
    ),
    "/value": Topic(
        "What customers are worth, and what would raise it",
        ("value", "activity", "season", "levers", "formulas"),
        "The newest run valued nobody.",
    ),
    "/drivers": Topic(
        "What drives value, and what to offer",
        ("drivers", "offers", "next", "loyalty"),
        "The newest run found no drivers, offers or products to name. They need attributes of customers, experiments "
        "with offers, or orders with their products.",
    ),
    "/subscriptions": Topic(
        "What subscriptions bring, and who may leave",
        ("subscriptions", "staying", "leaving", "plans"),
        "The data of the newest run hold no subscriptions.",
    ),
    "/trust": Topic(
        "Can these numbers be trusted?",
        ("verdict", "trust", "data", "method"),
        "The newest run tested nothing: its past is too short.",
    ),
}
"""Pages by their address."""


class _Lists(Drill):
    """The way from a row to customers, for rows that have some in the lists."""

    _DIVISIONS = frozenset({"tier", "rfm_group", "segment"})

    def __init__(self, wanted: Wanted, customers: Collection[str], options: dict[str, tuple[str, ...]]) -> None:
        self._wanted = wanted
        self._customers = customers
        self._options = options

    def customer(self, customer_key: str | None) -> str | None:
        return self._wanted.address_of(customer_key) if customer_key in self._customers and customer_key else None

    def subscriber(self, customer_key: str | None) -> str | None:
        return self._wanted.address(f"/subscribers/{quote(customer_key, safe='')}") if customer_key else None

    def group(self, division: str, name: str) -> str | None:
        if not name or (division not in self._DIVISIONS and name not in self._options.get(division, ())):
            return None
        return self._wanted.address(**{division: name})

    def won(self, first: dt.date, last: dt.date) -> str | None:
        return self._wanted.address(won_since=first, won_until=last)


def topic(request: Request, site: TheSite, visitor: Person) -> Response:
    """A page of a topic."""
    wanted = TOPICS[request.url.path]
    generation = site.generation()
    if generation is None:
        with site.state.reading() as books:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
    shown = parts_of(request, site, visitor, generation, wanted.parts)
    looks = looks_of(Path(generation.folder)) if request.url.path == "/trust" else None
    return page(request, visitor, "topic", topic=wanted, shown=shown, looks=looks)


for _path in TOPICS:
    router.get(_path)(topic)


def parts_of(
    request: Request, site: Site, visitor: Visitor, generation: Generation, parts: tuple[str, ...]
) -> Shown | None:
    """Parts of the report of the newest run, as a visitor may see them; None where it is gone or of another version."""
    try:
        content = site.content(generation)
    except (OSError, ConfigError):
        return None
    wanted = Wanted.of(request).context
    content = without_forgotten(content, generation)
    if not visitor.may(Scope.PERSONS):
        content = without_persons(content)
    # Alerts that are open stand on the page itself, where they can be closed.
    content = replace(content, warnings=tuple(replace(one, alerts=(), remembers=True) for one in content.warnings))
    view = shown_on(request.url.path, generation, Wanted.of(request))
    content = looked_at(content, view)
    if request.url.path == "/cohorts":
        content = _won(content, wanted.bound("won_since"), wanted.bound("won_until"))
    keys = site.once("keys", generation, lambda: _known(site, generation, content))
    with shown_in(view.conversion):
        return render_sections(content, parts, _Lists(wanted, keys, groups_of(site, generation)))


def _won(content: ReportContent, since: dt.date | None, until: dt.date | None) -> ReportContent:
    """The same with the cohorts of a time alone; a month counts whole."""
    if since is None and until is None:
        return content
    first = dt.date.min if since is None else since.replace(day=1)
    last = dt.date.max if until is None else until
    cohorts = tuple(
        replace(one, rows=tuple(row for row in one.rows if first <= row.start <= last)) for one in content.cohorts
    )
    months = tuple(
        replace(one, rows=tuple(row for row in one.rows if row.month is not None and first <= row.month <= last))
        for one in content.breakdowns
        if one.dimension is Dimension.ACQUISITION_MONTH
    )
    return replace(content, cohorts=cohorts, breakdowns=months)


def _known(site: Site, generation: Generation, content: ReportContent) -> frozenset[str]:
    """Customers whom the content names and who have a page."""
    named = {one.customer_key for one in (() if content.at_risk is None else content.at_risk.customers)}
    for found in content.warnings:
        named |= {one.customer_key for one in found.rows}
    if content.segments is not None and content.segments.referrals is not None:
        named |= {one.customer_key for one in content.segments.referrals.rows}
    keys = sorted(key for key in named if key is not None)
    with site.state.reading() as books:
        return frozenset(books.live.customers(generation.number, keys))
