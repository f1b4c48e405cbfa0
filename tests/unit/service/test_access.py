"""Nobody gets in without a right, by whatever way."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from fastapi.testclient import TestClient

from keepers.dashboard.pages import NotSignedInError
from keepers.domain.access import Role, Scope, Visitor
from keepers.domain.errors import ConfigError, EngineError
from keepers.service.app import _news
from keepers.web.access import SESSION
from keepers.web.secrets import _hasher, _in_turn, hash_password, is_password
from served import PASSWORD
from unit.service.conftest import Running

OPEN = {("post", "/api/v1/session"), ("get", "/health/live"), ("get", "/health/ready")}
"""What everybody may ask: to sign in, and whether the process is well."""

READERS_MAY = {
    "/api/v1/session", "/api/v1/budget/plan", "/api/v1/budget/what-if", "/api/v1/scores", "/api/v1/segments",
    "/api/v1/segments/{number}",
}  # fmt: skip
"""No reading by their method, and yet no more than that: questions of which nothing is kept, lists of one's own."""


def test_every_route_without_a_right_is_refused(running: Running) -> None:
    described = running.client.get("/api/v1/openapi.json").json()
    walked = 0
    for path, calls in described["paths"].items():
        for method in calls:
            if (method, path) in OPEN:
                continue
            url = re.sub(r"\{[^}]+\}", "1", path)
            nobody = running.client.request(method, url)
            assert nobody.status_code == 401, (method, path)
            assert nobody.headers["content-type"] == "application/problem+json"
            wrong = running.client.request(method, url, headers={"Authorization": "Bearer kp_wrong"})
            assert wrong.status_code == 401, (method, path)
            # One who may send events may nothing else, and one who may read may change nothing.
            other = "read" if path.startswith("/v1/") else "ingest"
            without = running.client.request(method, url, headers=running.headers(other), json={})
            assert without.status_code == 403, (method, path)
            if method != "get" and not path.startswith("/v1/") and path not in READERS_MAY:
                assert running.client.request(method, url, headers=running.headers("read"), json={}).status_code == 403
            walked += 1
    assert walked > 20


def test_a_person_signs_in_and_changes_things_with_the_token_of_the_page(running: Running) -> None:
    client = running.client
    refused = client.post("/api/v1/session", json={"email": "ada@example.com", "password": "wrong horse battery"})
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers
    assert client.post("/api/v1/session", json={"email": "eve@x.example", "password": PASSWORD}).status_code == 401
    for password in (PASSWORD, "b@ttery.hor$e"):
        client.post("/sign-in", data={"email": password, "password": "ada@example.com"})
    signed = client.post("/api/v1/session", json={"email": " Ada@Example.com ", "password": PASSWORD})
    assert signed.status_code == 200
    cookie = signed.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/api/v1/users").json()[0]["email"] == "ada@example.com"
    wish = {"email": "ben@example.com", "password": PASSWORD, "role": "viewer"}
    forged = client.post("/api/v1/users", json=wish)
    assert forged.status_code == 403
    headers = {"x-csrf-token": signed.json()["csrf_token"]}
    assert client.post("/api/v1/users", json=wish, headers=headers).status_code == 201
    assert client.post("/api/v1/users", json=wish, headers=headers).status_code == 422
    assert client.delete("/api/v1/users/ada@example.com", headers=headers).status_code == 422, "the only owner"
    actions = [deed["action"] for deed in client.get("/api/v1/audit").json()]
    assert actions[:2] == ["user added", "signed in"]
    assert actions.count("sign-in refused") == 4
    told = client.get("/api/v1/audit").text
    assert PASSWORD not in told
    assert "b@ttery" not in told
    assert "eve@x.example" in told
    assert client.delete("/api/v1/session", headers=headers).status_code == 204
    client.cookies.set(SESSION, cookie.split("=", 1)[1].split(";")[0])
    assert client.get("/api/v1/users").status_code == 401, "the session is over, not only the cookie"


def test_a_token_is_shown_once_and_revoked(running: Running) -> None:
    headers = running.headers("all")
    made = running.client.post(
        "/api/v1/tokens", json={"name": "n", "scopes": ["read"], "days": 1}, headers=headers
    ).json()
    mine = {"Authorization": f"Bearer {made['token']}"}
    assert running.client.get("/api/v1/overview", headers=mine).status_code == 200
    assert all(one["token"] is None for one in running.client.get("/api/v1/tokens", headers=headers).json())
    assert running.client.delete(f"/api/v1/tokens/{made['number']}", headers=headers).status_code == 204
    assert running.client.get("/api/v1/overview", headers=mine).status_code == 401


