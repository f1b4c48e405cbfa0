"""What was chosen goes along: in every link, form and redirect of every page, and pages of one follow the currency."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient

from keepers.domain.alert import AlertProposal, AlertRules
from keepers.reports.kept import FILE, keep_content
from keepers.service.app import create_app
from keepers.storage.live_lists import Filter
from keepers.storage.state import State
from served import NOW, open_site
from unit.reports.content_example import example_content
from unit.service.conftest import Running
from unit.service.test_context import with_settings
from unit.service.test_deciding import winning  # noqa: F401
from unit.service.test_pages import form_token, signed_in
from unit.service.test_subscriber_pages import rows_of
from won import add_won

CHOSEN = {
    "tier": "Gold", "channel": "mail", "won_since": "2022-01-01", "horizon": "3m", "basis": "net revenue",
    "currency": "EUR",
}  # fmt: skip
LOOKS = ("horizon", "basis", "currency")
OUTSIDE = ("/assets/", "/letters/next", "/report/")
"""What is no page of the dashboard: it has no links to other pages."""


@dataclass
class Form:
    """A form: how it is sent and where, and the names of its fields."""

    method: str
    action: str
    anew: bool
    fields: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """The links and forms of a page; those that are there to choose anew are apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anew: list[str] = []
        self.forms: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and said.get("href", "").startswith("/"):
            (self.anew if "data-anew" in said else self.links).append(said["href"])
        if tag == "form":
            self.forms.append(Form(said["method"], said["action"], "data-anew" in said))
        if tag in ("input", "select") and self.forms and "name" in said:
            self.forms[-1].fields.add(said["name"])


@pytest.fixture
def everything(made: Path, tmp_path: Path) -> Iterator[Running]:
    """A system with customers, subscribers, leads, decisions, alerts and kept lists, whose amounts can be converted."""
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(made, tmp_path, state)
        add_won(tmp_path / "result")
        keep_content(example_content(), tmp_path / "result" / FILE)
        with state.writing() as books:
            first = books.lists(1).page(Filter(), limit=1).customers[0].customer_key
            proposal = AlertProposal(first, "overdue", "customer", 0.8, 0.3, 90.0, 55.0, "no order lately", "Call them")
            books.alerts.raise_all([proposal], AlertRules(), dt.date(2023, 6, 30), NOW)
            for place in range(60):
                books.views.keep("ada@example.com", f"list {place}", "/leads", "channel=paid&search=x", True, NOW)
            books.views.keep("ada@example.com", "golden", "/customers", "tier=Platinum", True, NOW)
        with TestClient(create_app(site)) as client:
            running = Running(client, site, tokens)
            with_settings(running, currency="USD", rates={"USD": 1.0, "EUR": 2.0})
            yield running


def kind_of(path: str) -> str:
    """Pages of one of a list are alike."""
    return re.sub(r"^(/customers|/subscribers|/leads|/letters)/.+", r"\1/one", path)


def missing(address: str, but: tuple[str, ...] = ()) -> set[str]:
    """What of the choice an address does not keep; what it says otherwise itself counts as kept."""
    said = dict(parse_qsl(urlsplit(address).query))
    return {name for name in CHOSEN if name not in said and name not in but}


def test_every_link_form_and_redirect_keeps_what_was_chosen(everything: Running) -> None:
    client = signed_in(everything)
    waiting, seen, posts = [f"/?{urlencode(CHOSEN)}"], set[str](), set[str]()
    while waiting:
        address = waiting.pop()
        path = urlsplit(address).path
        if kind_of(path) in seen or path.startswith(OUTSIDE):
            continue
        seen.add(kind_of(path))
        answer = client.get(address, follow_redirects=False)
        if answer.is_redirect:
            waiting.append(answer.headers["location"])
            assert not missing(answer.headers["location"]), (path, answer.headers["location"])
            continue
        assert answer.status_code == 200, (address, answer.text[-300:])
        if "text/html" not in answer.headers["content-type"]:
            continue
        found = Page(answer.text)
        for link in found.links:
            assert not missing(link), (path, link)
        for link in found.anew:
            assert unquote(link) == unquote(path) or not missing(link, tuple(set(CHOSEN) - set(LOOKS))), (path, link)
        for form in found.forms:
            if form.method == "post":
                assert not missing(form.action), (path, form.action)
                posts.add(urlsplit(form.action).path)
            else:
                told = form.fields | ({"tier", "channel"} if "who" in form.fields else set())
                assert told >= set(LOOKS if form.anew else CHOSEN), (path, form)
        waiting += found.links
    assert seen >= {
        "/", "/decisions", "/customers", "/customers/one", "/base", "/cohorts", "/subscriptions", "/subscribers",
        "/subscribers/one", "/leaving", "/channels", "/value", "/budget", "/leads", "/leads/one", "/drivers", "/trust",
        "/report", "/letters", "/data", "/access",
    }  # fmt: skip
    assert {"/data/run", "/data/upload", "/leaving/1", "/budget/take", "/lists", "/access/users"} <= posts


