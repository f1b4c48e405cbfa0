"""Events as Segment's HTTP API sends them: kept on disk before the answer, many in one transaction."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from keepers.domain.access import Scope, Visitor
from keepers.web.guard import Metrics
from keepers.web.problems import Problem, problem
from keepers.web.site import Site

KINDS = ("identify", "track", "page", "screen", "group", "alias")

LARGEST_EVENT = 32_768
"""Bytes of one event, as Segment has it."""

LARGEST_BATCH = 512_000
"""Bytes of a batch."""

_MOST = 5_000
"""Events of one transaction."""

Event = tuple[str, str, str]
"""message_id, kind, JSON text."""


class Intake:
    """Takes events in: whoever waits for an answer gets it when the events are on disk.

    Parameters
    ----------
    site : Site
    metrics : Metrics

    Attributes
    ----------
    arrived : asyncio.Event
        Set when there are new events.
    refuses : bool
        Whether the last events that came could not be kept.
    """

    def __init__(self, site: Site, metrics: Metrics) -> None:
        self._site = site
        self._metrics = metrics
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[int]]] = []
        self._wake = asyncio.Event()
        self.arrived = asyncio.Event()
        self.refuses = False

    async def keep(self, events: Sequence[Event]) -> int:
        """Keep events; gives how many were new, once they are on disk."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        self._wake.set()
        return await done

    async def work(self) -> None:
        """Write what waits, again and again; what comes meanwhile is written together."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._write(self._some())

    async def visitor(self, request: Request) -> Visitor:
        """The source that sends, by its write key.

        Raises
        ------
        HTTPException
            401 or 403.
        """
        key = _write_key(request)
        visitor = await self._site.of_token(key) if key else None
        if visitor is None:
            raise HTTPException(
                401, "Send the write key as the user name of Basic authentication.",
                {"WWW-Authenticate": 'Basic realm="keepers"'},
            )  # fmt: skip
        if not visitor.may(Scope.INGEST):
            raise HTTPException(403, f"{visitor.name} may not send events: it takes the right `ingest`.")
        return visitor

    def _some(self) -> list[tuple[Sequence[Event], asyncio.Future[int]]]:
        count, taken = 0, 0
        for events, _ in self._waiting:
            if taken and count + len(events) > _MOST:
                break
            count += len(events)
            taken += 1
        some, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return some

    async def _write(self, some: list[tuple[Sequence[Event], asyncio.Future[int]]]) -> None:
        try:
            new = await run_in_threadpool(self._add, [one for events, _ in some for one in events])
        except Exception as error:
            self.refuses = True
            for _, done in some:
                if not done.done():
                    done.set_exception(error)
            return
        self.refuses = False
        self._metrics.events.inc(new)
        self.arrived.set()
        for events, done in some:
            if not done.done():
                done.set_result(len(events))

    def _add(self, events: Sequence[Event]) -> int:
        with self._site.state.writing() as books:
            return books.inbox.add(events, self._site.now())


def router(intake: Intake) -> APIRouter:
    """The routes of Segment's API."""
    made = APIRouter(prefix="/v1", tags=["intake"])

    async def one(request: Request) -> Response:
        await intake.visitor(request)
        kind = request.url.path.rsplit("/", 1)[-1]
        said = await _body(request, LARGEST_EVENT)
        event = _event(kind, said)
        if isinstance(event, str):
            return problem(400, event)
        await intake.keep([event])
        return _accepted()

    for kind in KINDS:
        made.add_api_route(
            f"/{kind}",
            one,
            methods=["POST"],
            summary=f"One `{kind}` call",
            openapi_extra=_EVENT_BODY,
            responses=_REFUSED,
        )

    @made.post("/batch", summary="Several calls at once", openapi_extra=_BATCH_BODY, responses=_REFUSED)
    async def batch(request: Request) -> Response:
        await intake.visitor(request)
        said = await _body(request, LARGEST_BATCH)
        listed = said.get("batch")
        if not isinstance(listed, list) or not all(isinstance(event, dict) for event in listed):
            return problem(400, "A batch has its calls in a list, `batch`.")
        shared: dict[str, Any] = {name: said[name] for name in ("context", "integrations") if name in said}
        events, wrong = [], []
        for place, call in enumerate(listed):
            event = _event(str(call.get("type", "")), {**shared, **call})
            if isinstance(event, str):
                wrong.append({"where": f"batch.{place}", "what": event})
            else:
                events.append(event)
        if events:
            await intake.keep(events)
        if wrong:
            return problem(400, f"{len(wrong)} of {len(listed)} calls were refused; the others are kept.", wrong)
        return _accepted()

    return made


_REFUSED: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": words}
    for code, words in (
        (400, "something in the call makes no sense; good calls of a batch are kept"),
        (401, "no write key"),
        (403, "the key may not send events"),
        (413, "too long"),
        (503, "the store cannot be reached: send again"),
    )
}
_WHO = {"type": "string", "minLength": 1}
_SCHEMA = {
    "type": "object",
    "anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}],
    "properties": {
        "type": {"enum": list(KINDS)}, "event": {"type": "string"}, "userId": _WHO, "anonymousId": _WHO,
        "messageId": {"type": "string", "maxLength": 255, "description": "sent twice it is one event"},
        "timestamp": {"type": "string", "format": "date-time"}, "properties": {"type": "object"},
        "traits": {"type": "object"}, "context": {"type": "object"},
    },
}  # fmt: skip
_EVENT_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}}
_BATCH_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["batch"],
                    "properties": {"batch": {"type": "array", "items": _SCHEMA}},
                }
            }
        },
    }
}


def _accepted() -> Response:
    return Response(b'{"success":true}', media_type="application/json")


async def _body(request: Request, most: int) -> dict[str, Any]:
    """The JSON object of a request that is not too long.

    Raises
    ------
    HTTPException
        413 or 400.
    """
    size = 0
    parts = []
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413, f"The request is longer than {most:,} bytes. Send less at a time.")
        parts.append(part)
    with contextlib.suppress(ValueError, RecursionError):
        said = json.loads(b"".join(parts))
        if isinstance(said, dict):
            return said
    raise HTTPException(400, "The request is not a JSON object.")


def _event(kind: str, said: dict[str, Any]) -> Event | str:
    """An event as it is kept, or what is wrong with it."""
    wrong = _wrong(kind, said)
    if wrong is not None:
        return wrong
    message_id = str(said.get("messageId") or f"made-{uuid.uuid4().hex}")
    text = json.dumps({**said, "type": kind, "messageId": message_id}, ensure_ascii=False, separators=(",", ":"))
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "An event holds half a character."
    if size > LARGEST_EVENT:
        return f"An event has at most {LARGEST_EVENT:,} bytes."
    # A character that no text of a database holds.
    return "An event may not hold the character NUL." if "\\u0000" in text else (message_id, kind, text)


def _wrong(kind: str, said: dict[str, Any]) -> str | None:
    if kind not in KINDS:
        return f"`type` is {kind[:40]!r}; it can be {', '.join(KINDS)}."
    if not said.get("userId") and not said.get("anonymousId"):
        return "An event needs a `userId` or an `anonymousId`."
    if kind == "track" and not isinstance(said.get("event"), str):
        return "A `track` call needs the name of its `event`."
    if len(str(said.get("messageId") or "")) > 255:
        return "A `messageId` has at most 255 characters."
    return None


def _write_key(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
