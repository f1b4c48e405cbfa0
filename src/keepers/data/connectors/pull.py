"""One pull of one source: every list walked, merged, and laid out as the service's own exports."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepers.data.connectors.gone import take_out
from keepers.data.connectors.kept import Kept
from keepers.data.connectors.listing import Connection, Listing
from keepers.data.connectors.service import Service
from keepers.data.connectors.walk import UnknownListError, Walker
from keepers.data.engine import Engine, literal, template
from keepers.data.normalise import fill
from keepers.domain.errors import EngineError
from keepers.domain.ports import Progress

_LOCK = ".lock"
_SQL = "keepers.data.connectors.sql"


class BusyError(EngineError):
    """Another process pulls the same source."""


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
            listing = Listing(walker, kept, engine, connection, now, progress)
            for resource in filter(walker.has, service.resources):
                try:
                    changed += listing.bring(resource, anew)
                    gone, said = take_out(listing, resource)
                except UnknownListError as error:
                    notes.append(str(error))
                    continue
                changed += gone
                notes += said
            rows = _laid_out(engine, service, kept, changed, before)
        finally:
            engine.close()
            walker.close()
    return Pulled(changed, rows, tuple(notes))


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
