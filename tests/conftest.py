"""Data that tests share, as the `lifetimes` distribution ships them, read as files."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cdnow_path() -> Path:
    """The CDNOW 1/10 sample: master id, sample id, date YYYYMMDD, CDs, USD; blanks between, no header."""
    return shipped("CDNOW_sample.txt")


@pytest.fixture(scope="session")
def donations_path() -> Path:
    """Donors by how often they gave again in six years, the last year they did, and how many such donors."""
    return shipped("donations.csv")


def shipped(name: str) -> Path:
    """A file of the distribution."""
    distribution = importlib.metadata.distribution("lifetimes")
    for file in distribution.files or ():
        if file.name == name:
            return Path(str(file.locate()))
    raise FileNotFoundError(f"{name} is not in the lifetimes distribution; install requirements/dev.txt")
