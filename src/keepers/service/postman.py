"""Letters of the running system: written when they are due, and sent once."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging

from starlette.concurrency import run_in_threadpool

from keepers.domain.errors import KeepersError
from keepers.pipeline.letters import deliver, keep_letter
from keepers.storage.letters import SENDING
from keepers.web.schedule import Schedule
from keepers.web.site import Site

_LOG = logging.getLogger("keepers.service")

_LOOK = 20.0
"""Seconds between two looks."""
_LONGEST_MISSED = dt.timedelta(days=8)
"""A letter that was due while no server ran is written late, up to so late."""
_PAUSE = dt.timedelta(minutes=10)
"""After a letter that could not be written, it is tried again then."""


class Postman:
    """Writes and sends the letters of a project; of several processes on one state one does each.

    Parameters
    ----------
    site : Site

    Raises
    ------
    ConfigError
        Letters have a time, and nobody to go to or no way to go.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        settings = site.project.letter
        self._times = None
        if settings.when:
            settings.ready()
            self._times = Schedule(settings.when, site.time_zone, "[letter] when")
        self._since = site.now()
        self._not_before = self._since

    async def work(self) -> None:
        """Work until cancelled; without a mail server there is nothing to do."""
        while self._site.project.letter.host:
            try:
                await run_in_threadpool(self.look)
            except KeepersError as error:
                _LOG.warning("A letter could not be sent: %s", error)
            except Exception:
                _LOG.exception("A letter could not be sent")
            await asyncio.sleep(_LOOK)

    def look(self) -> None:
        """Write what is due, and send what waits."""
        site, now = self._site, self._site.now()
        with site.state.reading() as books:
            # One that is due later was written while the clock was ahead: it keeps no other one waiting.
            newest = books.letters.listed(1, until=now)
        since = max(newest[0].due_at, now - _LONGEST_MISSED) if newest else self._since
        due = None if self._times is None else self._times.newest(since, now)
        if due is not None and not now < self._not_before <= now + _PAUSE:
            # Put off first: whatever goes wrong, it is not tried at every look.
            self._not_before = now + _PAUSE
            keep_letter(site.project, site.state, due, now)
            self._not_before = now
        with site.state.reading() as books:
            under_way, waiting = books.letters.listed(statuses=(SENDING,)), books.letters.waiting(now)
        if under_way:
            with site.state.writing() as books:
                books.letters.mark_unclear(now)
        for letter in waiting:
            sent = deliver(site.project, site.state, letter.number, site.now)
            if sent is not None:
                _LOG.info("Letter %d: %s", sent.number, sent.status)
