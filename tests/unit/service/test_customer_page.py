"""A customer's days: what the run kept of them, what came since, and what to do next."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from keepers.data.engine import Engine
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.live import LiveOrder
from keepers.pipeline.contacts import carry_contacts, keep_contacts
from keepers.pipeline.learned_said import learned_said
from keepers.pipeline.serving import serve_result
from keepers.pipeline.timeline import timeline
from served import NOW, VIEWER
from unit.service.conftest import Running
from unit.service.test_deciding import winning  # noqa: F401
from unit.service.test_pages import signed_in

_TABLES = {
    "touches": "customer_key, day, 'mail' AS channel, NULL AS medium, 'spring' AS campaign, NULL AS landing_page",
    "engagement": "customer_key, day, 'open' AS kind, 'spring' AS campaign",
    "feedback": "customer_key, day, 'complaint' AS kind, CAST(NULL AS DOUBLE) AS score, 'it broke' AS \"text\"",
    "treatments": "customer_key, day, 'control' AS offer, 0.0 AS cost, NULL AS accepted",
    "subscriptions": (
        "customer_key, day AS started_on, DATE '2023-06-30' AS ended_on, 'Box' AS plan, 'month' AS \"interval\", "
        "9.0 AS amount, 'moving' AS cancellation_reason"
    ),
}


def dataset(keys: tuple[str, ...]) -> Dataset:
    """A table of every kind with one row a customer."""
    engine = Engine()
    listed = ", ".join(f"('{key}', DATE '2023-06-29')" for key in keys)
    rows = f"(VALUES {listed}) AS one(customer_key, day)"
    tables = {
        name: Table(engine, engine.create(engine.new_name(name), f"SELECT {said} FROM {rows}"))
        for name, said in _TABLES.items()
    }
    return Dataset(engine, tables, [], None)  # type: ignore[arg-type]


def test_everything_that_happened_is_told_in_order(running: Running, tmp_path: Path) -> None:
    folder = running.site.project.folder / "result"
    headers = running.headers("all")
    first = running.client.get("/api/v1/customers", params={"sort": "-orders"}, headers=headers).json()["customers"][0]
    key = first["customer_key"]
    keep_contacts(dataset((key, "other")), folder / "kept")
    found = running.client.get(f"/api/v1/customers/{key}/timeline", params={"limit": 1000}, headers=headers).json()
    days = [one["day"] for one in found["entries"]]
    assert days == sorted(days, reverse=True)
    kinds = [one["kind"] for one in found["entries"]]
    assert kinds.count("order") == first["orders"]
    paid = sum(one["amount"] for one in found["entries"] if one["kind"] == "order")
    assert paid == pytest.approx(first["revenue"])
    assert {"visit", "open", "complaint", "held out", "subscribed", "ended"} <= set(kinds)
    assert found["total"] == len(kinds)
    told = {one["kind"]: one for one in found["entries"]}
    assert (told["visit"]["title"], told["visit"]["detail"]) == ("Came by mail", "spring")
    assert (told["ended"]["day"], told["ended"]["detail"]) == ("2023-06-30", "moving")
    assert told["complaint"]["detail"] == "it broke"
    masked = running.client.get(f"/api/v1/customers/{key}/timeline", headers=running.headers("read")).text
    assert "it broke" not in masked
    assert "moving" not in masked, "why they left is said in their own words"
    assert running.client.get("/api/v1/customers/nobody/timeline", headers=headers).status_code == 404
    (tmp_path / "next").mkdir()
    carry_contacts(folder / "kept", tmp_path / "next")
    assert duckdb.sql(f"FROM '{tmp_path / 'next' / 'contacts.parquet'}'").fetchall()


def test_orders_since_the_run_are_new(running: Running) -> None:
    folder = running.site.project.folder / "result"
    day = dt.date(2023, 6, 30)
    since = [
        LiveOrder("O1", "c1", day, 20.0, 5.0), LiveOrder("O2", "c1", day, 9.0, cancelled=True),
        LiveOrder("old", "c1", None, None, 3.0),
    ]  # fmt: skip
    found = timeline(folder, "c1", since)
    assert [(one.kind, one.amount) for one in found if one.live] == [
        ("order", 20.0), ("refund", -5.0), ("order", 9.0), ("cancelled", -9.0)
    ]  # fmt: skip


def test_the_page_shows_what_a_value_is_made_of_and_what_to_do(winning: Running) -> None:  # noqa: F811
    client = signed_in(winning)
    folder = winning.site.project.folder / "result"
    (gift,) = duckdb.sql(
        f"SELECT customer_key FROM '{folder / 'offers.parquet'}' WHERE offer = 'gift' AND NOT held_out "
        "ORDER BY expected_gain DESC LIMIT 1"
    ).fetchall()
    text = client.get(f"/customers/{gift[0]}").text
    assert "Send “gift”." in text
    assert "evidence: experimental" in text
    assert "expected orders</span>" in text
    assert "What happened" in text
    top = client.get("/api/v1/customers", params={"sort": "-orders", "limit": 1}).json()["customers"][0]
    page = client.get(f"/customers/{top['customer_key']}").text
    assert page.count("<time ") == min(top["orders"], 30)
    whole = client.get(f"/customers/{top['customer_key']}", params={"whole": "true", "only": "orders"}).text
    assert whole.count("<time ") == top["orders"]
    masked = signed_in(winning, VIEWER).get(f"/customers/{top['customer_key']}").text
    assert "@x.example" not in masked


def test_learned_and_early_value_stand_beside_the_models(running: Running) -> None:
    """Where the run has none there is no dead table."""
    headers, folder = running.headers("all"), running.site.project.folder / "result"
    first, second = running.client.get("/api/v1/customers", params={"limit": 2}, headers=headers).json()["customers"]
    key = first["customer_key"]
    plain = running.client.get(f"/api/v1/customers/{key}", headers=headers).json()
    assert plain["learned"] is None
    assert plain["early"] is None
    client = signed_in(running)
    assert "Seen in other ways" not in client.get(f"/customers/{key}").text
    said = json.loads((folder / "summary.json").read_text())
    weight = {"feature": "open_90d", "money": 3.0, "share": 0.4, "meaning": "letters opened in 90 days"}
    said["learned"] = {"used": False, "importance": [{**weight, "feature": "model_money", "meaning": None}, weight]}
    (folder / "summary.json").write_text(json.dumps(said))
    own = first["value"]["mean"]
    learned = {
        "clv_learned_12m": 2.5 * own, "clv_learned_12m_low": own, "clv_learned_12m_high": 4 * own,
        "clv_early_12m": 77.0, "clv_early_12m_low": 70.0, "clv_early_12m_high": 90.0, "clv_early_day": 28,
    }  # fmt: skip
    with running.site.state.writing() as books:
        generation = books.live.current()
        assert generation is not None
        one = books.live.customers(generation.number, [key])[key]
        books.live.put(generation.number, [replace(one, fields={**one.fields, **learned})])
    running.site._said = None
    found = running.client.get(f"/api/v1/customers/{key}", headers=headers).json()
    assert found["learned"]["value"] == {"mean": 2.5 * own, "low": own, "high": 4 * own}
    assert found["learned"]["by_orders"] == first["value"]
    assert found["learned"]["sentence"].startswith(
        "Learned value is 150% more: it looks at everything that is known of them, of which letters opened in 90 days "
        "tell most"
    )
    assert "The predicted value is that by orders" in found["learned"]["sentence"]
    assert (found["early"]["value"]["mean"], found["early"]["day"]) == (77.0, 28)
    rows = running.client.get("/api/v1/customers", params={"limit": 2}, headers=headers).json()["customers"]
    assert [one["learned_value"] for one in rows] == [2.5 * own, None]
    listed = client.get("/customers").text
    assert listed.count("learned value") == 1
    # The run did not say that it learned any, so that nothing is sorted by it.
    assert "sort=learned_value" not in listed
    assert client.get("/customers?sort=learned_value").status_code == 200
    refused = running.client.get("/api/v1/customers", params={"sort": "-learned_value"}, headers=headers)
    assert refused.status_code == 422
    assert "--learned" in refused.text
    assert "learned value" not in client.get("/customers", params={"horizon": "3m"}).text
    page = client.get(f"/customers/{key}").text
    assert "Seen in other ways" in page
    assert page.count("By their orders alone") == page.count("By their first days") == 1
    assert "28 days after the first order" in page
    assert "Seen in other ways" not in client.get(f"/customers/{second['customer_key']}").text


def test_lists_are_sorted_by_learned_value(running: Running) -> None:
    """It has a column of its own in what is served, filled from the run's table."""
    folder = running.site.project.folder / "result"
    file = folder / "customers.parquet"
    learned = "CASE WHEN orders > 1 THEN 1000.0 / (1 + clv_predicted_12m) END"
    duckdb.sql(
        f"COPY (SELECT *, {learned} AS clv_learned_12m, 0.0 AS clv_learned_12m_low, 9e9 AS clv_learned_12m_high "
        f"FROM '{file}') TO '{folder / 'new.parquet'}'"
    )
    (folder / "new.parquet").replace(file)
    serve_result(running.site.state, folder, 0, NOW)
    headers, client = running.headers("all"), signed_in(running)
    wanted = duckdb.sql(
        f"SELECT customer_key FROM '{file}' ORDER BY clv_learned_12m DESC NULLS LAST, customer_key"
    ).fetchall()
    asked = {"sort": "-learned_value", "limit": 1000}
    rows = running.client.get("/api/v1/customers", params=asked, headers=headers).json()["customers"]
    assert [one["customer_key"] for one in rows] == [key for (key,) in wanted]
    text = client.get("/customers?sort=learned_value").text
    assert "sorted by Learned value" in text
    assert "sort=learned_value&amp;order=up" in text
    assert text.index(f'/customers/{wanted[0][0]}"') < text.index(f'/customers/{wanted[1][0]}"')
    exported = client.get("/customers.csv?sort=learned_value").text.splitlines()
    assert exported[1].split(",")[0] == wanted[0][0]
    assert "sort=learned_value" not in client.get("/customers?horizon=3m").text
    with running.site.state.reading() as books:
        generation = books.live.current()
        assert generation is not None
        one = books.live.customers(generation.number, [wanted[0][0]])[wanted[0][0]]
    assert one.values["value_learned"] == pytest.approx(one.fields["clv_learned_12m"])


