"""Pages on which people decide: the week, the budget, leads, kept lists."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest

from keepers.domain.alert import AlertProposal, AlertRules
from served import NOW, OWNER, VIEWER
from unit.service.conftest import Running
from unit.service.test_deciding import winning  # noqa: F401
from unit.service.test_pages import PEOPLE, form_token, signed_in


def test_a_decision_is_taken_on_a_page_and_stands_in_the_ledger(winning: Running) -> None:  # noqa: F811
    proposal = AlertProposal("c1", "overdue", "customer", 0.8, 0.3, 90.0, 55.0, "no order for 90 days", "Call them")
    with winning.site.state.writing() as books:
        (alert,) = books.alerts.raise_all([proposal], AlertRules(), dt.date(2023, 6, 30), NOW)
    client = signed_in(winning)
    home = client.get("/").text
    for said in ("Call 2 leads first", "Divide the marketing budget anew", "Pay less for customers of radio", "“gift”"):
        assert said in html.unescape(home), said
    csrf = form_token(home)
    found = client.get("/api/v1/decisions").json()["proposals"]
    keys = {one["kind"]: one["key"] for one in found}
    form = {"csrf": csrf, "said": "accepted", "why": "worth <b>it</b>", "back": "/"}
    assert client.post(f"/decisions/{keys['offer']}", data={**form, "csrf": ""}, headers=PEOPLE).status_code == 403
    assert client.post(f"/decisions/{keys['offer']}", data={**form, "back": "//evil.example"}).status_code == 422
    taken = client.post(f"/decisions/{keys['offer']}", data=form, follow_redirects=False)
    assert (taken.status_code, taken.headers["location"]) == (303, "/")
    again = client.post(f"/decisions/{keys['offer']}", data=form, headers=PEOPLE)
    assert again.status_code == 404
    assert "somebody has answered it" in again.text
    client.post(f"/decisions/{keys['customer']}", data={**form, "said": "dismissed"})
    with winning.site.state.reading() as books:
        assert books.alerts.listed(number=alert.number)[0].status.value == "dismissed"
        (entry,) = books.ledger.rows()
    text = client.get("/decisions").text
    assert "worth &lt;b&gt;it&lt;/b&gt;" in text
    assert "8 customers, 2 held out" in text
    ledger = client.get("/decisions/ledger.csv").content.decode("utf-8-sig").splitlines()
    assert (len(ledger), ledger[1].split(",")[3:5]) == (2, ["8", "2"])
    answers = client.get("/decisions/answers.csv").content.decode("utf-8-sig").splitlines()
    assert len(answers) == 2
    assert ",accepted,worth <b>it</b>,ada@example.com," in answers[1]
    listed = client.get("/decisions/customers.csv", params={"decision": entry.decision_id})
    lines = listed.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 11
    assert lines[1].endswith(",gets it,gift")
    assert "@x.example" in lines[1]
    assert client.get("/decisions/customers.csv", params={"decision": "x"}, headers=PEOPLE).status_code == 404


def test_the_simulator_answers_and_its_plan_can_be_taken(winning: Running) -> None:  # noqa: F811
    client = signed_in(winning)
    usual = client.get("/budget").text
    assert "Spend less on old &amp; full and more on fresh" in usual
    assert usual.count('class="chart"') == 2 or usual.count('id="chart-response-') == 2
    params = {"total": "600", "spend_all": "1", "least.fresh": "100", "most.fresh": "120", "move": "none"}
    asked = client.get("/budget", params=params).text
    plan = client.post(
        "/api/v1/budget/plan",
        json={"total": 600, "spend_all": True, "move": None, "channels": {"fresh": {"least": 100, "most": 120}}},
        headers=winning.headers("read"),
    ).json()["plan"]
    (fresh,) = [one for one in plan["channels"] if one["channel"] == "fresh"]
    assert f"${fresh['planned_a_week']:,.0f}" in asked
    assert 'value="1,250.50"' in client.get("/budget", params={"total": "1,250.50", "cash": "900"}).text
    for wrong, said in (
        ({"total": "much"}, "is &#39;much&#39;"),
        ({"total": "612,5"}, "is &#39;612,5&#39;"),
        ({"least.fresh": "9", "most.fresh": "5"}, "limits of `fresh`"),
    ):
        answer = client.get("/budget", params=wrong)
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text, said
        assert said in answer.text
    taken = client.post(
        "/budget/take", data={"csrf": form_token(usual), "why": "yes", "asked": "move=100"}, follow_redirects=False
    )
    assert taken.headers["location"] == "/decisions"
    with winning.site.state.reading() as books:
        rows = books.ledger.rows()
        assert {one.rule for one in rows} == {
            "old & full: 2023-07-01 to 2023-07-28", "fresh: 2023-07-01 to 2023-07-28"
        }  # fmt: skip
        assert "budget" in books.answers.holding(NOW.date())
    assert "Divide the marketing budget anew" not in client.get("/").text


def test_what_is_sent_twice_is_done_once(winning: Running) -> None:  # noqa: F811
    proposal = AlertProposal("c1", "overdue", "customer", 0.8, 0.3, 90.0, 55.0, "no order for 90 days", "Call them")
    with winning.site.state.writing() as books:
        (alert,) = books.alerts.raise_all([proposal], AlertRules(), dt.date(2023, 6, 30), NOW)
    client, moment = signed_in(winning), iter(range(10_000))
    # However long lies between two clicks.
    winning.site.clock = lambda: NOW + dt.timedelta(seconds=61 * next(moment))
    offer = next(one["key"] for one in client.get("/api/v1/decisions").json()["proposals"] if one["kind"] == "offer")
    forms = {
        "/budget/take": ("/budget", {"why": "yes", "asked": "move=100"}),
        f"/decisions/{offer}": ("/decisions", {"said": "accepted", "why": "yes"}),
        f"/leaving/{alert.number}": ("/leaving", {"status": "done", "outcome": "called"}),
        "/data/run": ("/data", {}),
    }
    for path, (shown, said) in forms.items():
        text = client.get(shown).text
        (name,) = set(re.findall(rf'action="{path}".*?name="once" value="([^"]+)"', text, re.DOTALL)) or {""}
        assert name, path
        for _ in range(2):
            form = {"csrf": form_token(text), "once": name, **said}
            assert client.post(path, data=form, follow_redirects=False).status_code == 303, path
            with winning.site.state.writing() as books:
                if (job := books.jobs.take(NOW, "a")) is not None:
                    books.jobs.end(job.number, "a", True, "done", NOW)
        assert name not in client.get(shown).text, "the next wish is another one"
    with winning.site.state.reading() as books:
        assert len(books.ledger.rows()) == 3, "two channels, and the offer"
        assert [one.kind for one in books.jobs.listed()] == ["run"]
        deeds = [one.action for one in books.users.deeds(99)]
    assert {name: deeds.count(name) for name in ("decision accepted", "alert done", "job asked")} == {
        "decision accepted": 2, "alert done": 1, "job asked": 1,
    }  # fmt: skip
    # Somebody else who takes the same plan, or the same person in another window, changes nothing.
    for _ in range(2):
        form = {"csrf": form_token(client.get("/budget").text), "why": "so be it", "asked": "move=100"}
        assert client.post("/budget/take", data=form, follow_redirects=False).status_code == 303
    with winning.site.state.reading() as books:
        assert len(books.ledger.rows()) == 3


def test_doubtful_gains_change_nothing(winning: Running) -> None:  # noqa: F811
    from won import add_won

    add_won(winning.site.project.folder / "result", unsure=True)
    client = signed_in(winning)
    text = client.get("/budget").text
    assert "Spend as you do now" in text
    assert "Nothing to decide" in text
    assert "Take this plan" not in text
    form = {"csrf": form_token(text), "why": "yes", "asked": ""}
    assert client.post("/budget/take", data=form, headers=PEOPLE).status_code == 422
    assert "marketing budget anew" not in client.get("/").text


def test_leads_are_named_for_those_who_may_see_persons(winning: Running) -> None:  # noqa: F811
    client = signed_in(winning)
    text = client.get("/leads").text
    for said in ("Harbor Books", "instead of Ann", "3 leads", "asked to be called (+40)", "Room for one more"):
        assert said in text, said
    assert "Granite Law" not in client.get("/leads", params={"this_week": 1}).text
    lines = client.get("/leads.csv", params={"lead_channel": "radio"}).content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert ",'=SUM(1),Bo,Ann,radio," in lines[1]
    masked = signed_in(winning, VIEWER)
    page = masked.get("/leads").text
    assert "L1" in page
    for name in ("Harbor", "Ann", "Bo"):
        assert f">{name}" not in page, name
        assert name not in masked.get("/leads.csv").text.replace("'", ""), name
    assert "Accept or dismiss" not in masked.get("/decisions").text


@pytest.mark.parametrize("path", ["/budget", "/leads", "/decisions"])
def test_without_any_of_it_pages_say_so(running: Running, path: str) -> None:
    client = signed_in(running)
    answer = client.get(path)
    assert answer.status_code == 200
    assert any(
        said in answer.text for said in ("There is no budget to plan", "There are no leads", "Nothing needs deciding")
    )


def test_lists_are_kept_found_again_and_forgotten(winning: Running) -> None:  # noqa: F811
    client = signed_in(winning)
    text = client.get("/customers", params={"tier": "Platinum", "below_alive": "0.5"}).text
    form = {"csrf": form_token(text), "name": "Silent & big", "page": "/customers", "shared": "true"}
    found = re.search(r'name="query" value="([^"]*)"', text)
    assert found
    query = html.unescape(found[1])
    assert query == "tier=Platinum&below_alive=0.5"
    made = client.post("/lists", data={**form, "query": query}, follow_redirects=False)
    assert made.headers["location"] == f"/customers?{query}"
    assert "Silent &amp; big" in client.get("/customers").text
    for wrong in ({"page": "//evil.example"}, {"csrf": "x"}, {"name": ""}):
        answer = client.post("/lists", data={**form, "query": query, **wrong}, headers=PEOPLE)
        assert answer.status_code in (403, 422), wrong
    client.post("/lists", data={**form, "name": "Ours", "page": "/leads", "query": "this_week=1", "shared": ""})
    client.post("/lists", data={**form, "name": "Half", "page": "/budget", "query": "total=400"})
    assert "Ours" in client.get("/leads").text
    assert "Half" in client.get("/budget").text
    with winning.site.state.reading() as books:
        numbers = {one.name: one.number for one in books.views.listed(OWNER)}
    viewer = signed_in(winning, VIEWER)
    theirs = viewer.get("/customers").text
    assert "Silent &amp; big" in theirs
    assert "Forget the list" not in theirs
    assert "Ours" not in viewer.get("/leads").text
    csrf = {"csrf": form_token(theirs)}
    assert viewer.post(f"/lists/{numbers['Half']}/remove", data=csrf, headers=PEOPLE).status_code == 404
    share = {**form, **csrf, "name": "Mine", "query": query}
    assert viewer.post("/lists", data=share, headers=PEOPLE).status_code == 403
    assert viewer.post("/lists", data={**share, "shared": ""}, follow_redirects=False).status_code == 303
    client = signed_in(winning)
    csrf = {"csrf": form_token(client.get("/customers").text), "page": "/customers", "shared": "true"}
    client.post("/lists", data={**csrf, "name": "That one", "query": "search=p7%40x.example"})
    client.post("/lists", data={**csrf, "name": "Long", "query": "&".join(f"a{n}=1" for n in range(60))})
    named = {one["name"] for one in client.get("/api/v1/segments").json()["named"]}
    assert {"That one", "Long"} <= named
    viewer = signed_in(winning, VIEWER)
    for text in (viewer.get("/customers").text, viewer.get("/api/v1/segments").text):
        assert "Long" in text
        assert "That one" not in text
        assert "p7" not in text, "whom others search for is a name"
    client = signed_in(winning)
    csrf = {"csrf": form_token(client.get("/customers").text), "page": "/budget"}
    gone = client.post(f"/lists/{numbers['Half']}/remove", data=csrf, follow_redirects=False)
    assert gone.headers["location"] == "/budget"
    assert "Half" not in client.get("/budget").text
