"""The folder of results is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keepers.data.staged_folder import MARK, staged
from keepers.domain.errors import ConfigError, EngineError


def result(folder: Path, text: str) -> None:
    """Write something that looks like a result."""
    with staged(folder) as part:
        (part / MARK).write_text(text)


def test_a_result_replaces_an_earlier_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    result(tmp_path / "out", "first")
    (tmp_path / "out" / "extra").write_text("of the first run")
    result(tmp_path / "out", "second")
    assert (tmp_path / "out" / MARK).read_text() == "second"
    assert os.listdir(tmp_path) == ["out"]
    assert os.listdir(tmp_path / "out") == [MARK]


def test_a_failure_keeps_the_earlier_result(tmp_path: Path) -> None:
    result(tmp_path / "out", "first")
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "out") as part:
        _ = (part / MARK).write_text("half") / 0
    assert (tmp_path / "out" / MARK).read_text() == "first"
    assert os.listdir(tmp_path) == ["out"]


def test_an_interrupted_run_is_cleared_by_the_next(tmp_path: Path) -> None:
    stale = tmp_path / ".out.part-999999999"
    stale.mkdir()
    (stale / "half").write_text("half")
    result(tmp_path / "out", "whole")
    assert os.listdir(tmp_path) == ["out"]


def test_a_result_moved_aside_when_the_run_was_killed_comes_back(tmp_path: Path) -> None:
    aside = tmp_path / ".out.old-999999999"
    aside.mkdir()
    (aside / MARK).write_text("good")
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "out"):
        _ = 1 / 0
    assert (tmp_path / "out" / MARK).read_text() == "good"


def test_foreign_files_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(ConfigError, match="did not write"), staged(tmp_path):
        pass
    with pytest.raises(ConfigError, match="is a file"), staged(tmp_path / "thesis.doc"):
        pass


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="No space left"), staged(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []
