"""Nobody gets in without a right, by whatever way."""

from __future__ import annotations

import re

import pytest

from keepers.domain.access import Role
from keepers.domain.errors import ConfigError
from keepers.web.access import SESSION
from keepers.web.secrets import hash_password, is_password
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
    assert actions.count("sign-in refused") == 2
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
    assert "server" not in headers


def test_passwords_are_kept_as_hashes() -> None:
    kept = hash_password(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert is_password(kept, PASSWORD)
    assert not is_password(kept, PASSWORD + "!")
    assert not is_password(None, PASSWORD)
    assert not is_password("no hash", PASSWORD)
    with pytest.raises(ConfigError, match="12 characters"):
        hash_password("short")
    assert Role("viewer") is Role.VIEWER
