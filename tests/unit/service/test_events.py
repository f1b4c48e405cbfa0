"""Events come in once, and values follow them as if a run had known them."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import keepers as kp
from keepers.data.engine import Engine
from keepers.pipeline.options import RunOptions
from keepers.pipeline.update import update
from unit.service.conftest import Running


def _basic(running: Running) -> dict[str, str]:
    key = base64.b64encode(f"{running.tokens['ingest']}:".encode()).decode()
    return {"Authorization": f"Basic {key}"}


def _order(message: str, customer: str, order: str, day: str, money: float, **more: Any) -> dict[str, Any]:
    properties = {"order_id": order, "revenue": money, "email": f"p{customer}@x.example", **more}
    return {
        "type": "track", "event": "Order Completed", "userId": customer, "messageId": message,
        "timestamp": f"{day}T10:00:00Z", "properties": properties,
    }  # fmt: skip


def _until(found: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "values do not follow"
        time.sleep(0.02)


def test_an_order_changes_the_value_as_an_update_would(running: Running, result: Path, tmp_path: Path) -> None:
    headers = running.headers("all")
    rows = running.client.get("/api/v1/customers", params={"limit": 40, "sort": "value"}, headers=headers).json()
    whom = [rows["customers"][place] for place in (0, 20, 39)]
    days = ("2023-06-29", "2023-06-30", "2023-07-01")
    events = [
        _order(f"m{place}", one["email"].split("@")[0][1:], f"N{place}", day, 33.0 + place)
        for place, (one, day) in enumerate(zip(whom, days, strict=True))
    ]
    events.append(_order("m9", "new", "N9", "2023-07-01", 50.0))
    sent = running.client.post("/v1/batch", json={"batch": [*events, events[0]]}, headers=_basic(running))
    assert (sent.status_code, sent.json()) == (200, {"success": True})
    again = running.client.post("/v1/track", json=events[1], headers=_basic(running))
    assert again.status_code == 200
    _until(lambda: _changed(running) == 4)
    assert running.client.get("/api/v1/overview", headers=headers).json()["events_received"] == 4
    # The same orders as a file, added to the same result.
    lines = "".join(
        f"{event['userId']},{event['timestamp'][:10]},{event['properties']['order_id']},"
        f"{event['properties']['revenue']},{event['properties']['email']}\n"
        for event in events
    )
    (tmp_path / "new.csv").write_text(f"customer,date,order_id,amount,email\n{lines}", encoding="utf-8")
    update(result, [str(tmp_path / "new.csv")], RunOptions(into=tmp_path / "updated"))
    wanted = {
        row[0]: row[1:]
        for row in duckdb.sql(
            "SELECT email, orders, CAST(revenue AS DOUBLE), frequency, probability_alive, clv_predicted_12m, "
            f"clv_predicted_12m_low, clv_predicted_12m_high FROM '{tmp_path / 'updated' / 'customers.parquet'}'"
        ).fetchall()
    }
    for event in events:
        email = event["properties"]["email"]
        found = running.client.get("/api/v1/customers", params={"search": email}, headers=headers).json()["customers"]
        (one,) = [row for row in found if row["email"] == email]
        detail = running.client.get(f"/api/v1/customers/{one['customer_key']}", headers=headers).json()
        given = (
            one["orders"], one["revenue"], detail["fields"]["frequency"], one["probability_alive"],
            *one["value"].values(),
        )  # fmt: skip
        assert given == pytest.approx(wanted[email], rel=1e-9), email
        assert one["changed_by_event"]
        for name, own in _valued(tmp_path / "updated", email).items():
            asked = running.client.get(
                f"/api/v1/customers/{one['customer_key']}", params={"horizon": name}, headers=headers
            ).json()
            assert (*asked["value"].values(), asked["expected_orders"]) == pytest.approx(own, rel=1e-9), (email, name)


def _valued(folder: Path, email: str) -> dict[str, tuple[float, ...]]:
    """Value with its interval and expected orders of a customer within each horizon, by the library."""
    spending: Any = kp.load_model(folder / "model-spend.json")
    base = kp.CustomerBase.open(folder / "kept")
    (key,) = duckdb.sql(
        f"SELECT customer_key FROM '{folder / 'customers.parquet'}' WHERE email = '{email}'"
    ).fetchall()[0]
    found = {}
    for name, horizon in (("3m", kp.months(3)), ("5y", kp.years(5))):
        with contextlib.closing(Engine()) as engine:
            values = kp.lifetime_value(
                kp.load_model(folder / "model-buying.json"), spending, base.summary(engine), horizon
            )
            column = values.value_column
            found[name] = values.engine.row(
                f"SELECT {column}, {column}_low, {column}_high, expected_orders FROM ({values.sql}) AS v "
                f"WHERE customer_key = '{key}'"
            )
    return found


def test_refunds_and_cancellations_follow(running: Running) -> None:
    headers = running.headers("all")
    one = running.client.get("/api/v1/customers", params={"limit": 1}, headers=headers).json()["customers"][0]
    customer = one["email"].split("@")[0][1:]
    send = {"headers": _basic(running)}
    running.client.post("/v1/track", json=_order("r1", customer, "R1", "2023-07-01", 40.0), **send)
    _until(lambda: _of(running, one)["orders"] == one["orders"] + 1)
    back = {**_order("r2", customer, "R1", "2023-07-01", 15.0), "event": "Order Refunded"}
    running.client.post("/v1/track", json=back, **send)
    _until(lambda: _of(running, one)["revenue"] == pytest.approx(one["revenue"] + 25.0))
    gone = {**_order("r3", customer, "R1", "2023-07-01", 0.0), "event": "Order Cancelled"}
    running.client.post("/v1/track", json=gone, **send)
    _until(lambda: _of(running, one)["orders"] == one["orders"])
    assert _of(running, one)["revenue"] == pytest.approx(one["revenue"])


def test_a_batch_keeps_what_is_good_and_says_what_is_not(running: Running) -> None:
    headers = _basic(running)
    wrong = {"batch": [{"type": "track", "userId": "1"}, {"type": "page", "anonymousId": "a", "messageId": "p1"}]}
    answer = running.client.post("/v1/batch", json=wrong, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"where": "batch.0", "what": "A `track` call needs the name of its `event`."}]
    with running.site.state.reading() as books:
        assert [one.message_id for one in books.inbox.after(0, 5)] == ["p1"]
    for body, status in (
        (b"{", 400), (b"[]", 400), (b'{"batch": 1}', 400), (b'{"batch": [1]}', 400), (b"x" * 600_000, 413),
        (json.dumps({"batch": [{"type": "page", "userId": "\x00"}]}).encode(), 400),
        (b'{"batch": [{"type": "page", "userId": "\\ud800"}]}', 400),
        (json.dumps({"batch": [{"type": "page", "userId": "a", "x": "y" * 40_000}]}).encode(), 400),
    ):  # fmt: skip
        assert running.client.post("/v1/batch", content=body, headers=headers).status_code == status, body[:50]


def _changed(running: Running) -> int:
    rows = running.client.get("/api/v1/customers", params={"limit": 1000}, headers=running.headers("read")).json()
    return sum(one["changed_by_event"] for one in rows["customers"])


def _of(running: Running, one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = running.client.get(
        f"/api/v1/customers/{one['customer_key']}", headers=running.headers("all")
    ).json()
    return found