def test_a_token_or_a_user_asked_for_twice_under_one_name_is_made_once(running: Running) -> None:
    headers = {**running.headers("all"), "Idempotency-Key": "7f3c"}
    wish = {"name": "n", "scopes": ["read"]}
    first, again = (running.client.post("/api/v1/tokens", json=wish, headers=headers) for _ in "12")
    assert first.status_code == again.status_code == 201
    assert first.json()["token"].startswith("kp_")
    assert first.json()["note"] is None
    assert again.json() == {**first.json(), "token": None, "note": again.json()["note"]}
    assert "revoke" in again.json()["note"]
    other = running.client.post("/api/v1/tokens", json=wish, headers={**headers, "Idempotency-Key": "8"}).json()
    assert other["number"] != first.json()["number"]
    who = {"email": "ben@example.com", "password": PASSWORD, "role": "viewer"}
    made = [running.client.post("/api/v1/users", json=who, headers=headers) for _ in "12"]
    assert [one.status_code for one in made] == [201, 201]
    assert made[0].json() == made[1].json()
    assert running.client.post("/api/v1/users", json=who, headers=running.headers("all")).status_code == 422
    with running.site.state.reading() as books:
        assert sum(one.email == "ben@example.com" for one in books.users.listed()) == 1


def test_projects_on_one_machine_do_not_sign_each_other_out(running: Running) -> None:
    who = {"email": "ada@example.com", "password": PASSWORD}
    names = {}
    for host in ("localhost:8765", "localhost:8766", "shop.example", "[::1]:8765", "[::1]"):
        cookie = running.client.post("/api/v1/session", json=who, headers={"host": host}).headers["set-cookie"]
        names[host], value = cookie.split(";")[0].split("=", 1)
        here = {"host": host, "cookie": f"{names[host]}={value}"}
        assert running.client.get("/api/v1/users", headers=here).status_code == 200, host
        running.client.cookies.clear()
    assert names["localhost:8765"] != names["localhost:8766"]
    assert names["shop.example"] == names["[::1]"] == SESSION


def test_over_tls_the_cookie_is_of_this_host_alone(running: Running) -> None:
    running.site.secure = True
    client = TestClient(running.client.app, base_url="https://shop.example")
    signed = client.post("/api/v1/session", json={"email": "ada@example.com", "password": PASSWORD})
    cookie = signed.headers["set-cookie"]
    assert cookie.startswith(f"__Host-{SESSION}=")
    assert {"Secure", "Path=/"} <= set(cookie.split("; "))
    assert client.get("/api/v1/users").status_code == 200
    gone = client.delete("/api/v1/session", headers={"x-csrf-token": signed.json()["csrf_token"]})
    assert "Secure" in gone.headers["set-cookie"], "without it no browser takes the cookie away"


def test_another_site_signs_nobody_in(running: Running) -> None:
    body = json.dumps({"email": "ada@example.com", "password": PASSWORD})
    theirs = {"sec-fetch-site": "cross-site", "content-type": "application/json"}
    assert running.client.post("/api/v1/session", content=body, headers=theirs).status_code == 403
    # What a form of another site can send without the browser asking first.
    plain = running.client.post("/api/v1/session", content=body, headers={"content-type": "text/plain"})
    assert plain.status_code == 422
    assert "set-cookie" not in plain.headers


def test_who_is_shut_out_hears_no_more_news(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.service.app._BEAT", 0.02)
    visitor: list[Visitor | None] = [Visitor("ada@example.com", frozenset({Scope.READ}))]

    async def who() -> Visitor:
        if visitor[0] is None:
            raise NotSignedInError("/")
        return visitor[0]

    async def heard() -> list[object]:
        told = aiter(_news(running.site, who).body_iterator)
        first = asyncio.create_task(anext(told))
        await asyncio.sleep(0.05)
        running.site.news.tell({"kind": "values", "generation": 1})
        found: list[object] = [await first]
        visitor[0] = None
        running.site.news.tell({"kind": "values", "generation": 2})
        return found + [one async for one in told]

    assert len(asyncio.run(asyncio.wait_for(heard(), 10))) == 1


def test_who_guesses_from_many_addresses_of_one_network_is_slowed_down(running: Running) -> None:
    tried = []
    for number in range(25):
        client = TestClient(running.client.app, client=(f"2001:db8::{number:x}", 1))
        tried.append(client.post("/sign-in", data={"email": "x@x.example"}).status_code)
    assert (tried[0], tried[-1]) == (422, 429)
    other = TestClient(running.client.app, client=("2001:db8:0:1::1", 1))
    assert other.post("/sign-in", data={"email": "x@x.example"}).status_code == 422


def test_passwords_are_compared_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.web.secrets._PATIENCE", 0.01)
    with _in_turn(), _in_turn(), pytest.raises(EngineError, match="Try again"):
        is_password(None, PASSWORD)
    assert not is_password(None, PASSWORD)


def test_who_guesses_is_slowed_down(running: Running) -> None:
    tried = [
        running.client.post("/api/v1/session", json={"email": "x@x.example", "password": "a"}).status_code
        for _ in range(25)
    ]
    assert tried[0] == 401
    assert tried[-1] == 429


def test_answers_carry_headers_that_protect_browsers(running: Running) -> None:
    headers = running.client.get("/health/live").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_passwords_are_kept_as_hashes() -> None:
    kept = hash_password(PASSWORD)
    # With the effort that RFC 9106 asks of machines with little memory: 64 MB in three passes.
    assert _hasher().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept.startswith("$argon2id$")
    assert is_password(kept, PASSWORD)
    assert not is_password(kept, PASSWORD + "!")
    assert not is_password(None, PASSWORD)
    assert not is_password("no hash", PASSWORD)
    with pytest.raises(ConfigError, match="12 characters"):
        hash_password("short")
    assert Role("viewer") is Role.VIEWER
