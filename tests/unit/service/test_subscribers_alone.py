"""A business that has subscriptions and no orders is served, too: what is about orders is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from keepers.domain.errors import InputError
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.service.app import create_app
from keepers.service.updater import Values
from keepers.storage.state import State
from served import open_site
from unit.pipeline.test_subscription_run import NOW, write_subscriptions
from unit.service.conftest import Running
from unit.service.test_pages import signed_in


def test_subscribers_alone(tmp_path: Path) -> None:
    options = RunOptions(into=tmp_path / "made", model="shifted-beta-geometric", backtest=False, csv=False, keep=True)
    run([str(write_subscriptions(tmp_path / "subscriptions.csv", 120))], options, now=lambda: NOW)
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(tmp_path / "made", tmp_path, state)
        with TestClient(create_app(site)) as client:
            served = Running(client, site, tokens)
            signed_in(served)
            first = client.get("/").text
            assert "What your subscribers are worth" in first
            assert "All subscribers together will bring in the next 12 months" in first
            assert 'href="/subscribers"' in first
            for path in ("/customers", "/base", "/channels", "/value", "/budget", "/drivers"):
                assert f'href="{path}"' not in first
                assert client.get(path).status_code == 200
            assert "Subscribers with the most money at risk" in client.get("/leaving").text
            found = client.get("/api/v1/subscriptions", headers=served.headers("all")).json()
            assert found["total"] > 100
            left = next(one for one in found["subscriptions"] if one["state"] == "ended")
            told = client.get(f"/api/v1/subscriptions/{left['customer_key']}", headers=served.headers("all")).json()
            assert told["contracts"][0]["started_on"] == left["started_on"]
            page = client.get(f"/subscribers/{left['customer_key']}").text
            assert "kept no contracts" not in page
            assert f"Ended {left['plan']}" in page, "what happened is told, too"
            assert client.get("/api/v1/overview", headers=served.headers("all")).json()["customers"] == 0
            # Orders that come in wait for a run, as nothing is known yet of how customers buy.
            assert Values(site).step()["events"] == 0


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with State(tmp_path) as state, pytest.raises(InputError, match="no customers with kept orders"):
        serve_result(state, tmp_path, 0, NOW)
