"""A store that an earlier version wrote opens, serves what it holds, and goes on."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from keepers.domain.access import Scope
from keepers.pipeline.project import Project
from keepers.pipeline.serving import serve_result
from keepers.service.app import create_app
from keepers.storage.schema import HEAD
from keepers.storage.state import FILE, FOLDER, State
from keepers.web.secrets import new_token, token_hash
from keepers.web.site import Site
from served import NOW

SERVED = [
    path for path in sorted((Path(__file__).parents[2] / "golden").glob("state-*.sql"))
    if f"state-{HEAD}" > path.stem >= "state-0002"
]  # fmt: skip
"""States of earlier versions that served already."""


SETTINGS = {
    "currency": "EUR", "basis": "net revenue", "value": "clv_predicted_12m",
    "horizon": {"length": 12.0, "unit": "month"}, "lifetime": {"length": 5.0, "unit": "year"}, "discount": 0.1,
    "margin_rate": None, "margin_per_order": False, "contribution": 1.0, "unit": "day", "thresholds": [1.0, 50.0],
    "interval_levels": None,
}  # fmt: skip
"""What a run's numbers mean, as it was kept beside them from the first version on."""


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.stem)
def test_it_opens_serves_and_goes_on(path: Path, result: Path, tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / FOLDER / FILE)) as database:
        database.executescript(path.read_text(encoding="utf-8"))
        database.execute("UPDATE generations SET settings = ?", [json.dumps(SETTINGS)])
        database.commit()
    with State(tmp_path, pooled=True) as state:
        token = new_token()
        with state.writing() as books:
            books.users.add_token("shop", token_hash(token), frozenset(Scope), "ada@example.com", NOW)
        headers = {"Authorization": f"Bearer {token}"}
        with TestClient(create_app(Site(Project(tmp_path), state, clock=lambda: NOW))) as client:
            listed = client.get("/api/v1/customers", headers=headers).json()
            assert [one["customer_key"] for one in listed["customers"]] == ["C1", "C2", "C_3"]
            assert client.get("/api/v1/customers/C1/value", headers=headers).json()["value"] == 90.0
            assert client.get("/api/v1/users", headers=headers).json()[0]["email"] == "ada@example.com"
            again = {"type": "page", "messageId": "m2", "userId": "17"}
            order = {
                "type": "track", "event": "Order Completed", "messageId": "m9", "userId": "c17",
                "properties": {"order_id": "N9", "revenue": 20.0, "email": "pc17@x.example"},
            }  # fmt: skip
            assert client.post("/v1/batch", json={"batch": [again, order]}, headers=headers).status_code == 200
            with state.reading() as books:
                assert books.inbox.count() == 4, "what was received before the upgrade is known"
            # The next run's values take the place of the old ones, and orders since are in them.
            serve_result(state, result, 3, NOW)
            end = time.monotonic() + 30
            while _orders(state) != 1:
                assert time.monotonic() < end, "values do not follow"
                time.sleep(0.1)
            assert client.get("/api/v1/overview", headers=headers).json()["customers"] == 300


def _orders(state: State) -> int:
    with state.reading() as books:
        current = books.live.current()
        assert current is not None
        return sum(one.by_event for one in books.live.customers(current.number, ["c17"]).values())
