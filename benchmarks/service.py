"""The running system under load: events in and values out at given rates, killed in the middle, counted at the end."""

from __future__ import annotations

import argparse
import asyncio
import base64
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.stores import orders_file
from keepers.domain.access import Scope
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.web.secrets import new_token, token_hash

_PORT = 8799
_BATCH = 20
"""Calls of one request, as libraries for Segment send them."""


@dataclass
class Tally:
    """What was sent and answered."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    events_ms: list[float] = field(default_factory=list)
    reads_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Serve a store, load it, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--customers", default="100k", choices=["cdnow", "100k", "1m"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--events", type=int, default=1_000, help="a second")
    parser.add_argument("--reads", type=int, default=500, help="a second")
    parser.add_argument("--orders", type=float, default=0.05, help="share of events that are orders")
    parser.add_argument("--kill", action="store_true", help="kill -9 half way, and start again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        keys, token = _prepare(place, asked.customers)
        tally = asyncio.run(_load(place, keys, token, asked))
        _report(place, tally, asked)


def _prepare(place: Path, size: str) -> tuple[list[str], str]:
    options = RunOptions(into=place / "result", model="bg-nbd", backtest=False, report=False, keep=True, csv=False)
    orders = str(orders_file(size))
    run([orders], options)
    begin_project(Project(place, sources=(orders,), name="Load"))
    project = project_of(place)
    assert project is not None
    token, now = new_token(), dt.datetime.now(dt.UTC)
    with project.open_state() as state:
        began = time.perf_counter()
        serve_result(state, place / "result", 0, now)
        print(f"values of the run published in {time.perf_counter() - began:.1f} s")
        with state.writing() as books:
            books.users.add_token("load", token_hash(token), frozenset(Scope), "benchmark", now)
            current = books.live.current()
            assert current is not None
            page = books.lists(current.number).page
            from keepers.storage.live_lists import Filter

            keys = [one.customer_key for one in page(Filter(), limit=1000).customers]
    return keys, token


def _started(place: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "keepers", "serve", "--project", str(place), "--port", str(_PORT)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


async def _ready() -> None:
    for _ in range(600):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", _PORT)
            writer.close()
            del reader
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the server does not answer")


async def _load(place: Path, keys: list[str], token: str, asked: argparse.Namespace) -> Tally:
    tally, server = Tally(), _started(place)
    try:
        await _ready()
        memory = [_memory(server.pid)]
        end = time.monotonic() + asked.seconds
        tasks = [asyncio.create_task(_send(token, keys, asked, tally, end, number)) for number in range(4)]
        tasks += [asyncio.create_task(_read(token, keys, asked.reads / 8, tally, end, number)) for number in range(8)]
        if asked.kill:
            await asyncio.sleep(asked.seconds / 2)
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            server = _started(place)
        while time.monotonic() < end:
            await asyncio.sleep(1)
            memory.append(_memory(server.pid))
        await asyncio.gather(*tasks)
        print(f"memory: {memory[1]:.0f} MB at the start, {memory[-1]:.0f} MB at the end")
    finally:
        server.terminate()
        server.wait(30)
    return tally


async def _send(token: str, keys: list[str], asked: argparse.Namespace, tally: Tally, end: float, number: int) -> None:
    """Batches at an even pace; what is not answered is sent again, as a library for Segment does."""
    key = base64.b64encode(f"{token}:".encode()).decode()
    rng, count, pause = np.random.default_rng(number), 0, 4 * _BATCH / asked.events
    due = time.monotonic()
    line = _Line(f"Authorization: Basic {key}")
    while time.monotonic() < end:
        batch = []
        for _ in range(_BATCH):
            count += 1
            batch.append(_event(f"{number}-{count}", keys[int(rng.integers(len(keys)))], rng.random() < asked.orders))
        tally.sent += len(batch)
        began = time.monotonic()
        status = await line.ask("POST", "/v1/batch", json.dumps({"batch": batch}))
        if status == 200:
            tally.accepted += len(batch)
            tally.events_ms.append(1e3 * (time.monotonic() - began))
        else:
            tally.refused += len(batch)
        due += pause
        await asyncio.sleep(max(due - time.monotonic(), 0))


def _event(message: str, customer: str, order: bool) -> dict[str, object]:
    told: dict[str, object] = {"messageId": message, "userId": customer}
    if not order:
        return told | {"type": "page", "properties": {"url": "https://shop.example/"}}
    return told | {
        "type": "track", "event": "Order Completed", "properties": {"order_id": message, "revenue": 30.0},
    }  # fmt: skip


async def _read(token: str, keys: list[str], rate: float, tally: Tally, end: float, number: int) -> None:
    rng, due = np.random.default_rng(100 + number), time.monotonic()
    line = _Line(f"Authorization: Bearer {token}")
    while time.monotonic() < end:
        path = f"/api/v1/customers/{keys[int(rng.integers(len(keys)))]}/value"
        began = time.monotonic()
        if await line.ask("GET", path, "") == 200:
            tally.reads_ms.append(1e3 * (time.monotonic() - began))
        due += rng.exponential(1 / rate)
        await asyncio.sleep(max(due - time.monotonic(), 0))


class _Line:
    """A connection that is kept, and made anew where it broke; a request without an answer is asked again."""

    def __init__(self, authorization: str) -> None:
        self._authorization = authorization
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: str) -> int:
        raw = body.encode()
        text = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{self._authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        ).encode()
        for _ in range(300):
            try:
                if self._open is None:
                    self._open = await asyncio.open_connection("127.0.0.1", _PORT)
                reader, writer = self._open
                writer.write(text + raw)
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(part.split(":")[1]) for part in head.split("\r\n") if part.lower().startswith("content-length")
                )
                await reader.readexactly(length)
                return int(head.split()[1])
            except (OSError, asyncio.IncompleteReadError):
                self._open = None
                await asyncio.sleep(0.1)
        return 0


def _memory(process: int) -> float:
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return next(int(part.split()[1]) for part in text.split("\n") if part.startswith("VmRSS")) / 1024


def _report(place: Path, tally: Tally, asked: argparse.Namespace) -> None:
    project = project_of(place)
    assert project is not None
    with project.open_state() as state, state.reading() as books:
        kept, current = books.inbox.count(), books.live.current()
        assert current is not None
        behind = books.inbox.last() - current.applied_event
    print(f"events: {tally.sent:,} sent, {tally.accepted:,} accepted, {tally.refused:,} refused, {kept:,} kept")
    print(f"events not yet in values at the end: {behind:,}")
    for name, found in (("a batch of events", tally.events_ms), ("a value", tally.reads_ms)):
        if found:
            low, mid, high = np.percentile(found, [50, 95, 99])
            rate = len(found) / asked.seconds
            print(f"{name}: {rate:.0f}/s, p50 {low:.2f} ms, p95 {mid:.2f} ms, p99 {high:.2f} ms")
    if kept < tally.accepted:
        raise SystemExit(f"{tally.accepted - kept:,} accepted events were lost")


if __name__ == "__main__":
    main()
