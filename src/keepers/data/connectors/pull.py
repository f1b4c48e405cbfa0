"""One pull of one source: every list walked, merged, and laid out as the service's own exports."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keepers.data.connectors.kept import Kept, Mark
from keepers.data.connectors.service import Item, Resource, Service, found, moment_of
from keepers.data.connectors.walk import UnknownListError, Walker
from keepers.data.engine import Engine, literal, template
from keepers.data.normalise import fill
from keepers.domain.errors import EngineError, InputError
from keepers.domain.ports import Progress

_LOCK = ".lock"
_SILENCE = 2.0
"""Seconds between two words of how far a list was read, at least."""

_SQL = "keepers.data.connectors.sql"


class BusyError(EngineError):
    """Another process pulls the same source."""


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
    """

    name: str
    settings: Mapping[str, str]
    since: dt.date | None = None
    page_size: int = 250


@dataclass(frozen=True)
class Pulled:
    """What a pull came to.

    Attributes
    ----------
    changed : int
        Items that came or changed.
    rows : dict of str to int
        Rows of every table now.
    notes : tuple of str
        What was passed over, and why.
    files : int, optional
        Files that are there now, of a source of files.
    """

    changed: int
    rows: dict[str, int]
    notes: tuple[str, ...] = ()
    files: int | None = None

    @property
    def said(self) -> str:
        """In words."""
        items = f"{self.changed:,} new or changed" if self.changed else "nothing new"
        if self.files is not None:
            return f"{items}; {self.files:,} {'file' if self.files == 1 else 'files'}"
        tables = ", ".join(
            f"{count:,} {'row' if count == 1 else 'rows'} of {name}" for name, count in self.rows.items()
        )
        return f"{items}; {tables}" if tables else f"{items}; no rows yet"


def pull_service(
    service: Service, connection: Connection, folder: Path, now: dt.datetime, progress: Progress, anew: bool = False
) -> Pulled:
    """Bring a source's folder up to date.

    Parameters
    ----------
    service : Service
    connection : Connection
    folder : Path
        Of the source.
    now : datetime
    progress : Progress
    anew : bool
        Read everything, so that what the service has no longer goes.

    Raises
    ------
    KeepersError
        What is there stays, pages that came stay too, and the next pull goes on from there.
    """
    with locked(folder, connection.name):
        kept = Kept(folder)
        before = kept.value("tables")
        # Where this pull ends before its tables are written, the next one writes them whatever it finds.
        kept.set_value("tables", {})
        walker = Walker(service, connection.settings)
        engine = Engine(threads=1)
        try:
            changed, notes = 0, []
            for resource in service.resources:
                try:
                    changed += _bring(walker, resource, kept, engine, connection, now, progress, anew)
                except UnknownListError as error:
                    notes.append(str(error))
            rows = _laid_out(engine, service, kept, changed, before)
        finally:
            engine.close()
            walker.close()
    return Pulled(changed, rows, tuple(notes))


def _bring(
    walker: Walker, resource: Resource, kept: Kept, engine: Engine, connection: Connection, now: dt.datetime,
    progress: Progress, anew: bool,
) -> int:  # fmt: skip
    """Bring a list up to date, and back to an earlier day where that is asked for; gives how much came or changed."""
    name = resource.name
    since = None if connection.since is None else connection.since.isoformat()
    changed = 0
    if kept.mark(name).until is not None and not anew:
        _walk(walker, resource, kept.begin(name, False, since), kept, connection, progress)
        changed += kept.end(engine, name, now)
    mark = kept.begin(name, anew or _due(resource, kept, now), since)
    _walk(walker, resource, mark, kept, connection, progress)
    changed += kept.end(engine, name, now)
    earliest = kept.mark(name).earliest
    if resource.since is not None and earliest and (since is None or since < earliest):
        _walk(walker, resource, kept.begin(name, False, since, until=earliest), kept, connection, progress)
        changed += kept.end(engine, name, now)
    return changed


