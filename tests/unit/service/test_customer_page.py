"""A customer's days: what the run kept of them, what came since, and what to do next."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from keepers.data.engine import Engine
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.live import LiveOrder
from keepers.pipeline.contacts import carry_contacts, keep_contacts
from keepers.pipeline.timeline import timeline
from served import VIEWER
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
