"""Every page and call against those who may not: without a right, with a lesser role, forged, with mischief in it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from keepers.domain.access import Role
from keepers.service import app as service
from keepers.web.access import SESSION
from keepers.web.secrets import csrf_token, token_hash
from served import NOW, OWNER, VIEWER, _kept
from unit.service.conftest import Running

ANALYST = "ann@example.com"
PEOPLE = {"accept": "text/html"}
FOR_ALL = {"/sign-in", "/assets/{name}", "/"}
"""Pages that show nothing of the store to who is not signed in."""
OWNERS = {"/access", "/access/users", "/access/users/remove", "/access/tokens", "/access/tokens/revoke"}
FOR_VIEWERS = re.compile(r"/sign-out|/lists(/.*)?")
"""Forms of one's own, which change nothing for others."""

MISCHIEF = (
    "' OR 1=1 --", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "<script>alert(1)</script>", "\x00", "ñ" * 300,
    "1e309", "\r\nSet-Cookie: a=b",
)  # fmt: skip


def _routes() -> Iterator[tuple[str, str, APIRoute]]:
    """Method, path and route of every page."""
    for module in service._SHOWING:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods:
                yield method, route.path, route


def _session(running: Running, email: str) -> str:
    """A session of somebody, without the work of a password."""
    session = secrets.token_urlsafe(32)
    with running.site.state.writing() as books:
        user = books.users.named(email) or books.users.add(email, _kept(), Role.ANALYST, NOW)
        books.users.begin_session(user, token_hash(session), NOW, NOW.replace(year=NOW.year + 1))
    return session


def _as(running: Running, email: str) -> tuple[TestClient, str]:
    session = _session(running, email)
    running.client.cookies.set(SESSION, session)
    return running.client, csrf_token(session)


def test_no_page_opens_and_no_form_counts_for_nobody(running: Running) -> None:
    walked = 0
    for method, path, _ in _routes():
        if path in FOR_ALL:
            continue
        answer = running.client.request(
            method,
            re.sub(r"\{[^}]+\}", "1", path),
            headers=PEOPLE,
            follow_redirects=False,
            data={} if method == "POST" else None,
        )
        away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
        assert away or answer.status_code in (401, 403), (method, path, answer.status_code)
        walked += 1
    assert walked > 30


def test_forms_count_from_a_page_of_ours_and_for_a_role_that_may(running: Running) -> None:
    forms = [path for method, path, _ in _routes() if method == "POST" and path != "/sign-in"]
    assert len(forms) > 12
    for method, path, route in _routes():
        asks = any(one.name == "csrf" for part in route.dependant.dependencies for one in part.body_params)
        assert asks or method != "POST" or path == "/sign-in", path
    for who in (VIEWER, ANALYST, OWNER):
        client, csrf = _as(running, who)
        for path in forms:
            url = re.sub(r"\{[^}]+\}", "999999", path)
            for forged in ({}, {"csrf": ""}, {"csrf": csrf[::-1]}):
                answer = client.post(url, data=forged, headers=PEOPLE, follow_redirects=False)
                assert answer.status_code in (403, 422), (who, path, forged)
            if who == OWNER or FOR_VIEWERS.fullmatch(path):
                continue
            if who == VIEWER or path in OWNERS:
                files = {"file": ("a.csv", b"a\n1\n")} if path.endswith("upload") else None
                answer = client.post(url, data={"csrf": csrf}, files=files, headers=PEOPLE, follow_redirects=False)
                assert answer.status_code == 403, (who, path, answer.status_code)
    with running.site.state.reading() as books:
        assert books.jobs.listed() == ()
        assert len(books.users.listed()) == 3


def test_who_may_not_see_persons_sees_none_on_any_page(running: Running) -> None:
    key = _first(running)
    told: dict[str, int] = {}
    for who in (VIEWER, OWNER):
        client, _ = _as(running, who)
        seen = 0
        for method, path, _ in _routes():
            if method != "GET" or path in ("/news", "/sign-in") or path.startswith("/assets"):
                continue
            url = path.replace("{customer_key}", key).replace("{key}", key)
            answer = client.get(re.sub(r"\{[^}]+\}", "1", url), headers=PEOPLE, follow_redirects=False)
            assert answer.status_code < 500 or "have been valued" in answer.text or answer.status_code == 503, path
            seen += len(re.findall(r"p\w+@x\.example", answer.text))
            if who == VIEWER:
                assert not re.search(r"\w+@x\.example", answer.text), path
                assert path not in OWNERS or answer.status_code == 403, path
        told[who] = seen
    assert told[OWNER] > told[VIEWER] == 0, "owners see who customers are"
    described = running.client.get("/api/v1/openapi.json").json()["paths"]
    for path in (path for path, calls in described.items() if "get" in calls and not path.endswith("/news")):
        url = re.sub(r"\{[^}]+\}", key, path)
        answer = running.client.get(url, headers=running.headers("read"))
        assert not re.search(r"\w+@x\.example", answer.text), path


