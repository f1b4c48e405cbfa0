"""The law of imports holds, and its contracts really catch what they forbid (planted violations)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTED = {
    "rooms": ("numerics/planted.py", "from keepers.data import engine\n"),
    "rooms, siblings": ("reports/planted.py", "import keepers.simulate\n"),
    "rooms, unplaced": ("attic/__init__.py", ""),
    "no-cycles": ("data/engine.py", "from keepers.data import table\n"),
    "numerics-arrays-only": ("numerics/planted.py", "import narwhals\n"),
    "drivers": ("pipeline/planted.py", "import duckdb\n"),
    "domain-pure": ("domain/planted.py", "import rich\n"),
}


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a source tree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    if contract:
        command += ["--contract", contract]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the source that may be spoiled."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_law_holds() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_violation_is_caught(copy: Path, case: str) -> None:
    contract = case.split(",", maxsplit=1)[0]
    relative, line = PLANTED[case]
    target = copy / "src" / "keepers" / relative
    target.parent.mkdir(exist_ok=True)
    before = target.read_text() if target.exists() else '"""Planted."""\n'
    target.write_text(before + line)
    result = lint(copy, contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout or "unplaced" in case, result.stdout
