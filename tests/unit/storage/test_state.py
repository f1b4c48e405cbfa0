"""The state keeps what it is given, whole or not at all, and says in words what is wrong."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from keepers.domain.alert import AlertStatus
from keepers.domain.decision import Audience
from keepers.domain.errors import ConfigError, EngineError, KeepersError
from keepers.storage.database import Database, sqlite_url
from keepers.storage.state import FILE, FOLDER, State
from unit.storage.books import DAY, DECISION, MOVES, NOW, OUTCOME, RULES, check, fill, proposal, write


def test_what_is_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        (state.snapshots / "customers-golden.parquet").touch()
        fill(state)
    with State(tmp_path) as state, state.reading() as books:
        check(books)
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        with pytest.raises(ZeroDivisionError):
            _fail(state)
        with state.reading() as books:
            assert books.alerts.listed(None) == ()
            assert books.ledger.decisions() == ()


def _fail(state: State) -> None:
    with state.writing() as books:
        write(books)
        raise ZeroDivisionError


def test_being_killed_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import os; from pathlib import Path; from keepers.storage.state import State; "
        "from unit.storage.books import write\n"
        f"with State(Path({str(tmp_path)!r})).writing() as books:\n    write(books); os._exit(9)"
    )
    tests = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": tests}, check=False)
    assert done.returncode == 9
    with State(tmp_path) as state, state.reading() as books:
        assert books.alerts.listed(None) == ()


def test_an_alert_is_raised_once_and_not_again_while_it_is_open_or_cools_down(tmp_path: Path) -> None:
    later = proposal(loss=80.0)
    with State(tmp_path) as state, state.writing() as books:
        (first,) = books.alerts.raise_all([proposal()], RULES, DAY, NOW)
        assert books.alerts.raise_all([later], RULES, DAY, NOW) == ()
        (still,) = books.alerts.listed()
        assert still.number == first.number
        assert still.proposal == later, "an open alert says what is known now"
        (other,) = books.alerts.raise_all([proposal(cause="refunds"), later], RULES, DAY, NOW)
        assert other.proposal.cause == "refunds", "another cause is another alert"
        books.alerts.close(first.number, AlertStatus.DONE, "called", NOW)
        assert books.alerts.raise_all([later], RULES, DAY, NOW + dt.timedelta(days=89)) == ()
        (again,) = books.alerts.raise_all([later], RULES, DAY, NOW + dt.timedelta(days=90))
        assert again.number > other.number


def test_a_buyer_who_subscribes_is_not_told_of_twice_for_one_cause(tmp_path: Path) -> None:
    twice = [proposal(loss=90.0), replace(proposal(loss=20.0), kind="subscriber")]
    with State(tmp_path) as state, state.writing() as books:
        (alert,) = books.alerts.raise_all(twice, RULES, DAY, NOW)
        assert alert.proposal == twice[0]
        assert books.alerts.raise_all(twice, RULES, DAY, NOW) == ()
        (still,) = books.alerts.listed()
        assert still.proposal == twice[0]


def test_no_more_alerts_than_people_can_act_on_and_old_ones_lapse(tmp_path: Path) -> None:
    many = [proposal(f"C{number}") for number in range(9)]
    with State(tmp_path) as state, state.writing() as books:
        assert [one.proposal.customer_key for one in books.alerts.raise_all(many, RULES, DAY, NOW)] == ["C0", "C1"]
        due = DAY + dt.timedelta(days=RULES.due_days)
        books.alerts.raise_all([], RULES, due + dt.timedelta(days=30), NOW)
        assert len(books.alerts.listed()) == 2
        books.alerts.raise_all([], RULES, due + dt.timedelta(days=31), NOW)
        assert books.alerts.listed() == ()
        lapsed = books.alerts.listed(AlertStatus.LAPSED)
        assert [event.event for event in lapsed[0].history] == ["raised", "lapsed"]


def test_closing_and_opening_again(tmp_path: Path) -> None:
    with State(tmp_path) as state, state.writing() as books:
        (alert,) = books.alerts.raise_all([proposal()], RULES, DAY, NOW)
        with pytest.raises(ConfigError, match="Say what came of it"):
            books.alerts.close(alert.number, AlertStatus.DONE, " ", NOW)
        with pytest.raises(ConfigError, match="no alert 77"):
            books.alerts.close(77, AlertStatus.DONE, "x", NOW)
        books.alerts.close(alert.number, AlertStatus.DISMISSED, "moved away", NOW)
        with pytest.raises(ConfigError, match="closed already"):
            books.alerts.close(alert.number, AlertStatus.DONE, "x", NOW)
        again = books.alerts.reopen(alert.number, NOW)
        assert again.status is AlertStatus.OPEN
        assert again.outcome == ""
        assert [event.event for event in again.history] == ["raised", "dismissed", "reopened"]


def test_the_ledger_keeps_an_entry_once_and_never_changes_it(tmp_path: Path) -> None:
    with State(tmp_path) as state, state.writing() as books:
        books.ledger.record(DECISION)
        books.ledger.record(DECISION)
        assert books.ledger.decisions() == (DECISION.decision_id,)
        with pytest.raises(ConfigError, match="says something else"):
            books.ledger.record(replace(DECISION, expected_gain=1.0))
        both = replace(DECISION, decision_id="x", audience=Audience("all", ("a",), ("a",)))
        with pytest.raises(ConfigError, match="chosen and held out at once"):
            books.ledger.record(both)
        with pytest.raises(ConfigError, match="no decision 'y'"):
            books.ledger.observe(replace(OUTCOME, decision_id="y"))


def test_thresholds_of_the_day_and_moves_are_replaced_by_a_rerun(tmp_path: Path) -> None:
    with State(tmp_path) as state, state.writing() as books:
        books.divisions.freeze("rfm", DAY, {"a": 1})
        books.divisions.freeze("rfm", DAY, {"a": 2})
        assert books.divisions.rule("rfm", DAY) == {"a": 2}
        books.divisions.record("rfm", DAY, DAY, MOVES)
        books.divisions.record("rfm", DAY, DAY, MOVES[:1])
        assert books.divisions.moves("rfm", DAY) == MOVES[:1]


def test_another_writer_is_waited_for_and_named(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / FILE), patience=0.05)
    with contextlib.closing(database), database.writing():
        with pytest.raises(EngineError, match="is being written by another run"):
            database.writing().__enter__()
        with database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM runs").scalar() == 0, "readers do not wait"


def test_a_newer_schema_is_refused_unchanged(tmp_path: Path) -> None:
    State(tmp_path).close()
    file = tmp_path / FOLDER / FILE
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"newer Keepers \(schema 9999"):
        State(tmp_path)


def test_a_file_that_is_no_state(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / FILE).write_bytes(b"orders,and,amounts\n" * 100)
    with pytest.raises(EngineError, match="damaged or no state"):
        State(tmp_path)


def _fill_up(state: State) -> None:
    with state.writing() as books:
        books.divisions._connection.exec_driver_sql("PRAGMA max_page_count = 40")
        for number in range(200):
            books.divisions.freeze(f"rule {number}", DAY, {"long": "x" * 4000})


def test_a_full_disk(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        with pytest.raises(EngineError, match="disk is full"):
            _fill_up(state)
        with state.reading() as books:
            assert books.divisions.rule("rule 0", DAY) is None


def test_a_place_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    with pytest.raises(KeepersError, match=r"The state \("):
        State(tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://user@host/shop", "not in mysql"),
        ("no address", "no address of a database"),
        ("postgresql://keeper:secret@127.0.0.1:1/shop", "cannot be reached"),
    ],
)
def test_urls_that_do_not_work(url: str, said: str) -> None:
    with pytest.raises(KeepersError, match=said) as error:
        Database(url)
    assert "secret" not in str(error.value)
