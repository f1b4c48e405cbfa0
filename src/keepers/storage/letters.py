"""The book of letters: each due moment has one, one process sends it, and what is not certain is never sent again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from keepers.storage.letter_schema import LETTERS

WAITING, SENDING, SENT, UNCLEAR, FAILED = "waiting", "sending", "sent", "unclear", "failed"

LEASE = dt.timedelta(minutes=5)
"""For so long nobody else touches a letter that a process has taken to send."""

_LONGEST = dt.timedelta(days=1)
"""Nothing is put off for so long: what waits for a moment that is further away was put off by another clock."""


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter as it was written, and where it stands.

    Attributes
    ----------
    number : int
        By which a page names it; 0 before it is kept.
    due_at, made_at : datetime
        The moment it was meant for, and when it was written.
    run_id : int or None
        The run that it tells of.
    as_of : date
        Last day of that run's data.
    subject, plain, html : str
        As it is read.
    recipients : tuple of str
        To whom.
    message_id : str
        Of the message, the same each time it is tried, so that programs for mail know it as one.
    status : str
        `waiting`, `sending`, `sent`; `unclear` where a process ended between handing it over and hearing the answer;
        `failed`.
    attempts : int
        How often it was tried.
    said : str
        What the last attempt came to.
    """

    due_at: dt.datetime
    made_at: dt.datetime
    run_id: int | None
    as_of: dt.date
    subject: str
    plain: str
    html: str
    recipients: tuple[str, ...]
    message_id: str
    status: str = WAITING
    attempts: int = 0
    next_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    said: str = ""
    number: int = 0


class LetterBook:
    """Letters inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, letter: KeptLetter) -> KeptLetter | None:
        """Keep a letter for its due moment; None where that moment has one already."""
        row = {
            "due_at": letter.due_at, "made_at": letter.made_at, "run_id": letter.run_id, "as_of": letter.as_of,
            "subject": letter.subject, "plain": letter.plain, "html": letter.html,
            "recipients": list(letter.recipients), "message_id": letter.message_id, "status": WAITING, "attempts": 0,
            "next_at": None, "sent_at": None, "said": "",
        }  # fmt: skip
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        added = dialect.insert(LETTERS).values(row).on_conflict_do_nothing(index_elements=["due_at"])
        kept = self._connection.execute(added.returning(LETTERS.c.id)).scalar()
        return None if kept is None else self.numbered(int(kept))

    def numbered(self, number: int) -> KeptLetter | None:
        """The letter with a number."""
        return self._one(LETTERS.c.id == number)

    def take(self, number: int, now: dt.datetime) -> KeptLetter | None:
        """Take a letter to send it, which nobody else does until the lease is over; None where somebody has."""
        taken = self._connection.execute(
            update(LETTERS)
            .where(LETTERS.c.id == number, LETTERS.c.status == WAITING, _due(now))
            .values(attempts=LETTERS.c.attempts + 1, next_at=now + LEASE)
        )
        return self.numbered(number) if taken.rowcount else None

    def hand_over(self, number: int, now: dt.datetime) -> None:
        """The letter is being handed to the mail server: from here on it may have been sent."""
        self._connection.execute(
            update(LETTERS).where(LETTERS.c.id == number).values(status=SENDING, next_at=now + LEASE)
        )

    def sent(self, number: int, said: str, now: dt.datetime) -> None:
        """The mail server has it."""
        self._end(number, SENT, said, sent_at=now)

    def put_off(self, number: int, said: str, until: dt.datetime) -> None:
        """It was not sent, and is to be tried again."""
        self._connection.execute(
            update(LETTERS).where(LETTERS.c.id == number).values(status=WAITING, said=said, next_at=until)
        )

    def give_up(self, number: int, said: str) -> None:
        """It was not sent and will not be."""
        self._end(number, FAILED, said)

    def unclear(self, number: int, said: str) -> None:
        """It may have been sent, so that nobody sends it again by itself."""
        self._end(number, UNCLEAR, said)

    def mark_unclear(self, now: dt.datetime) -> int:
        """Letters whose process ended while it handed them over: as they may have been sent, nobody sends them."""
        said = (
            "The process that sent it ended before the mail server had answered: it may have arrived. Look, and send "
            "it again where it has not: keepers letter --send"
        )
        changed = self._connection.execute(
            update(LETTERS)
            .where(LETTERS.c.status == SENDING, _due(now))
            .values(status=UNCLEAR, said=said, next_at=None)
        )
        return changed.rowcount

    def waiting(self, now: dt.datetime) -> tuple[KeptLetter, ...]:
        """Letters to try now, the oldest first."""
        query = select(LETTERS).where(LETTERS.c.status == WAITING, _due(now)).order_by(LETTERS.c.due_at)
        return tuple(_letter(row) for row in self._connection.execute(query).mappings())

    def listed(
        self, limit: int = 20, statuses: Sequence[str] = (), until: dt.datetime | None = None
    ) -> tuple[KeptLetter, ...]:
        """The newest letters, of some statuses alone where any are named, and due until a moment where one is."""
        query = select(LETTERS).order_by(LETTERS.c.due_at.desc()).limit(limit)
        if until is not None:
            query = query.where(LETTERS.c.due_at <= until)
        if statuses:
            query = query.where(LETTERS.c.status.in_(statuses))
        return tuple(_letter(row) for row in self._connection.execute(query).mappings())

    def _end(self, number: int, status: str, said: str, sent_at: dt.datetime | None = None) -> None:
        end = {"status": status, "said": said, "next_at": None, "sent_at": sent_at}
        self._connection.execute(update(LETTERS).where(LETTERS.c.id == number).values(end))

    def _one(self, where: ColumnElement[bool]) -> KeptLetter | None:
        row = self._connection.execute(select(LETTERS).where(where)).mappings().first()
        return None if row is None else _letter(row)


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return or_(LETTERS.c.next_at.is_(None), LETTERS.c.next_at <= now, LETTERS.c.next_at > now + _LONGEST)


def _letter(row: RowMapping) -> KeptLetter:
    return KeptLetter(
        row["due_at"], row["made_at"], row["run_id"], row["as_of"], row["subject"], row["plain"], row["html"],
        tuple(row["recipients"]), row["message_id"], row["status"], row["attempts"], row["next_at"], row["sent_at"],
        row["said"], row["id"],
    )  # fmt: skip
