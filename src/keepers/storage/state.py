"""The state of a project as one thing: opened, read, and written in transactions that are whole or not at all."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from keepers.data.table import Table
from keepers.domain.errors import EngineError
from keepers.domain.reach import OWN, Reach
from keepers.storage.alerts import AlertBook
from keepers.storage.answers import AnswerBook
from keepers.storage.copying import copy_state, fill_state
from keepers.storage.database import Database, sqlite_url
from keepers.storage.divisions import Divisions
from keepers.storage.done_once import OnceBook
from keepers.storage.erasing import (
    Erasure,
    NamesOf,
    erase_customers,
    keys_of_address,
    known_customers,
    names_of_customers,
)
from keepers.storage.failures import told_of_files
from keepers.storage.inbox import Inbox
from keepers.storage.jobs import JobBook
from keepers.storage.ledger import Ledger
from keepers.storage.letters import LetterBook
from keepers.storage.live import LiveBook
from keepers.storage.live_indexes import left_over
from keepers.storage.live_lists import LiveLists
from keepers.storage.live_value import value_of
from keepers.storage.saved_views import ViewBook
from keepers.storage.schema import PUBLISHED_SCORES
from keepers.storage.scores import RunBook
from keepers.storage.service_schema import LIVE_CELLS, LIVE_CUSTOMERS, LIVE_PERSONS
from keepers.storage.users import UserBook

FOLDER = ".keepers"
"""Where the state lies inside a project."""

FILE = "state.db"
_SNAPSHOTS = "snapshots"


@dataclass(frozen=True)
class Books:
    """Everything the state remembers, seen through one transaction.

    Attributes
    ----------
    runs : RunBook
        Runs and the scores they published.
    alerts : AlertBook
        Alerts.
    ledger : Ledger
        Decisions and their outcomes.
    divisions : Divisions
        Thresholds of segments, and moves between segments.
    users : UserBook
        Who may come in, and what they did.
    inbox : Inbox
        Received events.
    live : LiveBook
        What every customer is worth now.
    jobs : JobBook
        Longer pieces of work.
    answers : AnswerBook
        What people said to proposed decisions.
    views : ViewBook
        Lists that people keep.
    letters : LetterBook
        Letters that were written, and what came of sending them.
    once : OnceBook
        Wishes that were fulfilled, so that one that is sent again is not fulfilled again.
    """

    runs: RunBook
    alerts: AlertBook
    ledger: Ledger
    divisions: Divisions
    users: UserBook
    inbox: Inbox
    live: LiveBook
    jobs: JobBook
    answers: AnswerBook
    views: ViewBook
    letters: LetterBook
    once: OnceBook
    connection: Connection

    def lists(self, generation: int, reach: Reach = OWN) -> LiveLists:
        """Lists of a generation's customers, with values within one of its horizons."""
        return LiveLists(self.connection, generation, reach)


