"""The sections ``[connect.NAME]`` of keepers.toml: services, databases and files from which a project pulls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.domain.errors import ConfigError

if TYPE_CHECKING:
    from keepers.data.connectors.database import SourceTable

FOLDER = "pulled"
"""Where what was pulled lies, in the state's folder."""

SQL, FILES = "sql", "files"
_STATE = ".keepers"
_COMMON = ("kind", "schedule")
_OF_SERVICES = ("since", "page_size", "compare_every")
_LARGEST_PAGE = 1_000_000


@dataclass(frozen=True)
class Source:
    """A place from which a project pulls, as keepers.toml says it: secrets are named and not here.

    Parameters
    ----------
    name : str
        The owner's name for it.
    kind : str
        ``sql``, ``files``, or a service of the catalogue, such as ``shopify``.
    said : mapping
        What else the section says.
    since : date, optional
        Nothing that changed before is pulled.
    page_size : int
        Items that are asked for at once, at most.
    compare_every : int, optional
        Days after which it is looked whether what was pulled is still there.
    schedule : str, optional
        When the running system pulls, as a crontab has it.
    """

    name: str
    kind: str
    said: Mapping[str, Any] = field(default_factory=dict)
    since: dt.date | None = None
    page_size: int = 250
    compare_every: int | None = None
    schedule: str | None = None

    @property
    def label(self) -> str:
        """What people call the kind."""
        if self.kind == SQL:
            return "Database"
        if self.kind == FILES:
            return "Files"
        from keepers.data.connectors.catalogue import SERVICES

        return SERVICES[self.kind].label

    def folder(self, project: Path) -> Path:
        """Where what was pulled lies."""
        return project / _STATE / FOLDER / self.name


def sources_of(path: Path, said: Any) -> tuple[Source, ...]:
    """The sections as they were written.

    Raises
    ------
    ConfigError
        Something in them makes no sense, naming it.
    """
    if not said:
        return ()
    from keepers.data.connectors.catalogue import SERVICES
    from keepers.data.connectors.pull import is_name

    kinds = (*SERVICES, SQL, FILES)
    if not isinstance(said, dict) or not all(isinstance(one, dict) for one in said.values()):
        raise ConfigError(f"{path}: each source has a section of its own, such as [connect.shop].")
    return tuple(_source(path, name, one, kinds, is_name(name)) for name, one in said.items())


def prepared(kind: str) -> Source:
    """A source of a kind with examples of what it needs, for a new keepers.toml.

    Raises
    ------
    ConfigError
        There is no such kind.
    """
    from keepers.data.connectors.catalogue import SERVICES

    if kind == SQL:
        tables = {"orders": {"cursor": "updated_at"}}
        return Source(kind, kind, {"url": _example(SQL, "url")[1:-1], "tables": tables}, schedule="0 * * * *")
    if kind == FILES:
        return Source(kind, kind, {"url": _example(FILES, "url")[1:-1]}, schedule="0 4 * * *")
    if kind not in SERVICES:
        raise ConfigError(f"--connect {kind} is not known. It may be {', '.join((*SERVICES, SQL, FILES))}.")
    settings = [one for one in SERVICES[kind].settings if one.needed or (kind == "shopify" and one.name == "token")]
    return Source(kind, kind, {one.name: one.example for one in settings}, schedule="0 * * * *")


def _source(path: Path, name: str, said: Mapping[str, Any], kinds: tuple[str, ...], is_name: bool) -> Source:
    where = f"{path}: [connect.{name}]"
    if not is_name:
        raise ConfigError(f"{where}: a name has small letters, digits, - and _, and 30 of them at most.")
    kind = said.get("kind")
    if kind not in kinds:
        raise ConfigError(
            f'{where} says kind = {kind!r}. It may be {", ".join(kinds)}; write for example kind = "shopify".'
        )
    known, needed = _keys(kind)
    for key in said:
        if key not in (*_COMMON, *known):
            raise ConfigError(f"{where} has no `{key}`. It may say: {', '.join((*_COMMON, *known))}.")
    for key in needed:
        if key not in said:
            raise ConfigError(f"{where} does not say `{key}`. Write for example {key} = {_example(kind, key)}.")
    for key in known:
        if key in ("tables", "options", *_OF_SERVICES):
            continue
        if key in said and (not isinstance(said[key], str) or not said[key].strip()):
            # What stands there may be a secret, which errors and logs do not repeat.
            raise ConfigError(f"{where} {key} should be a text, in quotation marks.")
    size, schedule = _size(where, said.get("page_size", 250)), _schedule(where, said.get("schedule"))
    days = _days(where, said.get("compare_every"))
    of_kind = {key: value for key, value in said.items() if key not in (*_COMMON, *_OF_SERVICES)}
    source = Source(name, kind, of_kind, _day(where, said.get("since")), size, days, schedule)
    source_tables(source)
    file_options(source)
    return source


