"""The page of leads: whom to call first, why, and who in the team takes whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from keepers.dashboard.kept_lists import kept
from keepers.dashboard.list_file import note_export, table
from keepers.dashboard.looked import shown_on
from keepers.dashboard.pages import Person, TheSite, page
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.domain.amounts import Conversion, shown_in
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.pipeline.lead_list import Lead, LeadFilter, people
from keepers.pipeline.timeline import Entry, timeline
from keepers.storage.generation import Generation
from keepers.web.keys import LEAD
from keepers.web.leads import listed, one_lead, week_of
from keepers.web.site import Site

router = APIRouter(include_in_schema=False)

ROWS = 50
_OF_MONEY = ("value_if_won", "expected_value", "expected_value_low", "expected_value_high")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which leads a page shows, as its address says it; their channel is ``lead_channel`` there, as customers have one.

    What other pages are narrowed to goes along.
    """

    search: str = ""
    channel: str = ""
    person: str = ""
    this_week: bool = False
    offset: int = 0
    context: Wanted = field(default_factory=Wanted)

    @classmethod
    def of(cls, request: Request) -> Asked:
        """From the address; what makes no sense there is passed over."""
        said = request.query_params
        start = said.get("offset", "0")
        return cls(
            said.get("search", "")[:200], said.get("lead_channel", "")[:200], said.get("person", "")[:200],
            said.get("this_week") == "1", min(int(start), 10**9) if start.isdecimal() and len(start) < 20 else 0,
            Wanted.of(request).context,
        )  # fmt: skip

    def filter(self, visitor: Visitor) -> LeadFilter:
        """As the list has it."""
        return LeadFilter(self.search, visitor.may(Scope.PERSONS), self.channel, self.person, self.this_week)

    def address(self, path: str = "/leads", **other: Any) -> str:
        """The address of the same with something else."""
        said = {
            "search": self.search, "lead_channel": self.channel, "person": self.person,
            "this_week": 1 if self.this_week else None, "offset": self.offset, **other,
        }  # fmt: skip
        return self.context.address(path, **said)

    @property
    def own(self) -> str:
        """What is asked of leads alone, as a list of them is kept."""
        return replace(self, context=Wanted(), offset=0).address().partition("?")[2]


@dataclass(frozen=True, slots=True)
class Next:
    """What to do, and why."""

    action: str
    why: str


@dataclass(frozen=True, slots=True)
class Hands:
    """What one person can take this week and takes, and what that is expected to bring."""

    name: str
    capacity: int
    chosen: int
    value: float | None


@router.get("/leads")
def leads(request: Request, site: TheSite, visitor: Person) -> Response:
    """Open leads, the first to call first."""
    generation = site.generation()
    if generation is None:
        with site.state.reading() as books:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
    asked = Asked.of(request)
    try:
        told = week_of(site, generation)
    except OSError:
        told = None
    if told is None:
        return page(request, visitor, "leads", told=None)
    every = listed(generation, LeadFilter())
    found = listed(generation, asked.filter(visitor))
    persons = visitor.may(Scope.PERSONS)
    with site.state.reading() as books:
        lists_kept = kept(books, visitor, "/leads", asked.own)
    known = [lead.expected_value for lead in found if lead.expected_value is not None]
    return page(
        request, visitor, "leads", told=told, asked=asked, total=len(found), open=len(every), persons=persons,
        together=sum(known) if known else None, leads=found[asked.offset : asked.offset + ROWS], rows=ROWS,
        channels=sorted({lead.channel for lead in every if lead.channel}),
        people=people(every) if persons else (), hands=_hands(every, told) if persons else (),
        currency=told["currency"], **lists_kept,
    )  # fmt: skip