def test_redirects_after_a_change_keep_it(everything: Running) -> None:
    client = signed_in(everything)
    query = urlencode(CHOSEN)
    csrf = form_token(client.get("/").text)
    numbers = {view.name: view.number for view in lists_of(everything)}
    for path, said in (
        ("/leaving/1", {"status": "done", "outcome": "called"}),
        ("/data/run", {}),
        ("/lists", {"name": "mine", "page": "/leads", "query": "search=a"}),
        (f"/lists/{numbers['golden']}/remove", {"page": "/customers"}),
        ("/access/users", {"email": "x@example.com", "password": "correct horse battery", "role": "viewer"}),
    ):  # fmt: skip
        sent = client.post(f"{path}?{query}", data={"csrf": csrf, **said}, follow_redirects=False)
        assert sent.status_code == 303, (path, sent.text[-300:])
        assert not missing(sent.headers["location"]), sent.headers["location"]
    keys = [one["customer_key"] for one in client.get("/api/v1/subscriptions?limit=1000").json()["subscriptions"]]
    with everything.site.state.reading() as books:
        alone = next(key for key in keys if not books.live.customers(1, [key]) and not books.live.customers(2, [key]))
    sent = client.get(f"/customers/{alone}?{query}", follow_redirects=False)
    assert sent.headers["location"].startswith("/subscribers/")
    assert not missing(sent.headers["location"])
    gone = client.get(f"/customers/nobody?{query}", headers={"accept": "text/html"})
    (link,) = Page(gone.text).links
    assert (gone.status_code, missing(link)) == (404, set())


def test_a_list_of_customers_is_no_list_of_leads(everything: Running) -> None:
    client = signed_in(everything)
    shown = re.compile(r'role="status"><b>([\d,]+)')
    every = client.get("/leads").text
    assert shown.findall(client.get("/leads?channel=mail").text) == shown.findall(every)
    assert shown.findall(client.get("/leads?lead_channel=nowhere").text) == ["0"]
    # Lists that were kept when the channel of leads had the name of that of customers.
    assert 'href="/subscribers?search=zz&amp;horizon=3m"' in client.get("/customers?search=zz&horizon=3m").text
    kept = next(view for view in lists_of(everything) if view.name == "list 1")
    assert kept.address == "/leads?lead_channel=paid&search=x"


def test_the_currency_is_followed_where_one_is_shown(everything: Running) -> None:
    client = signed_in(everything)
    for path in ("/leads", "/subscribers"):
        text = client.get(path, params={"currency": "EUR"}).text
        address = re.findall(rf'href="({path}/[^"]+)"', text)[0].replace("&amp;", "&")
        one = client.get(address).text
        for page in (text, one):
            assert "€" in page.split("<main")[1], path
            assert "Amounts are converted: 1 USD is 0.5 EUR" in page
        own, other = (rows_of(client.get(f"{path}.csv", params={"currency": code}).text) for code in ("USD", "EUR"))
        assert [{row["currency"] for row in rows} for rows in (own, other)] == [{"USD"}, {"EUR"}]
        column = "expected_value" if path == "/leads" else "value"
        sums = [sum(float(row[column] or 0) for row in rows) for rows in (own, other)]
        assert sums[1] == pytest.approx(sums[0] / 2, rel=1e-4), path
    decided = client.get("/decisions", params={"currency": "EUR"}).text.split("<main")[1].split('id="answers"')[0]
    assert "€" in decided
    assert "$" not in decided, "what is said of a proposal is in the currency of its money"


def lists_of(running: Running):  # type: ignore[no-untyped-def]
    """All lists that the owner keeps."""
    with running.site.state.reading() as books:
        return books.views.listed("ada@example.com")


@pytest.mark.parametrize("path", ["/customers", "/leads"])
def test_an_address_beyond_the_end_of_a_list_says_so(winning: Running, path: str) -> None:  # noqa: F811
    client = signed_in(winning)
    assert "fits" in client.get(f"{path}?search=nobody-is-called-so").text
    text = client.get(f"{path}?offset=1350").text
    assert "The list ends before this page." in text
    assert "fits" not in text
    before = re.search(r'rel="prev" href="([^"]+)"', text)
    if path == "/customers":
        assert before
        assert "300 in all" in text
        assert "251 to 300 of 300" in client.get(before[1]).text
