"""States of every schema that there ever was open with today's program and hold what was written.

`KEEPERS_GOLDEN=write pytest tests/golden` writes the file of the newest schema anew; files of older ones never change.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from keepers.storage.schema import HEAD, METADATA
from keepers.storage.state import FILE, FOLDER, State
from unit.storage.books import check, fill, of_the_schema
from unit.storage.letter_books import check_letters, fill_letters
from unit.storage.service_books import check_once, check_service, check_work, fill_service, fill_work

FILES = sorted(Path(__file__).parent.glob("state-*.sql"))
NEWEST = Path(__file__).parent / f"state-{HEAD}.sql"


def test_the_newest_schema_has_its_file(tmp_path: Path) -> None:
    if os.environ.get("KEEPERS_GOLDEN") == "write":
        with State(tmp_path) as state:
            fill(state)
            fill_service(state)
            fill_work(state)
            fill_letters(state)
        with contextlib.closing(sqlite3.connect(tmp_path / FOLDER / FILE)) as database:
            text = "\n".join(database.iterdump()).replace(str(tmp_path), "/shop")
        NEWEST.write_text(text + "\n", encoding="utf-8")
    assert NEWEST.exists(), "KEEPERS_GOLDEN=write pytest tests/golden"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_state_of_an_earlier_schema_opens_and_holds_everything(path: Path, tmp_path: Path) -> None:
    (tmp_path / FOLDER / "snapshots").mkdir(parents=True)
    (tmp_path / FOLDER / "snapshots" / "customers-golden.parquet").touch()
    with contextlib.closing(sqlite3.connect(tmp_path / FOLDER / FILE)) as database:
        database.executescript(path.read_text(encoding="utf-8"))
    with State(tmp_path) as state:
        with state.reading() as books:
            check(books)
            if path.stem >= "state-0002":
                check_service(books)
            if path.stem >= "state-0003":
                check_work(books)
            if path.stem >= "state-0004":
                check_letters(books)
            if path.stem >= "state-0007":
                check_once(books)
            assert not any(dict(one.detail).get("outcome") for one in books.users.deeds(99))
        with state._database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"include_name": of_the_schema})
            assert context.get_current_revision() == HEAD
            assert compare_metadata(context, METADATA) == [], "the migrations lead to the tables of schema.py"
