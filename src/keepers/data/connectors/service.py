"""What a service is: a declaration of its lists, how each is paged and how to ask for what has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Item = dict[str, Any]
Ask = Callable[[str, str, Mapping[str, Any] | None], Any]
"""Asks a service one more thing: method, path, body; gives the answer's JSON."""

BEGINNING = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
"""Before anything that a service has."""


class Written(Enum):
    """How a service writes a moment in a question."""

    ISO = "iso"
    NAIVE = "naive"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    DAY = "day"

    def of(self, moment: dt.datetime) -> str | int:
        """A moment as the service wants it."""
        utc = moment.astimezone(dt.UTC)
        if self is Written.SECONDS:
            return int(utc.timestamp())
        if self is Written.MILLISECONDS:
            return int(utc.timestamp() * 1000)
        if self is Written.DAY:
            return utc.date().isoformat()
        text = utc.replace(microsecond=0, tzinfo=None).isoformat()
        return text if self is Written.NAIVE else text + "Z"


@dataclass(frozen=True)
class Since:
    """How to ask for what has changed.

    Parameters
    ----------
    field : str
        Path in an item of when it was changed, or made.
    written : Written
        How a question writes a moment; the placeholder ``{since}`` stands for it.
    overlap : timedelta
        How much of the past is asked for again, as services are late with what they list, and as some changes do
        not move `field`.
    exclusive : bool
        Whether the service leaves out what changed in the very second that is asked for.
    until : str
        Parameter that ends what is asked for, of lists that come newest first.
    window : timedelta, optional
        How much time one question spans at most, where a service answers for so much only; the placeholder ``{until}``
        stands for its end. Not longer than `overlap`, as items within a window may come in any order.
    furthest : timedelta, optional
        How far back a service knows anything.
    """

    field: str
    written: Written = Written.ISO
    overlap: dt.timedelta = dt.timedelta(minutes=10)
    exclusive: bool = False
    until: str = ""
    window: dt.timedelta | None = None
    furthest: dt.timedelta | None = None

    def asked(self, moment: dt.datetime) -> str | int:
        """What a question says, so that everything from the moment on is in the answer."""
        return self.written.of(moment - dt.timedelta(seconds=1) if self.exclusive else moment)


class Paging(Enum):
    """How the next page is asked for."""

    WHOLE = "there is one page"
    LINKS = "the header Link has its address"
    NEXT = "the answer has its address"
    CURSOR = "the answer has a cursor"
    LAST_ID = "by the last item's id, newest first"
    ONWARD = "from the last item's change on, oldest first"


