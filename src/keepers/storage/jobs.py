"""Longer pieces of work: asked for by somebody, taken by one process, ended well or with a reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, update

from keepers.storage.service_schema import JOBS

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"

LEASE = dt.timedelta(seconds=45)
"""How long a process that does a job may be silent before it counts as gone."""

_CLOCKS = dt.timedelta(hours=1)
"""A process that was alive so much later than now was so before the clock was put back."""

_ATTEMPTS = 2
"""A job whose process has ended without a word twice is not taken again: it may be what ends it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; `step` is what it is at, `said` what came of it, `why` what made somebody ask."""

    number: int
    kind: str
    status: str
    asked_by: str
    asked_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    step: str
    said: str
    why: str = ""


class JobBook:
    """Jobs inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, kind: str, by: str, now: dt.datetime, why: str = "") -> Job:
        """Ask for a job; where one of the kind waits already, that one is given back."""
        waiting = select(JOBS).where(JOBS.c.kind == kind, JOBS.c.status == WAITING)
        row = self._connection.execute(waiting).mappings().first()
        if row is None:
            self._add(kind, by, now, why, None)
            row = self._connection.execute(waiting).mappings().one()
        return _job(row)

    def ask_due(self, kind: str, due: dt.datetime, now: dt.datetime) -> Job | None:
        """Ask for the job of a moment of a schedule; None where it was asked for already, whoever did."""
        # What was due later than now was so by a clock that has been put back.
        asked = select(JOBS.c.id).where(JOBS.c.kind == kind, JOBS.c.due_at >= due, JOBS.c.due_at <= max(due, now))
        if self._connection.execute(asked).first() is not None:
            return None
        # One that still waits will do for this moment too: the first, where one that was handed back waits as well.
        first = select(func.min(JOBS.c.id)).where(JOBS.c.kind == kind, JOBS.c.status == WAITING).scalar_subquery()
        if self._connection.execute(update(JOBS).where(JOBS.c.id == first).values(due_at=due)).rowcount:
            return None
        self._add(kind, "schedule", now, "", due)
        return self.newest(kind)

    def take(self, now: dt.datetime, worker: str) -> Job | None:
        """The longest waiting job, which `worker` does from now on; None where none waits or one runs."""
        self._let_go(now)
        if self._connection.execute(select(JOBS.c.id).where(JOBS.c.status == RUNNING)).first() is not None:
            return None
        query = select(JOBS.c.id).where(JOBS.c.status == WAITING).order_by(JOBS.c.id).limit(1)
        number = self._connection.execute(query).scalar()
        if number is None:
            return None
        self._connection.execute(
            update(JOBS)
            .where(JOBS.c.id == number)
            .values(status=RUNNING, started_at=now, worker=worker, alive_at=now, attempts=JOBS.c.attempts + 1)
        )
        return self.numbered(int(number))

    def alive(self, number: int, worker: str, now: dt.datetime) -> bool:
        """The worker still does the job; False where it is no longer the worker's, who has been silent for too long."""
        mine = (JOBS.c.id == number, JOBS.c.status == RUNNING, JOBS.c.worker == worker)
        return bool(self._connection.execute(update(JOBS).where(*mine).values(alive_at=now)).rowcount)

    def hand_back(self, number: int, worker: str) -> None:
        """The worker stops as it was told to, which is no fault of the job: it waits for another."""
        mine = (JOBS.c.id == number, JOBS.c.status == RUNNING, JOBS.c.worker == worker)
        again = {"status": WAITING, "worker": None, "step": "", "attempts": JOBS.c.attempts - 1}
        self._connection.execute(update(JOBS).where(*mine).values(**again))

    def begin_again(self, kind: str) -> None:
        """Whoever does a job of a kind is to stop, as what it has read may not be used: it waits to be begun anew."""
        again = {"status": WAITING, "worker": None, "step": "", "attempts": JOBS.c.attempts - 1}
        self._connection.execute(update(JOBS).where(JOBS.c.kind == kind, JOBS.c.status == RUNNING).values(**again))

    def any_to_do(self, now: dt.datetime) -> bool:
        """Whether a job waits, or was left by a process that is gone."""
        lost = (JOBS.c.status == RUNNING) & _silent(now)
        return self._connection.execute(select(JOBS.c.id).where((JOBS.c.status == WAITING) | lost)).first() is not None

    def tell(self, number: int, step: str) -> None:
        """Say what a job is at."""
        self._connection.execute(update(JOBS).where(JOBS.c.id == number).values(step=step))

    def end(self, number: int, worker: str, well: bool, said: str, now: dt.datetime) -> bool:
        """The worker's job has ended; False where it is another's by now, who ends it."""
        mine = (JOBS.c.id == number, JOBS.c.status == RUNNING, JOBS.c.worker == worker)
        end = {"status": DONE if well else FAILED, "said": said, "ended_at": now, "step": ""}
        return bool(self._connection.execute(update(JOBS).where(*mine).values(end)).rowcount)

    def numbered(self, number: int) -> Job | None:
        """The job with a number."""
        row = self._connection.execute(select(JOBS).where(JOBS.c.id == number)).mappings().first()
        return None if row is None else _job(row)

    def listed(self, limit: int = 50) -> tuple[Job, ...]:
        """The newest jobs."""
        rows = self._connection.execute(select(JOBS).order_by(JOBS.c.id.desc()).limit(limit)).mappings()
        return tuple(_job(row) for row in rows)

    def newest(self, kind: str) -> Job | None:
        """The newest job of a kind."""
        query = select(JOBS).where(JOBS.c.kind == kind).order_by(JOBS.c.id.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _job(row)

    def _add(self, kind: str, by: str, now: dt.datetime, why: str, due: dt.datetime | None) -> None:
        values = {
            "kind": kind, "status": WAITING, "asked_by": by, "asked_at": now, "step": "", "said": "", "why": why,
            "due_at": due, "attempts": 0,
        }  # fmt: skip
        self._connection.execute(insert(JOBS).values(**values))

    def _let_go(self, now: dt.datetime) -> None:
        """What a process did that is gone waits for another one; what has outlived several is given up."""
        lost = (JOBS.c.status == RUNNING, _silent(now))
        self._connection.execute(
            update(JOBS)
            .where(*lost, JOBS.c.attempts >= _ATTEMPTS)
            .values(
                status=FAILED, ended_at=now, step="",
                said="The process that did it ended without a word, more than once. The log may say why; ask again.",
            )
        )  # fmt: skip
        self._connection.execute(update(JOBS).where(*lost).values(status=WAITING, worker=None, step=""))


def _silent(now: dt.datetime) -> ColumnElement[bool]:
    return or_(JOBS.c.alive_at.is_(None), JOBS.c.alive_at < now - LEASE, JOBS.c.alive_at > now + _CLOCKS)


def _job(row: RowMapping) -> Job:
    return Job(
        row["id"], row["kind"], row["status"], row["asked_by"], row["asked_at"], row["started_at"], row["ended_at"],
        row["step"], row["said"], row["why"],
    )  # fmt: skip
