"""Pages of subscribers: the list, and each with contracts, chances to renew, value, what to do, and the next plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from keepers.dashboard.list_file import note_export, sent, written
from keepers.dashboard.looked import shown_on
from keepers.dashboard.pages import Person, TheSite, page
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.exports.files import BYTE_ORDER_MARK, lines_for_people
from keepers.pipeline.subscriber_list import (
    SORTS,
    SubscriberFilter,
    has_subscribers,
    period_of,
    plans_in,
)
from keepers.reports import formatting
from keepers.storage.generation import Generation
from keepers.web.keys import CUSTOMER
from keepers.web.site import Site
from keepers.web.subscribers import every_one, known, listed

router = APIRouter(include_in_schema=False)

ROWS = 50
STATE_WORDS = {
    "running": "all that run", "active": "active", "past_due": "payment failed", "paused": "paused", "ended": "ended",
}  # fmt: skip
SORT_WORDS = {
    "at_risk": "most money at risk", "value": "will bring most", "mrr": "pay most a month",
    "churn": "least likely to stay", "started": "newest first",
}  # fmt: skip


_OF_MONEY = (
    "mrr", "revenue", "clv_historic", "value", "value_low", "value_high", "clv_lifetime", "clv_lifetime_low",
    "clv_lifetime_high", "money_at_risk",
)  # fmt: skip
_COLUMNS = (
    "plan", "state", "started_on", "ended_on", "end_kind", "tenure", "renewal_probability", "churn_probability",
    *_OF_MONEY,
)  # fmt: skip
NAMES = ("customer_key", "name", "email", *_COLUMNS, "value_covers", "currency")
"""Columns of the list as a file."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which subscribers a page shows, as its address says it; their state is ``contract`` there, as customers have one.

    What other pages are narrowed to goes along.
    """

    search: str = ""
    plan: str = ""
    state: str = ""
    sort: str = "at_risk"
    offset: int = 0
    context: Wanted = field(default_factory=Wanted)

    @classmethod
    def of(cls, request: Request) -> Asked:
        """From the address; what makes no sense there is passed over."""
        said = request.query_params
        state, sort, start = said.get("contract", ""), said.get("sort", ""), said.get("offset", "0")
        return cls(
            said.get("search", "")[:200], said.get("plan", "")[:200], state if state in STATE_WORDS else "",
            sort if sort in SORTS else "at_risk",
            min(int(start), 10**9) if start.isdecimal() and len(start) < 20 else 0, Wanted.of(request).context,
        )  # fmt: skip

    def filter(self) -> SubscriberFilter:
        """As the list has it."""
        return SubscriberFilter(self.search, plan=self.plan, state=self.state, sort=self.sort)

    def address(self, path: str = "/subscribers", **other: Any) -> str:
        """The address of the same with something else."""
        said = {
            "search": self.search, "plan": self.plan, "contract": self.state,
            "sort": None if self.sort == "at_risk" else self.sort, "offset": self.offset, **other,
        }  # fmt: skip
        return self.context.address(path, **said)


@router.get("/subscribers")
def subscribers(request: Request, site: TheSite, visitor: Person) -> Response:
    """Subscribers, filtered, searched, sorted, a page at a time."""
    generation = site.generation()
    if generation is None:
        with site.state.reading() as books:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
    folder, asked = Path(generation.folder), Asked.of(request)
    if not has_subscribers(folder):
        return page(request, visitor, "subscribers", found=None)
    with site.state.reading() as books:
        found, who = listed(books, generation, visitor, asked.filter(), asked.offset, ROWS)
    return page(
        request, visitor, "subscribers", found=found, who=who, asked=asked, rows=ROWS, plans=plans_in(folder),
        states=STATE_WORDS, sorts=SORT_WORDS, period=period_of(folder), persons=visitor.may(Scope.PERSONS),
        cash=_money(site, generation), horizon=_horizon(site, generation),
    )  # fmt: skip


@router.get("/subscribers.csv")
def subscribers_csv(request: Request, site: TheSite, visitor: Person) -> Response:
    """The whole list as a file for a spreadsheet, with names and addresses for those who may see them."""
    asked = Asked.of(request)
    note_export(site, visitor, asked)
    return sent("subscribers", written(_lines(request, site, visitor, asked)))


@router.get(f"/subscribers/{CUSTOMER}")
def one_subscriber(request: Request, site: TheSite, visitor: Person, customer_key: str) -> Response:
    """One subscriber."""
    with site.state.reading() as books:
        generation = books.live.current()
        found = None if generation is None else known(books, generation, visitor, customer_key)
    if generation is None or found is None:
        raise HTTPException(
            404, "There is no such subscriber. The next run may have given them another key: search by name."
        )
    return page(
        request, visitor, "subscriber", found=found, one=found.one, today=site.now().date(), states=STATE_WORDS,
        period=period_of(Path(generation.folder)), cash=_money(site, generation), horizon=_horizon(site, generation),
        meant=_told(site, generation).get("meaning"),
        who={customer_key: found.who} if visitor.may(Scope.PERSONS) else {},
    )  # fmt: skip


def _lines(request: Request, site: Site, visitor: Visitor, asked: Asked) -> Iterator[str]:
    yield BYTE_ORDER_MARK + ",".join(NAMES) + "\r\n"
    generation = site.generation()
    if generation is None or not has_subscribers(Path(generation.folder)):
        return
    cash, horizon = _money(site, generation), _horizon(site, generation)
    conversion = shown_on("/subscribers", generation, Wanted.of(request)).conversion
    with site.state.reading() as books, formatting.shown_in(conversion):
        rate = formatting.rate_of(cash)
        currency = cash if conversion is None or rate == 1.0 else conversion.into
        for some, who in every_one(books, generation, visitor, asked.filter()):
            yield lines_for_people([
                (one.customer_key, *who.get(one.customer_key, (None, None)),
                 *(_in(getattr(one, name), rate if name in _OF_MONEY else 1.0) for name in _COLUMNS), horizon, currency)
                for one in some
            ])  # fmt: skip


def _in(value: Any, rate: float) -> Any:
    return value if value is None or rate == 1.0 else value * rate


def _told(site: Site, generation: Generation) -> dict[str, Any]:
    try:
        return (site.said(generation).get("subscriptions") or {}).get("money") or {}
    except OSError:
        return {}


def _money(site: Site, generation: Generation) -> str | None:
    """Currency of subscriptions; None without."""
    told = _told(site, generation).get("currency")
    return None if told in (None, "unspecified") else str(told)


def _horizon(site: Site, generation: Generation) -> str:
    """How far ahead their values look, in words."""
    return str((_told(site, generation).get("horizon") or {}).get("text") or "the horizon")
