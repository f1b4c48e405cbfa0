"""Sources: where data are pulled from, what the last pull came to, and asking for one."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from keepers.api.served import ERRORS, MISSING
from keepers.api.shapes import JobShape, job_shape
from keepers.web.access import Decider, Reader, TheSite
from keepers.web.pulls import PulledSource, ask_pull, pulled_sources

router = APIRouter(tags=["work"], responses=ERRORS)


class SourceShape(BaseModel):
    """A source; `well` is empty before the first pull, and `said` what the last one came to or what went wrong."""

    name: str
    kind: str
    label: str
    schedule: str | None
    next_at: dt.datetime | None
    pulled_at: dt.datetime | None
    good_at: dt.datetime | None
    well: bool | None
    said: str
    rows: dict[str, int]
    notes: list[str]
    job: JobShape | None


@router.get("/sources")
def sources(site: TheSite, visitor: Reader) -> list[SourceShape]:
    """Services, databases and files from which data are pulled."""
    del visitor
    return [_shape(one) for one in pulled_sources(site)]


@router.post("/sources/{name}/pull", status_code=202, responses=MISSING)
def pull(site: TheSite, visitor: Decider, name: Annotated[str, Path(max_length=40)]) -> JobShape:
    """Ask for a pull of what is new. Values follow with the next run."""
    return job_shape(ask_pull(site, name, visitor.name))


def _shape(one: PulledSource) -> SourceShape:
    state = one.state
    return SourceShape(
        name=one.source.name, kind=one.source.kind, label=one.source.label, schedule=one.source.schedule,
        next_at=one.due, pulled_at=state.at, good_at=state.good_at, well=state.well, said=state.said,
        rows=dict(state.rows), notes=list(state.notes), job=None if one.job is None else job_shape(one.job),
    )  # fmt: skip