def _size(where: str, said: Any) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 1 <= said <= _LARGEST_PAGE:
        raise ConfigError(f"{where} page_size = {said!r} should be a whole number of items at once.")
    return said


def _days(where: str, said: Any) -> int | None:
    if said is not None and (not isinstance(said, int) or isinstance(said, bool) or said < 0):
        raise ConfigError(f"{where} compare_every = {said!r} should be a whole number of days; 0 for never.")
    return said


def _schedule(where: str, said: Any) -> str | None:
    if said is not None and not isinstance(said, str):
        raise ConfigError(f'{where} schedule = {said!r} should be a time of a crontab, such as "0 * * * *".')
    return said


def _keys(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a kind may say, and what it must."""
    if kind == SQL:
        return ("url", "tables", "compare_every"), ("url", "tables")
    if kind == FILES:
        return ("url", "options"), ("url",)
    from keepers.data.connectors.catalogue import SERVICES

    settings = SERVICES[kind].settings
    # An address of one's own is for tests and for gateways that stand between.
    return (*(one.name for one in settings), "address", *_OF_SERVICES), tuple(
        one.name for one in settings if one.needed
    )


def _example(kind: str, key: str) -> str:
    if key == "tables":
        return '{ orders = { cursor = "updated_at" } }'
    if key == "url":
        return '"s3://bucket/exports/*.csv"' if kind == FILES else '"postgresql://user:{env:SHOP_PASSWORD}@host/shop"'
    from keepers.data.connectors.catalogue import SERVICES

    return f'"{next(one.example for one in SERVICES[kind].settings if one.name == key)}"'


def _day(where: str, said: Any) -> dt.date | None:
    if said is None:
        return None
    if isinstance(said, dt.datetime):
        return said.date()
    if isinstance(said, dt.date):
        return said
    try:
        return dt.date.fromisoformat(str(said))
    except ValueError:
        raise ConfigError(f"{where} since = {said!r} should be a day, such as 2024-01-01.") from None


def source_tables(source: Source) -> tuple[SourceTable, ...]:
    """The tables of a database that are pulled.

    Raises
    ------
    ConfigError
        What is said of them makes no sense.
    """
    from keepers.data.connectors.database import SourceTable

    if source.kind != SQL:
        return ()
    where, said = f"[connect.{source.name}]", source.said["tables"]
    if isinstance(said, list):
        said = {name: {} for name in said}
    if not isinstance(said, dict) or not said:
        raise ConfigError(f"{where} tables should be a table, such as {_example(SQL, 'tables')}, or a list of names.")
    made = []
    for name, one in said.items():
        table = dict(one) if isinstance(one, dict) else {"unknown": one}
        cursor, key, deleted = table.pop("cursor", None), table.pop("key", []), table.pop("deleted", None)
        key = [key] if isinstance(key, str) else key
        well = isinstance(cursor, str | None) and isinstance(key, list) and all(isinstance(one, str) for one in key)
        well = well and deleted in (None, "compare")
        if table or not well:
            raise ConfigError(
                f'{where} tables: {name} should say cursor = "updated_at"; without a primary key, key = ["id"]; and '
                'deleted = "compare" where rows are deleted.'
            )
        made.append(SourceTable(name, cursor, tuple(key), deleted == "compare"))
    return tuple(made)


def file_options(source: Source) -> dict[str, str]:
    """What is said of a file system, secrets as references.

    Raises
    ------
    ConfigError
        It is no table of texts.
    """
    said = source.said.get("options", {})
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise ConfigError(
            f'[connect.{source.name}] options should be texts, such as options = {{ key = "{{env:AWS_KEY}}" }}.'
        )
    return dict(said)


def pulled_folders(project: Path, sources: tuple[Source, ...]) -> list[str]:
    """Folders of sources of which something was pulled."""
    folders = [source.folder(project) for source in sources]
    return [
        str(folder)
        for folder in folders
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())
    ]
