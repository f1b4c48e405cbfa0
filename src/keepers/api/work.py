"""Work: alerts and what came of them, and jobs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING
from keepers.api.shapes import AlertShape, JobShape, alert_shape, job_shape
from keepers.domain.access import Scope
from keepers.domain.alert import AlertStatus
from keepers.web.access import Decider, Reader, TheSite
from keepers.web.once import OnceHeader

router = APIRouter(tags=["work"], responses=ERRORS)

LARGEST_NUMBER = 2**31 - 1


class Closing(BaseModel):
    """What came of an alert."""

    status: Literal["done", "dismissed"]
    outcome: str = Field(min_length=1, max_length=2_000, description="what came of it, in words")


class Wish(BaseModel):
    """A job that is asked for."""

    kind: Literal["run"] = "run"


@router.get("/alerts")
def alerts(
    site: TheSite,
    visitor: Reader,
    status: Literal["open", "done", "dismissed", "lapsed"] = "open",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[AlertShape]:
    """Customers about whom somebody should do something, the most urgent first."""
    with site.state.reading() as books:
        found = books.alerts.listed(AlertStatus(status))
    return [alert_shape(one.for_eyes(visitor.may(Scope.PERSONS))) for one in found[:limit]]


@router.post("/alerts/{number}", responses=MISSING)
def close_alert(site: TheSite, visitor: Decider, number: int, closing: Closing, once: OnceHeader = "") -> AlertShape:
    """Record what came of an alert."""
    if not 0 < number <= LARGEST_NUMBER:
        raise HTTPException(404, f"There is no alert {number}.")
    once = once and f"alert {number} {once}"
    with site.state.writing() as books:
        known = books.alerts.listed(number=number)
        if not known:
            raise HTTPException(404, f"There is no alert {number}.")
        if books.once.said(visitor.name, once, site.now()) is not None:
            return alert_shape(known[0].for_eyes(visitor.may(Scope.PERSONS)))
        books.once.keep(visitor.name, once, {}, site.now())
        done = books.alerts.close(number, AlertStatus(closing.status), closing.outcome, site.now())
        # What was said of a customer stands in the book of alerts, where it goes with them; the log outlasts them.
        books.users.note(visitor.name, f"alert {closing.status}", str(number), site.now())
    return alert_shape(done.for_eyes(visitor.may(Scope.PERSONS)))


@router.get("/jobs")
def jobs(site: TheSite, visitor: Reader) -> list[JobShape]:
    """The newest jobs."""
    del visitor
    with site.state.reading() as books:
        return [job_shape(one) for one in books.jobs.listed()]


@router.post("/jobs", status_code=202)
def ask(site: TheSite, visitor: Decider, wish: Wish, once: OnceHeader = "") -> JobShape:
    """Ask for a run over all files and events: models are chosen and tested anew, and then everybody is valued."""
    once = once and f"job {once}"
    with site.state.writing() as books:
        before = books.once.said(visitor.name, once, site.now())
        known = None if before is None else books.jobs.numbered(int(before["number"]))
        if known is not None:
            return job_shape(known)
        job = books.jobs.ask(wish.kind, visitor.name, site.now())
        books.once.keep(visitor.name, once, {"number": job.number}, site.now())
        books.users.note(visitor.name, "job asked", wish.kind, site.now(), {"job": job.number})
    return job_shape(job)
