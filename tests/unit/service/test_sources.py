"""Sources of the running system: pulled when asked and when due, shown with what came, and refused without a right."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from keepers.pipeline.connections import state_of
from keepers.pipeline.project import project_of
from keepers.service.app import create_app
from keepers.service.pulls import Pulls
from keepers.storage.state import State
from keepers.web.guard import Metrics
from served import NOW, OWNER, PASSWORD, VIEWER, open_site
from services import Server, Shop, serving, shopify_order
from unit.service.conftest import Running


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Shop(orders=[shopify_order(number, f"p{number}@example.com") for number in range(9)])) as made:
        yield made


@pytest.fixture
def running(result: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("A_SHOP_TOKEN", "shpat_0123456789")
    (tmp_path / "keepers.toml").write_text(
        f'[connect.shop]\nkind = "shopify"\nshop = "x"\naddress = "{server.base}"\ntoken = "{{env:A_SHOP_TOKEN}}"\n'
        'schedule = "30 * * * *"\n[connect.empty]\nkind = "files"\nurl = "nothing/*.csv"\n'
    )
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(result, tmp_path, state)
        project = project_of(tmp_path)
        assert project is not None
        site.project = replace(site.project, connections=project.connections)
        with TestClient(create_app(site)) as client:
            yield Running(client, site, tokens)


def _ended(running: Running, number: int) -> dict[str, str]:
    for _ in range(600):
        jobs = running.client.get("/api/v1/jobs", headers=running.headers("read")).json()
        job = next(one for one in jobs if one["number"] == number)
        if job["status"] in ("done", "failed"):
            return job
        time.sleep(0.1)
    raise AssertionError(job)


def _signed_in(running: Running, who: str = OWNER) -> str:
    running.client.post("/sign-in", data={"email": who, "password": PASSWORD})
    page = running.client.get("/data").text
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def test_a_pull_is_a_job_and_the_page_shows_what_came(running: Running) -> None:
    client, may = running.client, running.headers("all")
    before = client.get("/api/v1/sources", headers=running.headers("read")).json()
    assert [(one["name"], one["well"], one["label"]) for one in before] == [
        ("shop", None, "Shopify"), ("empty", None, "Files"),
    ]  # fmt: skip
    assert before[0]["next_at"] == "2023-07-01T12:30:00Z"
    asked = client.post("/api/v1/sources/shop/pull", headers=may)
    assert asked.status_code == 202
    assert client.post("/api/v1/sources/shop/pull", headers=may).json()["number"] == asked.json()["number"]
    job = _ended(running, asked.json()["number"])
    assert (job["status"], job["said"]) == ("done", "shop: 9 new or changed; 9 rows of orders.")
    assert client.get("/api/v1/sources", headers=may).json()[0]["rows"] == {"orders": 9}
    assert client.post("/api/v1/sources/other/pull", headers=may).status_code == 404
    measured = client.get("/metrics", headers=running.headers("read")).text
    assert 'keepers_pulls_total{outcome="well",source="shop"} 1.0' in measured
    assert 'keepers_pulled_rows{source="shop",table="orders"} 9.0' in measured

    csrf = _signed_in(running)
    assert client.post("/data/pull", data={"csrf": "forged", "name": "shop"}).status_code == 403
    client.post("/data/pull", data={"csrf": csrf, "name": "empty"})
    number = client.get("/api/v1/jobs", headers=may).json()[0]["number"]
    job = _ended(running, number)
    assert job["status"] == "failed"
    assert "There is no file like the `url` of empty" in job["said"]
    page = client.get("/data").text
    assert "9 new or changed; 9 rows of orders" in page
    assert "There is no file like" in page
    assert 'aria-label="Pull shop now"' in page
    assert "shpat" not in page
    # Somebody who may only look sees it, and asks for nothing.
    client.post("/sign-out", data={"csrf": csrf})
    _signed_in(running, VIEWER)
    page = client.get("/data").text
    assert "9 rows of orders" in page
    assert "Pull now" not in page


def test_due_pulls_are_asked_for_once_however_many_processes_look(running: Running) -> None:
    site = running.site
    moment = {"now": NOW}
    site.clock = lambda: moment["now"]
    first, second = Pulls(site, Metrics()), Pulls(site, Metrics())
    moment["now"] = NOW + dt.timedelta(minutes=29)
    first.ask_when_due()
    assert not _pulls(running)
    moment["now"] = NOW + dt.timedelta(minutes=31)
    first.ask_when_due()
    with site.state.writing() as books:
        job = books.jobs.take(site.now(), "one")
        assert job is not None
        books.jobs.end(job.number, "one", True, "done", site.now())
    second.ask_when_due()
    first.ask_when_due()
    assert len(_pulls(running)) == 1
    moment["now"] = NOW + dt.timedelta(minutes=91)
    second.ask_when_due()
    assert len(_pulls(running)) == 2


def _pulls(running: Running) -> list[str]:
    with running.site.state.reading() as books:
        return [job.kind for job in books.jobs.listed() if job.kind == "pull shop"]


def test_the_next_run_reads_what_was_pulled(running: Running) -> None:
    _ended(running, running.client.post("/api/v1/sources/shop/pull", headers=running.headers("all")).json()["number"])
    source = running.site.project.connections[0]
    assert state_of(running.site.project.folder, source).well
    assert running.site.project.locations[-1].endswith(".keepers/pulled/shop")
