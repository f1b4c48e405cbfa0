"""Small exports with invented people, read as a person would give them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepers.data.read import Dataset, read

LAYOUTS = Path(__file__).parent / "layouts"
"""Exports in the layouts of vendors."""

NOW = dt.datetime(2026, 11, 21, 12, 0)
"""The present, for tests."""


@pytest.fixture
def reading(tmp_path: Path) -> Callable[..., Dataset]:
    """Read layouts by their names, or texts as CSV files; several at once are one reading."""

    def run(*given: str, now: dt.datetime = NOW, **options: Any) -> Dataset:
        paths = []
        for number, each in enumerate(given):
            path = LAYOUTS / each if "\n" not in each else tmp_path / f"export_{number}.csv"
            if "\n" in each:
                path.write_text(each, encoding="utf-8")
            paths.append(path)
        return read(*paths, now=now, **options)

    return run
