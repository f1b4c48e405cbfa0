"""The quarterly report of a project: the newest run, the runs before it, and what was decided in the quarter."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from keepers.pipeline.letters import alerts_since, decided_since, newest_run, to_do
from keepers.pipeline.project import Project
from keepers.reports.content import ReportContent
from keepers.reports.quarterly import Paper, QuarterlyFacts, quarterly_pdf, quarterly_said, typeset
from keepers.reports.quarters import reported
from keepers.reports.run_figures import RunFigures
from keepers.storage.state import State


def quarterly_report(project: Project, state: State, now: dt.datetime, paper: Paper = Paper.A4) -> tuple[str, bytes]:
    """The report of the quarter in which the newest data end: a name for the file, and a PDF.

    Parameters
    ----------
    project : Project
    state : State
        Its state.
    now : datetime
        The present moment.
    paper : Paper
        Size of pages.

    Raises
    ------
    ConfigError
        There is no run to write of.
    MissingExtraError
        The typesetter is not installed: `pip install 'keepers[pdf]'`.
    """
    content, facts = _told(project, state, now)
    quarter = reported(content.store.last_day)
    return f"customers-{quarter.year}-q{quarter.number}.pdf", quarterly_pdf(content, facts, paper)


def quarterly_pages(project: Project, state: State, now: dt.datetime, paper: Paper = Paper.A4) -> list[bytes]:
    """The same as a picture a page."""
    content, facts = _told(project, state, now)
    return typeset(quarterly_said(content, facts, paper), "png")


def _told(project: Project, state: State, now: dt.datetime) -> tuple[ReportContent, QuarterlyFacts]:
    run = newest_run(state)
    zone = ZoneInfo(project.time_zone or "UTC")
    quarter = reported(run.content.store.last_day)
    begun, ended = (dt.datetime.combine(one.first, dt.time(), zone) for one in (quarter, quarter.next))
    with state.reading() as books:
        known = [RunFigures.from_dict(one.figures) for one in books.runs.listed()]
        facts = QuarterlyFacts(
            now.astimezone(zone),
            tuple(one for one in known if one is not None),
            decided_since(books, begun, ended),
            alerts_since(books, begun, ended),
            to_do(books, run, now.date()),
        )
    return run.content, facts
