"""Data that tests share: the CDNOW sample as the `lifetimes` distribution ships it, read as a file."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cdnow_path() -> Path:
    """The CDNOW 1/10 sample: master id, sample id, date YYYYMMDD, CDs, USD; blanks between, no header."""
    distribution = importlib.metadata.distribution("lifetimes")
    for file in distribution.files or ():
        if file.name == "CDNOW_sample.txt":
            return Path(str(file.locate()))
    raise FileNotFoundError("CDNOW_sample.txt is not in the lifetimes distribution; install requirements/dev.txt")
