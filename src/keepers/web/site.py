"""The running system as a page or a call sees it: the project, its state, the clock, and what it tells others."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from keepers.domain.access import Visitor
from keepers.pipeline.project import Project
from keepers.reports.content import ReportContent
from keepers.reports.kept import FILE, read_content
from keepers.storage.generation import Generation
from keepers.storage.state import State
from keepers.storage.users import ApiToken, User
from keepers.web.asking import Asking
from keepers.web.secrets import token_hash

_KNOWN_FOR = 5.0
"""Seconds for which a token that was good is not looked up again; another process may have revoked it meanwhile."""

_MOST_TOKENS = 1_000

_T = TypeVar("_T")


class News:
    """Tells those who listen what has changed; who is slow hears the newest only."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """A queue of what is told from now on."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=100)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def tell(self, what: dict[str, Any]) -> None:
        """Tell everybody; call it in the loop of the server."""
        for queue in self._listeners:
            while True:
                try:
                    queue.put_nowait(what)
                    break
                except asyncio.QueueFull:
                    queue.get_nowait()


@dataclass(eq=False)
class Site:
    """What is shared by all requests of a process.

    Attributes
    ----------
    project : Project
        What keepers.toml says.
    state : State
        Open as long as the process runs.
    secure : bool
        Whether cookies go over TLS alone.
    clock : callable
        The present moment.
    reading : int
        How many files that were sent are being read at this moment.
    """

    project: Project
    state: State
    secure: bool = False
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    news: News = field(default_factory=News)
    reading: int = 0
    _said: tuple[str, dict[str, Any]] | None = None
    _content: tuple[str, ReportContent] | None = None
    _once: dict[str, tuple[str, Any]] = field(default_factory=dict)
    _tokens: dict[str, tuple[Visitor, float]] = field(default_factory=dict)

    def now(self) -> dt.datetime:
        """The present moment, in UTC."""
        return self.clock()

    @property
    def time_zone(self) -> str:
        """The business's time zone."""
        return self.project.time_zone or "UTC"

    @property
    def name(self) -> str:
        """The store as its owner calls it."""
        return self.project.name or "Your store"

    def generation(self) -> Generation | None:
        """The values that are served; None before the first run."""
        with self.state.reading() as books:
            return books.live.current()

    def said(self, generation: Generation) -> dict[str, Any]:
        """The summary of the run behind a generation, read once."""
        if self._said is None or self._said[0] != generation.folder:
            path = Path(generation.folder) / "summary.json"
            self._said = (generation.folder, json.loads(path.read_text(encoding="utf-8")))
        return self._said[1]

    def learned(self, generation: Generation) -> dict[str, Any] | None:
        """What the run behind a generation says of learned value; None where it learned none, or is gone."""
        try:
            found: dict[str, Any] | None = self.said(generation).get("learned")
        except OSError:
            return None
        return found

    def content(self, generation: Generation) -> ReportContent:
        """What the report of the run behind a generation says, read once.

        Raises
        ------
        OSError
            The results are gone.
        ConfigError
            They are of another version of Keepers.
        """
        if self._content is None or self._content[0] != generation.folder:
            self._content = (generation.folder, read_content(Path(generation.folder) / FILE))
        return self._content[1]

    def once(self, name: str, generation: Generation, make: Callable[[], _T]) -> _T:
        """What takes a while to work out and stays as long as a generation does, by its name."""
        found = self._once.get(name)
        if found is None or found[0] != generation.folder:
            found = (generation.folder, make())
            self._once[name] = found
        return cast(_T, found[1])

    async def of_token(self, token: str) -> Visitor | None:
        """The program behind a token; one that was good is not looked up again for some seconds."""
        kept = token_hash(token)
        known = self._tokens.get(kept)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        found = await self.asking.ask(lambda: self._token(kept))
        if found is None:
            self._tokens.pop(kept, None)
            return None
        if len(self._tokens) > _MOST_TOKENS:
            self._tokens.clear()
        visitor = Visitor(f"token {found.name}", found.scopes)
        self._tokens[kept] = (visitor, time.monotonic() + _KNOWN_FOR)
        return visitor

    def forget_tokens(self) -> None:
        """Look every token up again, as one has been revoked."""
        self._tokens.clear()

    async def of_session(self, session: str) -> Visitor | None:
        """The person behind a session."""
        user = await self.asking.ask(lambda: self._user(session))
        return None if user is None else Visitor(user.email, user.visitor.scopes, session)

    @cached_property
    def asking(self) -> Asking:
        """How the loop of the server asks the state."""
        return Asking(self.state)

    def _token(self, kept: str) -> ApiToken | None:
        with self.state.reading() as books:
            return books.users.of_token(kept, self.now())

    def _user(self, session: str) -> User | None:
        with self.state.reading() as books:
            return books.users.of_session(token_hash(session), self.now())
