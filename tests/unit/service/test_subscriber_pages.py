"""Subscribers and leads one by one: lists, pages and calls that agree, and name nobody to who may not see persons."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from keepers.pipeline.erase import erase
from keepers.pipeline.letters import NewestRun, to_do
from keepers.reports.figures import Estimate
from keepers.reports.leads import LeadRow, Leads, Ripening
from keepers.web.leads import without_forgotten
from served import NOW, VIEWER
from unit.reports.content_example import example_content
from unit.service.conftest import Running
from unit.service.test_context import with_settings
from unit.service.test_deciding import winning  # noqa: F401
from unit.service.test_pages import signed_in

V1 = "/api/v1/subscriptions"


def test_the_list_is_that_of_the_file(subscribed: Running, made: Path) -> None:
    client, headers = subscribed.client, subscribed.headers("all")
    found = client.get(V1, params={"limit": 1000}, headers=headers).json()
    file = f"'{made / 'subscribers.parquet'}'"
    rows = duckdb.sql(f"SELECT count(*), sum(clv_predicted_12m), sum(money_at_risk) FROM {file}").fetchall()[0]
    assert (found["total"], found["value"], found["money_at_risk"]) == (rows[0], *map(pytest.approx, rows[1:]))
    risks = [one["money_at_risk"] for one in found["subscriptions"]]
    assert risks == sorted(risks, reverse=True)
    assert (found["period"], found["currency"]) == ("month", "USD")
    for params, where in (
        ({"state": "running"}, "state <> 'ended'"), ({"state": "past_due"}, "state = 'past_due'"),
        ({"plan": "large"}, "plan = 'large'"), ({"search": "person 12"}, "lower(name) LIKE '%person 12%'"),
    ):  # fmt: skip
        many = duckdb.sql(f"SELECT count(*) FROM {file} WHERE {where}").fetchall()[0][0]
        assert client.get(V1, params=params, headers=headers).json()["total"] == many > 0, params
    pages = [
        one["customer_key"]
        for start in range(0, found["total"], 50)
        for one in client.get(V1, params={"offset": start, "sort": "mrr"}, headers=headers).json()["subscriptions"]
    ]
    assert len(set(pages)) == len(pages) == found["total"]
    assert client.get(V1, params={"state": "gone"}, headers=headers).status_code == 422


def test_one_subscriber_is_told_whole(subscribed: Running, made: Path) -> None:
    client = signed_in(subscribed)
    listed = client.get(V1, params={"limit": 1000}).json()["subscriptions"]
    plans = duckdb.sql(f"SELECT customer_key FROM '{made / 'next_plans.parquet'}'").fetchall()
    key = plans[0][0]
    one = client.get(f"{V1}/{key}").json()
    assert one["renewals"][0] == pytest.approx(one["renewal_probability"])
    assert one["renewals"] == sorted(one["renewals"], reverse=True)
    assert len(one["renewals"]) == 12
    assert 1 - one["renewals"][11] == pytest.approx(one["churn_probability"], abs=1e-6)
    assert one["contracts"][0]["started_on"] == one["started_on"]
    assert one["contracts"][0]["amount"] == one["mrr"]
    assert (one["next_plan"]["plan"], one["next_plan"]["expected_gain"]) == ("large", 120.5)
    assert one["next"]["action"] == "Offer the plan large"
    assert one["name"].startswith("Person")
    text = client.get(f"/subscribers/{key}").text
    for said in (one["name"], one["email"], "Offer the plan large", "Still subscribes", "runs", "120"):
        assert said in text, said
    failed = next(row for row in listed if row["state"] == "past_due")
    assert client.get(f"{V1}/{failed['customer_key']}").json()["next"]["action"] == "Ask for another way to pay"
    left = next(row for row in listed if row["state"] == "ended")
    told = client.get(f"{V1}/{left['customer_key']}").json()
    assert told["renewals"] == []
    assert told["contracts"][0]["reason"] in ("payment_failed", "too expensive")
    assert client.get(f"/subscribers/{left['customer_key']}").status_code == 200
    assert client.get("/subscribers/nobody").status_code == client.get(f"{V1}/nobody").status_code == 404
    sent = client.get(f"/customers/{left['customer_key']}", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/subscribers/{quote(left['customer_key'], safe='')}")


def test_pages_lead_from_the_list_to_each(subscribed: Running) -> None:
    client = signed_in(subscribed)
    text = client.get("/subscribers", params={"contract": "running", "plan": "large"}).text
    addresses = re.findall(r'<th scope="row"><a href="(/subscribers/[^"]+)"', text)
    assert 0 < len(addresses) <= 50
    assert all(client.get(address).status_code == 200 for address in addresses[:3])
    assert "All subscribers</a>" not in text
    assert 'href="/subscribers"' in client.get("/").text, "in the menu, where there are some"
    assert client.get("/subscribers", params={"search": "no such"}).text.count("No subscriber fits") == 1


def test_the_state_of_a_contract_is_not_that_of_a_customer(subscribed: Running) -> None:
    client = signed_in(subscribed)
    shown = re.compile(r'role="status"><b>([\d,]+)')
    paused = client.get("/subscribers", params={"contract": "paused", "horizon": "3m", "sort": "mrr"}).text
    assert shown.findall(client.get("/subscribers?state=active").text) == shown.findall(client.get("/subscribers").text)
    assert 'href="/customers?horizon=3m"' in paused, "what is chosen of contracts narrows no customers"
    assert shown.findall(paused) != shown.findall(client.get("/subscribers").text)
    # What other pages look at goes along, to each and to the next page.
    assert 'name="horizon" value="3m"' in paused
    every = client.get("/subscribers", params={"horizon": "3m"}).text
    assert re.search(r'href="/subscribers/[^"?]+\?horizon=3m"', every)
    assert 'href="/subscribers?horizon=3m&amp;offset=50"' in every


def test_who_may_not_see_persons_sees_keys(subscribed: Running) -> None:
    client, masked = signed_in(subscribed, VIEWER), subscribed.headers("read")
    found = client.get(V1, params={"limit": 1000}, headers=masked).json()["subscriptions"]
    assert {one["name"] for one in found} == {one["email"] for one in found} == {None}
    assert client.get(V1, params={"search": "person"}, headers=masked).json()["total"] == 0
    left = next(one for one in found if one["state"] == "ended")
    for text in (
        client.get("/subscribers").text, client.get(f"/subscribers/{left['customer_key']}").text,
        client.get(f"{V1}/{left['customer_key']}", headers=masked).text,
    ):  # fmt: skip
        assert "Person " not in text
        assert "mail.example" not in text
        assert "too expensive" not in text


def test_who_was_erased_is_no_subscriber_any_more(subscribed: Running) -> None:
    client = signed_in(subscribed)
    before = client.get(V1, params={"limit": 1}).json()
    one = before["subscriptions"][0]
    assert client.get(V1, params={"search": one["email"]}).json()["total"] == 1
    assert one["email"] in client.get("/subscribers.csv").text
    person = f"/api/v1/persons/{one['customer_key']}"
    told = client.get(person).json()
    assert (told["email"], told["subscription"]["plan"]) == (one["email"], one["plan"])
    assert told["contracts"][0]["started_on"] == one["started_on"]
    assert "subscribed" in {entry["kind"] for entry in told["happened"]}
    subscribed.site.state.erase([one["customer_key"]], lambda *_: ())
    for path in (f"{V1}/{one['customer_key']}", f"/subscribers/{one['customer_key']}", person):
        assert client.get(path).status_code == 404
    assert client.get(f"/customers/{one['customer_key']}", follow_redirects=False).status_code == 404
    assert client.get(V1, params={"search": one["email"]}).json()["total"] == 0
    after = client.get(V1, params={"limit": 1}).json()
    assert (before["total"] - after["total"], before["value"] - after["value"]) == (
        1,
        pytest.approx(one["value"]["mean"]),
    )
    for text in (client.get("/subscribers").text, client.get("/subscribers.csv").text):
        assert one["customer_key"] not in text
        assert one["email"] not in text
    with subscribed.site.state.reading() as books:
        generation = books.live.current()
    assert generation is not None
    assert one["customer_key"] not in str(generation.settings), "what stands for them names nobody"


def test_the_list_is_a_file(subscribed: Running, made: Path) -> None:
    client = signed_in(subscribed)
    every = rows_of(client.get("/subscribers.csv", params={"sort": "mrr"}).text)
    file = f"'{made / 'subscribers.parquet'}'"
    count, value = duckdb.sql(f"SELECT count(*), sum(clv_predicted_12m) FROM {file}").fetchall()[0]
    assert (len(every), sum(float(row["value"]) for row in every)) == (count, pytest.approx(value))
    paid = [float(row["mrr"] or 0) for row in every]
    assert paid == sorted(paid, reverse=True)
    some = rows_of(client.get("/subscribers.csv", params={"contract": "ended", "plan": "large"}).text)
    where = "state = 'ended' AND plan = 'large'"
    assert len(some) == duckdb.sql(f"SELECT count(*) FROM {file} WHERE {where}").fetchall()[0][0] > 0
    assert {(row["state"], row["plan"], row["currency"]) for row in some} == {("ended", "large", "USD")}
    assert (
        'href="/subscribers.csv?plan=large&amp;contract=paused"'
        in client.get("/subscribers?contract=paused&plan=large").text
    )
    assert every[0]["email"]
    client.get("/subscribers.csv", params={"search": every[0]["email"]})
    assert every[0]["email"] not in str(client.get("/api/v1/audit").json())
    masked = signed_in(subscribed, VIEWER).get("/subscribers.csv").text
    assert "@" not in masked
    assert len(rows_of(masked)) == count


def rows_of(text: str) -> list[dict[str, str]]:
    """Rows of a file for a spreadsheet."""
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def test_without_subscriptions_it_is_said(running: Running) -> None:
    client = signed_in(running)
    assert client.get(V1).status_code == 404
    assert "hold no subscriptions" in client.get("/subscribers").text
    assert 'href="/subscribers"' not in client.get("/").text


def test_a_lead_has_a_page(winning: Running) -> None:  # noqa: F811
    client = signed_in(winning)
    told = client.get("/api/v1/leads").json()["leads"][0]
    one = client.get(f"/api/v1/leads/{told['lead_id']}").json()
    assert one == told
    assert f'href="/leads/{told["lead_id"]}"' in client.get("/leads").text
    text = client.get(f"/leads/{told['lead_id']}").text
    for said in (told["company"], "Chance by time", *told["reasons"], "Call it this week", "What became of it"):
        assert said in text, said
    assert client.get("/leads/none").status_code == client.get("/api/v1/leads/none").status_code == 404
    assert rows_of(client.get("/leads.csv").text)[0]["currency"] == "USD"
    masked = signed_in(winning, VIEWER).get(f"/leads/{told['lead_id']}").text
    assert told["company"] not in masked
    assert "Ann" not in masked


def test_reasons_of_a_lead_are_said_in_the_currency_that_is_looked_at(winning: Running) -> None:  # noqa: F811
    with_settings(winning, currency="USD", rates={"USD": 1.0, "EUR": 2.0})
    client = signed_in(winning)
    for path in ("/leads", "/leads/L1"):
        text = client.get(path, params={"currency": "EUR"}).text
        assert "asked to be called (+€20)" in text
        assert "owner: Ann (+€5.00)" in text
        assert "asked to be called (+40)" in client.get(path).text
    row = rows_of(client.get("/leads.csv", params={"currency": "EUR"}).text)[0]
    assert (row["currency"], row["expected_value"], row["reasons"]) == (
        "EUR", "50.0000", "asked to be called (+€20); owner: Ann (+€5.00)"
    )  # fmt: skip


def test_a_lead_who_was_erased_has_none_any_more(winning: Running) -> None:  # noqa: F811
    client = signed_in(winning)
    before = client.get("/api/v1/leads").json()
    one = before["leads"][0]
    project = winning.site.project
    (project.folder / "keepers-result").symlink_to(project.folder / "result")
    gone = erase(project, [one["lead_id"]])
    assert one["lead_id"] in gone.keys or one["customer_key"] in gone.keys
    assert "leads.parquet" in {path.name for path in gone.still}
    assert client.get(f"/leads/{one['lead_id']}").status_code == 404
    assert client.get(f"/api/v1/leads/{one['lead_id']}").status_code == 404
    after = client.get("/api/v1/leads").json()
    assert [lead["lead_id"] for lead in after["leads"]] == [lead["lead_id"] for lead in before["leads"][1:]]
    for text in (client.get("/leads").text, client.get("/leads.csv").text):
        assert one["company"] not in text
    assert "2 open leads" in client.get("/leads").text
    call = next(p for p in client.get("/api/v1/decisions").json()["proposals"] if p["kind"] == "leads")
    assert call["title"] == "Call 1 lead first"
    # The letter, too, which names nobody: of the two of this week L2 is left, and what it brings.
    content = replace(example_content(), leads=replace(_some_leads(before["leads"]), week=Estimate(150.0, 90.0, 220.0)))
    with winning.site.state.reading() as books:
        told = to_do(books, NewestRun(1, content, project.folder / "result"), NOW.date())
    letter = next(p for p in told if p.kind == "leads")
    assert (letter.title, letter.money) == ("Call 1 lead first", 50.0)
    assert "of 2 that are open" in letter.why
    generation = winning.site.generation()
    assert generation is not None
    leads = _some_leads(before["leads"])
    said = without_forgotten(replace(example_content(), leads=leads), generation).leads
    assert said is not None
    assert said.rows == leads.rows[1:], "the report, too, which knows leads by their number"


def _some_leads(told: list[dict[str, Any]]) -> Leads:
    """What a report says of leads."""
    rows = tuple(
        LeadRow(lead["company"], lead["lead_id"], None, None, NOW.date(), Estimate(0.5, 0.4, 0.6), None, None, ())
        for lead in told
    )
    return Leads(
        rows, 3, 90, 20, None, None, 2, 2, (), True, 0.0, 0, 0, 0.0, None, Ripening((1, 9), (0.1, 0.2), (0, 0), (1, 1)),
        (), 0.1, None, (), "within 90 days", False, None, (),
    )  # fmt: skip
