"""The page of decisions: what is to be decided, what people answered, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from keepers.dashboard.list_file import table
from keepers.dashboard.looked import shown_on
from keepers.dashboard.pages import Back, Person, TheSite, changer, kept_along, page
from keepers.dashboard.wanted import Wanted
from keepers.domain.access import Scope, Visitor
from keepers.domain.alert import AlertStatus
from keepers.reports import formatting
from keepers.web import week
from keepers.web.once import OnceField

router = APIRouter(include_in_schema=False)

ROWS = 50
"""Proposals, answers and entries of the ledger on a page, each."""

_PARTS = {"to_decide": "open", "answered": "answers", "offset": "ledger"}
"""The lists of the page by what says in an address where they begin, and their places on it."""

_ALL_ANSWERS = 10_000
"""Answers that are looked through for who decided what."""

_LEDGER_AT_ONCE = 500

_Offset = Annotated[int, Query(ge=0, le=10**9)]

GRADES = {
    "predictive": "goes with it in the data, and may not be its cause",
    "adjusted": "other things that differ were allowed for, as far as the data name them",
    "experimental": "drawn by lot, so nothing else explains it",
}
"""What the grades of evidence mean."""

_DECIDES = Annotated[Visitor, changer(Scope.DECIDE)]


@router.get("/decisions")
def decisions(
    request: Request, site: TheSite, visitor: Person, to_decide: _Offset = 0, answered: _Offset = 0, offset: _Offset = 0
) -> Response:
    """What to decide by its money, answers, and the ledger with what decisions earned, each a page at a time."""
    with site.state.reading() as books:
        generation = books.live.current()
        if generation is None:
            return page(request, visitor, "waiting", jobs=books.jobs.listed(3))
        with formatting.shown_in(shown_on("/decisions", generation, Wanted.of(request)).conversion):
            everything = week.this_week(site, books, generation)
        proposed = everything[to_decide : to_decide + ROWS]
        answers = books.answers.listed(_ALL_ANSWERS)
        rows, total = books.ledger.rows(ROWS, offset), books.ledger.count()
        counts = books.alerts.counts()
        keys = [one.customer for one in proposed if one.customer is not None]
        who = books.live.persons(keys) if visitor.may(Scope.PERSONS) else {}
    places = {"to_decide": to_decide, "answered": answered, "offset": offset}

    def at(name: str, place: int) -> str:
        """Where one of the three lists is, with the others left where they are."""
        begin = {one: start or None for one, start in {**places, name: place}.items()}
        return kept_along(request)(f"/decisions#{_PARTS[name]}", **begin)

    closed = counts[AlertStatus.DONE] + counts[AlertStatus.DISMISSED]
    accepted = {name: one for one in answers for name in one.decision_ids}
    return page(
        request, visitor, "decisions", proposed=proposed, answers=answers[answered : answered + ROWS], ledger=rows,
        pages={"to_decide": (to_decide, len(everything)), "answered": (answered, len(answers)),
               "offset": (offset, total)},
        at=at, rows=ROWS, closed=closed, who=who, accepted=accepted, grades=GRADES,
    )  # fmt: skip


@router.post("/decisions/{key}")
def answer(
    site: TheSite,
    visitor: _DECIDES,
    back: Back,
    key: str,
    said: Annotated[Literal["accepted", "dismissed"], Form()],
    why: Annotated[str, Form(min_length=1, max_length=2_000)],
    shows: Annotated[Literal["/", "/decisions"], Form(alias="back")] = "/decisions",
    to_decide: Annotated[int, Form(ge=0, le=10**9)] = 0,
    once: OnceField = "",
) -> RedirectResponse:
    """Accept or dismiss a proposal."""
    week.answer(site, visitor, key, said == "accepted", why, once)
    return back(shows, to_decide=to_decide or None)


@router.get("/decisions/customers.csv")
def customers(site: TheSite, visitor: Person, decision: Annotated[str, Query(max_length=200)]) -> Response:
    """Whom a decision is about, with names and addresses for those who may see them: the list that an offer goes to."""
    with site.state.writing() as books:
        entry = books.ledger.decision(decision)
        if entry is None:
            raise HTTPException(404, "There is no such decision.")
        books.users.note(visitor.name, "list exported", f"decision {decision}", site.now())
        sides = (("gets it", entry.audience.customer_keys), ("held out", entry.audience.held_out_keys))
        keys = [key for _, some in sides for key in some]
        who = books.live.persons(keys) if visitor.may(Scope.PERSONS) else {}
    names = ("customer_key", "name", "email", "side", "action")
    rows = [(key, *who.get(key, (None, None)), side, entry.action.label) for side, some in sides for key in some]
    return table("decision", names, rows)


@router.get("/decisions/answers.csv")
def answers_csv(site: TheSite, visitor: Person) -> Response:
    """Who decided what, and why; of customers nothing is said here."""
    with site.state.writing() as books:
        books.users.note(visitor.name, "list exported", "answers to decisions", site.now())
        found = books.answers.listed(_ALL_ANSWERS)
    names = ("decision", "answer", "why", "by", "at", "was_to_earn", "currency", "evidence")
    return table("answers", names, [
        (one.title, one.answer, one.why, one.by, one.at, one.money, one.currency, one.evidence.value) for one in found
    ])  # fmt: skip


@router.get("/decisions/ledger.csv")
def ledger_csv(site: TheSite, visitor: Person) -> Response:
    """The whole ledger, with what came of each decision."""
    with site.state.writing() as books:
        books.users.note(visitor.name, "list exported", "ledger", site.now())
        starts = range(0, books.ledger.count(), _LEDGER_AT_ONCE)
        found = [one for start in starts for one in books.ledger.rows(_LEDGER_AT_ONCE, start)]
    names = (
        "decision", "decided_at", "for", "customers", "held_out", "expected_to_earn", "expected_low", "expected_high",
        "currency", "evidence", "earned", "earned_low", "earned_high", "seen_until", "note",
    )  # fmt: skip
    return table("ledger", names, [
        (one.action, one.decided_at, one.rule, one.customers, one.held_out, one.gain, one.low, one.high, one.currency,
         one.evidence.value, one.earned, one.earned_low, one.earned_high, one.seen_until, one.note)
        for one in found
    ])  # fmt: skip
