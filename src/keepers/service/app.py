"""The app: everything of the running system put together, and what works beside the answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException

from keepers.api import (
    budget,
    business,
    customers,
    decisions,
    leads,
    newcomers,
    persons,
    segments,
    session,
    sources,
    subscriptions,
    work,
)
from keepers.dashboard import base_map, customer, deciding, kept_lists, pull_forms, sections, subscribers, system, views
from keepers.dashboard import budget as budget_pages
from keepers.dashboard import leads as lead_pages
from keepers.dashboard import letters as letter_pages
from keepers.dashboard import report as report_pages
from keepers.dashboard.pages import NotSignedInError, Person, person_of, sign_in_page, trouble_page
from keepers.domain.access import Scope, Visitor
from keepers.domain.errors import KeepersError
from keepers.domain.version import VERSION
from keepers.service.caretaker import Caretaker
from keepers.service.intake import Intake, router
from keepers.service.postman import Postman
from keepers.service.runs import Worker
from keepers.service.updater import Apart, Here, Updater
from keepers.web.access import Reader, TheSite, visitor_of
from keepers.web.guard import Guard, Metrics
from keepers.web.problems import add_problems
from keepers.web.site import Site

LIMITS = {"/api/v1/session": "20/minute", "/sign-in": "20/minute"}
"""How often one address may try what can be guessed."""

LARGEST = {"/data/upload": system.LARGEST_UPLOAD + 2**20}
"""Bytes that may be sent where it is more than anybody writes."""

_ANSWERING = (
    customers,
    segments,
    business,
    decisions,
    budget,
    newcomers,
    leads,
    subscriptions,
    work,
    sources,
    persons,
    session,
)
"""Parts of the JSON API."""

_SHOWING = (
    views, customer, base_map, deciding, budget_pages, lead_pages, subscribers, kept_lists, letter_pages, sections,
    report_pages, system, pull_forms,
)  # fmt: skip
"""Pages."""

_BEAT = 15
"""Seconds between two signs of life to who listens, and after which it is looked whether they still may."""


def create_app(site: Site, schedule: str | None = None, apart: bool = False) -> FastAPI:
    """The app of a site.

    Parameters
    ----------
    site : Site
        With an open state, which whoever calls closes.
    schedule : str, optional
        When everything is valued anew without being asked, as a crontab has it.
    apart : bool
        Value customers in a process of its own.
    """
    metrics = Metrics()
    # Made here although they work in the server's loop, since routes are made of them.
    intake = Intake(site, metrics)
    values = Apart(site.project.folder) if apart else Here(site)
    updater = Updater(site, metrics, intake.arrived, values)
    worker = Worker(site, schedule, metrics)
    postman = Postman(site)
    caretaker = Caretaker(site, bool(site.project.server.get("drift", True)))

    @contextlib.asynccontextmanager
    async def beside(app: FastAPI) -> AsyncIterator[None]:
        del app
        working = (intake, updater, worker, postman, caretaker)
        tasks = [asyncio.create_task(one.work()) for one in working]
        intake.arrived.set()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(
        title="Keepers",
        version=VERSION,
        summary="What every customer is worth, how sure that is, and what to do about it.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=beside,
    )
    app.state.site = site
    add_problems(app, _shown)

    @app.exception_handler(NotSignedInError)
    def _sign_in_first(request: Request, error: NotSignedInError) -> Response:
        if error.wanted == "/":
            return sign_in_page(site, "/", status=401 if request.method != "GET" else 200)
        return RedirectResponse(f"/sign-in?{urlencode({'wanted': error.wanted})}", 303)

    for part in _ANSWERING:
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(router(intake))
    for shown in _SHOWING:
        app.include_router(shown.router)
    app.include_router(_operations(metrics, updater, intake))
    app.add_middleware(Guard, metrics=metrics, secure=site.secure, limits=LIMITS, largest=LARGEST)
    return app


def _operations(metrics: Metrics, updater: Updater, intake: Intake) -> APIRouter:
    made = APIRouter(tags=["operations"])

    @made.get("/health/live")
    async def live() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @made.get("/health/ready", responses={503: {"description": "the store cannot be reached"}})
    async def ready(request: Request) -> Response:
        """Whether values can be read; `events` says where the last were refused, or wait to be taken into values."""
        site: Site = request.app.state.site
        try:
            generation = await site.asking.ask(site.generation)
        except Exception:
            return JSONResponse({"status": "the store cannot be reached"}, 503)
        said = {"status": "ok", "values": generation is not None}
        if intake.refuses:
            said["events"] = "refused"
        elif updater.fault is not None:
            said["events"] = "waiting"
        return JSONResponse(said)

    @made.get("/metrics", response_class=PlainTextResponse)
    def measured(visitor: Reader) -> Response:
        """What is counted, for Prometheus; a token with the right `read` reads it."""
        del visitor
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @made.get("/api/v1/news", response_class=EventSourceResponse)
    async def news(site: TheSite, request: Request, visitor: Reader) -> EventSourceResponse:
        """What changes, as it does, as server-sent events: `customers`, `values`, `job`."""
        del visitor
        return _news(site, lambda: visitor_of(request))

    @made.get("/news", include_in_schema=False)
    async def page_news(site: TheSite, request: Request, visitor: Person) -> EventSourceResponse:
        """The same for pages."""
        del visitor
        return _news(site, lambda: person_of(request))

    return made


def _news(site: Site, who: Callable[[], Awaitable[Visitor]]) -> EventSourceResponse:
    """What is told, for as long as whoever listens may: who is shut out meanwhile hears nothing more."""

    async def may() -> bool:
        try:
            return (await who()).may(Scope.READ)
        except (HTTPException, NotSignedInError, KeepersError):
            return False

    async def told() -> AsyncIterator[dict[str, str]]:
        with site.news.listening() as queue:
            while True:
                what = None
                with contextlib.suppress(TimeoutError):
                    what = await asyncio.wait_for(queue.get(), _BEAT)
                if not await may():
                    return
                if what is not None:
                    yield {"event": str(what["kind"]), "data": json.dumps(what)}

    return EventSourceResponse(told(), ping=_BEAT)


def _shown(request: Request, status: int, detail: str) -> Response | None:
    """An error as a page, for people; None for programs."""
    path = request.url.path
    if path.startswith(("/api/", "/v1/", "/health/", "/metrics")) or "text/html" not in request.headers.get(
        "accept", ""
    ):
        return None
    return trouble_page(request, status, detail)
