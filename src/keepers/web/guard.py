"""Around every answer: headers that keep browsers from being misled, a limit on how often, and the metrics."""

from __future__ import annotations

import ipaddress
import logging
import time

from fastapi import HTTPException
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keepers.web.logs import LOG, REQUEST_ID, SLOW, request_id, route_of
from keepers.web.problems import problem

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
_HEADERS = {
    # Most of what is answered is of customers: nobody on the way keeps it, nor a browser that another person opens.
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""Methods that are counted under their names: each name is a series of its own for good, and a client may send any."""


LARGEST_BODY = 2**20
"""Bytes of a request, where a path does not say more."""


class Metrics:
    """What is counted, in the form that Prometheus reads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "keepers_requests", "Requests by route and status", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "keepers_request_seconds", "Time of an answer", ["route"], registry=self.registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5),
        )  # fmt: skip
        self.events = Counter("keepers_events", "Received events that were new", registry=self.registry)
        self.applied = Counter("keepers_events_applied", "Events taken into values", registry=self.registry)
        self.pulls = Counter("keepers_pulls", "Pulls of a source", ["source", "outcome"], registry=self.registry)
        self.pull_seconds = Histogram(
            "keepers_pull_seconds", "Time of a pull", ["source"], registry=self.registry,
            buckets=(1, 5, 15, 60, 300, 900, 3600),
        )  # fmt: skip
        self.pulled_at = Gauge(
            "keepers_pulled_at_seconds", "When a pull last ended well", ["source"], registry=self.registry
        )
        self.pulled_rows = Gauge(
            "keepers_pulled_rows", "Rows pulled so far", ["source", "table"], registry=self.registry
        )


class Guard:
    """Middleware around the whole app.

    Parameters
    ----------
    app : ASGI app
    metrics : Metrics
    secure : bool
        Whether the site is reached over TLS, so that browsers may be told to keep to it.
    limits : dict of str to str
        Beginnings of paths, and how often one address may ask there, such as ``{"/sign-in": "10/minute"}``.
    largest : dict of str to int
        Paths, and how many bytes may be sent there where it is more than `LARGEST_BODY`.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, secure: bool, limits: dict[str, str], largest: dict[str, int]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = dict(_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self._limits: list[tuple[str, RateLimitItem]] = [(path, parse(rate)) for path, rate in limits.items()]
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500
        scope["request_id"] = request_id(scope)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers[REQUEST_ID] = scope["request_id"]
            await send(message)

        try:
            if self._too_often(scope):
                refused = problem(429, "Too many requests. Wait a minute.", headers={"Retry-After": "60"})
                await refused(scope, receive, answer)
            else:
                await self._app(scope, self._bounded(scope, receive), answer)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """What is sent, as far as it is not too much: it is put together in memory before it is read."""
        most, came = self._largest.get(scope["path"], LARGEST_BODY), 0
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        too_long = said.isdigit() and int(said) > most

        async def bounded() -> Message:
            nonlocal came
            message = {} if too_long else await receive()
            came += len(message.get("body", b""))
            if too_long or came > most:
                raise HTTPException(413, f"The request is longer than {most:,} bytes.", {"Connection": "close"})
            return message

        return bounded

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request, and write a line of what changes something, fails or is slow."""
        path, method = route_of(scope), scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.requests.labels(path, method, str(status)).inc()
        self._metrics.seconds.labels(path).observe(seconds)
        changes = method not in ("GET", "HEAD", "OPTIONS") and not path.startswith("/v1/")
        if changes or status >= 400 or (seconds > SLOW and not path.endswith("/news")):
            LOG.log(
                logging.ERROR if status >= 500 else logging.INFO, "%s %s", method, path,
                extra={"route": path, "status": status, "ms": round(1e3 * seconds, 1), "request": scope["request_id"]},
            )  # fmt: skip

    def _too_often(self, scope: Scope) -> bool:
        if scope["method"] == "GET":
            return False
        for path, rate in self._limits:
            if scope["path"].startswith(path):
                client = scope.get("client")
                return not self._window.hit(rate, path, _network(client[0]) if client else "unknown")
        return False


def _network(address: str) -> str:
    """Whoever counts as one: an address, or the network of an IPv6 address, of which one machine has any number.

    >>> _network("192.0.2.7"), _network("2001:db8:1:2:3:4:5:6"), _network("testclient")
    ('192.0.2.7', '2001:db8:1:2::', 'testclient')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(found) >> 64 << 64))
