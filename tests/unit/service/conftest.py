"""A running system in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from keepers.service.app import create_app
from keepers.storage.state import State
from keepers.web.site import Site
from served import open_site, served_result


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
    """A folder of results."""
    return served_result(tmp_path_factory.mktemp("served"))


@pytest.fixture
def running(result: Path, tmp_path: Path) -> Iterator[Running]:
    """The running system of a project of its own."""
    with State(tmp_path, pooled=True) as state:
        site, tokens = open_site(result, tmp_path, state)
        with TestClient(create_app(site)) as client:
            yield Running(client, site, tokens)
