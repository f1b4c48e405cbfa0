"""Leads: whom to call first, what each is expected to bring and why."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING, said_of, served
from keepers.api.shapes import Interval
from keepers.domain.access import Scope
from keepers.pipeline.lead_list import Lead, LeadFilter
from keepers.web.access import Reader, TheSite
from keepers.web.keys import LEAD
from keepers.web.leads import listed, one_lead, week_of

router = APIRouter(tags=["leads"], responses=ERRORS)

LARGEST_PAGE = 1_000


class LeadShape(BaseModel):
    """An open lead; names for those who may see persons."""

    lead_id: str
    company: str | None = None
    owner: str | None = None
    assigned_to: str | None = Field(None, description="who takes it this week")
    customer_key: str | None
    channel: str | None
    came_on: dt.date
    age_days: int
    chance: Interval = Field(description="of becoming a customer within the time that `meaning` says")
    chance_30_days: float | None = Field(description="the same within 30 days from the run's last day")
    chance_90_days: float | None
    value_if_won: float | None
    expected_value: Interval = Field(description="chance times value, less the cost of working on it")
    rank: int
    this_week: bool = Field(description="whether to call it this week")
    reasons: list[str] = Field(description="what adds to it or takes from it")
    prior_share: float | None = Field(description="how much of what is said is belief and not data")
    evidence: Literal["predictive"] = "predictive"


class Week(BaseModel):
    """What a team can do in a week."""

    room: int = Field(description="leads that it can work on")
    from_pace: bool = Field(description="whether that is the pace of late, as nobody has said otherwise")
    chosen: int
    moved: int = Field(description="leads that change hands")
    one_more_is_worth: float
    leave_alone: int = Field(description="leads that cost more than they are expected to bring")
    capacity: dict[str, int] | None = Field(description="by person, for those who may see persons")


class LeadList(BaseModel):
    """A page of leads, the first to call first."""

    total: int
    offset: int
    leads: list[LeadShape]
    week: Week
    currency: str | None
    meaning: str = Field(description="what `expected_value` means, in a sentence")


@router.get("/leads", responses=MISSING)
def leads(
    site: TheSite,
    visitor: Reader,
    search: Annotated[str, Query(max_length=200, description="part of a company's name, or of a lead's number")] = "",
    channel: Annotated[str, Query(max_length=200)] = "",
    person: Annotated[str, Query(max_length=200, description="whose they are or who takes them")] = "",
    this_week: bool = False,
    least_value: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> LeadList:
    """Open leads by what they are expected to bring, as the newest run has scored them."""
    with site.state.reading() as books:
        generation = served(books)
    said_of(site, generation)
    told = week_of(site, generation)
    if told is None:
        raise HTTPException(404, "There are no leads: the newest run knew of none that could be scored.")
    persons = visitor.may(Scope.PERSONS)
    found = listed(generation, LeadFilter(search, persons, channel, person, this_week, least_value))
    week = told["this_week"]
    return LeadList(
        total=len(found), offset=offset, leads=[_lead(one, persons) for one in found[offset : offset + limit]],
        week=Week(
            room=week["room"], from_pace=week["from_pace"], chosen=week["chosen"], moved=week["moved"],
            one_more_is_worth=week["one_more_is_worth"], leave_alone=week["leave_alone"],
            capacity=week["capacity"] if persons else None,
        ),
        currency=told["currency"], meaning=told["meaning"],
    )  # fmt: skip


@router.get(f"/leads/{LEAD}", responses=MISSING)
def lead(site: TheSite, visitor: Reader, lead_id: str) -> LeadShape:
    """One open lead."""
    with site.state.reading() as books:
        generation = served(books)
    said_of(site, generation)
    found = one_lead(generation, lead_id)
    if found is None:
        raise HTTPException(
            404, "There is no such open lead. It may have been won, lost or closed before the newest run."
        )
    return _lead(found, visitor.may(Scope.PERSONS))


def _lead(one: Lead, persons: bool) -> LeadShape:
    return LeadShape(
        lead_id=one.lead_id, company=one.company if persons else None, owner=one.owner if persons else None,
        assigned_to=one.assigned_to if persons else None, customer_key=one.customer_key, channel=one.channel,
        came_on=one.came_on, age_days=one.age_days,
        chance_30_days=one.probability_30d, chance_90_days=one.probability_90d,
        chance=Interval(mean=one.probability, low=one.probability_low, high=one.probability_high),
        value_if_won=one.value_if_won,
        expected_value=Interval(mean=one.expected_value, low=one.expected_value_low, high=one.expected_value_high),
        rank=one.rank, this_week=one.this_week, reasons=list(one.why(persons)), prior_share=one.prior_share,
    )  # fmt: skip