class Progressing(Enum):
    """How far a job of a service is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """A job that makes a file of a whole list.

    Parameters
    ----------
    progressing : Progressing
    made : int
        Objects so far.
    url : str
        Of the file, where it is done and holds anything.
    """

    progressing: Progressing
    made: int = 0
    url: str = ""


@dataclass(frozen=True)
class Bulk:
    """How a service hands a whole list over as one file of JSON lines, which it makes meanwhile.

    Parameters
    ----------
    count : callable
        How many items there are, from how to ask and the moment from which on changes are wished.
    least : int
        Items below which pages are as quick.
    begin : callable
        Starts a job; gives its name, and when it began.
    look : callable
        How far a job is.
    parent : str
        Key of a line that belongs to another one.
    part : str
        Part of an item that its other lines are, as ``{"nodes": [...]}``; empty where it has none.
    """

    count: Callable[[Ask, str], int]
    least: int
    begin: Callable[[Ask, str], tuple[str, str]]
    look: Callable[[Ask, str], Job]
    parent: str = "__parentId"
    part: str = ""


@dataclass(frozen=True)
class Gone:
    """A service's list of items that were deleted.

    Parameters
    ----------
    resource : Resource
        The list, with the same keys as the one that they were in.
    at : str
        Path in an item of this list of when it was deleted.
    changed : str
        Path in an item of the other list of when it was changed last: what was changed later is there again.
    """

    resource: Resource
    at: str
    changed: str


@dataclass(frozen=True)
class Sight:
    """How far back a token sees that lacks a right.

    Parameters
    ----------
    made : str
        Path in an item of when it was made.
    back : timedelta
        How old the oldest item is that is seen without the right.
    right : str
        What it is called.
    """

    made: str
    back: dt.timedelta
    right: str


@dataclass(frozen=True)
class Resource:
    """One list of a service.

    Parameters
    ----------
    name : str
        What it is called; also the name of its raw items.
    path : str
        Below the service's address.
    rows : str
        JSON path of the items in an answer.
    key : str
        Path of what makes an item one and the same; several with ``+`` between them.
    params, body : mapping
        Of the question, which is a POST where there is a body. ``{since}``, ``{until}`` and ``{size}`` stand for the
        moments and the size of a page, names of settings for these.
    paging : Paging
    cursor, more, after : str
        With `Paging.CURSOR`, `NEXT` and `ONWARD`: paths of the cursor and of whether there is more in an answer, and
        where the cursor goes: a path in the body, or the name of a parameter.
    by_offset : bool
        With `Paging.ONWARD`: whether `after` counts items that are passed over rather than pages.
    following : str
        With `Paging.CURSOR`: path of something that is in an answer only where there is more.
    since : Since, optional
        How to ask for what changed; without it the list is read whole each time, and what is gone from it goes.
    whole_days : int, optional
        Days after which a list is read whole all the same, where changes of old items cannot be asked for.
    largest : int
        Items of a page at most.
    complete : callable, optional
        Asks for what an answer leaves out of its items, or puts others in their place.
    optional : bool
        Whether a service that does not know the list, or a token that may not read it, is passed over with a note.
    needs : str
        Something that is found out beforehand, without which the service has no such list.
    sparse : bool
        Whether an answer without items has no list either.
    gone : Gone, optional
        The service's list of what was deleted from this one.
    ids : Resource, optional
        How to ask for the keys of all items that there are, cheaply.
    sight : Sight, optional
        How far back `ids` tell of items to a token that lacks a right.
    bulk : Bulk, optional
        How to get all of it at once, where there is very much.
    label : str
        What people call it, where that is not its name.
    """

    name: str
    path: str
    rows: str = "$"
    key: str = "id"
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    paging: Paging = Paging.LINKS
    cursor: str = ""
    more: str = ""
    after: str = ""
    by_offset: bool = False
    following: str = ""
    since: Since | None = None
    whole_days: int | None = None
    largest: int = 100
    complete: Callable[[list[Item], Ask], None] | None = None
    optional: bool = False
    needs: str = ""
    sparse: bool = False
    gone: Gone | None = None
    ids: Resource | None = None
    sight: Sight | None = None
    bulk: Bulk | None = None
    label: str = ""

    @property
    def called(self) -> str:
        """What people call it."""
        return self.label or self.name

    def key_of(self, item: Item) -> str | None:
        """What makes an item one and the same; None where something of it is missing."""
        parts = [found(item, path) for path in self.key.split("+")]
        return None if any(part is None for part in parts) else "|".join(map(str, parts))

    @property
    def ascending(self) -> bool:
        """Whether items come oldest change first, so that a pull can go on from the last one."""
        if self.since is None:
            return False
        return self.since.window is not None or self.paging in (Paging.CURSOR, Paging.NEXT, Paging.ONWARD)


@dataclass(frozen=True)
class Setting:
    """Something that a source needs to be told.

    Parameters
    ----------
    name : str
        Key in keepers.toml.
    example : str
        What to write there.
    secret : bool
        Whether it must stand elsewhere.
    needed : bool
        Whether there is no source without it.
    """

    name: str
    example: str
    secret: bool = False
    needed: bool = True


@dataclass(frozen=True)
class Service:
    """One service, as a declaration.

    Parameters
    ----------
    kind : str
        Name in keepers.toml.
    label : str
        What people call it.
    settings : tuple of Setting
    base : callable
        The address, from settings.
    headers : callable
        What every question carries, from settings; it may ask for a token first.
    resources : tuple of Resource
    prepare : callable, optional
        More values for questions, from settings and how to ask, found out before the first of them.
    tables : tuple of str
        Tables in the layout of the service's own exports: each a template in ``sql/KIND_TABLE.sql`` over the resources
        by their names, with ``key`` and ``doc``.
    throttled : callable, optional
        Whether an answer that looks well says that one has asked too often.
    refused : callable, optional
        What an answer that looks well complains of; empty where nothing.
    denied : callable, optional
        Whether an answer says that the token is refused, where its status does not.
    account : str
        How to get a token, for the error when it is refused.
    defaults : mapping
        Of settings; they stand in paths as ``{name}``.
    """

    kind: str
    label: str
    settings: tuple[Setting, ...]
    base: Callable[[Mapping[str, str]], str]
    headers: Callable[[Mapping[str, str]], Mapping[str, str]]
    resources: tuple[Resource, ...]
    tables: tuple[str, ...]
    account: str
    prepare: Callable[[Mapping[str, str], Ask], Mapping[str, Any]] | None = None
    throttled: Callable[[Any], bool] | None = None
    refused: Callable[[Any], str] | None = None
    denied: Callable[[Any], bool] | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)


def found(item: Any, path: str) -> Any:
    """What stands at a path of an item; None where nothing does.

    >>> found({"a": {"b": 3}}, "a.b"), found({"a": 1}, "a.b"), found({"a": [{"b": 5}]}, "a.0.b")
    (3, None, 5)
    """
    for part in path.split("."):
        if isinstance(item, list) and part.isdigit() and int(part) < len(item):
            item = item[int(part)]
            continue
        if not isinstance(item, dict):
            return None
        item = item.get(part)
    return item


def moment_of(value: Any) -> dt.datetime | None:
    """A moment as services write it: seconds since 1970, or ISO with or without a zone, which is UTC then.

    >>> moment_of(1_700_000_000), moment_of("2026-01-31T10:00:00")
    (datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc), \
datetime.datetime(2026, 1, 31, 10, 0, tzinfo=datetime.timezone.utc))
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def filled(template: Any, **values: Any) -> Any:
    """A question with its placeholders filled; a text that is a placeholder alone becomes the value itself.

    >>> filled({"a": "{size}", "b": ["from {since}"]}, size=5, since="now")
    {'a': 5, 'b': ['from now']}
    """
    if isinstance(template, dict):
        return {key: filled(value, **values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, **values) for value in template]
    if isinstance(template, str):
        for name, value in values.items():
            if template == f"{{{name}}}":
                return value
            template = template.replace(f"{{{name}}}", str(value))
    return template
