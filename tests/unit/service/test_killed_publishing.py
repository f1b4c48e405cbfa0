"""What comes between while values are written: a process is killed, and no half stays; a person is erased, and is not
written again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from keepers.pipeline import live_update, serving
from keepers.pipeline.live_events import names_in
from keepers.pipeline.serving import serve_result
from keepers.service.updater import Values
from keepers.storage.live import LiveBook
from keepers.storage.service_schema import LIVE_CUSTOMERS, LIVE_IDENTITIES, LIVE_ORDERS, LIVE_PERSONS
from keepers.storage.state import State
from served import NOW, open_site
from unit.service.conftest import Running
from unit.service.test_events import _order


class KilledError(BaseException):
    """Where the process was killed."""


@pytest.mark.parametrize("at", ["fill", "name", "know_all", "index", "count", "publish", "forget_retired"])
def test_earlier_values_stay_and_halves_go(running: Running, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    site, client, headers = running.site, running.client, running.headers("all")
    before = client.get("/api/v1/customers", params={"limit": 5}, headers=headers).json()
    folder = site.project.folder / "result"

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(LiveBook, at, killed)
        with pytest.raises(KilledError):
            serve_result(site.state, folder, 0, NOW)
    now = client.get("/api/v1/customers", params={"limit": 5}, headers=headers)
    assert now.status_code == 200
    assert now.json()["customers"] == before["customers"]
    number = serve_result(site.state, folder, 0, NOW)
    with site.state.reading() as books:
        current = books.live.current()
        assert current is not None
        assert (current.number, current.customers) == (number, 300)
        assert books.live.filling() is None
        rows = select(LIVE_CUSTOMERS.c.generation, func.count()).group_by(LIVE_CUSTOMERS.c.generation)
        assert [tuple(row) for row in books.connection.execute(rows)] == [(number, 300)]


def test_who_is_erased_meanwhile_is_not_written_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    state, folder = running.site.state, running.site.project.folder / "result"
    monkeypatch.setattr(serving, "_AT_ONCE", 100)
    with state.reading() as books:
        key = books.connection.execute(select(func.max(LIVE_CUSTOMERS.c.customer_key))).scalar_one()
        assert books.live.persons([key])
    left = [key]

    def told(*_: object) -> None:
        if left:
            state.erase([left.pop()], lambda *_: ())

    serve_result(state, folder, 0, NOW, told)
    with state.reading() as books:
        current = books.live.current()
        assert current is not None
        assert current.customers == 299
        for table in (LIVE_CUSTOMERS, LIVE_PERSONS, LIVE_IDENTITIES):
            keys = set(books.connection.execute(select(table.c.customer_key)).scalars())
            assert key not in keys, table.name
            assert keys


def test_who_is_erased_while_an_order_is_valued_is_not_written_again(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with State(tmp_path) as state:
        site, _ = open_site(result, tmp_path, state)
        with state.writing() as books:
            keys = sorted(books.connection.execute(select(LIVE_CUSTOMERS.c.customer_key)).scalars())[:2]
            orders = [(key, _order(key, "x", f"N{key}", "2023-07-01", 20.0)) for key in keys]
            for key, order in orders:
                order.pop("userId")
                order["properties"]["email"] = books.live.persons([key])[key][1]
            books.inbox.add([(key, "track", json.dumps(order)) for key, order in orders], NOW)
        valued, left = live_update._valued, [keys[0]]

        def erased(*said: Any) -> Any:
            if left:
                state.erase([left.pop()], names_in)
            return valued(*said)

        monkeypatch.setattr(live_update, "_valued", erased)
        assert Values(site).step()["events"] == 1
        with state.reading() as books:
            for table in (LIVE_CUSTOMERS, LIVE_PERSONS, LIVE_IDENTITIES, LIVE_ORDERS):
                found = set(books.connection.execute(select(table.c.customer_key)).scalars())
                assert keys[0] not in found, table.name
                assert keys[1] in found, table.name
