"""The pages: for whom, what they hold, and forms that nobody can forge."""

from __future__ import annotations

import datetime as dt
import gzip
import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from markupsafe import escape

from keepers.dashboard import system
from keepers.domain.alert import AlertProposal, AlertRules
from keepers.domain.money import MoneyBasis
from keepers.pipeline.erased_uploads import take_out_of_uploads
from keepers.pipeline.letter_settings import LetterSettings
from keepers.reports import formatting
from keepers.reports.figures import Estimate
from keepers.reports.kept import FILE, keep_content
from keepers.reports.run_figures import figures_of
from keepers.storage.live_lists import Filter
from served import NOW, OWNER, PASSWORD, VIEWER
from unit.reports.content_example import example_content
from unit.service.conftest import Running

PEOPLE = {"accept": "text/html"}
PAGES = (
    "/", "/customers", "/cohorts", "/leaving", "/channels", "/value", "/drivers", "/subscriptions", "/trust",
    "/letters", "/data", "/access",
)  # fmt: skip


def signed_in(running: Running, who: str = OWNER) -> TestClient:
    """A browser in which somebody has signed in."""
    answer = running.client.post(
        "/sign-in", data={"email": who, "password": PASSWORD, "wanted": "/customers"}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers")
    return running.client


def form_token(text: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', text)
    assert found
    return found[1]


def test_nobody_sees_a_page_before_signing_in(running: Running) -> None:
    for path in (*PAGES[1:], "/customers/x", "/customers.csv", "/report", "/news"):
        answer = running.client.get(path, headers=PEOPLE, follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?wanted=%2F"), path
    assert "Sign in" in running.client.get("/").text
    for path in ("/leaving/1", "/data/run", "/data/upload", "/data/forget", "/access/users", "/access/tokens"):
        assert running.client.post(path, headers=PEOPLE, follow_redirects=False).status_code in (303, 401), path
    wrong = running.client.post("/sign-in", data={"email": OWNER, "password": "wrong horse battery"})
    assert wrong.status_code == 401
    assert "No user has this address" in wrong.text
    forged = {"sec-fetch-site": "cross-site"}
    assert (
        running.client.post("/sign-in", data={"email": OWNER, "password": PASSWORD}, headers=forged).status_code == 403
    )


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\nb"])
def test_signing_in_leads_to_no_other_site(running: Running, wanted: str) -> None:
    data = {"email": OWNER, "password": PASSWORD, "wanted": wanted}
    answer = running.client.post("/sign-in", data=data, follow_redirects=False)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(("length", "comes_back"), [(1_500, True), (5_000, False)])
def test_signing_in_leads_back_to_a_long_address(running: Running, length: int, comes_back: bool) -> None:
    address = f"/budget?total=400&why={'x' * length}"
    gate = running.client.get(address, headers=PEOPLE)
    assert gate.status_code == 200
    assert "Sign in" in gate.text
    found = re.search(r'name="wanted" value="([^"]*)"', gate.text)
    assert found
    wanted = html.unescape(found[1])
    assert wanted == (address if comes_back else "/")
    answer = running.client.post(
        "/sign-in", data={"email": OWNER, "password": PASSWORD, "wanted": wanted}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)


def test_pages_show_what_the_values_say(running: Running) -> None:
    client = signed_in(running)
    everybody = client.get("/api/v1/overview").json()
    text = client.get("/").text
    assert f"{everybody['value']:,.0f}" in text
    assert "Tea &amp; Pots" in text
    for path in PAGES:
        assert client.get(path).status_code == 200, path
    listed = client.get("/customers", params={"tier": "Platinum", "sort": "orders", "order": "up"}).text
    keys = re.findall(r'href="/customers/([^"?]+)["?]', listed)
    rows = client.get("/api/v1/customers", params={"tier": "Platinum", "sort": "orders"}).json()["customers"]
    assert keys == [row["customer_key"] for row in rows]
    detail = client.get(f"/customers/{keys[0]}").text
    assert rows[0]["email"] in detail
    assert client.get("/customers/nobody", headers=PEOPLE).status_code == 404
    assert "Nobody fits" in client.get("/customers", params={"search": "<script>alert(1)</script>"}).text
    odd = client.get("/customers", params={"sort": "password_hash", "offset": "x", "tier": "' OR 1=1"})
    assert odd.status_code == 200
    assert client.get("/report", headers=PEOPLE).status_code == 404, "this run made none"


def test_a_list_is_a_file_that_no_spreadsheet_runs(running: Running) -> None:
    with running.site.state.writing() as books:
        page = books.lists(1).page
        from keepers.storage.live_lists import Filter

        first = page(Filter(), limit=1).customers[0].customer_key
        books.live.name([(first, "=HYPERLINK(1)", None)])
    client = signed_in(running)
    lines = client.get("/customers.csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 301
    assert lines[1].startswith(f"{first},'=HYPERLINK(1),")
    assert client.get("/api/v1/audit").json()[0]["action"] == "list exported"
    found = client.get("/customers.csv", params={"search": f"p{first}@x.example", "tier": "Platinum"})
    assert len(found.text.splitlines()) == 2
    client.get("/leads.csv", params={"search": "Ada"})
    token = {"csrf": form_token(client.get("/customers").text)}
    client.post("/lists", data={**token, "name": "Ada", "page": "/customers", "query": "search=Ada"})
    deeds = client.get("/api/v1/audit").json()
    assert [one["action"] for one in deeds[:3]] == ["list kept", "list exported", "list exported"]
    assert "tier=Platinum" in str(deeds)
    assert "Ada" not in str(deeds), "the log outlasts whom one searched for"
    assert "@x.example" not in str(deeds)
    assert "%40x.example" not in str(deeds)


def test_a_viewer_sees_no_names_and_changes_nothing(running: Running) -> None:
    client = signed_in(running, VIEWER)
    page = client.get("/customers")
    assert "@x.example" not in page.text
    assert "@x.example" not in client.get("/customers.csv").text
    assert client.get("/access", headers=PEOPLE).status_code == 403
    said = {"csrf": form_token(page.text)}
    for path in ("/data/run", "/access/tokens"):
        answer = client.post(path, data={**said, "name": "n", "scope": "read"}, headers=PEOPLE)
        assert answer.status_code == 403, path


def test_what_came_of_an_alert_is_recorded(running: Running) -> None:
    with running.site.state.writing() as books:
        proposal = AlertProposal("c1", "overdue", "customer", 0.8, 0.3, 90.0, 50.0, "no order for 90 days", "Call them")
        (alert,) = books.alerts.raise_all([proposal], AlertRules(), dt.date(2023, 6, 30), NOW)
    client = signed_in(running)
    text = client.get("/leaving").text
    assert "No order for 90 days. <b>Call them.</b>" in text
    path = f"/leaving/{alert.number}"
    assert client.post(path, data={"status": "done", "outcome": "x"}, headers=PEOPLE).status_code == 403, "no token"
    done = client.post(path, data={"csrf": form_token(text), "status": "done", "outcome": "called"})
    assert done.status_code == 200
    assert "called" in client.get("/leaving", params={"status": "done"}).text
    again = client.post(path, data={"csrf": form_token(text), "status": "done", "outcome": "x"}, headers=PEOPLE)
    assert again.status_code == 422
    assert "closed already" in again.text
    with running.site.state.reading() as books:
        said = next(one for one in books.users.deeds(9) if one.action == "alert done")
    assert dict(said.detail) == {}, "the log outlasts the customer"
    # What people wrote of a customer is not for those who may not see who customers are.
    address = f"/api/v1/customers/{alert.proposal.customer_key}"
    for name, seen in (("all", "called"), ("read", None)):
        headers = running.headers(name)
        (told,) = running.client.get("/api/v1/alerts", params={"status": "done"}, headers=headers).json()
        assert told["outcome"] == seen
        assert (running.client.get(address, headers=headers).json()["alerts"] or [told])[0]["outcome"] == seen
    viewer = signed_in(running, VIEWER)
    for path in ("/leaving?status=done", f"/customers/{alert.proposal.customer_key}"):
        assert "called" not in viewer.get(path).text, path


def test_a_file_is_read_before_anybody_relies_on_it(running: Running) -> None:
    client = signed_in(running)
    token = {"csrf": form_token(client.get("/data").text)}
    good = b"customer,date,amount\na,2023-01-01,10\nb,2023-01-02,20\nb,2023-02-03,30\n"
    sent = client.post("/data/upload", data=token, files={"file": ("../../more orders.csv", good)})
    assert sent.status_code == 200
    assert "60.00" in sent.text
    folder = running.site.project.folder / ".keepers" / "uploads"
    assert [path.name for path in folder.iterdir()] == ["more orders.csv"]
    bad = client.post("/data/upload", data=token, files={"file": ("empty.csv", b"")})
    assert "The file was not taken" in bad.text
    assert str(folder) not in bad.text
    assert [path.name for path in folder.iterdir()] == ["more orders.csv"]
    gone = client.post("/data/forget", data={**token, "name": "more orders.csv"})
    assert gone.status_code == 200
    assert list(folder.iterdir()) == []
    assert Path(running.site.project.locations[0]).exists()


def test_a_file_that_is_read_while_somebody_is_erased_does_not_bring_them_back(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(running)
    token = {"csrf": form_token(client.get("/data").text)}
    project = running.site.project
    folder = project.folder / ".keepers" / "uploads"
    sent = b"customer,date,amount\nada@shop.example,2023-01-01,10\nb@shop.example,2023-01-02,20\n"

    check = system._checked

    async def erased_meanwhile(path: Path) -> tuple[dict[str, Any] | None, str]:
        take_out_of_uploads(project, ["ada@shop.example"], ["ada@shop.example"])
        return await check(path) if path.exists() else (None, "It is gone.")

    monkeypatch.setattr(system, "_checked", erased_meanwhile)
    assert client.post("/data/upload", data=token, files={"file": ("a.csv", sent)}).status_code == 200
    assert (folder / "a.csv").read_text().split() == ["customer,date,amount", "b@shop.example,2023-01-02,20"]
    # Where it cannot be written anew it is not taken in, and whoever sends it hears why.
    packed = client.post("/data/upload", data=token, files={"file": ("b.csv.gz", gzip.compress(sent))})
    assert packed.status_code == 409
    assert "Somebody was erased" in packed.text
    assert [path.name for path in folder.iterdir()] == ["a.csv"]


def test_users_and_tokens_are_made_by_owners(running: Running) -> None:
    client = signed_in(running)
    token = {"csrf": form_token(client.get("/access").text)}
    made = client.post("/access/tokens", data={**token, "name": "shop", "scope": ["read", "ingest"]}).text
    found = re.search(r">(kp_[\w-]+)<", made)
    assert found
    mine = {"Authorization": f"Bearer {found[1]}"}
    fresh = TestClient(client.app)
    assert fresh.get("/api/v1/overview", headers=mine).status_code == 200
    user = {**token, "email": "new@example.com", "password": PASSWORD, "role": "analyst"}
    assert "new@example.com" in client.post("/access/users", data=user).text
    short = client.post("/access/users", data={**user, "email": "b@example.com", "password": "short"}, headers=PEOPLE)
    assert short.status_code == 422
    assert "12 characters" in short.text
    assert "shut out" in client.post("/access/users/remove", data={**token, "email": "new@example.com"}).text


def test_files_of_the_look(running: Running) -> None:
    for name in ("report.css", "dashboard.css", "dashboard.js", "theme.js"):
        assert running.client.get(f"/assets/{name}").status_code == 200
    for name in ("..%2f..%2fpages.py", "pages.py", "dashboard.css%00"):
        assert running.client.get(f"/assets/{name}").status_code == 404


def test_letters_and_the_quarterly_report_are_there_for_everybody(running: Running, tmp_path: Path) -> None:
    browser = signed_in(running, VIEWER)
    assert "nothing to write of yet" in browser.get("/letters").text
    assert browser.get("/quarterly.pdf", headers=PEOPLE).status_code == 422
    content = example_content()
    keep_content(content, tmp_path / "result" / FILE)
    state = running.site.state
    with state.writing() as books:
        books.runs.begin(NOW, content.store.last_day, "0.1.0", tmp_path / "result", 3)
    settings = LetterSettings(("ada@example.com",), "k@example.com", "127.0.0.1")
    running.site.project = replace(running.site.project, letter=settings)
    written = browser.get("/letters/next")
    assert "What to do this week" in written.text
    assert "style-src 'unsafe-inline'" in written.headers["content-security-policy"]
    assert "script" not in written.headers["content-security-policy"]
    for paper in ("a4", "letter"):
        pdf = browser.get("/quarterly.pdf", params={"paper": paper})
        assert pdf.content.startswith(b"%PDF-")
        assert pdf.headers["content-disposition"] == 'attachment; filename="customers-2025-q2.pdf"'
    assert browser.get("/quarterly.pdf?paper=a0", headers=PEOPLE).status_code == 422
    assert browser.get("/letters/7").status_code == 404
    shown = browser.get("/letters").text
    assert "Send it now" not in shown, "a viewer sends nothing"
    assert browser.post("/letters/send", data={"csrf": form_token(shown)}).status_code == 403
    browser = signed_in(running)
    token = form_token(browser.get("/letters").text)
    assert browser.post("/letters/send", data={"csrf": "0"}).status_code == 403
    for _ in "twice":
        form = {"csrf": token, "once": "a click"}
        assert browser.post("/letters/send", data=form, follow_redirects=False).status_code == 303
        # However long the second click comes after the first.
        running.site.clock = lambda: NOW + dt.timedelta(minutes=5)
    with state.reading() as books:
        (kept,) = books.letters.listed()
    assert (kept.status, escape(kept.subject) in browser.get("/letters").text) == ("waiting", True)
    assert browser.get(f"/letters/{kept.number}").text == kept.html


def test_the_overview_says_what_has_changed_since_an_earlier_run(running: Running, tmp_path: Path) -> None:
    browser = signed_in(running)
    assert "than on" not in browser.get("/").text, "there is no earlier run"
    content = example_content()
    keep_content(content, tmp_path / "result" / FILE)
    figures = figures_of(content)
    assert figures.value is not None
    with running.site.state.writing() as books:
        generation = books.live.current()
        assert generation is not None
        now = books.lists(generation.number).totals(Filter())
        day = generation.as_of - dt.timedelta(days=7)
        runs = [books.runs.begin(NOW, day, "0.1.0", tmp_path / name, 3) for name in ("before", "result")]
        assert now.value is not None
        earlier = replace(figures, as_of=day, value=Estimate(now.value - 1_000.0), at_risk=None)
        books.runs.describe(runs[0], earlier.to_dict())
    text = browser.get("/").text
    assert f"1,000 more than on {formatting.day(day)}" in text
    assert f">as on {formatting.day(day)}<" in text, "as many are still customers"
    assert "than on" not in browser.get("/", params={"tier": "Gold"}).text
    # Money of another kind is no more and no less.
    assert figures.meaning is not None
    other = replace(earlier, meaning=replace(figures.meaning, basis=MoneyBasis.CONTRIBUTION))
    with running.site.state.writing() as books:
        books.runs.describe(runs[0], other.to_dict())
    assert "1,000 more than on" not in browser.get("/").text
