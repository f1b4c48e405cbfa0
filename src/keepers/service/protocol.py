"""HTTP with bounds on the client: a head that ends, and requests that come on."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 2**16
"""Bytes of a request before its body or after it; the parser would put a longer one together for as long as it came."""

LOOK = 10.0
"""Seconds between two looks at a request that is not whole yet."""

LEAST = 1_000
"""Bytes that come between two looks, unless the client is slower than any network or means no good."""

_LOOKS = 2


class PatientProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which by itself waits for a client for ever and takes a head of any length.

    Thousands of connections on which nothing comes take what a process may open, and a head that does not end takes
    the loop. A connection is closed after two looks between which less came than `LEAST`, from when it was made or a
    request began, until the request is whole. What the app itself does not read yet is no fault of the client.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._is_whole = self._is_body = False
        self._head = self._came = self._idle = 0
        self._looks: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has come, who is to ask something."""
        super().connection_made(transport)
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        if self._looks is not None:
            self._looks.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request."""
        self._came += len(data)
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif not self._is_whole and self._looks is None:
            self._look_later()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_whole = self._is_body = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head has ended."""
        self._is_body, self._head = True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body; what comes after it may be a further head, of its end."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is whole; what comes next is the head of another one."""
        self._is_whole, self._is_body = True, False
        self._head = self._idle = 0
        super().on_message_complete()

    def _look_later(self) -> None:
        self._looks = self.loop.call_later(LOOK, self._look)

    def _look(self) -> None:
        self._looks = None
        came, self._came = self._came, 0
        if self._is_whole or self.transport.is_closing():
            return
        self._idle = 0 if came >= LEAST or self.flow.read_paused else self._idle + 1
        if self._idle < _LOOKS:
            self._look_later()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        if not self._is_body:
            # Otherwise the app may be answering already, as one does that refuses: nothing can be said between.
            said = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(said.encode("ascii"))
        self.transport.close()
