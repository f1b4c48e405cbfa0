"""A model in a package of its own: installed it is known by name, keeps the contract and works in a run."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from keepers.domain.errors import ConfigError
from keepers.models.catalogue import model_class, model_names

EXAMPLE = Path(__file__).parents[2] / "examples" / "keepers-plugin-geometric-nbd"


def run(command: list[str], site: Path) -> subprocess.CompletedProcess[str]:
    """Run Python where a folder of packages is installed."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, cwd=EXAMPLE
    )


def test_the_example_passes_its_own_tests_where_it_is_installed(tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site)]
    built = run([*pip, str(EXAMPLE)], site)
    assert built.returncode == 0, built.stderr
    tested = run(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], site)
    assert tested.returncode == 0, tested.stdout
    assert "4 passed" in tested.stdout


def planted(site: Path, target: str, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Install a package by hand that names a model."""
    info = site / "strange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[keepers.models]\nStrangeNBD = {target}\n")
    (site / "strange_package.py").write_text(source)
    monkeypatch.syspath_prepend(str(site))
    assert PathDistribution(info).name == "strange"


def test_a_package_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, "strange_package:StrangeNBD", monkeypatch, "import a_library_that_is_not_there\n")
    assert "StrangeNBD" in model_names()
    with pytest.raises(ConfigError, match=r"package strange names a model StrangeNBD that cannot be loaded \(Module"):
        model_class("strange-nbd")
    with pytest.raises(ConfigError, match="StrangeNBD"):
        model_class("no such model")


def test_what_is_no_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, "strange_package:NUMBER", monkeypatch, "NUMBER = 4\n")
    with pytest.raises(ConfigError, match="strange_package:NUMBER is no class of models with that name"):
        model_class("StrangeNBD")


def test_the_house_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, "strange_package:StrangeNBD", monkeypatch, "")
    info = tmp_path / "strange-1.0.dist-info" / "entry_points.txt"
    info.write_text("[keepers.models]\nParetoNBD = strange_package:ParetoNBD\n")
    assert model_class("pareto-nbd").__module__ == "keepers.models.btyd.pareto_nbd"
    assert model_names().count("ParetoNBD") == 1
