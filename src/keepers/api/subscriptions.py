"""Subscriptions: who subscribes, how likely each stays, what they will bring, and the next plan of each."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from keepers.api.served import ERRORS, MISSING, said_of, served
from keepers.api.shapes import Interval
from keepers.domain.access import Scope
from keepers.pipeline.subscriber_list import Subscriber, SubscriberFilter, has_subscribers
from keepers.storage.generation import Generation
from keepers.web.access import Reader, TheSite
from keepers.web.keys import CUSTOMER
from keepers.web.subscribers import Known, Who, known, listed

router = APIRouter(tags=["subscriptions"], responses=ERRORS)

LARGEST_PAGE = 1_000


class SubscriberShape(BaseModel):
    """A subscriber by their last subscription; names for those who may see persons."""

    customer_key: str
    name: str | None = None
    email: str | None = None
    plan: str
    state: Literal["active", "past_due", "paused", "ended"]
    started_on: dt.date
    ended_on: dt.date | None
    end_kind: str | None = Field(description="`voluntary`, `involuntary` (a payment failed) or `unknown`")
    tenure: float = Field(description="periods of renewals since the start, or up to the end")
    mrr: float | None = Field(description="what they pay a month, or paid last")
    revenue: float | None = Field(description="recognised so far")
    churn_probability: float = Field(description="of ending within `churn_horizon_days`; 1 for who left")
    churn_horizon_days: int
    renewal_probability: float = Field(description="of outlasting one more period; 0 for who left")
    value: Interval = Field(description="expected within the horizon, with what a later return may bring")
    lifetime: Interval = Field(description="the same within the stated lifetime")
    money_at_risk: float | None
    evidence: Literal["predictive"] = "predictive"


class ContractShape(BaseModel):
    """One contract as the data tell it."""

    plan: str | None
    status: str | None
    interval: str | None
    amount: float | None
    quantity: float | None
    started_on: dt.date
    trial_ends_on: dt.date | None
    ended_on: dt.date | None
    reason: str | None = Field(description="why it ended, in the source's words, for those who may see persons")


class NextPlanShape(BaseModel):
    """The next plan of a subscriber."""

    plan: str | None = Field(description="null where staying is best")
    change: str | None = Field(description="`upgrade`, `downgrade` or `add-on`")
    expected_gain: float | None = Field(description="beyond what would come anyway, if they take it")
    held_out: bool = Field(description="left alone, so that it can be seen what the change brings")
    evidence: str | None
    downgrade_probability: float | None
    downgrade_at_stake: float | None


class StepShape(BaseModel):
    """What to do first."""

    action: str
    why: str
    money: float | None
    evidence: str


class SubscriptionShape(SubscriberShape):
    """One subscriber with everything that is known of the subscription."""

    renewals: list[float] = Field(description="chances to outlast the next period, the next two, and so on")
    contracts: list[ContractShape] = Field(description="the newest first; empty where the run kept none")
    reasons: list[str] = Field(description="of open warnings, in words")
    next_plan: NextPlanShape | None
    next: StepShape | None


class SubscriberList(BaseModel):
    """A page of subscribers."""

    total: int
    offset: int
    subscriptions: list[SubscriberShape]
    mrr: float | None = Field(description="of all that the filter takes, active and past due")
    value: float | None
    money_at_risk: float | None
    period: str = Field(description="of renewals, such as `month`")
    currency: str | None
    meaning: str = Field(description="what `value` means, in a sentence")


@router.get("/subscriptions", responses=MISSING)
def subscriptions(
    site: TheSite,
    visitor: Reader,
    search: Annotated[str, Query(max_length=200, description="part of a key; of a name, for who may see persons")] = "",
    plan: Annotated[str, Query(max_length=200)] = "",
    state: Literal["", "running", "active", "past_due", "paused", "ended"] = "",
    sort: Literal["at_risk", "value", "mrr", "churn", "started"] = "at_risk",
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> SubscriberList:
    """Subscribers as the newest run has valued them, those with the most money at risk first."""
    with site.state.reading() as books:
        generation = served(books)
        told = _told(said_of(site, generation), generation)
        wanted = SubscriberFilter(search, plan=plan, state=state, sort=sort)
        found, who = listed(books, generation, visitor, wanted, offset, limit)
    money = told.get("money") or {}
    return SubscriberList(
        total=found.total, offset=offset, subscriptions=[SubscriberShape(**_shape(one, who)) for one in found.rows],
        mrr=found.mrr, value=found.value, money_at_risk=found.at_risk, period=str(told["period"]),
        currency=money.get("currency"), meaning=str(money.get("meaning") or "The subscriptions carry no prices."),
    )  # fmt: skip


@router.get(f"/subscriptions/{CUSTOMER}", responses=MISSING)
def subscription(site: TheSite, visitor: Reader, customer_key: str) -> SubscriptionShape:
    """One subscriber: contracts, chances of the next renewals, value, reasons, what to do next, and the next plan."""
    with site.state.reading() as books:
        generation = served(books)
        _told(said_of(site, generation), generation)
        found = known(books, generation, visitor, customer_key)
    if found is None:
        raise HTTPException(404, "There is no such subscriber. The next run may have given them another key.")
    who: Who = {customer_key: found.who} if visitor.may(Scope.PERSONS) else {}
    step = found.next
    return SubscriptionShape(
        **_shape(found.one, who), renewals=list(found.renewals),
        contracts=[ContractShape(**{name: getattr(one, name) for name in ContractShape.model_fields})
                   for one in found.contracts],
        reasons=[one.proposal.reason for one in found.alerts if one.status.value == "open"],
        next_plan=_next_plan(found),
        next=None if step is None
        else StepShape(action=step.action, why=step.why, money=step.money, evidence=step.evidence),
    )  # fmt: skip


def _told(said: dict[str, object], generation: Generation) -> dict[str, Any]:
    told = said.get("subscriptions")
    if not isinstance(told, dict) or not has_subscribers(Path(generation.folder)):
        raise HTTPException(404, "There are no subscriptions: the newest run knew of none that could be valued.")
    return told


def _shape(one: Subscriber, who: Who) -> dict[str, Any]:
    name, email = who.get(one.customer_key, (None, None))
    plain = ("customer_key", "plan", "state", "started_on", "ended_on", "end_kind", "tenure", "mrr", "revenue",
             "churn_probability", "churn_horizon_days", "renewal_probability", "money_at_risk")  # fmt: skip
    return {
        **{field: getattr(one, field) for field in plain}, "name": name, "email": email,
        "value": Interval(mean=one.value, low=one.value_low, high=one.value_high),
        "lifetime": Interval(mean=one.clv_lifetime, low=one.clv_lifetime_low, high=one.clv_lifetime_high),
    }  # fmt: skip


def _next_plan(found: Known) -> NextPlanShape | None:
    row = found.next_plan
    if row is None:
        return None
    return NextPlanShape(
        plan=row["next_plan"], change=row["change"], expected_gain=row["expected_gain"], held_out=row["held_out"],
        evidence=row["evidence"], downgrade_probability=row["downgrade_probability"],
        downgrade_at_stake=row["downgrade_at_stake"],
    )  # fmt: skip
