"""Compiled templates are kept beside their text where that may be written, and never believed of another text."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from keepers.reports.compiled import Kept


def _rendered(folder: Path) -> str:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), bytecode_cache=Kept(folder))
    return environment.get_template("page.html.j2").render(name="Ann")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "page.html.j2").write_text("Hello {{ name }}")
    return tmp_path


def test_code_is_kept_and_used_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _rendered(folder) == "Hello Ann"
    (kept,) = (folder / "__pycache__").iterdir()
    monkeypatch.setattr(jinja2.Environment, "compile", lambda *_, **__: pytest.fail("compiled anew"))
    assert _rendered(folder) == "Hello Ann"
    assert kept.suffix == ".pyc"


def test_another_text_is_compiled_anew(folder: Path) -> None:
    _rendered(folder)
    (folder / "page.html.j2").write_text("Goodbye {{ name }}")
    assert _rendered(folder) == "Goodbye Ann"


def test_a_damaged_file_is_compiled_anew(folder: Path) -> None:
    _rendered(folder)
    (kept,) = (folder / "__pycache__").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    assert _rendered(folder) == "Hello Ann"


def test_nothing_is_kept_where_nobody_may_write_or_nobody_wants_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file in the folder's place refuses even the superuser.
    (folder / "__pycache__").write_text("")
    assert _rendered(folder) == "Hello Ann"
    (folder / "__pycache__").unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert _rendered(folder) == "Hello Ann"
    assert not (folder / "__pycache__").exists()
