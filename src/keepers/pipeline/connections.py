"""Pulling the sources of a project: secrets go in, what it came to comes out, and no secret with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keepers.domain.errors import KeepersError
from keepers.domain.ports import Progress
from keepers.pipeline.connect_settings import FILES, SQL, Source, file_options, source_tables
from keepers.pipeline.secrets import hidden, revealed, secret


@dataclass(frozen=True)
class SourceState:
    """What the pulls of a source came to.

    Attributes
    ----------
    source : Source
    at, good_at : datetime, optional
        When the last pull ended, and the last one that ended well.
    well : bool, optional
        Whether the last one did; None before the first.
    said : str
        What it came to, or what went wrong.
    rows : dict of str to int
        Rows by table.
    notes : tuple of str
        What was passed over, and why.
    """

    source: Source
    at: dt.datetime | None = None
    good_at: dt.datetime | None = None
    well: bool | None = None
    said: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def pull(project: Path, source: Source, now: dt.datetime, progress: Progress, anew: bool = False) -> SourceState:
    """Pull a source, and remember what that came to.

    Parameters
    ----------
    project : Path
        The project's folder.
    source : Source
    now : datetime
    progress : Progress
    anew : bool
        Read everything rather than what is new, so that what is gone there goes here.

    Raises
    ------
    KeepersError
        What went wrong, without secrets.
    """
    from keepers.data.connectors.pull import BusyError
    from keepers.data.connectors.told import remember

    folder = source.folder(project)
    secrets: list[str] = []

    def reveal(key: str, value: str, is_secret: bool) -> str:
        return (secret if is_secret else revealed)(value, f"[connect.{source.name}] {key}", project, secrets)

    try:
        pulled = _pulled(project, source, folder, now, progress, anew, reveal)
    except BusyError:
        raise
    except KeepersError as error:
        said = hidden(str(error), secrets)
        remember(folder, now, None, said)
        if said != str(error):
            raise type(error)(said) from None
        raise
    except Exception as error:
        # The libraries below say what they like, and their words may hold a secret.
        said = hidden(f"{type(error).__name__}: {error}", secrets)
        remember(folder, now, None, said)
        raise RuntimeError(said) from None
    remember(folder, now, pulled)
    return state_of(project, source)


def _pulled(
    project: Path, source: Source, folder: Path, now: dt.datetime, progress: Progress, anew: bool,
    reveal: Callable[[str, str, bool], str],
) -> Any:  # fmt: skip
    if source.kind == SQL:
        from keepers.data.connectors.database import DatabaseSource, pull_database

        url = reveal("url", source.said["url"], False)
        database = DatabaseSource(source.name, url, source_tables(source), compare_every=source.compare_every or 0)
        return pull_database(database, folder, now, progress, anew)
    if source.kind == FILES:
        from keepers.data.connectors.files import FileSource, pull_files

        url = reveal("url", source.said["url"], False)
        if "://" not in url:
            url = str(project / Path(url).expanduser())
        options = {key: reveal(key, value, False) for key, value in file_options(source).items()}
        return pull_files(FileSource(source.name, url, options), folder, progress, anew)
    from keepers.data.connectors.catalogue import SERVICES
    from keepers.data.connectors.listing import COMPARED, Connection
    from keepers.data.connectors.pull import pull_service

    service = SERVICES[source.kind]
    hushed = {one.name for one in service.settings if one.secret}
    settings = {key: reveal(key, value, key in hushed) for key, value in source.said.items()}
    days = COMPARED if source.compare_every is None else source.compare_every
    connection = Connection(source.name, settings, source.since, source.page_size, days)
    return pull_service(service, connection, folder, now, progress, anew)


def state_of(project: Path, source: Source) -> SourceState:
    """What the pulls of a source came to."""
    from keepers.data.connectors.told import told

    folder = source.folder(project)
    found = told(folder) if folder.is_dir() else None
    if found is None:
        return SourceState(source)
    good = None if found.good_at is None else dt.datetime.fromisoformat(found.good_at)
    return SourceState(
        source, dt.datetime.fromisoformat(found.at), good, found.well, found.said, found.rows, tuple(found.notes)
    )


def forget_person(project: Path, source: Source, addresses: Sequence[str]) -> int:
    """Take people out of what a source brought; gives how many items or rows named them.

    Files that were copied are left as they are: they are the owner's.
    """
    from keepers.data.connectors.forget import forget

    return 0 if source.kind == FILES else forget(source.folder(project), source.name, source.kind, addresses)
