"""A PostgreSQL that hangs, and texts that it cannot hold: the service goes on answering, and says what is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient

from keepers.domain.errors import InputError
from keepers.service.app import create_app
from keepers.storage.database import SCHEMA
from keepers.storage.state import State
from keepers.web import asking
from keepers.web.access import SESSION
from keepers.web.site import Site
from served import open_site

NUL = "a\x00b"
PEOPLE = {"accept": "text/html"}


@pytest.fixture(scope="module")
def site(
    postgres_url: str, result: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, dict[str, str]]]:
    """A site whose state is in PostgreSQL."""
    project = tmp_path_factory.mktemp("project")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    with State(project, postgres_url, pooled=True) as state:
        yield open_site(result, project, state)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def test_who_asks_is_told_in_time_and_others_are_answered(
    site: tuple[Site, dict[str, str]], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.7)
    app = create_app(site[0])
    asked = {
        "/api/v1/customers": {"Authorization": f"Bearer {site[1]['read']}"},
        "/api/v1/customers/1/value": {"Authorization": f"Bearer {site[1]['all']}"},
        "/customers": {"Cookie": f"{SESSION}=none", "accept": "text/html"},
        "/v1/track": {"Authorization": f"Bearer {site[1]['ingest']}"},
        "/health/ready": {},
    }

    async def told() -> tuple[list[int], list[float]]:
        transport = httpx2.ASGITransport(app)
        waits = []
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
            await client.get("/health/live")
            waiting = [
                asyncio.create_task(client.request("POST" if path == "/v1/track" else "GET", path, headers=headers))
                for path, headers in asked.items()
            ]
            while not all(one.done() for one in waiting):
                began = time.perf_counter()
                assert (await client.get("/health/live")).status_code == 200
                waits.append(time.perf_counter() - began)
                await asyncio.sleep(0.05)
            return [one.result().status_code for one in waiting], waits

    with psycopg.connect(postgres_url) as holding:
        # As if the server hung: whoever reads these waits until we let go.
        for table in ("api_tokens", "user_sessions", "generations"):
            holding.execute(f"LOCK TABLE {SCHEMA}.{table} IN ACCESS EXCLUSIVE MODE")
        began = time.perf_counter()
        statuses, waits = asyncio.run(told())
        assert time.perf_counter() - began < 5.0
    assert statuses == [503] * len(asked)
    assert max(waits) < 0.5, "whether the process lives is answered meanwhile"
    assert len(waits) > 5


def test_what_no_text_can_hold_is_the_callers_fault(site: tuple[Site, dict[str, str]]) -> None:
    running, tokens = site
    with TestClient(create_app(running)) as client:
        headers = {"Authorization": f"Bearer {tokens['all']}"}
        found = client.get("/api/v1/customers", params={"search": NUL}, headers=headers)
        assert (found.status_code, found.json()["total"]) == (200, 0)
        assert client.get("/api/v1/customers", params={"tier": NUL}, headers=headers).status_code == 422
        assert client.get("/api/v1/customers/a%00b", headers=headers).status_code == 422
        assert client.post("/api/v1/segments", json={"name": NUL, "query": ""}, headers=headers).status_code == 422
        refused = client.post("/sign-in", data={"email": NUL, "password": "x"}, headers=PEOPLE)
        assert refused.status_code == 422
        assert "cannot hold this" in refused.text
    with pytest.raises(InputError, match="NUL"), running.state.writing() as books:
        books.users.named(NUL)


def test_a_server_that_is_gone_is_not_waited_for_as_long_as_an_operating_system_would(
    site: tuple[Site, dict[str, str]], postgres_url: str
) -> None:
    with site[0].state._database.reading() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        said = raw.info.get_parameters()
        assert (said["connect_timeout"], said["tcp_user_timeout"], said["keepalives_idle"]) == ("10", "30000", "30")
        shown = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one()
        assert shown == "15min"
    own = f"{postgres_url}&connect_timeout=3"
    with State(site[0].project.folder, own) as state, state._database.reading() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        assert raw.info.get_parameters()["connect_timeout"] == "3", "what the URL says goes before"
