"""A small shop with a running system, for tests that ask it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from keepers.domain.access import Role, Scope
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.service.app import create_app
from keepers.storage.state import State
from keepers.web.secrets import hash_password, new_token, token_hash
from keepers.web.site import Site
from shop import shop_orders

NOW = dt.datetime(2023, 7, 1, 12, tzinfo=dt.UTC)
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Running:
    """A running system and ways into it."""

    client: TestClient
    site: Site
    tokens: dict[str, str]

    def headers(self, name: str) -> dict[str, str]:
        """What a program with a token sends."""
        return {"Authorization": f"Bearer {self.tokens[name]}"}


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results, and beside it the orders it was made of."""
    folder = tmp_path_factory.mktemp("served")
    orders = shop_orders(300, 400)
    columns = "customer_key AS customer, day AS date, order_id, amount"
    orders.engine.execute(
        f"COPY (SELECT {columns}, 'p' || customer_key || '@x.example' AS email FROM {orders.name}) "
        f"TO '{folder / 'orders.csv'}' (HEADER)"
    )
    options = RunOptions(into=folder / "result", model="bg-nbd", backtest=False, report=False, keep=True)
    run([str(folder / "orders.csv")], options)
    return folder / "result"


@pytest.fixture
def running(result: Path, tmp_path: Path) -> Iterator[Running]:
    """The running system of a project of its own."""
    shutil.copytree(result, tmp_path / "result")
    project = Project(tmp_path, sources=(str(result.parent / "orders.csv"),), name="Shop")
    with State(tmp_path, pooled=True) as state:
        serve_result(state, tmp_path / "result", 0, NOW)
        site = Site(project, state, clock=lambda: NOW)
        tokens = {}
        with state.writing() as books:
            books.users.add("ada@example.com", hash_password(PASSWORD), Role.OWNER, NOW)
            for name, scopes in (
                ("all", frozenset(Scope)), ("read", frozenset({Scope.READ})), ("ingest", frozenset({Scope.INGEST})),
            ):  # fmt: skip
                tokens[name] = new_token()
                books.users.add_token(name, token_hash(tokens[name]), scopes, "ada@example.com", NOW)
        with TestClient(create_app(site)) as client:
            yield Running(client, site, tokens)
