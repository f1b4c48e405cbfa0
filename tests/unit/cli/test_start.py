"""The program starts at once, and its codes are those that it documents."""

from __future__ import annotations

import subprocess
import sys

import pytest

from keepers.cli.main import EXIT_CODES
from keepers.domain import errors
from keepers.domain.version import VERSION
from unit.cli.conftest import Keepers

HEAVY = ("numpy", "scipy", "duckdb", "jinja2", "narwhals", "rich", "pandas", "polars", "pyarrow")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["check", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom keepers.cli.main import main\n"
        f"sys.argv = ['keepers', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_every_error_has_a_documented_code() -> None:
    found = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.KeepersError)
    }
    assert found <= set(EXIT_CODES)
    assert {0, 130} <= set(EXIT_CODES)


def test_version_and_help(keepers: Keepers) -> None:
    assert keepers("--version").out == f"keepers {VERSION}"
    assert keepers().code in (0, 2)
    assert "keepers run ORDERS.csv" in keepers("--help").out


def test_what_nobody_foresaw_is_told_apart(keepers: Keepers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.pipeline.run.run", lambda *_: {}["the moon"])
    found = keepers("run", "orders.csv")
    assert found.code == 1
    assert "an error that should not happen: KeyError: 'the moon'" in found.message
    assert "KEEPERS_DEBUG=1" in found.message
    monkeypatch.setenv("KEEPERS_DEBUG", "1")
    with pytest.raises(KeyError):
        keepers("run", "orders.csv")
