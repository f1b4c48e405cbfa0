"""The state in a team's PostgreSQL: the same schema, entries and promises."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from keepers.domain.errors import ConfigError, EngineError
from keepers.storage.database import SCHEMA, Database
from keepers.storage.live_lists import Filter
from keepers.storage.schema import METADATA
from keepers.storage.state import State
from unit.storage.books import DAY, NOW, RULES, check, fill, of_the_schema, proposal
from unit.storage.letter_books import change_letters, check_letters, fill_letters
from unit.storage.list_books import check_by_hand
from unit.storage.service_books import (
    change_service,
    change_work,
    check_horizons,
    check_service,
    check_work,
    fill_service,
    fill_work,
)


@pytest.fixture
def url(postgres_url: str) -> str:
    """A database without a state."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    return postgres_url


def test_everything_is_kept_and_seen_by_another_member(url: str, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    with State(tmp_path / "ada", url, shared) as state:
        (state.snapshots / "customers-golden.parquet").touch()
        fill(state)
    with State(tmp_path / "ben", url, shared) as state:
        with state.reading() as books:
            check(books)
        with pytest.raises(ZeroDivisionError):
            _fail(state)
        with state.reading() as books:
            assert books.divisions.rule("rfm", DAY) is None
        with state._database.reading() as connection:
            assert (
                compare_metadata(MigrationContext.configure(connection, opts={"include_name": of_the_schema}), METADATA)
                == []
            )


def test_the_running_system_keeps_its_tables_there(url: str, tmp_path: Path) -> None:
    with State(tmp_path, url, pooled=True) as state:
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
        check_by_hand(state)


def test_who_reads_sees_one_moment(url: str, tmp_path: Path) -> None:
    with State(tmp_path, url, pooled=True) as state:
        fill_service(state)
        with state.reading() as books:
            before = books.live.current()
            assert before is not None
            with state.writing() as others:
                others.live.publish(others.live.begin("/shop/next", DAY, NOW, {}, 3))
                others.live.forget_retired()
            assert books.live.current() == before
            assert books.lists(before.number).totals(Filter()).customers == 3
        with state.reading() as books:
            after = books.live.current()
            assert after is not None
            assert after.number != before.number
        with state.writing() as books:
            books.users.note("ada@example.com", "wrote on the same connection", "", NOW)


def _fail(state: State) -> None:
    with state.writing() as books:
        books.divisions.freeze("rfm", DAY, {"a": 1})
        raise ZeroDivisionError


def test_first_runs_at_once_make_one_state(url: str, tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def open_it(number: int) -> None:
        try:
            State(tmp_path / str(number), url).close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_one_alert_of_a_cause_is_open_whoever_raises_it(url: str, tmp_path: Path) -> None:
    with State(tmp_path, url) as state:
        with state.writing() as books:
            books.alerts.raise_all([proposal()], RULES, DAY, NOW)
            assert books.alerts.raise_all([proposal()], RULES, DAY, NOW) == ()
        with pytest.raises(EngineError, match="refuses what contradicts it"), state.writing() as books:
            books.alerts._raise(proposal(), RULES, DAY, NOW, None, "")


def test_a_newer_schema_is_refused(url: str) -> None:
    import psycopg

    Database(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"UPDATE {SCHEMA}.alembic_version SET version_num = '9999'".encode())
    with pytest.raises(ConfigError, match="newer Keepers"):
        Database(url)
