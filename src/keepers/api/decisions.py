"""Decisions: what is to be decided this week, the answer to it, and the ledger of what it earned."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from keepers.api.served import ERRORS, MISSING, meaning_of, served
from keepers.api.shapes import Meaning
from keepers.domain.proposal import Proposal
from keepers.storage.answers import Answer
from keepers.storage.ledger_lists import LedgerRow
from keepers.web import week
from keepers.web.access import Decider, Reader, TheSite
from keepers.web.once import OnceHeader

router = APIRouter(tags=["decisions"], responses=ERRORS)

Kind = Literal["customer", "budget", "leads", "offer", "channel", "experiment"]
Evidence = Literal["predictive", "adjusted", "experimental"]


class ProposalShape(BaseModel):
    """Something to decide."""

    key: str = Field(description="by which it is answered")
    kind: Kind
    title: str
    why: str
    money: float | None = Field(description="what it should earn, or what is at stake")
    low: float | None = Field(description="lower end of the interval of `money`, where one is known")
    high: float | None = Field(description="its upper end")
    money_is: str = Field(description="what that money is: over which time, net of what")
    currency: str | None
    evidence: Evidence = Field(description="how it is known")
    customer_key: str | None = Field(description="the customer whom it is about")
    page: str = Field(description="address of the page that says more")


class ProposalList(BaseModel):
    """What is to be decided, the most money first."""

    total: int
    offset: int
    proposals: list[ProposalShape]
    meaning: Meaning


class Said(BaseModel):
    """An answer to a proposal."""

    answer: Literal["accepted", "dismissed"]
    why: str = Field(min_length=1, max_length=2_000, description="the reason, in words")


class AnswerShape(BaseModel):
    """An answer that was given."""

    key: str
    kind: Kind
    title: str
    answer: Literal["accepted", "dismissed"]
    why: str
    answered_by: str
    answered_at: dt.datetime
    holds_until: dt.date = Field(description="last day on which it is not proposed again")
    money: float | None
    currency: str | None
    evidence: Evidence
    decision_ids: list[str] = Field(description="entries of the ledger that came of it")


class Expected(BaseModel):
    """What a decision was expected to earn."""

    mean: float
    low: float
    high: float


class Earned(BaseModel):
    """What came of a decision, as somebody last saw it."""

    gain: float
    low: float | None
    high: float | None
    until: dt.date
    note: str


class DecisionShape(BaseModel):
    """An entry of the ledger."""

    decision_id: str
    decided_at: dt.datetime
    action: str
    rule: str = Field(description="for whom or for what")
    cost: float = Field(description="of the action: for one customer, or of the whole period of a budget")
    expected: Expected
    currency: str | None
    evidence: Evidence
    reasons: list[str]
    customers: int
    held_out: int
    outcome: Earned | None


class Ledger(BaseModel):
    """A page of the ledger, the newest first."""

    total: int
    offset: int
    decisions: list[DecisionShape]


@router.get("/decisions")
def decisions(
    site: TheSite,
    visitor: Reader,
    kind: Annotated[list[Kind] | None, Query()] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ProposalList:
    """What is to be decided this week and nobody has answered, the most money first."""
    del visitor
    with site.state.reading() as books:
        generation = served(books)
        found = [one for one in week.this_week(site, books, generation) if not kind or one.kind in kind]
    return ProposalList(
        total=len(found), offset=offset, proposals=[_proposal(one) for one in found[offset : offset + limit]],
        meaning=meaning_of(generation),
    )  # fmt: skip


@router.post("/decisions/{key}", responses=MISSING)
def decide(site: TheSite, visitor: Decider, key: str, said: Said, once: OnceHeader = "") -> AnswerShape:
    """Accept or dismiss a proposal; what is accepted goes into the ledger, to be held against what happens."""
    return answer_shape(week.answer(site, visitor, key, said.answer == "accepted", said.why, once))


@router.get("/decisions/answers")
def answers(
    site: TheSite,
    visitor: Reader,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[AnswerShape]:
    """What people said to proposals, the newest first; what came of alerts stands with these."""
    del visitor
    with site.state.reading() as books:
        return [answer_shape(one) for one in books.answers.listed(limit, offset)]


@router.get("/decisions/ledger")
def ledger(
    site: TheSite,
    visitor: Reader,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Ledger:
    """What was decided, by people and by runs, and what came of it."""
    del visitor
    with site.state.reading() as books:
        rows, total = books.ledger.rows(limit, offset), books.ledger.count()
    return Ledger(total=total, offset=offset, decisions=[_entry(one) for one in rows])


def answer_shape(one: Answer) -> AnswerShape:
    """An answer as a program reads it."""
    return AnswerShape(
        key=one.key, kind=one.kind, title=one.title, answer=one.answer, why=one.why, answered_by=one.by,  # type: ignore[arg-type]
        answered_at=one.at, holds_until=one.holds_until, money=one.money, currency=one.currency or None,
        evidence=one.evidence.value, decision_ids=list(one.decision_ids),
    )  # fmt: skip


def _proposal(one: Proposal) -> ProposalShape:
    return ProposalShape(
        key=one.key, kind=one.kind, title=one.title, why=one.why, money=one.money, low=one.low, high=one.high,  # type: ignore[arg-type]
        money_is=one.money_is, currency=one.currency or None, evidence=one.evidence.value, customer_key=one.customer,
        page=one.address,
    )  # fmt: skip


def _entry(one: LedgerRow) -> DecisionShape:
    came = None
    if one.earned is not None and one.seen_until is not None:
        came = Earned(
            gain=one.earned, low=one.earned_low, high=one.earned_high, until=one.seen_until, note=one.note
        )  # fmt: skip
    return DecisionShape(
        decision_id=one.decision_id, decided_at=one.decided_at, action=one.action, rule=one.rule, cost=one.cost,
        expected=Expected(mean=one.gain, low=one.low, high=one.high), currency=one.currency or None,
        evidence=one.evidence.value, reasons=list(one.reasons), customers=one.customers, held_out=one.held_out,
        outcome=came,
    )  # fmt: skip
