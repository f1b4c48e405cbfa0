"""Clients that never end, over a real connection: what they begin takes neither connections nor memory for ever."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from keepers.service import protocol
from keepers.service.protocol import LARGEST_HEAD, PatientProtocol

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how much was sent."""
    if scope["type"] == "http":
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[int]:
    config = uvicorn.Config(_app, port=0, http=PatientProtocol, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def _said(port: int, *parts: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What is answered until the connection is closed, and after how long; sending stops where nobody listens."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    said = b""
    with contextlib.suppress(ConnectionError):
        said = await reader.read()
    sending.cancel()
    writer.close()
    return said, time.perf_counter() - began


def test_who_sends_too_slowly_is_let_go_and_who_takes_time_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LOOK", 0.3)
    steady = [b"x" * 1_500] * 8
    length = b"Content-Length: %d\r\n\r\n" % sum(map(len, steady))

    async def all_at_once() -> list[tuple[bytes, float]]:
        async with _listening() as port:
            return await asyncio.gather(
                _said(port),
                _said(port, HEAD),
                _said(port, HEAD, *[b"X: y\r\n"] * 50, pause=0.05),
                _said(port, HEAD + length, *[b"x"] * 50, pause=0.05),
                _said(port, HEAD + b"Connection: close\r\n" + length, *steady, pause=0.15),
            )

    nothing, silent, head, body, whole = asyncio.run(all_at_once())
    for said, seconds in (nothing, silent, head):
        assert said.startswith(b"HTTP/1.1 408 "), said
        assert seconds < 2.0
    assert body[0] == b""
    assert body[1] < 2.0
    assert whole[0].endswith(b"12000 bytes"), whole
    assert whole[1] > 0.6


@pytest.mark.parametrize(
    "begins", [HEAD + b"X: ", HEAD, b"GET /", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "]
)
def test_a_head_that_does_not_end_is_not_put_together(begins: bytes) -> None:
    piece = b"X: " + b"y" * 4_000 + b"\r\n" if begins == HEAD else b"y" * 4_000

    async def asked() -> tuple[bytes, float]:
        async with _listening() as port:
            return await _said(port, begins, *[piece] * (40 * LARGEST_HEAD // len(piece)))

    said, seconds = asyncio.run(asked())
    assert said == b"" or said.startswith(b"HTTP/1.1 431 "), said
    assert seconds < 5.0