def test_mischief_is_answered_and_does_nothing(running: Running) -> None:
    client, _ = _as(running, OWNER)
    for method, path, route in _routes():
        if method != "GET" or path == "/news":
            continue
        asked = {one.name for one in route.dependant.query_params} | {
            "period",
            "segment",
            "basis",
            "name",
            "sort",
            "search",
        }
        for text in MISCHIEF:
            url = re.sub(r"\{[^}]+\}", lambda _, text=text: quote(text, safe=""), path)  # type: ignore[misc]
            if url != path:
                _unharmed(client.get(url, headers=PEOPLE, follow_redirects=False), path, text)
        for text in MISCHIEF[::3]:
            if "{" not in path:
                _unharmed(
                    client.get(path, params=dict.fromkeys(asked, text), headers=PEOPLE, follow_redirects=False),
                    path,
                    text,
                )
    described = client.get("/api/v1/openapi.json").json()["paths"]
    headers = running.headers("all")
    for path, calls in described.items():
        if "get" not in calls or path.endswith("/news"):
            continue
        names = [one["name"] for one in calls["get"].get("parameters", ()) if one["in"] == "query"]
        for text in MISCHIEF[:6:2] if "{" not in path else MISCHIEF[:6]:
            url = re.sub(r"\{[^}]+\}", lambda _, text=text: quote(text, safe=""), path)  # type: ignore[misc]
            _unharmed(client.get(url, params=dict.fromkeys(names, text), headers=headers), path, text)
    with running.site.state.reading() as books:
        assert len(books.users.listed()) == 2


def _unharmed(answer: object, path: str, text: str) -> None:
    status, said = answer.status_code, answer.text  # type: ignore[attr-defined]
    assert status < 500 or (status == 503 and "have been valued" in said), (path, text, status)
    assert "<script>alert(1)" not in said, (path, text)
    assert "root:x:" not in said, (path, text)
    assert "set-cookie" not in answer.headers, (path, text)  # type: ignore[attr-defined]


def test_files_that_are_sent_stay_where_they_belong(running: Running) -> None:
    client, csrf = _as(running, OWNER)
    folder = running.site.project.folder
    before = {path.name for path in folder.iterdir()}
    for name in ("../../keepers.toml", "/etc/cron.d/x", "..\\..\\a.csv", ".hidden", "a\x00b.csv"):
        client.post("/data/forget", data={"csrf": csrf, "name": name}, headers=PEOPLE, follow_redirects=False)
    assert {path.name for path in folder.iterdir()} == before
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb"):
        page = client.get("/sign-in", params={"wanted": wanted}).text
        assert "evil.example" not in page


def test_what_is_too_long_is_not_put_together(running: Running) -> None:
    size = 2**20 + 1
    for path in ("/sign-in", "/api/v1/session", "/api/v1/budget/plan", "/v1/batch", "/lists"):
        kind = "application/json" if "v1" in path else "application/x-www-form-urlencoded"
        for told in ({"content-length": str(size)}, {}):
            headers = {**running.headers("all"), "content-type": kind, **told}
            sent = iter([b"a" * 2**16] * (size // 2**16) + [b"a" * (size % 2**16)])
            answer = running.client.post(path, content=sent, headers=headers, follow_redirects=False)
            assert (answer.status_code, "longer than" in answer.text) == (413, True), (path, told)


def test_a_file_is_taken_in_from_who_may_send_one_alone(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object, **__: object) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr("starlette.requests.Request.form", parsed)
    for who, status in ((None, 303), (VIEWER, 403)):
        running.client.cookies.clear()
        csrf = "" if who is None else _as(running, who)[1]
        sent = running.client.post(
            "/data/upload", data={"csrf": csrf}, files={"file": ("a.csv", b"x" * 2**21)}, headers=PEOPLE,
            follow_redirects=False,
        )  # fmt: skip
        assert sent.status_code in (status, 401), (who, sent.status_code)


def test_files_are_read_some_at_a_time(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(path: Path) -> tuple[None, str]:
        assert path.exists()
        return None, "no table"

    monkeypatch.setattr("keepers.dashboard.system._checked", read)
    client, csrf = _as(running, OWNER)
    folder = running.site.state.folder / "uploads"
    for reading, status in ((3, 503), (2, 200)):
        running.site.reading = reading
        file = {"file": ("a.csv", b"a")}
        sent = client.post("/data/upload", data={"csrf": csrf}, files=file, headers=PEOPLE)
        assert sent.status_code == status
        assert running.site.reading == reading
        assert list(folder.iterdir()) == []


def _first(running: Running) -> str:
    headers = running.headers("all")
    key: str = running.client.get("/api/v1/customers", params={"limit": 1}, headers=headers).json()["customers"][0][
        "customer_key"
    ]
    return key


@pytest.mark.parametrize("text", ["kp_" + "x" * 43, "", "Bearer", "kp_" + "é" * 5])
def test_a_token_that_is_none_opens_nothing(running: Running, text: str) -> None:
    for scheme in ("Bearer", "bearer", "Basic", ""):
        headers = {"Authorization": f"{scheme} {text}".encode()}
        assert running.client.get("/api/v1/overview", headers=headers).status_code == 401  # type: ignore[arg-type]
