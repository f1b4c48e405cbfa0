"""Stores that several tests look at; made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keepers.domain.time import months
from keepers.simulate import Store, demo_store


@pytest.fixture(scope="session")
def demo() -> Iterator[Store]:
    """The demo's store with everything switched on, and a year of follow-up in its truth."""
    store = demo_store(seed=7, follow_up=months(12))
    yield store
    store.engine.close()