class State:
    """The state of a project.

    Parameters
    ----------
    project : Path
        The folder with `keepers.toml`; the state lies in `.keepers` within it.
    url : str, optional
        A team's PostgreSQL database; SQLite inside the folder otherwise.
    snapshots : Path, optional
        Folder of the published scores, which a team that shares a database shares too.
    pooled : bool
        Keep connections open between uses, for a process that runs for long.

    Raises
    ------
    KeepersError
        If the state cannot be opened, with what to do.
    """

    def __init__(
        self, project: Path, url: str | None = None, snapshots: Path | None = None, pooled: bool = False
    ) -> None:
        self.folder = project / FOLDER
        self.snapshots = snapshots or self.folder / _SNAPSHOTS
        with told_of_files(str(self.folder)):
            self.folder.mkdir(parents=True, exist_ok=True)
            self.snapshots.mkdir(parents=True, exist_ok=True)
            _ignored_by_git(self.folder)
        self._database = Database(sqlite_url(self.folder / FILE) if url is None else url, pooled=pooled)

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def where(self) -> str:
        """The database, as a person knows it."""
        return self._database.where

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Books]:
        """What the state holds."""
        with self._database.reading() as connection:
            yield self._books(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Books]:
        """Change the state: everything in the block, or nothing where it fails."""
        with self._database.writing() as connection:
            yield self._books(connection)

    @contextlib.contextmanager
    def trying(self) -> Iterator[Books]:
        """See what a change would come to: nothing of the block stays."""
        with self._database.trying() as connection:
            yield self._books(connection)

    def value_of(self, key: str) -> dict[str, Any] | None:
        """The value of one customer alone, which programs ask for hundreds of times a second."""
        return value_of(self._database, key)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of some customers of whom anything is remembered."""
        with self._database.reading() as connection:
            return known_customers(connection, self.snapshots, keys)

    def called(self, keys: Sequence[str]) -> set[str]:
        """What ids and addresses of some customers are kept as, by which they are found wherever these stand."""
        with self._database.reading() as connection:
            return names_of_customers(connection, keys)

    def addressed(self, email: str) -> set[str]:
        """Customers whom the running system knows by an e-mail address."""
        with self._database.reading() as connection:
            return keys_of_address(connection, email.strip().lower())

    def erase(self, keys: Sequence[str], names_of: NamesOf = lambda _: ()) -> Erasure:
        """Erase customers from all that is remembered: everything of them, or nothing where it fails.

        Parameters
        ----------
        keys : sequence of str
        names_of : callable
            What an event, as it was sent, calls its customer, so that events of these are found.

        Raises
        ------
        EngineError
            If the database or a file of scores cannot be written.
        """
        erasure = Erasure(0, 0, 0)
        try:
            with self._database.writing() as connection:
                erasure = erase_customers(connection, self.snapshots, keys, names_of)
        except BaseException:
            for path in erasure.new:
                path.unlink(missing_ok=True)
            raise
        for path in erasure.old:
            path.unlink(missing_ok=True)
        self._database.forget()
        return erasure

    def settle(self) -> None:
        """Let the database look at the live values anew, after a run has put others in their place."""
        if not self._database.is_sqlite:
            with self._database.reading() as connection:
                gone = left_over(connection)
            self._database.drop_beside(gone)
        for table in (LIVE_CUSTOMERS, LIVE_CELLS, LIVE_PERSONS):
            self._database.settle(table.name)

    def copy_to(self, path: Path) -> None:
        """Write all of the database, as of one moment, into a new SQLite file."""
        copy_state(self._database, path)

    def fill_from(self, path: Path) -> None:
        """Fill this state, which is empty, from such a file.

        Raises
        ------
        ConfigError
            It is not empty.
        """
        fill_state(self._database, path)

    @property
    def is_file(self) -> bool:
        """Whether the database is a file in the project's folder."""
        return self._database.is_sqlite

    def score_files(self) -> set[str]:
        """Names of the files that published scores stand in."""
        with self._database.reading() as connection:
            return set(connection.execute(select(PUBLISHED_SCORES.c.snapshot)).scalars())

    def write_snapshot(self, table: Table, stem: str) -> Path:
        """Write a table's rows beside the database, under a name of their own; whoever fails later removes it.

        Raises
        ------
        EngineError
            If the disk is full, or the folder may not be written.
        """
        path = self.snapshots / f"{stem}-{uuid.uuid4().hex[:12]}.parquet"
        try:
            return table.write_parquet(path)
        except OSError as error:
            raise EngineError(
                f"{path} could not be written ({error.strerror or error}). Nothing was changed: free some space, or "
                "give yourself the right to write there."
            ) from error

    def _books(self, connection: Connection) -> Books:
        return Books(
            RunBook(connection, self.snapshots), AlertBook(connection), Ledger(connection), Divisions(connection),
            UserBook(connection), Inbox(connection), LiveBook(connection), JobBook(connection),
            AnswerBook(connection), ViewBook(connection), LetterBook(connection), OnceBook(connection), connection,
        )  # fmt: skip


def _ignored_by_git(folder: Path) -> None:
    """The state names customers: it does not belong into a repository by accident."""
    mark = folder / ".gitignore"
    if not mark.exists():
        mark.write_text("*\n", encoding="utf-8")
