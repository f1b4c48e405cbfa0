"""Pulls of the running system: asked for when they are due, and counted."""

from __future__ import annotations

from keepers.domain.errors import ConfigError
from keepers.pipeline.connections import SourceState, state_of
from keepers.storage.jobs import Job
from keepers.web.guard import Metrics
from keepers.web.pulls import kind_of_pull, times_of
from keepers.web.schedule import Upcoming
from keepers.web.site import Site


class Pulls:
    """The sources of a project and when each is due.

    Parameters
    ----------
    site : Site
    metrics : Metrics

    Raises
    ------
    ConfigError
        A schedule is none.
    """

    def __init__(self, site: Site, metrics: Metrics) -> None:
        self._site, self._metrics = site, metrics
        now = site.now()
        times = {source.name: times_of(source, site.time_zone) for source in site.project.connections}
        self._upcoming = {name: Upcoming(found, now) for name, found in times.items() if found is not None}

    def ask_when_due(self) -> None:
        """Ask for pulls that are due, of each once, however many processes look at the clock."""
        now = self._site.now()
        for name, upcoming in self._upcoming.items():
            due = upcoming.due(now)
            if due is None:
                continue
            with self._site.state.writing() as books:
                books.jobs.ask_due(kind_of_pull(name), due, now)
            upcoming.pass_on(now)

    def command(self, name: str) -> list[str]:
        """The words after ``keepers`` that pull a source.

        Raises
        ------
        ConfigError
            keepers.toml does not name it any more.
        """
        self._source(name)
        return ["pull", name]

    def ended(self, name: str, well: bool, job: Job) -> str:
        """Count a pull that has ended; gives what it came to."""
        state = self._source(name)
        self._metrics.pulls.labels(name, "well" if well else "failed").inc()
        if job.started_at is not None:
            self._metrics.pull_seconds.labels(name).observe((self._site.now() - job.started_at).total_seconds())
        if state.good_at is not None:
            self._metrics.pulled_at.labels(name).set(state.good_at.timestamp())
        for table, rows in state.rows.items():
            self._metrics.pulled_rows.labels(name, table).set(rows)
        return f"{name}: {state.said}."

    def _source(self, name: str) -> SourceState:
        for source in self._site.project.connections:
            if source.name == name:
                return state_of(self._site.project.folder, source)
        raise ConfigError(f"keepers.toml has no [connect.{name}] any more.")
