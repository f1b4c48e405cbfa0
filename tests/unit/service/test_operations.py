"""What the running system writes down, removes by age, and does by itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import io
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sqlalchemy import insert

from keepers.data.engine import Engine
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, EngineError, KeepersError
from keepers.domain.keeping import KeepingTimes, keeping_times
from keepers.domain.live import LiveOrder
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import load_model
from keepers.pipeline.forgetting import forget_old
from keepers.pipeline.live_drift import ask_where_it_drifts, live_drift
from keepers.pipeline.serving import serve_result
from keepers.service.caretaker import Caretaker
from keepers.service.leftovers import remove_left_overs
from keepers.service.material import gathered
from keepers.storage.schema import PUBLISHED_SCORES
from keepers.web.logs import begin_logs, without_persons
from served import NOW, PASSWORD
from unit.service.conftest import Running
from unit.service.test_pages import PEOPLE, form_token, signed_in


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The log as it is when a system runs, and afterwards as it was."""
    root, ours = logging.getLogger(), logging.getLogger("keepers.service")
    before = (root.handlers[:], root.level, ours.level)
    text = io.StringIO()
    begin_logs("json", text)
    yield text
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def test_the_log_says_what_happened_and_of_nobody(
    running: Running, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepers.web.guard.SLOW", 1_000.0)
    client, headers = running.client, running.headers("all")
    key = client.get("/api/v1/customers", headers=headers).json()["customers"][0]["customer_key"]
    client.post("/api/v1/session", json={"email": "ada@example.com", "password": PASSWORD})
    client.cookies.clear()
    client.post("/api/v1/session", json={"email": "eve@x.example", "password": "not the password"})
    made = client.post("/api/v1/tokens", json={"name": "n", "scopes": ["read"], "days": 1}, headers=headers).json()
    client.get("/api/v1/customers/nobody@x.example", headers={**headers, "X-Request-ID": "proxy-0001"})
    answer = client.get(f"/api/v1/customers/{key}", headers={**headers, "X-Request-ID": "<script>"})
    assert answer.headers["x-request-id"] != "<script>"

    def fails(_: object) -> None:
        raise RuntimeError("cannot find p7@x.example with Bearer kp_abcdefghij")

    monkeypatch.setattr("keepers.api.customers.served", fails)
    with pytest.raises(RuntimeError):
        client.get(f"/api/v1/customers/{key}", headers=headers)
    text = logged.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    told = {(line["route"], line["status"]) for line in lines if "route" in line}
    assert ("/api/v1/session", 401) in told
    assert ("/api/v1/tokens", 201) in told
    assert ("/api/v1/customers/{customer_key}", 404) in told
    assert ("/api/v1/customers/{customer_key}", 200) not in told, "reading well is counted, not written down"
    assert next(line for line in lines if line.get("request") == "proxy-0001")["ms"] >= 0
    (failed,) = [line for line in lines if "exception" in line]
    assert "RuntimeError" in failed["exception"]
    assert failed["request"]
    for secret in ("@", PASSWORD, "not the password", made["token"], running.tokens["all"], "kp_", key + '"'):
        assert secret not in text, secret


def test_a_long_text_holds_the_log_up_for_no_time() -> None:
    began = time.process_time()
    assert without_persons("a" * 200_000) == "a" * 200_000
    assert without_persons("x@" * 50_000 + "ada@shop.example").endswith("***")
    assert time.process_time() - began < 2.0


def test_what_is_old_goes_and_what_values_need_stays(running: Running) -> None:
    state, later = running.site.state, NOW + dt.timedelta(days=100)
    events = [("p1", "page", "{}"), ("t1", "track", "{}"), ("p2", "page", "{}"), ("t2", "track", "{}")]
    with state.writing() as books:
        books.inbox.add(events, NOW)
        books.users.note("ada@example.com", "old", "", NOW - dt.timedelta(days=40))
        user = books.users.named("ada@example.com")
        assert user is not None
        books.users.begin_session(user, "x" * 64, NOW, NOW + dt.timedelta(days=7))
        last = books.inbox.last()
    assert forget_old(state, KeepingTimes(visits_days=30, events_days=30), later).visits == 0, "no run has read them"
    serve_result(state, running.site.project.folder / "result", last, NOW)
    removed = forget_old(state, KeepingTimes(visits_days=30, audit_days=120), later)
    assert (removed.visits, removed.events, removed.deeds) == (2, 0, 1)
    with state.reading() as books:
        assert [one.message_id for one in books.inbox.after(0, 9)] == ["t1", "t2"]
        assert books.users.of_session("x" * 64, NOW) is None
    assert forget_old(state, KeepingTimes(events_days=30), later).events == 1
    with state.reading() as books:
        assert books.inbox.last() == last, "the next run counts from the newest event"
    with pytest.raises(ConfigError, match="7 or more"):
        keeping_times({"events_days": 3}, "keepers.toml")
    with pytest.raises(ConfigError, match="It may say"):
        keeping_times({"days": 30}, "keepers.toml")


def test_customers_who_changed_ask_for_a_run_once(running: Running, result: Path) -> None:
    state = running.site.state
    _came_as_events(running, result)
    with state.reading() as books:
        generation = books.live.current()
        assert generation is not None
        bases = books.live.bases(generation.number)
    assert len(bases) == 300
    start = generation.as_of
    today, until = start + dt.timedelta(days=4 * 7 + 1), start + dt.timedelta(days=28)
    assert "No order" not in ask_where_it_drifts(state, start + dt.timedelta(days=3), NOW)
    # As the model expects it: no alarm.
    model = load_model(result / "model-buying.json")
    assert isinstance(model, BuyingModel)
    day = np.datetime64
    data = {
        "frequency": [one.frequency for one in bases.values()],
        "recency": [float((day(one.last_day) - day(one.first_day)).astype(int)) for one in bases.values()],
        "T": [float((day(start) - day(one.first_day)).astype(int)) for one in bases.values()],
    }
    from keepers.domain.time import Horizon, TimeUnit
    from keepers.models.frames import histories

    unit = TimeUnit.parse("day")
    cells = histories(data, model.unit_, unit, attributes=()).cells
    bought = model.sample_future(cells, Horizon(28.0, unit), np.random.default_rng(3))
    orders = [
        LiveOrder(f"N{key}-{number}", key, start + dt.timedelta(days=1 + number), 10.0, event_id=10**6 + number)
        for key, count in zip(bases, bought, strict=True)
        for number in range(min(int(count), 28))
    ]
    with state.writing() as books:
        books.live.put_orders(orders)
    found = live_drift(state, generation, today)
    assert not found.alarm, found.sentence
    assert found.findings[0].observed >= 0
    ask_where_it_drifts(state, today, NOW + dt.timedelta(days=29))
    with state.reading() as books:
        assert books.jobs.newest("run") is None
    # All stay away: an alarm, which asks once.
    with state.writing() as books:
        books.live.put_orders([replace(order, cancelled=True) for order in orders])
    for _ in range(2):
        said = ask_where_it_drifts(state, today, NOW + dt.timedelta(days=29))
    with state.reading() as books:
        (job,) = books.jobs.listed()
    assert (job.kind, job.asked_by, job.why) == ("run", "drift", said)
    assert until.isoformat() not in said


def test_events_that_bring_some_orders_only_are_no_measure(running: Running) -> None:
    with running.site.state.reading() as books:
        generation = books.live.current()
    assert generation is not None
    said = ask_where_it_drifts(running.site.state, generation.as_of + dt.timedelta(days=30), NOW)
    assert said.startswith("Only 0% of the run's last orders came as events")
    caretaker = Caretaker(running.site)
    last = dt.datetime.combine(generation.as_of, dt.time(12), dt.UTC)
    running.site.clock = lambda: last + dt.timedelta(days=7)
    assert not caretaker.look_is_due(), "no week is over"
    running.site.clock = lambda: last + dt.timedelta(days=8)
    assert caretaker.look_is_due()
    assert not caretaker.look_is_due(), "once a week"


def test_a_look_that_fails_is_said_and_done_again(
    running: Running, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    caretaker = Caretaker(running.site)
    with running.site.state.reading() as books:
        generation = books.live.current()
    assert generation is not None
    last = dt.datetime.combine(generation.as_of, dt.time(12), dt.UTC)
    running.site.clock = lambda: last + dt.timedelta(days=8)
    assert caretaker.look_is_due()
    with monkeypatch.context() as patch:
        # As if it were killed for its memory: the process that judges ends without a word.
        patch.setattr("keepers.service.caretaker.sys.executable", "/bin/false")
        with pytest.raises(KeepersError, match="exit code 1"):
            asyncio.run(caretaker.look())
    assert caretaker.look_is_due(), "it was not judged"
    assert "Looked whether" not in logged.getvalue()


def test_halves_that_killed_processes_left_go_and_nothing_else(running: Running, tmp_path: Path) -> None:
    state = running.site.state
    scored = state.write_snapshot(_one_row(), "customers-2023-06-30")
    with state.writing() as books:
        run = books.runs.begin(NOW, dt.date(2023, 6, 30), "0.1.0", tmp_path / "result", 1)
        books.connection.execute(
            insert(PUBLISHED_SCORES).values(
                run_id=run, kind="customers", scored_at=NOW, as_of=dt.date(2023, 6, 30), model_version="x",
                horizon_days=365.25, churn_horizon_days=90.0, rows=1, snapshot=scored.name,
            )
        )  # fmt: skip
    lost = state.write_snapshot(_one_row(), "customers-2023-06-30")
    mine, now = tmp_path / ".keepers", dt.datetime.now(dt.UTC)
    halves = [mine / "reading-000001-0f", mine / "results" / ".run-000001.part-1", mine / "uploads" / ".0f-a.csv"]
    whole = [mine / "results" / "run-000001", mine / "uploads" / "a.csv", mine / "pulled" / "shop"]
    for path in (*halves, *whole):
        if path.suffix == ".csv":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        else:
            path.mkdir(parents=True)
            (path / "customers.parquet").touch()
    assert remove_left_overs(state, now) == (), "somebody may be at it"
    assert remove_left_overs(state, now + dt.timedelta(hours=2)) == (".0f-a.csv",), "no file takes so long to be read"
    gone = remove_left_overs(state, now + dt.timedelta(days=2))
    assert set(gone) == {path.name for path in (*halves, lost)} - {".0f-a.csv"}
    assert not any(path.exists() for path in (*halves, lost))
    assert all(path.exists() for path in (*whole, scored, mine / "state.db"))


def _one_row() -> Table:
    engine = Engine()
    return Table(engine, engine.create("scores", "SELECT '1' AS customer_key"))


def test_a_full_disk_is_said_to_be_one(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    client, state = running.client, running.site.state
    headers, event = running.headers("all"), {"type": "track", "event": "x", "userId": "u"}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("keepers.storage.inbox.Inbox.add", _refused)
        assert client.post("/v1/track", json=event, headers=headers).status_code == 503
        assert client.get("/health/ready").json() == {"status": "ok", "values": True, "events": "refused"}
    assert client.post("/v1/track", json=event, headers=headers).status_code == 200
    assert "refused" not in client.get("/health/ready").text
    with monkeypatch.context() as patch:
        patch.setattr("keepers.service.material.os.link", full)
        patch.setattr("keepers.service.material.shutil.copyfile", full)
        (state.folder / "uploads").mkdir()
        (state.folder / "uploads" / "a.csv").touch()
        with pytest.raises(EngineError, match="disk is full"), gathered(running.site, 1):
            pass
    assert not list(state.folder.glob("reading*"))
    browser = signed_in(running)
    csrf = form_token(browser.get("/data").text)
    with monkeypatch.context() as patch:
        patch.setattr("keepers.dashboard.system._written", full)
        sent = browser.post("/data/upload", data={"csrf": csrf}, files={"file": ("b.csv", b"x")}, headers=PEOPLE)
    assert sent.status_code == 503
    assert "the disk is full" in sent.text
    assert [path.name for path in (state.folder / "uploads").iterdir()] == ["a.csv"]


def _refused(*_: object) -> int:
    raise EngineError("The state could not be written because the disk is full.")


def test_a_run_asked_for_under_one_name_is_one_run(running: Running) -> None:
    headers = {**running.headers("all"), "Idempotency-Key": "7f3c"}
    asked = []
    for _ in "twice":
        asked.append(running.client.post("/api/v1/jobs", json={"kind": "run"}, headers=headers).json()["number"])
        with running.site.state.writing() as books:
            # Otherwise the one that waits would do.
            books.jobs.take(NOW, "a")
    assert asked[0] == asked[1]
    assert running.client.post("/api/v1/jobs", json={}, headers=running.headers("all")).json()["number"] != asked[0]


def test_methods_that_nobody_knows_are_counted_together(running: Running) -> None:
    for method in ("GET", "BREW", "X" * 40):
        running.client.request(method, "/health/live")
    said = running.client.get("/metrics", headers=running.headers("read")).text
    methods = set(re.findall(r'keepers_requests_total{method="([^"]+)"', said))
    assert methods == {"GET", "OTHER"}


def _came_as_events(running: Running, result: Path) -> None:
    """As if the run's last orders had come as events."""
    rows = duckdb.sql(
        f"SELECT order_id, customer, CAST(date AS DATE) FROM '{result.parent / 'orders.csv'}' "
        "WHERE CAST(date AS DATE) > (SELECT max(CAST(date AS DATE)) FROM "
        f"'{result.parent / 'orders.csv'}') - INTERVAL 40 DAY"
    ).fetchall()
    state = running.site.state
    with state.writing() as books:
        books.inbox.add([(f"e{place}", "track", "{}") for place in range(len(rows))], NOW)
        last = books.inbox.last()
        books.live.put_orders(
            [
                LiveOrder(str(order), str(customer), day, 10.0, event_id=last - len(rows) + 1 + place)
                for place, (order, customer, day) in enumerate(rows)
            ]
        )
    serve_result(state, running.site.project.folder / "result", last, NOW)
