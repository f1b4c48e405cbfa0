"""Two running systems on one PostgreSQL database: each takes events, and together they count each event once."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from keepers.service.runs import Worker
from keepers.storage.database import SCHEMA
from keepers.storage.live_lists import Filter
from keepers.storage.state import State
from served import NOW, open_site

EVENTS, CUSTOMERS, AT_ONCE = 240, 12, 10


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    """A database without a state."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    yield postgres_url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def test_events_sent_to_both_count_once_though_one_is_killed(url: str, result: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "keepers.toml").write_text(f'[state]\nurl = "{url}"\n', encoding="utf-8")
    with State(project, url) as state:
        _, tokens = open_site(result, project, state)
        with state.reading() as books:
            current = books.live.current()
            assert current is not None
            before = books.lists(current.number).page(Filter(), limit=CUSTOMERS).customers
    ports = [_free_port(), _free_port()]
    processes = [_started(project, port) for port in ports]
    try:
        for port in ports:
            _until(lambda port=port: _asked(port, "/health/live") == 200)  # type: ignore[misc]
        persons = [one.customer_key for one in before]
        batches = [
            [_order(place, persons[place % CUSTOMERS]) for place in range(start, start + AT_ONCE)]
            for start in range(0, EVENTS, AT_ONCE)
        ]
        half = len(batches) // 2
        # Each batch goes to both at the same time, and what is not answered goes to the other.
        with ThreadPoolExecutor(4) as pool:
            sent = list(pool.map(lambda one: _send(ports[one[0]], tokens["ingest"], one[1]), _twice(batches[:half])))
        assert set(sent) == {200}
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        assert {_send(ports[1], tokens["ingest"], batch) for batch in batches[half:]} == {200}
        with State(project, url) as state:
            _until(lambda: _applied(state))
            with state.reading() as books:
                assert books.inbox.count() == EVENTS
                current = books.live.current()
                assert current is not None
                after = books.live.customers(current.number, persons)
        for one in before:
            mine = [place for place in range(EVENTS) if persons[place % CUSTOMERS] == one.customer_key]
            found = after[one.customer_key].history
            assert found.orders == one.history.orders + len(mine)
            assert found.revenue == pytest.approx((one.history.revenue or 0) + sum(10.0 + place for place in mine))
            assert after[one.customer_key].by_event
        processes[1].terminate()
        assert processes[1].wait(20) == 0, "it stops as it should when it is told to"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def test_one_of_several_workers_does_a_job_and_asks_at_a_moment(url: str, result: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with State(project, url, pooled=True) as state:
        site, _ = open_site(result, project, state)
        with state.writing() as books:
            books.jobs.ask("run", "ada", NOW)

        def taken(_: int) -> bool:
            return Worker(site)._take() is not None

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(taken, range(4))) == [False, False, False, True]
        workers = [Worker(site, "* * * * *") for _ in range(3)]
        later = NOW + dt.timedelta(minutes=1, seconds=1)
        site.clock = lambda: later
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda worker: worker._ask_when_due(), workers))
        with state.reading() as books:
            assert [one.asked_by for one in books.jobs.listed()] == ["schedule", "ada"]


def test_what_another_process_changed_is_told_here_too(url: str, result: Path, tmp_path: Path) -> None:
    from keepers.service.updater import Elsewhere, Values

    project = tmp_path / "project"
    project.mkdir()
    with State(project, url, pooled=True) as state:
        site, _ = open_site(result, project, state)
        here = Elsewhere(site)
        assert here.look(mine=False) == []
        with state.writing() as books:
            current = books.live.current()
            assert current is not None
            key = books.lists(current.number).page(Filter(), limit=1).customers[0].customer_key
            books.inbox.add([("a", "track", json.dumps(_order(1, key)))], NOW)
        other = Values(site)
        assert other.step()["events"] == 1
        (news,) = here.look(mine=False)
        assert (news["kind"], news["events"], news["customers"][0]["customer_key"]) == ("customers", 1, key)
        assert here.look(mine=False) == []


def test_events_are_seen_in_the_order_of_their_numbers(url: str, tmp_path: Path) -> None:
    with State(tmp_path, url, pooled=True) as state, ThreadPoolExecutor(1) as pool:

        def add() -> int:
            with state.writing() as books:
                return books.inbox.add([("second", "page", "{}")], NOW)

        with state.writing() as books:
            books.inbox.add([("first", "page", "{}")], NOW)
            second = pool.submit(add)
            time.sleep(0.2)
            with state.reading() as others:
                assert others.inbox.last() == 0, "a later event that is seen first would hide this one for ever"
        assert second.result(10) == 1
        with state.reading() as books:
            assert [one.message_id for one in books.inbox.after(0, 9)] == ["first", "second"]


def _twice(batches: list[list[dict[str, object]]]) -> list[tuple[int, list[dict[str, object]]]]:
    return [(process, batch) for batch in batches for process in (0, 1)]


def _order(place: int, customer: str) -> dict[str, object]:
    return {
        "type": "track", "event": "Order Completed", "messageId": f"m{place}", "userId": customer,
        "timestamp": "2023-06-30T10:00:00Z",
        "properties": {"order_id": f"N{place}", "revenue": 10.0 + place, "email": f"p{customer}@x.example"},
    }  # fmt: skip


def _applied(state: State) -> bool:
    with state.reading() as books:
        current = books.live.current()
        return current is not None and current.applied_event == books.inbox.last()


def _started(project: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "keepers", "serve", "--project", str(project), "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def _asked(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            status: int = answer.status
            return status
    except OSError:
        return 0


def _send(port: int, key: str, batch: list[dict[str, object]]) -> int:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/batch", json.dumps({"batch": batch}).encode(), method="POST",
        headers={"Content-Type": "application/json", "Authorization": f"Basic {basic}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        status: int = answer.status
        return status


def _until(found: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.1)