@router.get("/leads.csv")
def leads_csv(request: Request, site: TheSite, visitor: Person) -> Response:
    """The list as a file for a spreadsheet, with names for those who may see them."""
    asked = Asked.of(request)
    generation = site.generation()
    found = [] if generation is None else listed(generation, asked.filter(visitor))
    note_export(site, visitor, asked)
    persons = visitor.may(Scope.PERSONS)
    names = (
        "rank", "lead_id", *(("company", "owner", "assigned_to") if persons else ()), "channel", "came_on", "this_week",
        "probability", "probability_low", "probability_high", "value_if_won", "expected_value", "expected_value_low",
        "expected_value_high", "reasons", "currency",
    )  # fmt: skip
    own, shown = _currency_of(request, site, generation)
    rate = 1.0 if shown is None else shown.rate
    with shown_in(shown):
        rows = [
            (*(_in(getattr(lead, name), rate if name in _OF_MONEY else 1.0) for name in names[:-2]),
             "; ".join(lead.why(persons, own)), own if shown is None else shown.into)
            for lead in found
        ]  # fmt: skip
    return table("leads", names, rows)


@router.get(f"/leads/{LEAD}")
def lead(request: Request, site: TheSite, visitor: Person, lead_id: str) -> Response:
    """One open lead: who it is, its chance by time, what it should bring and why, and what became of it."""
    generation = site.generation()
    one = None if generation is None else one_lead(generation, lead_id)
    told = None if generation is None or one is None else week_of(site, generation)
    if generation is None or one is None or told is None:
        raise HTTPException(
            404, "There is no such open lead. It may have been won, lost or closed before the newest run."
        )
    persons, key = visitor.may(Scope.PERSONS), one.customer_key
    entries: tuple[Entry, ...] = ()
    orders = 0
    if key is not None:
        with site.state.reading() as books:
            since = books.live.orders_of([key], generation.base_event).get(key, [])
            buyer = books.live.customers(generation.number, [key]).get(key)
        entries = timeline(Path(generation.folder), key, since, (), persons)
        orders = 0 if buyer is None else buyer.history.orders
    return page(
        request, visitor, "lead", one=one, persons=persons, currency=told["currency"], open=told["open"],
        within=told.get("within_days", 365.25), next=next_of(one, told, persons),
        orders=orders, entries=entries,
    )  # fmt: skip


def _currency_of(request: Request, site: Site, generation: Generation | None) -> tuple[str | None, Conversion | None]:
    """The run's currency, and how amounts are converted where another one was chosen."""
    try:
        told = None if generation is None else week_of(site, generation)
    except OSError:
        told = None
    if generation is None or told is None:
        return None, None
    own = None if told["currency"] in (None, UNSPECIFIED_CURRENCY) else str(told["currency"])
    shown = shown_on("/leads", generation, Wanted.of(request)).conversion
    return own, None if shown is None or own != shown.of else shown


def _in(value: Any, rate: float) -> Any:
    return value if value is None or rate == 1.0 else value * rate


def next_of(one: Lead, told: dict[str, Any], persons: bool) -> Next:
    """What to do with a lead."""
    week = told["this_week"]
    if one.this_week:
        whom = f" ({one.assigned_to})" if persons and one.assigned_to else ""
        size = week["chosen"]
        why = "It is the one lead of this week" if size == 1 else f"It is one of the {size} leads of this week"
        return Next(f"Call it this week{whom}", f"{why}: none that waits is expected to bring more.")
    if one.expected_value is not None and one.expected_value < 0:
        return Next("Leave it", "Working on it costs more than it is expected to bring.")
    return Next("Let it wait", "Others are expected to bring more, and there is no room for it this week.")


def _hands(every: Sequence[Lead], told: dict[str, Any]) -> tuple[Hands, ...]:
    capacity: dict[str, int] = told["this_week"]["capacity"]
    found = []
    for name in sorted({*capacity, *(lead.assigned_to for lead in every if lead.this_week and lead.assigned_to)}):
        mine = [lead for lead in every if lead.this_week and lead.assigned_to == name]
        values = [lead.expected_value for lead in mine if lead.expected_value is not None]
        found.append(Hands(name, capacity.get(name, 0), len(mine), sum(values) if values else None))
    return tuple(found)
