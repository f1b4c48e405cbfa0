"""Lists that people keep: a name for what an address says, one's own or everybody's."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update

from keepers.domain.errors import ConfigError
from keepers.storage.work_schema import SAVED_VIEWS

MOST_VIEWS = 200
"""Views that one person may keep."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A list that somebody keeps.

    Attributes
    ----------
    number : int
        By which it is named.
    owner, name : str
        Whose it is, and what it is called.
    page, query : str
        The page, such as ``/customers``, and what its address says after the question mark.
    shared : bool
        Whether everybody sees it.
    made_at : datetime
        When it was kept.
    """

    number: int
    owner: str
    name: str
    page: str
    query: str
    shared: bool
    made_at: dt.datetime

    @property
    def address(self) -> str:
        """Where it is seen."""
        return f"{self.page}?{self.query}" if self.query else self.page


class ViewBook:
    """Kept lists inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, owner: str, name: str, page: str, query: str, shared: bool, now: dt.datetime) -> SavedView:
        """Keep a list; one of the same owner and name is replaced.

        Raises
        ------
        ConfigError
            If it has no name, the page is none of ours, or there are too many.
        """
        called = name.strip()
        if not 0 < len(called) <= 200:
            raise ConfigError("A list needs a name of at most 200 characters.")
        if not page.startswith("/") or page.startswith("//") or any(sign in page for sign in "?#\\\r\n"):
            raise ConfigError(f"{page!r} is no page of ours.")
        if len(query) > 2_000:
            raise ConfigError("The list says too much to be kept. Choose fewer values.")
        said = {"page": page, "query": query, "shared": shared, "made_at": now}
        mine = (SAVED_VIEWS.c.owner == owner, SAVED_VIEWS.c.name == called)
        if not self._connection.execute(update(SAVED_VIEWS).where(*mine).values(**said)).rowcount:
            count = select(func.count()).select_from(SAVED_VIEWS).where(SAVED_VIEWS.c.owner == owner)
            if self._connection.execute(count).scalar_one() >= MOST_VIEWS:
                raise ConfigError(f"You keep {MOST_VIEWS} lists already. Remove one first.")
            self._connection.execute(insert(SAVED_VIEWS).values(owner=owner, name=called, **said))
        row = self._connection.execute(select(SAVED_VIEWS).where(*mine)).mappings().one()
        return _view(row)

    def listed(self, who: str, page: str | None = None) -> tuple[SavedView, ...]:
        """Lists that somebody sees: their own and those of all, by name."""
        query = select(SAVED_VIEWS).where(or_(SAVED_VIEWS.c.owner == who, SAVED_VIEWS.c.shared.is_(True)))
        if page is not None:
            query = query.where(SAVED_VIEWS.c.page == page)
        rows = self._connection.execute(query.order_by(func.lower(SAVED_VIEWS.c.name), SAVED_VIEWS.c.id))
        return tuple(_view(row) for row in rows.mappings())

    def remove(self, number: int, who: str | None) -> bool:
        """Forget a list of somebody, or of anybody where `who` is None; gives whether there was one."""
        wanted = [SAVED_VIEWS.c.id == number]
        if who is not None:
            wanted.append(SAVED_VIEWS.c.owner == who)
        return self._connection.execute(delete(SAVED_VIEWS).where(*wanted)).rowcount > 0


def _view(row: RowMapping) -> SavedView:
    page, query = row["page"], row["query"]
    if page == "/leads":
        # As lists were kept before the channel of leads had a name of its own in addresses.
        query = re.sub(r"(?:^|(?<=&))channel=", "lead_channel=", query)
    return SavedView(row["id"], row["owner"], row["name"], page, query, row["shared"], row["made_at"])
