"""`keepers pull`: sources of a project, pulled, told of, and read by every run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keepers.data.connectors import walk
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import project_of
from keepers.pipeline.reading import read_files
from services import Answer, Question, Shop, serving, shopify_order
from unit.cli.conftest import Keepers


def _project(folder: Path, base: str, more: str = "", token: str = "{env:A_SHOP_TOKEN}") -> None:
    (folder / "keepers.toml").write_text(
        f'sources = []\n[connect.shop]\nkind = "shopify"\nshop = "fernhollow"\naddress = "{base}"\n'
        f'token = "{token}"\nsince = 2026-01-01\npage_size = 5\nschedule = "0 * * * *"\n{more}'
    )


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SHOP_TOKEN", "shpat_0123456789")
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.02)


def test_pulls_what_runs_then_read(keepers: Keepers, tmp_path: Path) -> None:
    shop = Shop(orders=[shopify_order(number, f"p{number % 7}@example.com") for number in range(12)])
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "orders.csv").write_text("customer,date,amount,order_id\nx@example.com,2026-09-01,10.00,77\n")
    with serving(shop) as server:
        _project(tmp_path, server.base, '[connect.share]\nkind = "files"\nurl = "share"\n')
        assert "never" in keepers("pull", "--list").out
        ended = keepers("pull", "--quiet")
        assert (ended.code, ended.err) == (0, "")
        assert "shop: 12 new or changed; 12 rows of orders." in ended.out
        # A source that is away does not keep the other one from coming.
        server.troubles = [Answer({}, 500)] * walk.ATTEMPTS
        ended = keepers("pull")
        assert ended.code == 5
        assert "share: nothing new; 1 file" in ended.out
        assert "shop: Shopify answers with an error (500)" in ended.out
        listed = json.loads(keepers("pull", "--list", "--json").out)
        assert [(one["name"], one["well"], one["rows"]) for one in listed] == [
            ("shop", False, {"orders": 12}), ("share", True, {}),
        ]  # fmt: skip
        assert listed[0]["good_at"]
    project = project_of(tmp_path)
    assert project is not None
    told = read_files(project.locations, RunOptions(), lambda *_: None).reconciliation
    assert told.orders == 13
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"shpat_0123456789" not in everything


def test_a_token_that_is_repeated_by_a_server_is_not_shown(keepers: Keepers, tmp_path: Path) -> None:
    def echo(asked: Question) -> Answer:
        return Answer({"errors": [{"message": f"no: {asked.headers['x-shopify-access-token']}"}]})

    with serving(echo) as server:
        _project(tmp_path, server.base)
        ended = keepers("pull")
    assert ended.code == 3
    assert "no: ***" in ended.message
    assert "shpat" not in ended.out + ended.err + keepers("pull", "--list").out


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ('[connect.shop]\nkind = "shopyfi"', "It may be shopify, stripe, woocommerce, square"),
        ('[connect."My shop"]\nkind = "shopify"', "a name has small letters"),
        ('[connect.shop]\nkind = "shopify"', 'does not say `shop`. Write for example shop = "fernhollow'),
        ('[connect.shop]\nkind = "stripe"\nkey = "sk_live_1"\ntoken = "x"', "has no `token`"),
        ('[connect.shop]\nkind = "sql"\nurl = "sqlite:///x.db"', "does not say `tables`"),
        ('[connect.shop]\nkind = "sql"\nurl = "sqlite:///x.db"\ntables = { o = { by = "x" } }', "should say cursor"),
        ('[connect.shop]\nkind = "stripe"\nkey = "{env:K}"\nsince = "soon"', "should be a day"),
        ('[connect.shop]\nkind = "stripe"\nkey = "{env:K}"\npage_size = 0', "whole number"),
        ('[connect.shop]\nkind = "stripe"\nkey = "{env:K}"\ncompare_every = -1', "a whole number of days"),
        (
            '[connect.shop]\nkind = "sql"\nurl = "sqlite:///x.db"\ntables = { o = { deleted = "all" } }',
            "should say cursor",
        ),
        ("[connect]\nshop = 3", "a section of its own"),
    ],
)
def test_says_what_makes_no_sense(keepers: Keepers, tmp_path: Path, section: str, told: str) -> None:
    (tmp_path / "keepers.toml").write_text(section)
    ended = keepers("pull")
    assert ended.code == 2
    assert told in ended.message


def test_a_token_of_the_wrong_kind_is_not_repeated(keepers: Keepers, tmp_path: Path) -> None:
    (tmp_path / "keepers.toml").write_text('[connect.shop]\nkind = "stripe"\nkey = 12345678\n')
    ended = keepers("pull")
    assert (ended.code, "key should be a text" in ended.message) == (2, True)
    assert "12345678" not in ended.message


def test_says_what_is_missing(keepers: Keepers, tmp_path: Path) -> None:
    assert "is no project yet" in keepers("pull").message
    keepers("init", "--connect", "shopify", "--connect", "sql", "--connect", "files")
    ended = keepers("pull", "shop")
    assert "has no [connect.shop]. It has: shopify, sql, files" in ended.message
    ended = keepers("pull", "shopify")
    assert "SHOPIFY_TOKEN of the environment, which is not set" in ended.message
    text = (tmp_path / "keepers.toml").read_text()
    (tmp_path / "keepers.toml").write_text(text.replace('"{env:SHOPIFY_TOKEN}"', '"shpat_0123456789"'))
    ended = keepers("pull", "shopify")
    assert ended.code == 2
    assert "does not belong in keepers.toml" in ended.message
    assert "shpat" not in ended.message


def test_a_pull_that_is_killed_goes_on_without_loss_or_double(keepers: Keepers, tmp_path: Path) -> None:
    shop = Shop(orders=[shopify_order(n, f"p{n % 7}@example.com", createdAt=f"2026-09-01T00:00:{n:02d}Z",
                                      updatedAt=f"2026-09-01T00:00:{n:02d}Z") for n in range(60)])  # fmt: skip
    calls: list[int] = []

    def slowly(asked: Question) -> Answer:
        calls.append(1)
        time.sleep(0.3 if len(calls) > 3 else 0)
        return shop(asked)

    with serving(slowly) as server:
        _project(tmp_path, server.base)
        command = [sys.executable, "-m", "keepers", "pull", "--quiet"]
        process = subprocess.Popen(command, cwd=tmp_path, env=os.environ, stdout=subprocess.DEVNULL)
        pages = tmp_path / ".keepers" / "pulled" / "shop" / ".raw" / "orders.jsonl"
        while not (pages.exists() and len(calls) > 3):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / ".keepers" / "pulled" / "shop" / "orders.parquet").exists()
        calls.clear()
        ended = keepers("pull", "--quiet")
    assert "60 rows of orders" in ended.out
    project = project_of(tmp_path)
    assert project is not None
    assert read_files(project.locations, RunOptions(), lambda *_: None).reconciliation.orders == 60
