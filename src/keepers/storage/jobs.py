"""Longer pieces of work: asked for by somebody, taken by one process, ended well or with a reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from keepers.storage.service_schema import JOBS

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; `step` is what it is at, `said` what came of it."""

    number: int
    kind: str
    status: str
    asked_by: str
    asked_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    step: str
    said: str


class JobBook:
    """Jobs inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, kind: str, by: str, now: dt.datetime) -> Job:
        """Ask for a job; where one of the kind waits already, that one is given back."""
        waiting = select(JOBS).where(JOBS.c.kind == kind, JOBS.c.status == WAITING)
        row = self._connection.execute(waiting).mappings().first()
        if row is None:
            values = {"kind": kind, "status": WAITING, "asked_by": by, "asked_at": now, "step": "", "said": ""}
            self._connection.execute(insert(JOBS).values(**values))
            row = self._connection.execute(waiting).mappings().one()
        return _job(row)

    def take(self, now: dt.datetime) -> Job | None:
        """The longest waiting job, which is running from now on; None where none waits or one runs."""
        if self._connection.execute(select(JOBS.c.id).where(JOBS.c.status == RUNNING)).first() is not None:
            return None
        query = select(JOBS.c.id).where(JOBS.c.status == WAITING).order_by(JOBS.c.id).limit(1)
        number = self._connection.execute(query).scalar()
        if number is None:
            return None
        self._connection.execute(update(JOBS).where(JOBS.c.id == number).values(status=RUNNING, started_at=now))
        return self.numbered(int(number))

    def tell(self, number: int, step: str) -> None:
        """Say what a job is at."""
        self._connection.execute(update(JOBS).where(JOBS.c.id == number).values(step=step))

    def end(self, number: int, well: bool, said: str, now: dt.datetime) -> None:
        """A job has ended."""
        status = DONE if well else FAILED
        self._connection.execute(
            update(JOBS).where(JOBS.c.id == number).values(status=status, said=said, ended_at=now, step="")
        )

    def give_up(self, now: dt.datetime) -> None:
        """End what was running when its process ended without a word."""
        self._connection.execute(
            update(JOBS)
            .where(JOBS.c.status == RUNNING)
            .values(status=FAILED, said="The process that did it has ended. Ask again.", ended_at=now, step="")
        )

    def numbered(self, number: int) -> Job | None:
        """The job with a number."""
        row = self._connection.execute(select(JOBS).where(JOBS.c.id == number)).mappings().first()
        return None if row is None else _job(row)

    def listed(self, limit: int = 50) -> tuple[Job, ...]:
        """The newest jobs."""
        rows = self._connection.execute(select(JOBS).order_by(JOBS.c.id.desc()).limit(limit)).mappings()
        return tuple(_job(row) for row in rows)


def _job(row: RowMapping) -> Job:
    return Job(
        row["id"], row["kind"], row["status"], row["asked_by"], row["asked_at"], row["started_at"], row["ended_at"],
        row["step"], row["said"],
    )  # fmt: skip
