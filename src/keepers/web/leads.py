"""Leads as pages and calls show them: the list of the newest run, filtered, and what a team can do in a week."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keepers.pipeline.lead_list import Lead, LeadFilter, leads_of, leads_there
from keepers.reports.content import ReportContent
from keepers.reports.kept import without_rows
from keepers.reports.leads import LeadRow
from keepers.storage.generation import Generation
from keepers.web.site import Site


def week_of(site: Site, generation: Generation) -> dict[str, Any] | None:
    """What the run says of leads as a whole; None where it scored none.

    Raises
    ------
    OSError
        The results are gone.
    """
    told: dict[str, Any] | None = (site.said(generation).get("acquisition") or {}).get("leads")
    return told


def listed(generation: Generation, wanted: LeadFilter) -> list[Lead]:
    """Open leads that a filter takes, the first to call first; nobody who was erased since the run."""
    return [one for one in open_leads(generation) if wanted.takes(one)]


def open_leads(generation: Generation) -> tuple[Lead, ...]:
    """All of them."""
    return leads_there(Path(generation.folder), generation)


def without_forgotten(content: ReportContent, generation: Generation) -> ReportContent:
    """What a report says, without customers and leads who were erased since the run."""
    if not generation.forgotten:
        return content
    folder = Path(generation.folder)
    leads = {one.lead_id for one in leads_of(folder)} - {one.lead_id for one in open_leads(generation)}

    def gone(row: Any) -> bool:
        return generation.forgets(getattr(row, "customer_key", None)) or (
            isinstance(row, LeadRow) and row.number in leads
        )

    return without_rows(content, gone)


def one_lead(generation: Generation, lead_id: str) -> Lead | None:
    """One of them; None where none has the number."""
    return next((one for one in open_leads(generation) if one.lead_id == lead_id), None)


def without_people(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of itself, without the names of those who work on leads."""
    won = said.get("acquisition") or {}
    leads = won.get("leads")
    if not leads:
        return dict(said)
    week = {**leads["this_week"], "capacity": None}
    return {**said, "acquisition": {**won, "leads": {**leads, "this_week": week}}}
