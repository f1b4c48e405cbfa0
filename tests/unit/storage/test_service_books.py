"""The tables of the running system in SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.storage import live_filter
from keepers.storage.state import State
from unit.storage.letter_books import change_letters, check_letters, fill_letters
from unit.storage.list_books import check_by_hand, check_searches
from unit.storage.service_books import (
    change_service,
    change_work,
    check_horizons,
    check_service,
    check_work,
    fill_service,
    fill_work,
)


def test_everything_is_kept_and_changed(tmp_path: Path) -> None:
    with State(tmp_path, pooled=True) as state:
        fill_service(state)
        fill_work(state)
        fill_letters(state)
        with state.reading() as books:
            check_service(books)
            check_work(books)
            check_letters(books)
        change_service(state)
        change_work(state)
        change_letters(state)
        check_horizons(state)


def test_lists_and_sums_are_what_one_finds_by_hand(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        check_by_hand(state)


def test_a_search_that_finds_very_many_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_filter, "_FOUND_BY_NAME", 0)
    with State(tmp_path, pooled=True) as state:
        fill_service(state)
        with state.reading() as books:
            check_service(books)
        check_searches(state)
