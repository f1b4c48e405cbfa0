"""What was asked under a name of its own, so that it is done once, however often it is sent."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from keepers.storage.work_schema import DONE_ONCE

KEPT = dt.timedelta(days=2)
"""For so long the same name is the same wish; nobody sends a form again later, nor does a program."""


class OnceBook:
    """Wishes that were fulfilled, inside the transaction that fulfils them.

    One writes at a time, so that of two that are sent at once the second finds what the first has left.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def said(self, who: str, key: str, now: dt.datetime) -> dict[str, Any] | None:
        """What came of a wish of somebody; None where it was not of late, or has no name."""
        if not key:
            return None
        mine = (DONE_ONCE.c.who == who, DONE_ONCE.c.key == _short(key), DONE_ONCE.c.at >= now - KEPT)
        query = select(DONE_ONCE.c.said).where(*mine)
        found: dict[str, Any] | None = self._connection.execute(query).scalar()
        return found

    def keep(self, who: str, key: str, said: dict[str, Any], now: dt.datetime) -> None:
        """Keep what came of a wish; nothing where it has no name."""
        if not key:
            return
        self._connection.execute(delete(DONE_ONCE).where(DONE_ONCE.c.at < now - KEPT))
        self._connection.execute(insert(DONE_ONCE).values(who=who, key=_short(key), said=said, at=now))


def _short(key: str) -> str:
    """A name of any length as one of a length that a column has."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
