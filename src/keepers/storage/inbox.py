"""What programs have sent: received once however often it is sent, and read in the order in which it came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from keepers.storage.service_schema import RECEIVED_EVENTS


@dataclass(frozen=True, slots=True)
class Received:
    """One event as it was sent: its number here, what kind of call it was, and its JSON text."""

    number: int
    message_id: str
    received_at: dt.datetime
    kind: str
    body: str


class Inbox:
    """Received events inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, events: Sequence[tuple[str, str, str]], now: dt.datetime) -> int:
        """Keep events, each a message_id, a kind and a JSON text; gives how many were new."""
        if not events:
            return 0
        rows = [
            {"message_id": message, "received_at": now, "kind": kind, "body": body} for message, kind, body in events
        ]
        if self._connection.dialect.name == "sqlite":
            added = sqlite.insert(RECEIVED_EVENTS).on_conflict_do_nothing(index_elements=["message_id"])
            return int(self._connection.execute(added, rows).rowcount)
        # That server's driver counts no rows of many statements at once, but gives back what was added.
        kept = postgresql.insert(RECEIVED_EVENTS).on_conflict_do_nothing(index_elements=["message_id"])
        return len(self._connection.execute(kept.returning(RECEIVED_EVENTS.c.id), rows).all())

    def after(self, number: int, limit: int) -> list[Received]:
        """The next events after one."""
        query = select(RECEIVED_EVENTS).where(RECEIVED_EVENTS.c.id > number).order_by(RECEIVED_EVENTS.c.id).limit(limit)
        return [Received(*row) for row in self._connection.execute(query)]

    def many(self, after: int, until: int) -> int:
        """How many events there are after one, up to another one."""
        query = select(func.count()).where(RECEIVED_EVENTS.c.id > after, RECEIVED_EVENTS.c.id <= until)
        return int(self._connection.execute(query).scalar_one())

    def all(self, until: int, of: int = 5_000) -> Iterator[Received]:
        """Every event up to one, some at a time."""
        last = 0
        while True:
            found = [one for one in self.after(last, of) if one.number <= until]
            yield from found
            if len(found) < of:
                return
            last = found[-1].number

    def forget(self, kinds: Sequence[str], before: dt.datetime, until: int, limit: int = 5_000) -> int:
        """Remove some events of some kinds that came before a moment, up to one; gives how many went.

        The newest event of all stays, since the next run counts from it.
        """
        table = RECEIVED_EVENTS.c
        old = (
            select(table.id)
            .where(table.kind.in_(kinds), table.received_at < before, table.id <= until, table.id < self.last())
            .limit(limit)
        )
        return self._connection.execute(delete(RECEIVED_EVENTS).where(table.id.in_(old.scalar_subquery()))).rowcount

    def last(self) -> int:
        """The number of the newest event; 0 without any."""
        return int(self._connection.execute(select(func.max(RECEIVED_EVENTS.c.id))).scalar() or 0)

    def count(self) -> int:
        """How many there are."""
        return int(self._connection.execute(select(func.count()).select_from(RECEIVED_EVENTS)).scalar_one())