def test_a_mix_keeps_what_orders_alone_say() -> None:
    fields = {f"clv_{way}_12m{end}": 10.0 for way in ("learned", "by_orders") for end in ("", "_low", "_high")}
    told = {"used": True, "importance": []}
    same = learned_said(fields, {"value": 99.0}, False, told)
    assert same is not None
    assert same.by_orders is not None
    assert same.by_orders.value == 10.0
    assert same.sentence.startswith("Both say nearly the same")
    assert "is a mix of both" in same.sentence
    less = learned_said({**fields, "clv_learned_12m": 5.0}, {"value": 99.0}, True, told)
    assert less is not None
    assert "Learned value is 50% less" in less.sentence
    assert learned_said({}, {"value": 99.0}, False, told) is None
    assert learned_said(fields, {"value": 99.0}, False, None) is None


def test_a_key_may_have_slashes(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    key, part = "gid://shop/Customer/17", "gid%3A%2F%2Fshop%2FCustomer%2F17"
    with running.site.state.writing() as books:
        change = (
            f"UPDATE live_customers SET customer_key = '{key}' WHERE customer_key IN (SELECT min(customer_key) FROM"
        )
        books.connection.exec_driver_sql(f"{change} live_customers)")
    client, headers = signed_in(running), running.headers("all")
    assert f'href="/customers/{part}"' in client.get("/customers?search=gid").text
    shown = client.get(f"/customers/{part}")
    assert (shown.status_code, shown.url.raw_path.decode()) == (200, f"/customers/{part}")
    assert "This customer" in shown.text
    for of, name in (("", "customer_key"), ("/value", "value"), ("/timeline", "entries")):
        assert name in client.get(f"/api/v1/customers/{part}{of}", headers=headers).json()
    with caplog.at_level("INFO", logger="keepers"):
        assert client.delete(f"/api/v1/persons/{part}", headers=headers).json()["customer_keys"] == [key]
    said = [one for one in caplog.messages if "/persons/" in one]
    assert said
    assert all("/persons/{customer_key}" in one and "gid" not in one for one in said)
    assert client.get(f"/customers/{part}").status_code == 404
    assert client.get("/customers/").url.path == "/customers"
