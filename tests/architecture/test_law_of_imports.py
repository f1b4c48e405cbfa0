"""The law of imports holds, and its contracts really catch what they forbid (planted violations)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTED = {
    "numerics/planted.py": "from keepers.data import engine\nimport narwhals\n",
    "reports/planted.py": "import keepers.simulate\n",
    "attic/__init__.py": "",
    "data/engine.py": "from keepers.data import table\n",
    "pipeline/planted.py": "import duckdb\n",
    "domain/planted.py": "import rich\n",
}
"""Lines that break the law, by the module that gets them."""

FOUND = {
    "rooms": "keepers.numerics.planted -> keepers.data.engine",
    "rooms, siblings": "keepers.reports.planted -> keepers.simulate",
    "rooms, unplaced": "- keepers.attic",
    "no-cycles": "No cycles are allowed in keepers.data.",
    "numerics-arrays-only": "keepers.numerics.planted -> narwhals",
    "drivers": "keepers.pipeline.planted -> duckdb",
    "domain-pure": "keepers.domain.planted -> rich",
}
"""What is said of each, by the contract that says it."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a source tree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_law_holds() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def said_of_planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy of the source that breaks every contract."""
    copy = tmp_path_factory.mktemp("spoiled")
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for relative, lines in PLANTED.items():
        target = copy / "src" / "keepers" / relative
        target.parent.mkdir(exist_ok=True)
        before = target.read_text(encoding="utf-8") if target.exists() else '"""Planted."""\n'
        target.write_text(before + lines, encoding="utf-8")
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("contract", FOUND)
def test_a_planted_violation_is_caught(said_of_planted: str, contract: str) -> None:
    assert FOUND[contract] in said_of_planted


def test_every_contract_is_tried(said_of_planted: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert {name.split(",", maxsplit=1)[0] for name in FOUND} == {one["id"] for one in contracts}
    assert f"Contracts: 0 kept, {len(contracts)} broken." in said_of_planted