def _walk(
    walker: Walker, resource: Resource, mark: Mark, kept: Kept, connection: Connection, progress: Progress
) -> None:
    name, until = resource.name, None if mark.until is None else _moment(mark.until)
    count, told_at = 0, time.monotonic()
    progress(f"Asking for {name}", None)
    start = _from(resource, mark)
    for items, token in _pages(walker, resource, connection.page_size, start, mark.token, until):
        moments = [] if resource.since is None else [moment_of(found(item, resource.since.field)) for item in items]
        newest = max((one.isoformat() for one in moments if one is not None), default=None)
        newest = max(filter(None, (mark.newest, newest)), default=None)
        keyed = [(str(resource.key_of(item)), item) for item in items]
        mark = kept.add(name, keyed, replace(mark, newest=newest, token=token))
        count += len(items)
        if time.monotonic() - told_at >= _SILENCE:
            progress(f"{count:,} {name}", None)
            told_at = time.monotonic()
        if (
            until is not None
            and resource.ascending
            and newest is not None
            and dt.datetime.fromisoformat(newest) >= until
        ):
            break


def _moment(day: str) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), dt.UTC)


def _pages(
    walker: Walker, resource: Resource, size: int, start: dt.datetime | None, token: str | None,
    until: dt.datetime | None,
) -> Iterator[tuple[list[Item], str | None]]:  # fmt: skip
    """Pages of a list, from its beginning where the service no longer knows where a walk was interrupted."""
    begun = False
    try:
        for page in walker.pages(resource, size, start, token, until):
            begun = True
            yield page
    except InputError:
        if token is None or begun:
            raise
        yield from walker.pages(resource, size, start, None, until)


def _due(resource: Resource, kept: Kept, now: dt.datetime) -> bool:
    """Whether a list is to be read whole."""
    mark = kept.mark(resource.name)
    if not kept.is_whole(resource.name):
        return True
    if mark.began:
        return mark.anew
    if resource.since is None or mark.whole_at is None:
        return True
    if resource.whole_days is None:
        return False
    return now - dt.datetime.fromisoformat(mark.whole_at) >= dt.timedelta(days=resource.whole_days)


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


def _laid_out(engine: Engine, service: Service, kept: Kept, changed: int, before: Mapping[str, Any]) -> dict[str, int]:
    """The tables that runs read, written anew where an item changed or where we read more of items than before."""
    texts = "".join(template(_SQL, f"{service.kind}_{table}") for table in service.tables)
    read_as = hashlib.sha256(texts.encode()).hexdigest()
    items = [kept.mark(resource.name).rows for resource in service.resources]
    as_before = not changed and (before.get("read_as"), before.get("items")) == (read_as, items)
    rows = dict(before["rows"]) if as_before else lay_out(engine, service, kept)
    kept.set_value("tables", {"read_as": read_as, "items": items, "rows": rows})
    return rows


def lay_out(engine: Engine, service: Service, kept: Kept) -> dict[str, int]:
    """Write the tables that runs read; gives their rows."""
    names = {resource.name: kept.relation(resource.name) for resource in service.resources}
    rows = {}
    for table in service.tables:
        query = fill(template(_SQL, f"{service.kind}_{table}"), **names)
        count = write_table(engine, query, kept.folder / f"{table}.parquet")
        if count:
            rows[table] = count
    return rows


def write_table(engine: Engine, query: str, path: Path) -> int:
    """A table in its place, whole or not at all; none where it has no rows."""
    beside = path.with_name(f".{path.name}.part")
    engine.execute(f"COPY ({query}) TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)")
    count = int(engine.row(f"SELECT count(*) FROM read_parquet({literal(str(beside))})")[0])
    if count:
        beside.replace(path)
    else:
        beside.unlink()
        path.unlink(missing_ok=True)
    return count


@contextlib.contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """One pull of a source at a time; the lock goes with the process.

    Raises
    ------
    BusyError
        Another one is at it.
    EngineError
        The folder may not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _LOCK).open("w")
    except OSError as error:
        raise EngineError(f"{folder} cannot be written ({error.strerror}). Give yourself the right to.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"{name} is being pulled already. Wait until that pull has ended.") from None
        yield


def is_name(name: str) -> bool:
    """Whether a source may be called so: its folder is."""
    return re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,29}", name) is not None
