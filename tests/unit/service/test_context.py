"""The context bar: how far ahead, on which basis, of whom; pages that follow change their numbers, others say so."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest
from fastapi.testclient import TestClient

from keepers.pipeline.live_values import Meaning
from keepers.pipeline.serving import serve_result
from keepers.reports import formatting
from keepers.reports.acquisition import ValueAhead
from keepers.reports.figures import Estimate
from keepers.reports.kept import FILE, keep_content
from keepers.storage.live import LiveBook
from keepers.storage.live_lists import LiveLists
from served import NOW, VIEWER
from unit.reports.content_example import example_content
from unit.service.conftest import Running
from unit.service.test_pages import form_token, signed_in

COLUMNS = {"3m": "clv_predicted_3m", "12m": "clv_predicted_12m", "5y": "clv_lifetime", "infinite": "clv_infinite"}


def summed(running: Running, column: str, where: str = "true") -> float:
    table = running.site.project.folder / "result" / "customers.parquet"
    return float(duckdb.sql(f"SELECT sum({column}) FROM '{table}' WHERE {where}").fetchall()[0][0])


def currency(running: Running) -> str | None:
    generation = running.site.generation()
    assert generation is not None
    return Meaning.from_dict(generation.settings).currency


def test_numbers_are_of_the_horizon_that_is_chosen(running: Running) -> None:
    client = signed_in(running)
    for name in COLUMNS:
        check_horizon(running, client, name)


def check_horizon(running: Running, client: TestClient, name: str) -> None:
    money = currency(running)
    total = formatting.money(summed(running, COLUMNS[name]), money)
    pages = {path: client.get(path, params={"horizon": name}).text for path in ("/", "/customers", "/base")}
    for path, text in pages.items():
        assert total in text, path
        assert f'<option value="{name}" selected>' in text, path
    again = client.get("/base", params={"horizon": name, "show": "value"}).text
    assert '<input type="hidden" name="show" value="value">' in again, "what else is chosen stays as it is"
    # The choice goes along: to other pages, to the customers of a list, and to the file.
    assert f'href="/base?horizon={name}"' in pages["/"]
    first = re.findall(r'href="(/customers/[^"]+)"', pages["/customers"])[0]
    assert first.endswith(f"?horizon={name}")
    rows = list(csv.DictReader(io.StringIO(client.get(f"/customers.csv?horizon={name}").text.lstrip("\ufeff"))))
    assert sum(float(row["value"]) for row in rows) == pytest.approx(summed(running, COLUMNS[name]), rel=1e-6)
    key = rows[0]["customer_key"]
    assert first.startswith(f"/customers/{key}")
    value = formatting.money(float(rows[0]["value"]), money)
    page = html.unescape(client.get(first).text)
    assert re.search(r'hero-figure small-hero">' + re.escape(value), page)
    for other in set(COLUMNS) - {name}:
        assert f'href="/customers/{key}?horizon={other}"' in page
    assert ("without an interval" in page) == (name == "infinite")


def test_what_is_at_risk_keeps_its_share_and_bounds_are_of_the_horizon(running: Running) -> None:
    client = signed_in(running)
    check_pages_that_cannot_follow(client)
    rows = {
        name: list(csv.DictReader(io.StringIO(
            client.get("/customers.csv", params={"horizon": name, "state": "at risk"}).text.lstrip("\ufeff")
        ))) for name in ("3m", "12m")
    }  # fmt: skip
    shares = {
        name: {row["customer_key"]: float(row["money_at_risk"]) / float(row["value"]) for row in some}
        for name, some in rows.items()
    }
    assert shares["3m"].keys() == shares["12m"].keys() != set()
    for key, share in shares["3m"].items():
        assert share == pytest.approx(shares["12m"][key], rel=1e-2)
    many = client.get("/api/v1/customers", params={"horizon": "3m", "least_value": 10}).json()["total"]
    assert f"<b>{many}</b> customer" in client.get("/customers", params={"horizon": "3m", "least_value": 10}).text


def test_net_revenue_is_known_beside_one_margin_and_only_then(running: Running) -> None:
    client = signed_in(running)
    assert '<select name="basis">' not in client.get("/").text
    assert "once keepers.toml gives a margin" in client.get("/").text
    with_settings(running, basis="contribution margin", margin_rate=0.4)
    own, net = client.get("/").text, client.get("/", params={"basis": "net revenue"}).text
    assert '<select name="basis">' in own
    total = summed(running, "clv_predicted_12m")
    assert formatting.money(total, currency(running)) in own
    assert formatting.money(total / 0.4, currency(running)) in net
    assert "Values are expected net revenue of the next 12 months" in net
    bounded = client.get("/customers", params={"basis": "net revenue", "least_value": 20})
    assert f"worth {formatting.money(50, currency(running))} or more" in bounded.text
    assert (
        "Not followed here:</b> the basis “net revenue”" in client.get("/value", params={"basis": "net revenue"}).text
    )


def test_a_kept_list_is_a_choice_whatever_the_horizon(running: Running) -> None:
    client = signed_in(running)
    bounds = "clv_predicted_3m >= 20 AND clv_tier IN ('Gold', 'Platinum')"
    token = form_token(client.get("/customers").text)
    for query, name in (("least_value=20&horizon=3m", "worth keeping"), ("tier=Gold", "golden")):
        said = {"name": name, "page": "/customers", "query": query, "shared": "true", "csrf": token}
        assert client.post("/lists", data=said, follow_redirects=False).status_code == 303
    numbers = dict(re.findall(r'<option value="list:(\d+)">([^<]+)</option>', client.get("/").text))
    worth = next(number for number, name in numbers.items() if name == "worth keeping")
    for path in ("/", "/base", "/customers"):
        text = client.get(path, params={"list": worth}).text
        total = summed(running, "clv_predicted_12m", "clv_predicted_3m >= 20")
        assert formatting.money(total, currency(running)) in text, path
    far = client.get("/", params={"who": f"list:{worth}", "horizon": "5y"}).text
    assert formatting.money(summed(running, "clv_lifetime", "clv_predicted_3m >= 20"), currency(running)) in far
    assert "“worth keeping”" in far
    # A list of a list, and further bounds.
    within = {"name": "both", "page": "/customers", "query": f"list={worth}", "shared": "false", "csrf": token}
    client.post("/lists", data=within)
    both = next(
        number for number, name in re.findall(r'value="list:(\d+)">([^<]+)<', client.get("/").text) if name == "both"
    )
    narrowed = client.get("/customers.csv", params={"list": both}).text.splitlines()[1:]
    assert len(narrowed) == summed(running, "1", "clv_predicted_3m >= 20")
    tiers = [client.get("/customers.csv", params={"list": both, "tier": one}).text for one in ("Gold", "Platinum")]
    assert sum(len(text.splitlines()) - 1 for text in tiers) == summed(running, "1", bounds)
    # What others see lies within what they see, and no list within itself.
    for said in ({"name": "for all", "shared": "true"}, {"name": "both", "shared": "false"}):
        refused = client.post("/lists", data={**within, **said, "query": f"list={both}&tier=Gold"})
        assert (refused.status_code, "lies within" in refused.text) == (422, True), said
    client.post("/lists", data={**within, "name": "of both", "query": f"list={both}&tier=Gold"})
    listed = dict(re.findall(r'value="list:(\d+)">([^<]+)<', client.get("/").text))
    of_both = next(number for number, name in listed.items() if name == "of both")
    assert len(client.get("/customers.csv", params={"list": of_both}).text.splitlines()) > 1
    client.post(f"/lists/{both}/remove", data={"csrf": token})
    assert client.get("/customers.csv", params={"list": of_both}).text.splitlines()[1:] == []
    # Somebody else's list is no way round: who does not see it sees everybody.
    client.cookies.clear()
    client = signed_in(running, VIEWER)
    assert len(client.get("/customers.csv", params={"list": both}).text.splitlines()) == 301
    assert "a list that is gone" in client.get("/customers", params={"list": both}).text


def check_pages_that_cannot_follow(client: TestClient) -> None:
    for path in ("/value", "/budget", "/leads"):
        text = client.get(path, params={"horizon": "3m"}).text
        assert "Not followed here:</b> the horizon “next 3 months”" in text, path
        assert '<select name="horizon">' not in text
    # What nobody knows is passed over.
    assert client.get("/", params={"horizon": "9w", "basis": "wishes"}).status_code == 200
    assert '<option value="12m" selected>' in client.get("/", params={"horizon": "9w"}).text


def test_a_list_is_of_one_moment_though_a_run_ends_meanwhile(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(running)
    before = client.get("/customers.csv").text
    persons, stretches = LiveBook.persons, LiveLists.stretches
    seen = []

    def in_tens(self: LiveLists, *what: object) -> Iterator[object]:
        return stretches(self, *what, at_once=10)  # type: ignore[arg-type]

    def a_run_ends(self: LiveBook, keys: list[str]) -> dict[str, tuple[str | None, str | None]]:
        seen.append(len(keys))
        if len(seen) == 3:
            folder = running.site.project.folder / "result"
            serve_result(running.site.state, folder, 0, NOW + dt.timedelta(days=1))
            with running.site.state.writing() as books:
                books.connection.exec_driver_sql("UPDATE live_customers SET value = 1.0")
        return persons(self, keys)

    monkeypatch.setattr(LiveLists, "stretches", in_tens)
    monkeypatch.setattr(LiveBook, "persons", a_run_ends)
    assert client.get("/customers.csv").text == before
    assert len(seen) == 30
    monkeypatch.undo()
    assert client.get("/customers.csv").text != before


def with_settings(running: Running, **settings: object) -> None:
    """The same customers, of whose numbers the run says something else."""
    with running.site.state.writing() as books:
        generation = books.live.current()
        assert generation is not None
        said = {**generation.settings, **settings}
        number = books.live.begin(generation.folder, generation.as_of, NOW, said, 0)
        books.connection.exec_driver_sql(f"UPDATE live_customers SET generation = {number}")
        books.live.publish(number)


def test_amounts_are_shown_in_a_currency_with_a_rate_and_marked(running: Running) -> None:
    client = signed_in(running)
    assert '<select name="currency">' not in client.get("/").text
    keep_content(example_content(), running.site.project.folder / "result" / FILE)
    with_settings(running, currency="EUR", rates={"EUR": 1.0, "USD": 0.8, "GBP": 1.25})
    text = client.get("/", params={"currency": "USD"}).text
    total = summed(running, "clv_predicted_12m")
    assert formatting.money(total / 0.8, "USD") in text
    assert "€" not in text.replace("<option>€", "")
    assert "Amounts are converted: 1 EUR is 1.25 USD, by the rates of the newest run" in text
    assert "<option selected>USD</option>" in text
    rows = list(csv.DictReader(io.StringIO(client.get("/customers.csv?currency=GBP").text.lstrip("\ufeff"))))
    assert sum(float(row["value"]) for row in rows) == pytest.approx(total * 0.8, rel=1e-5)
    assert sum(float(row["revenue"]) for row in rows) == pytest.approx(summed(running, "revenue") * 0.8, rel=1e-5)
    assert {row["currency"] for row in rows} == {"GBP"}
    for path in ("/customers", "/base", "/value", "/cohorts", "/channels"):
        assert "Amounts are converted: 1 EUR is 0.8 GBP" in client.get(path, params={"currency": "GBP"}).text, path
    # Bounds are in the run's currency, and said in the one that is shown.
    assert "worth $125 or more" in client.get("/customers?currency=USD&least_value=100").text
    # Where amounts are typed in they are in the run's own.
    leads = client.get("/leads", params={"currency": "USD"}).text
    assert "A lead is valued by its chance" in leads
    assert "(converted)" in leads
    assert "Not followed here:</b> the currency USD" in client.get("/budget", params={"currency": "USD"}).text
    assert "€" in client.get("/", params={"currency": "XXX"}).text


def test_parts_of_the_run_are_of_the_horizon(running: Running) -> None:
    content = example_content()
    assert content.channels is not None
    assert content.tiers is not None
    rows = tuple(
        replace(row, ahead=(ValueAhead("3m", Estimate(31.0 + place, 30.0, 40.0), Estimate(1.5, 1.0, 2.0)),))
        for place, row in enumerate(content.channels.rows)
    )
    tiers = tuple(replace(row, ahead={"3m": 4_321.0, "5y": 1.0, "infinite": 2.0}) for row in content.tiers.rows)
    breakdowns = tuple(
        replace(one, rows=tuple(replace(row, ahead={"3m": 1_234.0, "5y": 1.0, "infinite": 2.0}) for row in one.rows))
        for one in content.breakdowns
    )
    content = replace(
        content, channels=replace(content.channels, rows=rows), tiers=replace(content.tiers, rows=tiers),
        breakdowns=breakdowns,
    )  # fmt: skip
    keep_content(content, running.site.project.folder / "result" / FILE)
    client, money = signed_in(running), content.store.currency
    own, near = (client.get("/channels", params=said).text for said in ({}, {"horizon": "3m"}))
    assert '<th scope="col" class="n">Lifetime value</th>' in own
    assert '<option value="5y" selected>' in own
    assert '<th scope="col" class="n">Value in 3 months</th>' in near
    assert formatting.money(31.0, money) in near
    assert "go by the whole lifetime" in near
    assert '<option value="infinite"' not in near
    endless = client.get("/channels", params={"horizon": "infinite"}).text
    assert '<th scope="col" class="n">Lifetime value</th>' in endless
    assert "Not followed here:</b> the horizon “without end”" in endless
    assert "Not followed here" not in near
    for path, amount in (("/base", 4_321.0), ("/cohorts", 1_234.0)):
        assert formatting.money(amount, money) not in client.get(path).text
        assert formatting.money(amount, money) in client.get(path, params={"horizon": "3m"}).text, path
