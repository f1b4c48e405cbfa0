"""What programs ask."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from keepers.api.persons import _in_the_log
from unit.service.conftest import Running


def test_a_list_is_that_of_the_run(running: Running) -> None:
    table = running.site.project.folder / "result" / "customers.parquet"
    rows = duckdb.sql(
        f"SELECT customer_key, email, clv_predicted_12m, clv_predicted_12m_low, clv_predicted_12m_high, clv_tier "
        f"FROM '{table}' ORDER BY clv_predicted_12m DESC, customer_key LIMIT 3"
    ).fetchall()
    found = running.client.get("/api/v1/customers", params={"limit": 3}, headers=running.headers("all")).json()
    assert found["total"] == 300
    assert [
        (one["customer_key"], one["email"], *one["value"].values(), one["tier"]) for one in found["customers"]
    ] == rows
    assert found["meaning"]["basis"] == "net revenue"
    assert found["meaning"]["horizon"] == "12 months"
    masked = running.client.get("/api/v1/customers", params={"limit": 3}, headers=running.headers("read")).json()
    assert all(one["email"] is None for one in masked["customers"])
    part = {"search": rows[0][1][:9], "limit": 3}
    assert running.client.get("/api/v1/customers", params=part, headers=running.headers("read")).json()["total"] == 0
    assert running.client.get("/api/v1/customers", params=part, headers=running.headers("all")).json()["total"] >= 1


def test_values_are_those_of_the_horizon_that_is_asked_for(running: Running, result: Path) -> None:
    client, headers, table = running.client, running.headers("read"), result / "customers.parquet"
    columns = {"3m": "clv_predicted_3m", "12m": "clv_predicted_12m", "5y": "clv_lifetime", "infinite": "clv_infinite"}
    worth = {}
    for name, column in columns.items():
        asked = {"horizon": name, "limit": 5}
        found = client.get("/api/v1/customers", params=asked, headers=headers).json()
        expected = duckdb.sql(
            f"SELECT customer_key, {column} FROM '{table}' ORDER BY {column} DESC, customer_key LIMIT 5"
        ).fetchall()
        assert [(one["customer_key"], one["value"]["mean"]) for one in found["customers"]] == expected
        assert found["meaning"]["horizons"] == list(columns)
        total = client.get("/api/v1/overview", params=asked, headers=headers).json()
        assert total["value"] == pytest.approx(
            duckdb.sql(f"SELECT sum({column}) FROM '{table}'").fetchall()[0][0], rel=1e-9
        )
        groups = client.get("/api/v1/groups/tier", params=asked, headers=headers).json()["groups"]
        assert sum(one["value"] for one in groups) == pytest.approx(total["value"], rel=1e-9)
        # What is at risk keeps its share of the value.
        worth[name] = total["money_at_risk"] / total["value"]
    assert worth["3m"] == pytest.approx(worth["12m"], rel=0.2)
    assert client.get("/api/v1/customers", params={"horizon": "7w"}, headers=headers).status_code == 422


def test_one_customer_and_the_value_alone(running: Running) -> None:
    headers = running.headers("all")
    key = running.client.get("/api/v1/customers", headers=headers).json()["customers"][0]["customer_key"]
    one = running.client.get(f"/api/v1/customers/{key}", headers=headers).json()
    made = one["decomposition"]
    product = made["expected_orders"] * made["expected_order_value"] * made["margin_and_discount"]
    assert abs(product - one["value"]["mean"]) < 1e-9 * one["value"]["mean"]
    assert one["fields"]["clv_percentile"] > 95
    value = running.client.get(f"/api/v1/customers/{key}/value", headers=headers).json()
    assert (value["value"], value["low"], value["high"]) == tuple(one["value"].values())
    for path in ("nobody", "nobody/value", "..%2f..%2fetc%2fpasswd", "a' OR 1=1 --"):
        missing = running.client.get(f"/api/v1/customers/{path}", headers=headers)
        assert missing.status_code == 404, path


def test_groups_add_up_to_everybody(running: Running) -> None:
    headers = running.headers("read")
    everybody = running.client.get("/api/v1/overview", headers=headers).json()
    for by in ("tier", "rfm_group", "state"):
        groups = running.client.get(f"/api/v1/groups/{by}", headers=headers).json()["groups"]
        assert sum(one["customers"] for one in groups) == everybody["customers"] == 300
        assert abs(sum(one["value"] or 0 for one in groups) - everybody["value"]) < 1e-6
    assert running.client.get("/api/v1/groups/name", headers=headers).status_code == 404
    assert running.client.get("/api/v1/models", headers=headers).json()["models"]["buying"]["name"] == "BGNBD"
    assert running.client.get("/api/v1/run/equity", headers=headers).json() == everybody["equity"]
    assert running.client.get("/api/v1/run/nothing", headers=headers).status_code == 404


def test_what_makes_no_sense_is_said(running: Running) -> None:
    headers = running.headers("all")
    for params in ({"sort": "password_hash"}, {"limit": 0}, {"limit": 10**9}, {"least_value": "nan"}, {"offset": -1}):
        answer = running.client.get("/api/v1/customers", params=params, headers=headers)
        assert answer.status_code == 422, params
        assert answer.json()["status"] == 422
    assert (
        running.client.post("/api/v1/alerts/7", json={"status": "done", "outcome": "x"}, headers=headers).status_code
        == 404
    )
    assert running.client.post("/api/v1/jobs", json={"kind": "mischief"}, headers=headers).status_code == 422


def test_a_job_is_asked_for_once(running: Running) -> None:
    headers = running.headers("all")
    first = running.client.post("/api/v1/jobs", json={}, headers=headers)
    assert first.status_code == 202
    assert running.client.get("/api/v1/jobs", headers=headers).json()[0]["kind"] == "run"


def test_it_is_measured(running: Running) -> None:
    running.client.get("/api/v1/overview", headers=running.headers("read"))
    text = running.client.get("/metrics", headers=running.headers("read")).text
    assert 'keepers_requests_total{method="GET",route="/api/v1/overview",status="200"} 1.0' in text


def test_a_person_is_shown_all_that_is_kept_and_forgotten(running: Running) -> None:
    headers = running.headers("all")
    key = running.client.get("/api/v1/customers", headers=headers).json()["customers"][0]["customer_key"]
    kept = running.client.get(f"/api/v1/persons/{key}", headers=headers).json()
    assert kept["email"] == f"p{key}@x.example"
    assert kept["values"]["frequency"] > 0
    gone = running.client.delete(f"/api/v1/persons/{key}", headers=headers)
    assert gone.status_code == 200
    assert gone.json()["customer_keys"] == [key]
    assert running.client.get(f"/api/v1/customers/{key}", headers=headers).status_code == 404
    assert running.client.get(f"/api/v1/persons/{key}", headers=headers).status_code == 404
    assert running.client.delete("/api/v1/persons/nobody", headers=headers).status_code == 404
    actions = [deed["action"] for deed in running.client.get("/api/v1/audit", headers=headers).json()]
    assert actions[:2] == ["person erased", "person exported"]
    assert _in_the_log(key) == key
    assert "ada" not in _in_the_log("ada@x.example"), "the log outlasts them"
