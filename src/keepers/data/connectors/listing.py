"""Bringing one list of a service up to date: from where, how far, and whether whole."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from keepers.data.connectors.bulk import BulkReading, NoBulkError
from keepers.data.connectors.kept import Kept, Mark
from keepers.data.connectors.service import Item, Resource, found, moment_of
from keepers.data.connectors.walk import Walker
from keepers.data.engine import Engine
from keepers.domain.errors import InputError
from keepers.domain.ports import Progress

COMPARED = 30
"""Days between two looks at whether what is kept is still there, where keepers.toml says nothing else."""

_SILENCE = 2.0
"""Seconds between two words of how far a list was read, at least."""


@dataclass(frozen=True)
class Connection:
    """A source as it is pulled, with its secrets; it is made for one pull and kept nowhere.

    Parameters
    ----------
    name : str
        The owner's name for it.
    settings : mapping of str to str
        What the service needs to be told.
    since : date, optional
        Nothing that changed before is asked for.
    page_size : int
        Items of a page; services have limits of their own.
    compare_every : int
        Days after which it is looked whether what is kept is still there; never where it is 0.
    """

    name: str
    settings: Mapping[str, str]
    since: dt.date | None = None
    page_size: int = 250
    compare_every: int = COMPARED


@dataclass(frozen=True)
class Listing:
    """The lists of one source, as one pull brings them.

    Parameters
    ----------
    walker : Walker
    kept : Kept
    engine : Engine
    connection : Connection
    now : datetime
    progress : Progress
    """

    walker: Walker
    kept: Kept
    engine: Engine
    connection: Connection
    now: dt.datetime
    progress: Progress

    def bring(self, resource: Resource, anew: bool) -> int:
        """Bring a list up to date, and back to an earlier day where one is asked for; gives what came or changed."""
        kept, name = self.kept, resource.name
        since = None if self.connection.since is None else self.connection.since.isoformat()
        changed = 0
        if kept.mark(name).until is not None and not anew:
            changed += self.read(resource, kept.begin(name, False, since))
        changed += self.read(resource, kept.begin(name, anew or self._due(resource), since))
        earliest = kept.mark(name).earliest
        if resource.since is not None and earliest and (since is None or since < earliest):
            changed += self.read(resource, kept.begin(name, False, since, until=earliest))
        return changed

    def read(self, resource: Resource, mark: Mark) -> int:
        """Walk through a list from where its mark is, and merge what comes; gives how much came or changed."""
        if resource.bulk is not None and mark.anew:
            bulk = BulkReading(self.walker, self.kept, self.engine, resource)
            try:
                with self.walker.telling(resource):
                    return self._read_bulk(resource, mark, bulk)
            except NoBulkError:
                if bulk.state:
                    bulk.forget()
                    mark = self.kept.again(resource.name)
        until = None if mark.until is None else _moment(mark.until)
        count, told_at = 0, time.monotonic()
        self.progress(f"Asking for {resource.called}", None)
        for items, token in self._pages(resource, mark, until):
            moments = [] if resource.since is None else [moment_of(found(item, resource.since.field)) for item in items]
            newest = max((one.isoformat() for one in moments if one is not None), default=None)
            newest = max(filter(None, (mark.newest, newest)), default=None)
            keyed = [(str(resource.key_of(item)), item) for item in items]
            mark = self.kept.add(resource.name, keyed, replace(mark, newest=newest, token=token))
            count += len(items)
            if time.monotonic() - told_at >= _SILENCE:
                self.progress(f"{count:,} {resource.called}", None)
                told_at = time.monotonic()
            there = until is not None and newest is not None and dt.datetime.fromisoformat(newest) >= until
            if there and resource.ascending:
                break
        return self.kept.end(self.engine, resource.name, self.now)

    def _read_bulk(self, resource: Resource, mark: Mark, bulk: BulkReading) -> int:
        """Take in the file of a whole list; what changed while it was made is asked for by the next pull."""
        bulk.begin(_from(resource, replace(mark, newest=None)), mark.size, self.now)
        known = bulk.known_until
        for items in bulk.pages(self.progress):
            moments = [] if resource.since is None else [moment_of(found(item, resource.since.field)) for item in items]
            newest = max((one.isoformat() for one in moments if one is not None), default=None)
            newest = min(filter(None, (max(filter(None, (mark.newest, newest)), default=None), known)), default=None)
            keyed = [(str(resource.key_of(item)), item) for item in items]
            mark = self.kept.add(resource.name, keyed, replace(mark, newest=newest))
        changed = self.kept.end(self.engine, resource.name, self.now)
        bulk.forget()
        return changed

    def _pages(
        self, resource: Resource, mark: Mark, until: dt.datetime | None
    ) -> Iterator[tuple[list[Item], str | None]]:
        """Pages of a list, from its beginning where the service no longer knows where a walk was interrupted."""
        start, size = _from(resource, mark), self.connection.page_size
        begun = False
        try:
            for page in self.walker.pages(resource, size, start, mark.token, until):
                begun = True
                yield page
        except InputError:
            if mark.token is None or begun:
                raise
            yield from self.walker.pages(resource, size, start, None, until)

    def _due(self, resource: Resource) -> bool:
        """Whether a list is to be read whole."""
        mark = self.kept.mark(resource.name)
        if not self.kept.is_whole(resource.name):
            return True
        if mark.began:
            return mark.anew
        if resource.since is None or mark.whole_at is None:
            return True
        return resource.whole_days is not None and self.passed(mark.whole_at, resource.whole_days)

    def passed(self, at: str, days: int) -> bool:
        """Whether so many days have passed since a moment."""
        return self.now - dt.datetime.fromisoformat(at) >= dt.timedelta(days=days)


def _moment(day: str) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), dt.UTC)


def _from(resource: Resource, mark: Mark) -> dt.datetime | None:
    """From when on to ask."""
    if resource.since is None:
        return None
    start = None
    if resource.ascending and mark.newest is not None:
        start = dt.datetime.fromisoformat(mark.newest) - resource.since.overlap
    elif not mark.anew and mark.until is None and mark.since is not None:
        start = dt.datetime.fromisoformat(mark.since) - resource.since.overlap
    return max(filter(None, (start, _moment(mark.asked) if mark.asked else None)), default=None)
