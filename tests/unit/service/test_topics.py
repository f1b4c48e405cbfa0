"""Pages made of the report, maps of the base, and the context that goes along: right, linked, and without names."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from keepers.dashboard.base_map import Band, Map
from keepers.dashboard.sections import TOPICS
from keepers.domain.errors import ConfigError
from keepers.pipeline.looks import Look, write_looks
from keepers.reports.formatting import day
from keepers.reports.kept import FILE, HIDDEN, keep_content
from keepers.reports.page import render_report
from keepers.reports.sections import sections_of
from keepers.storage.live_lists import Filter
from served import VIEWER
from unit.reports.content_example import example_content
from unit.service.conftest import Running
from unit.service.test_pages import signed_in


@pytest.fixture
def told(running: Running) -> Running:
    """A system whose newest run has a report, which names two customers, one of whom has a page."""
    content = example_content()
    assert content.at_risk is not None
    with running.site.state.reading() as books:
        generation = books.live.current()
        known = books.lists(1).page(Filter(), limit=1).customers[0].customer_key
    assert generation is not None
    ada, bjorn, *others = content.at_risk.customers
    named = (replace(ada, name="Ada Known", customer_key=known), replace(bjorn, customer_key="nobody"), *others)
    content = replace(content, at_risk=replace(content.at_risk, customers=named))
    keep_content(content, Path(generation.folder) / FILE)
    return running


def test_every_cell_of_a_map_leads_to_those_who_are_counted_in_it(running: Running) -> None:
    client = signed_in(running)
    everybody = client.get("/api/v1/overview").json()["customers"]
    for query in ("", "?tier=Gold", "?show=value&won_since=2022-02-01"):
        text = client.get(f"/base{query}").text
        for name in ("habits", "worth"):
            table = text.split(f'id="map-{name}"')[1].split("</table>")[0]
            cells = re.findall(r'<a href="([^"]+)" aria-label="[^"]+" data-customers="(\d+)"', table)
            assert len(cells) > 3
            assert len({address for address, _ in cells}) == len(cells)
            found = 0
            for address, customers in cells[:6]:
                listed = client.get(unescape(address)).text
                said = re.search(r'role="status"><b>([\d,]+)</b>', listed)
                assert said is not None
                assert int(said[1].replace(",", "")) == int(customers), address
            found = sum(int(customers) for _, customers in cells)
            totals = client.get(f"/customers{query}").text
            assert f'role="status"><b>{found:,}</b>' in totals
            assert query or found == everybody


def test_bands_of_a_map_take_everybody_once(running: Running) -> None:
    with running.site.state.reading() as books:
        lists = books.lists(1)
        cells = lists.cells(("orders", [2, 4]), ("probability_alive", [0.5]), Filter())
        everybody = lists.totals(Filter())
        assert sum(cell.customers for cell in cells) == everybody.customers
        assert sum(cell.value or 0 for cell in cells) == pytest.approx(everybody.value)
        by_place = {(cell.row, cell.column): cell for cell in cells}
        some = Filter(least_orders=2, most_orders=3, least_alive=0.5)
        assert by_place[1, 1].customers == lists.totals(some).customers
        assert lists.totals(Filter(below_alive=0.5)).customers == sum(one.customers for one in cells if one.column == 0)
        with pytest.raises(ConfigError, match="There is no map by 'country'"):
            lists.cells(("country", [1]), ("orders", [2]), Filter())
        won = lists.totals(Filter(won_until=dt.date(2022, 1, 31))).customers
        assert 0 < won < everybody.customers
        assert won + lists.totals(Filter(won_since=dt.date(2022, 2, 1))).customers == everybody.customers


def test_a_region_asks_what_its_first_and_last_bands_ask() -> None:
    first, last = Band("2", {"least_orders": 2}, {"most_orders": 2}), Band("3", {"least_orders": 3}, {"most_orders": 3})
    assert (Map.asked(first.begins), Map.asked(last.ends)) == ('{"least_orders": "2"}', '{"most_orders": "3"}')


def test_topics_show_the_parts_of_the_report_with_their_charts(told: Running) -> None:
    client = signed_in(told)
    filled = {section.id for section in sections_of(example_content()) if section.filled}
    for path, topic in TOPICS.items():
        text = client.get(path).text
        assert f"<h1>{topic.title}</h1>" in text, path
        if not filled & set(topic.parts):
            assert topic.missing in text, path
            continue
        assert 'class="section"' in text, path
        drawn = text.split('id="chart-data">')[1].split("</script>")[0]
        assert text.count('class="chart"') == drawn.count('"option"'), path
        assert ("echarts.min.js" in text) == ('"option"' in drawn), path
    assert 'href="/subscriptions"' not in client.get("/").text, "the store has none"


def test_a_choice_goes_along_and_a_page_says_whether_it_follows(told: Running) -> None:
    client = signed_in(told)
    text = client.get("/customers?who=tier:Gold&won_since=2022-02-01").text
    links = {urlsplit(unescape(link)) for link in re.findall(r'<li><a href="([^"]+)"', text)}
    assert {"/cohorts", "/base", "/trust"} <= {link.path for link in links}
    for link in links:
        assert parse_qs(link.query) == {"tier": ["Gold"], "won_since": ["2022-02-01"]}, link
    assert f"Tier Gold won since {day(dt.date(2022, 2, 1))}" in client.get("/base?tier=Gold&won_since=2022-02-01").text
    trust = client.get("/trust?tier=Gold").text
    assert "no choice of customers or of a horizon would change them" in trust
    assert "Not followed here:</b> Tier Gold" in trust
    content = example_content()
    last = content.cohorts[0].rows[-1].start
    whole, late = client.get("/cohorts").text, client.get(f"/cohorts?won_since={last}").text
    first_table = late.split('<table class="heat')[1].split("</table>")[0]
    assert first_table.count("<tr>") == 2 < whole.split('<table class="heat')[1].split("</table>")[0].count("<tr>")
    assert "is known of all customers together" in late
    assert "is known of all customers together" not in whole
    assert TOPICS["/cohorts"].missing in client.get("/cohorts?won_since=2050-01-01").text
    rare = client.get("/customers?country=Atlantis&tier=Unheard").text
    assert '<input type="hidden" name="country" value="Atlantis">' in rare, "the shop knows no countries"
    assert "<option selected>Unheard</option>" in rare, "a form sent anew keeps what it was narrowed to"
    for odd in ("won_since=x", "least_value=nan", "least_orders=-1", "offset=1e9", "who=tier", "who=password:1"):
        assert client.get(f"/base?{odd}").status_code == 200


def test_rows_lead_to_customers_who_have_a_page_and_viewers_see_no_names(told: Running) -> None:
    from keepers.dashboard import sections

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sections.TOPICS, "/value", sections.Topic("Value", ("risk", "groups"), ""))
        text = signed_in(told).get("/value").text
        assert re.search(r'<a href="/customers/[^"]+">Ada Known</a>', text)
        assert "/customers/nobody" not in text
        assert 'href="/customers?tier=Platinum"' in text
        hidden = signed_in(told, VIEWER).get("/value").text
    assert "Ada Known" not in hidden
    assert HIDDEN in hidden
    assert re.search(r'<a href="/customers/([^"]+)">\1</a>', hidden), "a key in place of the name"


def test_the_whole_report_has_names_and_files_for_those_who_may_see_them(told: Running) -> None:
    generation = told.site.generation()
    assert generation is not None
    folder = Path(generation.folder)
    content = told.site.content(generation)
    (folder / "report.html").write_text(render_report(content), encoding="utf-8")
    (folder / "customers.csv").write_text("customer_key\nada\n", encoding="utf-8")
    assert {one.name for one in content.files} >= {"customers.csv"}
    client = signed_in(told)
    whole = client.get("/report")
    assert whole.url.path == "/report/", "so that links find the files beside it"
    assert "Ada Known" in whole.text
    assert 'href="customers.csv"' in whole.text
    assert client.get("/report/customers.csv").text.startswith("customer_key")
    assert client.get("/api/v1/audit").json()[0]["action"] == "file taken"
    for name in ("model-buying.json", "..%2Fresult%2Fcustomers.csv", "%2Fetc%2Fpasswd", "nothing.csv"):
        assert client.get(f"/report/{name}").status_code == 404, name
    client = signed_in(told, VIEWER)
    hidden = client.get("/report").text
    assert "Ada Known" not in hidden
    assert HIDDEN in hidden
    assert "customers.csv" not in hidden
    assert client.get("/report/customers.csv").status_code == 403


def test_who_was_erased_is_named_by_no_page_of_the_run(told: Running) -> None:
    generation = told.site.generation()
    assert generation is not None
    content = told.site.content(generation)
    (Path(generation.folder) / "report.html").write_text(render_report(content), encoding="utf-8")
    client = signed_in(told)
    assert "Ada Known" in client.get("/report").text
    assert "Ada Known" in client.get("/leaving").text
    assert content.at_risk is not None
    key = next(one.customer_key for one in content.at_risk.customers if one.name == "Ada Known")
    assert key is not None
    told.site.state.erase([key])
    for path in ("/report", "/leaving"):
        text = client.get(path).text
        assert "Ada Known" not in text, path
        assert content.at_risk.customers[2].name in text, path


def test_a_report_of_another_version_is_said_to_be_one(told: Running) -> None:
    generation = told.site.generation()
    assert generation is not None
    (Path(generation.folder) / FILE).write_text("{}")
    client = signed_in(told)
    for path in ("/trust", "/base"):
        assert "was written by an earlier version of Keepers" in client.get(path).text


def test_the_page_of_trust_says_what_the_last_look_found(told: Running) -> None:
    client = signed_in(told)
    assert "Since that run" not in client.get("/trust").text
    assert client.get("/api/v1/models").json()["since"] == []
    with told.site.state.reading() as books:
        generation = books.live.current()
    assert generation is not None
    looks = [
        Look("orders", True, False, False, "Customers order as expected."),
        Look("contracts", True, True, True, "Contracts end 30% more often."),
    ]
    write_looks(Path(generation.folder), dt.date(2023, 7, 8), looks)
    text = client.get("/trust").text
    assert "Contracts end 30% more often. A new run was asked for." in text
    assert text.count("A new run was asked for.") == 1
    assert day(dt.date(2023, 7, 8)) in text.split("Since that run")[1]
    since = client.get("/api/v1/models").json()["since"]
    assert [(one["of"], one["refit"], one["looked_on"]) for one in since] == [
        ("orders", False, "2023-07-08"), ("contracts", True, "2023-07-08")
    ]  # fmt: skip
