"""Modules that a run needs later are loaded while it reads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from keepers.pipeline.ahead import importing


def test_modules_are_there_at_the_end() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom keepers.pipeline.ahead import importing\n"
            "before = 'keepers.valuation.lifetime_value' in sys.modules\n"
            "with importing(['keepers.valuation.lifetime_value']):\n    pass\n"
            "print(before, 'keepers.valuation.lifetime_value' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", "True"]


def test_a_module_that_cannot_be_imported_fails_where_it_is_used_and_not_here() -> None:
    with importing(["keepers.no_such_module", "keepers.domain.time"]):
        pass


def test_a_failure_inside_comes_through() -> None:
    with pytest.raises(ZeroDivisionError), importing(["keepers.domain.time"]):
        _ = 1 / 0


def test_a_run_loads_no_models_before_it_reads() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, keepers.pipeline.run\nprint('scipy.special' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "False"
