"""Sources from which a project pulls, as pages and calls show them: what came, when the next pull is, what is wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from keepers.pipeline.connect_settings import Source
from keepers.pipeline.connections import SourceState, state_of
from keepers.storage.jobs import Job
from keepers.web.schedule import Schedule
from keepers.web.site import Site

_KIND = "pull "


@dataclass(frozen=True, slots=True)
class PulledSource:
    """A source, what its pulls came to, when the next one is due, and the one that waits or runs."""

    state: SourceState
    due: dt.datetime | None
    job: Job | None

    @property
    def source(self) -> Source:
        """What keepers.toml says of it."""
        return self.state.source


def kind_of_pull(name: str) -> str:
    """What a job that pulls a source is called."""
    return _KIND + name


def pulled_by(kind: str) -> str | None:
    """The source that a job pulls; None where it does something else."""
    return kind.removeprefix(_KIND) if kind.startswith(_KIND) else None


def times_of(source: Source, zone: str) -> Schedule | None:
    """When a source is pulled without being asked.

    Raises
    ------
    ConfigError
        Its schedule is none.
    """
    if source.schedule is None:
        return None
    return Schedule(source.schedule, zone, f"[connect.{source.name}] schedule")


def pulled_sources(site: Site) -> list[PulledSource]:
    """All sources of a project."""
    if not site.project.connections:
        return []
    with site.state.reading() as books:
        at_hand = {job.kind: job for job in reversed(books.jobs.listed(100)) if job.status in ("waiting", "running")}
    found = []
    for source in site.project.connections:
        times = times_of(source, site.time_zone)
        due = None if times is None else times.after(site.now())
        state = state_of(site.project.folder, source)
        found.append(PulledSource(state, due, at_hand.get(kind_of_pull(source.name))))
    return found


def ask_pull(site: Site, name: str, by: str) -> Job:
    """Ask for a pull.

    Raises
    ------
    HTTPException
        404 where there is no such source.
    """
    if name not in {source.name for source in site.project.connections}:
        raise HTTPException(404, f"keepers.toml has no [connect.{name}].")
    with site.state.writing() as books:
        job = books.jobs.ask(kind_of_pull(name), by, site.now())
        books.users.note(by, "pull asked", name, site.now(), {"job": job.number})
    return job
