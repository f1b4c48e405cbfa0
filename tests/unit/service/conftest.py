"""A running system in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.service.app import create_app
from keepers.storage.state import State
from keepers.web import secrets
from keepers.web.site import Site
from served import open_site, served_result
from unit.pipeline.test_subscription_run import NOW, write_orders, write_subscriptions


@dataclass(frozen=True)
class Running:
    """A running system and ways into it."""

    client: TestClient
    site: Site
    tokens: dict[str, str]

    def headers(self, name: str) -> dict[str, str]:
        """What a program with a token sends."""
        return {"Authorization": f"Bearer {self.tokens[name]}"}


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with the least effort; that they are hashed with much of it is a test of its own."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    nobody = quick.hash("nobody's password")
    monkeypatch.setattr(secrets, "_hasher", lambda: quick)
    monkeypatch.setattr(secrets, "_nobody", lambda: nobody)


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results."""
    return served_result(tmp_path_factory.mktemp("served"))


@pytest.fixture
def running(result: Path, tmp_path: Path) -> Iterator[Running]:
    """The running system of a project of its own."""
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(result, tmp_path, state)
        with TestClient(create_app(site)) as client:
            yield Running(client, site, tokens)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of a shop's orders and its subscriptions."""
    home = tmp_path_factory.mktemp("subscribed")
    files = [write_orders(home / "orders.csv"), write_subscriptions(home / "subscriptions.csv", 160)]
    options = RunOptions(into=home / "result", model="mbg-nbd", backtest=False, report=False, csv=False, keep=True)
    run([str(file) for file in files], options, now=lambda: NOW)
    key = duckdb.sql(
        f"SELECT customer_key FROM '{home / 'result' / 'subscribers.parquet'}' WHERE state = 'active' ORDER BY 1"
    ).fetchall()[3][0]
    duckdb.sql(
        f"COPY (SELECT '{key}' AS customer_key, 'small' AS plan, 10.0 AS mrr, 'large' AS next_plan, "
        "'upgrade' AS change, 120.5 AS expected_gain, FALSE AS held_out, 'adjusted' AS evidence, "
        "0.1 AS upgrade_probability, "
        f"0.05 AS downgrade_probability, 7.5 AS downgrade_at_stake) TO '{home / 'result' / 'next_plans.parquet'}'"
    )
    return home / "result"


@pytest.fixture
def subscribed(made: Path, tmp_path: Path) -> Iterator[Running]:
    """A system that serves it."""
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(made, tmp_path, state)
        with TestClient(create_app(site)) as client:
            yield Running(client, site, tokens)
