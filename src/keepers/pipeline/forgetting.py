"""Removing what is kept for no longer: received events, the audit log, sessions, by their age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from keepers.domain.keeping import KeepingTimes
from keepers.storage.state import State

VISITS = ("page", "screen", "group")
EVENTS = ("track", "identify", "alias")

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Removed:
    """How much was removed of each."""

    visits: int
    events: int
    deeds: int
    sessions: int


def forget_old(state: State, times: KeepingTimes, now: dt.datetime) -> Removed:
    """Remove what is older than it is to be kept, some at a time, so that whoever sends events hardly waits.

    Events that the values which are served do not know yet stay, however old, and so do those that no run has read.

    Parameters
    ----------
    state : State
    times : KeepingTimes
        How long.
    now : datetime
        The present moment.
    """
    with state.reading() as books:
        current = books.live.current()
    known = 0 if current is None else current.base_event
    visits = _events(state, VISITS, times.visits_days, known, now)
    events = _events(state, EVENTS, times.events_days, known, now)
    with state.writing() as books:
        deeds = 0 if times.audit_days is None else books.users.forget_deeds(now - dt.timedelta(times.audit_days))
        sessions = books.users.forget_sessions(now)
    return Removed(visits, events, deeds, sessions)


def _events(state: State, kinds: Sequence[str], days: int | None, until: int, now: dt.datetime) -> int:
    if days is None or not until:
        return 0
    total = 0
    while True:
        with state.writing() as books:
            gone = books.inbox.forget(kinds, now - dt.timedelta(days), until, _AT_ONCE)
        total += gone
        if gone < _AT_ONCE:
            return total
