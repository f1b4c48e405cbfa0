"""Decisions of a week, the budget, leads, channels and scores: asked by programs, answered, and kept."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from keepers.domain.alert import Alert, AlertProposal, AlertRules, AlertStatus
from keepers.pipeline.deciding import usual_plan
from keepers.service.app import create_app
from keepers.storage.alerts import AlertBook
from keepers.storage.state import State
from keepers.storage.work_schema import DONE_ONCE
from served import NOW, OWNER, PASSWORD, open_site
from unit.service.conftest import Running
from won import add_won

V1 = "/api/v1"


@pytest.fixture
def winning(result: Path, tmp_path: Path) -> Iterator[Running]:
    """The running system of a project that advertises, has leads and made an experiment."""
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(result, tmp_path, state)
        add_won(tmp_path / "result")
        with TestClient(create_app(site)) as client:
            yield Running(client, site, tokens)


def test_a_week_is_ranked_by_money_and_answered_once(winning: Running) -> None:
    proposal = AlertProposal("c1", "overdue", "customer", 0.8, 0.3, 90.0, 55.0, "no order for 90 days", "Call them")
    with winning.site.state.writing() as books:
        books.alerts.raise_all([proposal], AlertRules(), dt.date(2023, 6, 30), NOW)
    client, every = winning.client, winning.headers("all")
    found = client.get(f"{V1}/decisions", headers=every).json()
    money = [one["money"] for one in found["proposals"]]
    assert money == sorted(money, reverse=True)
    kinds = {one["kind"]: one for one in found["proposals"]}
    assert set(kinds) == {"budget", "leads", "channel", "offer", "customer"}
    assert found["total"] == len(money) == 5
    assert kinds["budget"]["evidence"] == "adjusted"
    assert kinds["budget"]["low"] < kinds["budget"]["money"] < kinds["budget"]["high"]
    assert "old &amp; full" not in kinds["budget"]["why"]
    assert (kinds["leads"]["money"], kinds["leads"]["low"], kinds["leads"]["high"]) == (150.0, 90.0, 220.0)
    assert kinds["channel"]["title"] == "Pay less for customers of radio", "the plan spends less on the other one"
    assert kinds["channel"]["money"] == pytest.approx((60 - 20) * 30 * 28 / 180)
    assert kinds["offer"]["money"] == pytest.approx(3.0 * 20 * 8 / 10), "those held out earn nothing"
    assert kinds["offer"]["evidence"] == "experimental"
    assert kinds["customer"]["customer_key"] == "c1"

    path = f"{V1}/decisions/{kinds['budget']['key']}"
    yes = {"answer": "accepted", "why": "worth a try"}
    assert client.post(path, json=yes, headers=winning.headers("read")).status_code == 403
    assert client.post(path, json={"answer": "accepted", "why": " "}, headers=every).status_code == 422
    named = {**every, "Idempotency-Key": "7f3c"}
    given = client.post(path, json=yes, headers=named).json()
    assert client.post(path, json=yes, headers=named).json() == given, "the answer had not arrived"
    assert (given["answered_by"], given["why"], len(given["decision_ids"])) == ("token all", "worth a try", 2)
    assert client.post(path, json=yes, headers=every).status_code == 404, "it is answered"
    no = {"answer": "dismissed", "why": "they called already"}
    for _ in range(2):
        assert client.post(f"{V1}/decisions/{kinds['customer']['key']}", json=no, headers=named).status_code == 200
    with winning.site.state.reading() as books:
        assert "they called" not in str(books.connection.execute(select(DONE_ONCE)).all()), "it is erased with them"
    assert client.get(f"{V1}/alerts", params={"status": "dismissed"}, headers=every).json()[0]["outcome"] == no["why"]
    gift = client.post(f"{V1}/decisions/{kinds['offer']['key']}", json=yes, headers=every).json()
    left = client.get(f"{V1}/decisions", headers=every).json()["proposals"]
    assert {one["kind"] for one in left} == {"leads", "channel"}
    assert [one["kind"] for one in client.get(f"{V1}/decisions/answers", headers=every).json()] == ["offer", "budget"]

    ledger = client.get(f"{V1}/decisions/ledger", headers=every).json()
    entries = {one["decision_id"]: one for one in ledger["decisions"]}
    assert ledger["total"] == 3
    (offered,) = gift["decision_ids"]
    assert (entries[offered]["customers"], entries[offered]["held_out"]) == (8, 2)
    spend = [entries[name] for name in given["decision_ids"]]
    assert all(one["decision_id"].startswith("budget:2023-07-01:") for one in spend)
    assert {one["action"].partition(" on ")[2] for one in spend} == {"old & full", "fresh"}
    with winning.site.state.reading() as books:
        assert set(books.answers.holding(dt.date(2023, 7, 28))) == {"budget", kinds["offer"]["key"]}
        assert not books.answers.holding(dt.date(2023, 7, 29))


def test_others_can_write_while_a_plan_is_worked_out(winning: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def meanwhile(*said: Any) -> Any:
        def write() -> None:
            with winning.site.state.writing() as books:
                books.users.note("eve", "wrote", "", NOW)
            written.append("eve")

        other = threading.Thread(target=write, daemon=True)
        other.start()
        other.join(5.0)
        return usual_plan(*said)

    monkeypatch.setattr("keepers.web.week.usual_plan", meanwhile)
    yes = {"answer": "accepted", "why": "worth a try"}
    answer = winning.client.post(f"{V1}/decisions/budget", json=yes, headers=winning.headers("all"))
    assert answer.status_code == 200
    assert written == ["eve"]


def test_closed_alerts_are_counted_and_not_read(winning: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    proposals = [
        AlertProposal(f"c{place}", "overdue", "customer", 0.8, 0.3, 90.0, 55.0, "no order", "Call them")
        for place in range(3)
    ]
    with winning.site.state.writing() as books:
        first, second, _ = books.alerts.raise_all(proposals, AlertRules(), dt.date(2023, 6, 30), NOW)
        books.alerts.close(first.number, AlertStatus.DONE, "called", NOW)
        books.alerts.close(second.number, AlertStatus.DISMISSED, "moved", NOW)
        assert books.alerts.counts() == {
            AlertStatus.OPEN: 1, AlertStatus.DONE: 1, AlertStatus.DISMISSED: 1, AlertStatus.LAPSED: 0
        }  # fmt: skip
    asked: set[object] = set()
    listed = AlertBook.listed

    def noted(book: AlertBook, status: AlertStatus | None = AlertStatus.OPEN, **said: Any) -> tuple[Alert, ...]:
        asked.add(status)
        return listed(book, status, **said)

    monkeypatch.setattr(AlertBook, "listed", noted)
    winning.client.post("/sign-in", data={"email": OWNER, "password": PASSWORD})
    assert "Of warnings about customers 2 are closed" in winning.client.get("/decisions").text
    assert "done <small>1</small>" in winning.client.get("/leaving").text
    assert asked == {AlertStatus.OPEN}


def test_the_budget_is_planned_within_what_is_asked(winning: Running) -> None:
    client, headers = winning.client, winning.headers("read")
    whole = client.get(f"{V1}/budget", headers=headers).json()
    assert whole["plan"]["recommended"]
    assert [one["channel"] for one in whole["curves"]] == ["old & full", "fresh"]
    same = client.post(f"{V1}/budget/plan", json={}, headers=headers).json()
    assert same["plan"] == whole["plan"]
    asked = {"total": 600, "spend_all": True, "channels": {"fresh": {"least": 100, "most": 120}}}
    plan = client.post(f"{V1}/budget/plan", json=asked, headers=headers).json()["plan"]
    spends = {one["channel"]: one["planned_a_week"] for one in plan["channels"]}
    assert plan["planned_a_week"] == pytest.approx(600, rel=1e-6)
    assert 100 - 1e-6 <= spends["fresh"] <= 120 + 1e-6
    for least, planned in ((10, 210.0), (300, 300.0)):
        asked = {"channels": {"fresh": {"least": least}}}
        plan = client.post(f"{V1}/budget/plan", json=asked, headers=headers).json()["plan"]
        spends = {one["channel"]: one["planned_a_week"] for one in plan["channels"]}
        assert spends["fresh"] == pytest.approx(planned), "the limit of moves holds on the side that was not said"
    bounds = {one["channel"]: one["planned_a_week"] for one in whole["plan"]["channels"]}
    ask = client.post(f"{V1}/budget/what-if", json={"spends_a_week": bounds}, headers=headers).json()
    assert ask["gain"]["mean"] == pytest.approx(whole["plan"]["gain"]["mean"], rel=1e-6)
    for wrong in (
        {"total": -1}, {"total": "nan"}, {"channels": {"nowhere": {"most": 5}}}, {"period_weeks": 0}, {"surprise": 1},
        {"channels": {"fresh": {"least": 9, "most": 5}}}, {"payback_months": 600},
    ):  # fmt: skip
        assert client.post(f"{V1}/budget/plan", json=wrong, headers=headers).status_code == 422, wrong


def test_leads_are_listed_and_masked(winning: Running) -> None:
    client = winning.client
    found = client.get(f"{V1}/leads", headers=winning.headers("all")).json()
    assert [one["lead_id"] for one in found["leads"]] == ["L1", "L2", "L3"]
    assert found["leads"][0]["reasons"] == ["asked to be called (+40)", "owner: Ann (+10)"]
    assert found["week"]["capacity"] == {"Ann": 1, "Bo": 1}

    def ids(who: str = "all", **params: str | float) -> list[str]:
        answer = client.get(f"{V1}/leads", params=params, headers=winning.headers(who)).json()
        return [one["lead_id"] for one in answer["leads"]]

    assert ids(channel="fresh") == ["L1", "L3"]
    assert ids(this_week="true") == ["L1", "L2"]
    assert ids(person="Ann") == ["L1", "L2"]
    assert ids(search="harbor") == ["L1"]
    assert ids(least_value=50) == ["L1", "L2"]
    assert ids(offset=1, limit=1) == ["L2"]
    masked = client.get(f"{V1}/leads", headers=winning.headers("read")).json()
    assert masked["week"]["capacity"] is None
    assert "Ann" not in str(masked)
    assert all(one["company"] is one["owner"] is one["assigned_to"] is None for one in masked["leads"])
    assert ids("read", search="harbor") == ids("read", person="Ann") == []
    for path in ("run", "run/acquisition"):
        assert "'Ann': 1" in str(client.get(f"{V1}/{path}", headers=winning.headers("all")).json())
        assert "Ann" not in str(client.get(f"{V1}/{path}", headers=winning.headers("read")).json()), path


def test_channels_and_scores_of_strangers(winning: Running) -> None:
    client, headers = winning.client, winning.headers("read")
    told = client.get(f"{V1}/channels", headers=headers).json()
    assert [one["label"] for one in told["channels"]] == ["old & full", "fresh", "radio"]
    missing = client.get(f"{V1}/attribution", headers=headers)
    assert missing.status_code == 404
    assert "There are no touches." in missing.json()["detail"]

    def score(**known: str) -> dict[str, object]:
        answer = client.post(f"{V1}/scores", json=known, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    stranger = score()
    assert stranger["value"] == pytest.approx({"mean": 100.0, "low": 95.12, "high": 105.13}, rel=1e-3)
    assert (stranger["prior_share"], stranger["chance"], stranger["told_by"]) == (1.0, None, [])
    known = score(channel="Fresh", country="DE", campaign="tiny")
    assert 115 < known["value"]["mean"] < 120  # type: ignore[index]
    assert (known["prior_share"], known["chance"]) == (0.2, 0.25)
    assert known["said_nothing"] == ["campaign", "country"], "two customers say nothing"
    assert known["expected_value"] == pytest.approx(0.25 * known["lifetime_value"]["mean"])  # type: ignore[index]
    narrow = score(channel="fresh", campaign="spring", first_product="teapot")
    assert [one["attribute"] for one in narrow["told_by"]] == ["campaign", "first_product"]  # type: ignore[attr-defined]
    assert narrow["value"]["mean"] > 150  # type: ignore[index]
    width = [one["value"]["high"] / one["value"]["low"] for one in (stranger, known, narrow)]  # type: ignore[index]
    assert width == sorted(width), "what rests on more ratios is less sure"
    assert client.post(f"{V1}/scores", json={"name": "Ada"}, headers=headers).status_code == 422
    assert score(channel="all")["told_by"] == []


def test_lists_are_named_shared_and_removed(winning: Running) -> None:
    client, read, every = winning.client, winning.headers("read"), winning.headers("all")
    gold = {"name": "Best", "query": "tier=Platinum&least_value=1"}
    made = client.post(f"{V1}/segments", json=gold, headers=every).json()
    rows = client.get(f"{V1}/customers", params={"tier": "Platinum", "least_value": 1}, headers=every).json()
    day = rows["customers"][0]["first_order_date"]
    early = {"won_until": day, "bought_since": day}
    some = client.get(f"{V1}/customers", params=early, headers=every).json()
    assert 0 < some["total"] < 300
    assert all(one["first_order_date"] <= day <= one["last_order_date"] for one in some["customers"])
    assert (made["customers"], made["shared"], made["owner"]) == (rows["total"], False, "token all")
    assert client.get(f"{V1}/segments", headers=read).json()["named"] == []
    assert client.post(f"{V1}/segments", json={**gold, "shared": True}, headers=read).status_code == 403
    client.post(f"{V1}/segments", json={**gold, "shared": True}, headers=every)
    seen = client.get(f"{V1}/segments", headers=read).json()
    (named,) = seen["named"]
    assert named["name"] == "Best"
    assert sum(one["customers"] for one in seen["divisions"]["tier"]) == 300
    assert client.delete(f"{V1}/segments/{named['number']}", headers=read).status_code == 404, "it is not theirs"
    assert client.delete(f"{V1}/segments/{named['number']}", headers=every).status_code == 204


def test_without_spend_and_leads_it_is_said(running: Running) -> None:
    headers = running.headers("read")
    for path in ("budget", "leads", "channels", "attribution"):
        missing = running.client.get(f"{V1}/{path}", headers=headers)
        assert (missing.status_code, missing.json()["status"]) == (404, 404), path
    assert running.client.get(f"{V1}/decisions", headers=headers).json()["total"] == 0
    assert running.client.post(f"{V1}/scores", json={}, headers=headers).status_code in (200, 404)
