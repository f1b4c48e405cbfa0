"""Secrets stand in the environment or in files, and nowhere else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from keepers.domain.errors import ConfigError, InputError
from keepers.domain.ports import silent
from keepers.pipeline.config import engine_settings
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.reading import read_files
from keepers.pipeline.secrets import hidden, revealed, secret

WHERE = "[sources.shop] token"


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("A_SECRET", "p@ss/word")
    monkeypatch.setenv("AN_EMPTY_ONE", " ")
    monkeypatch.setenv("AN_ADDRESS", "postgresql://ada:p%40ss@host/shop")
    (tmp_path / "kept").write_text("from a file\n")
    (tmp_path / "nothing").write_text("\n")
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff")


def test_reads_what_a_reference_stands_for(tmp_path: Path) -> None:
    assert secret("{env:A_SECRET}", WHERE) == "p@ss/word"
    assert secret("{file:kept}", WHERE, tmp_path) == "from a file"
    assert secret(f"{{file:{tmp_path / 'kept'}}}", WHERE) == "from a file"


def test_encodes_inside_addresses_only() -> None:
    assert revealed("postgresql://ada:{env:A_SECRET}@h/db", WHERE) == "postgresql://ada:p%40ss%2Fword@h/db"
    assert revealed("{env:AN_ADDRESS}", WHERE) == "postgresql://ada:p%40ss@host/shop"
    seen: list[str] = []
    assert revealed("Bearer {env:A_SECRET}", WHERE, seen=seen) == "Bearer p@ss/word"
    assert seen == ["p@ss/word"]
    assert revealed("postgresql://ada@h/db", WHERE) == "postgresql://ada@h/db"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{env:NOT_THERE_AT_ALL}", "which is not set"),
        ("{env:AN_EMPTY_ONE}", "which is empty"),
        ("{env:no name}", "cannot be the name of a variable"),
        ("{file:absent}", "which is not there"),
        ("{file:nothing}", "which is empty"),
        ("{file:picture}", "which is no text"),
    ],
)
def test_says_what_leads_nowhere(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told) as raised:
        secret(text, WHERE, tmp_path)
    assert WHERE in str(raised.value)


def test_refuses_a_secret_in_the_file_without_saying_it() -> None:
    with pytest.raises(ConfigError, match=r"\{env:SOURCES_SHOP_TOKEN\}") as raised:
        secret("shpat_0123456789", WHERE)
    assert "shpat" not in str(raised.value)


def test_hides_secrets_however_they_are_written() -> None:
    assert hidden("no p@ss/word, no p%40ss%2Fword", ["p@ss/word"]) == "no ***, no ***"
    assert hidden("a", ["a", ""]) == "a"


def test_the_state_and_the_engine_take_references(tmp_path: Path) -> None:
    (tmp_path / "keepers.toml").write_text(
        '[state]\nurl = "mysql://ada:{env:A_SECRET}@host/shop"\n[engine]\nurl = "{env:AN_ADDRESS}"\nschema = "ltv"\n'
    )
    project = project_of(tmp_path)
    assert project is not None
    assert "p@ss" not in repr(project)
    with pytest.raises(ConfigError, match="not in mysql") as raised:
        project.open_state()
    assert "p%40ss" not in str(raised.value)
    found = engine_settings(tmp_path)
    assert (found.url, found.options) == ("postgresql://ada:p%40ss@host/shop", {"schema": "ltv"})


def test_a_database_among_the_sources_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as made:
        made.execute("CREATE TABLE orders AS SELECT 'ada' AS customer, '2026-01-02' AS day, 5.0 AS amount")
    made.close()
    assert read_files([f"sqlite:///{tmp_path}/shop.db#orders"], RunOptions(), silent).reconciliation.orders == 1
    with pytest.raises(ConfigError, match="NOT_THERE_AT_ALL of the environment"):
        read_files(["postgresql://ada:{env:NOT_THERE_AT_ALL}@127.0.0.1:1/shop#orders"], RunOptions(), silent)
    monkeypatch.setenv("SHOP_PASSWORD", "hush0123")
    with pytest.raises(InputError, match="cannot be read") as raised:
        read_files(["postgresql://ada:{env:SHOP_PASSWORD}@127.0.0.1:1/shop#orders"], RunOptions(), silent)
    assert "hush0123" not in str(raised.value)


def test_a_file_of_a_secret_lies_where_the_project_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with sqlite3.connect("shop") as made:
        made.execute("CREATE TABLE orders AS SELECT 'ada' AS customer, '2026-01-02' AS day, 5.0 AS amount")
    made.close()
    (tmp_path / "place").write_text("shop\n")
    options = RunOptions(project=Project(tmp_path))
    assert read_files(["sqlite:///{file:place}#orders"], options, silent).reconciliation.orders == 1
