"""The budget: what channels are believed to answer to money, the plan, and what other totals and bounds would bring."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from keepers.acquisition.budget import BudgetPlan, Figure
from keepers.acquisition.budget_questions import NextMoney, what_if
from keepers.acquisition.response import ResponseCurves
from keepers.api.served import ERRORS, MISSING, said_of, served
from keepers.domain.time import weeks
from keepers.pipeline.budget_planning import BudgetWish, planned
from keepers.storage.generation import Generation
from keepers.web import week
from keepers.web.access import Reader, TheSite
from keepers.web.site import Site

router = APIRouter(tags=["budget"], responses=ERRORS)

Evidence = Literal["predictive", "adjusted", "experimental"]
_Money = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
_Weeks = Annotated[float, Field(ge=1, le=52, allow_inf_nan=False)]


class Range(BaseModel):
    """A figure with its 80% interval."""

    mean: float
    low: float
    high: float


class CurveShape(BaseModel):
    """How a channel answers to money."""

    channel: str
    today_a_week: float
    seen_a_week: tuple[float, float] = Field(description="least and most that was ever spent; beyond it is belief")
    weeks: int
    customers: int = Field(description="new customers behind the curve")
    prior_share: float = Field(description="how much of what is said is belief and not data")
    evidence: Evidence
    spend_a_week: list[float]
    customers_a_week: list[Range] = Field(description="that the money brings, beyond those who come anyway")


class PlannedShape(BaseModel):
    """A channel of a plan; money a week, customers and value of the whole period."""

    channel: str
    today_a_week: float
    planned_a_week: float
    customers_today: Range
    customers: Range
    value: Range
    gain: Range
    value_of_last_unit: Range
    held_by: Literal["", "least", "most", "payback", "payback is not reached even at the least spend"]
    outside_of_what_was_seen: bool


class PlanShape(BaseModel):
    """The best plan within what was asked."""

    starts_on: dt.date
    days: int
    recommended: bool = Field(description="whether to change anything; where not, keep today's spends")
    today_a_week: float
    planned_a_week: float
    gain: Range = Field(description="value less spend beyond today's plan, in the whole period")
    probability: float = Field(description="that it is better than today's plan")
    shortfall: float = Field(description="expected loss against today's plan, counting only where there is one")
    no_other_is_better_by: float = Field(description="certificate: within the limits no plan gains more than this more")
    value_of_one_more: float = Field(description="value over cost of one more unit of money; 0 where it does not pay")
    evidence: Evidence
    channels: list[PlannedShape]


class NextShape(BaseModel):
    """Where more money would go."""

    amount: float
    channels: dict[str, float]
    value: Range
    probability: float = Field(description="that it brings more than it costs")


class MoneyOfBudget(BaseModel):
    """What money means in a budget."""

    currency: str | None
    basis: str
    horizon_days: float | None = Field(description="how long value counts, from a customer's first order on")
    discount_annual: float | None
    value: str = Field(description="in a sentence")


class BudgetShape(BaseModel):
    """A plan with what it rests on."""

    plan: PlanShape
    next: NextShape | None
    meaning: MoneyOfBudget


class WholeBudget(BudgetShape):
    """The plan of the newest run, the curves behind it, and what would teach more."""

    curves: list[CurveShape]
    experiments: list[dict[str, Any]] = Field(description="experiments with spend that would pay, as summary.json says")
    earlier: list[dict[str, Any]] = Field(description="earlier plans against what happened")


class Bounds(BaseModel):
    """Least and most money a week of a channel; where one is left out, the limit of moves holds on that side."""

    least: _Money | None = None
    most: _Money | None = None


class Question(BaseModel):
    """What a plan may do; money a week. What is left out is as in the plan of a run."""

    model_config = ConfigDict(extra="forbid")

    total: _Money | None = Field(None, description="most money, all channels together; today's if left out")
    spend_all: bool = Field(False, description="spend the whole total, also what does not pay")
    move: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = Field(
        0.5, description="by which share of today's spend each channel may change; null for no such limit"
    )
    channels: dict[str, Bounds] = Field(default_factory=dict, max_length=1_000)
    payback_months: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] | Literal["target"] | None = Field(
        "target", description="every channel must be earned back in it; `target` is the owner's, null is no such limit"
    )
    cash: _Money | None = Field(None, description="most to lay out beyond what new customers bring meanwhile")
    period_weeks: _Weeks = 4
    risk: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = Field(
        0.5, description="weight of falling short of today's plan; 0 ignores it"
    )


class Spends(BaseModel):
    """Other spends to ask about; channels that are not named keep today's."""

    model_config = ConfigDict(extra="forbid")

    spends_a_week: dict[str, _Money] = Field(min_length=1, max_length=1_000)
    period_weeks: _Weeks = 4


class WhatIfShape(BaseModel):
    """What spends are expected to bring in the period."""

    spends_a_week: dict[str, float]
    customers: Range
    value: Range
    gain: Range = Field(description="value less spend beyond today's plan")
    probability: float = Field(description="that it is better than today's plan")
    outside_of_what_was_seen: list[str]
    meaning: MoneyOfBudget


@router.get("/budget", responses=MISSING)
def budget(site: TheSite, visitor: Reader) -> WholeBudget:
    """The plan of the newest run, what it rests on, where the next money goes, and what earlier plans earned."""
    del visitor
    generation, curves = _curves(site)
    found = _answered(site, curves, BudgetWish())
    said: Any = said_of(site, generation).get("acquisition") or {}
    told = said.get("budget") or {}
    return WholeBudget(
        **found.model_dump(), curves=[_curve(curves, name) for name in curves.names],
        experiments=told.get("experiments", []), earlier=told.get("earlier", []),
    )  # fmt: skip


@router.post("/budget/plan", responses=MISSING)
def plan(site: TheSite, visitor: Reader, question: Question) -> BudgetShape:
    """The best plan within other totals and bounds. Nothing is kept of the question."""
    del visitor
    _, curves = _curves(site)
    usual = question.payback_months == "target"
    wish = BudgetWish(
        question.total, question.spend_all, question.move,
        {name: (one.least, one.most) for name, one in question.channels.items()},
        None if usual or question.payback_months is None else float(question.payback_months), usual, question.cash,
        question.period_weeks, question.risk,
    )  # fmt: skip
    return _answered(site, curves, wish)


@router.post("/budget/what-if", responses=MISSING)
def ask(site: TheSite, visitor: Reader, question: Spends) -> WhatIfShape:
    """What other spends would bring. Nothing is kept of the question."""
    del visitor
    _, curves = _curves(site)
    found = what_if(curves, question.spends_a_week, period=weeks(question.period_weeks))
    return WhatIfShape(
        spends_a_week=found.spends, customers=_range(found.customers), value=_range(found.value),
        gain=_range(found.gain), probability=found.probability, outside_of_what_was_seen=list(found.outside),
        meaning=_meaning(curves, "Value of new customers from their first order on; the gain is net of spend."),
    )  # fmt: skip


def _curves(site: Site) -> tuple[Generation, ResponseCurves]:
    with site.state.reading() as books:
        generation = served(books)
    return generation, week.curves_of(site, generation)


def _answered(site: Site, curves: ResponseCurves, wish: BudgetWish) -> BudgetShape:
    found, more = planned(curves, wish, site.project.acquisition)
    return BudgetShape(plan=_plan(found), next=_next(more), meaning=_meaning(curves, found.value_meaning))


def _plan(found: BudgetPlan) -> PlanShape:
    return PlanShape(
        starts_on=found.starts_on, days=round(found.period.days), recommended=found.recommended,
        today_a_week=found.today, planned_a_week=found.planned, gain=_range(found.gain),
        probability=found.probability, shortfall=found.shortfall, no_other_is_better_by=max(found.gap, 0.0),
        value_of_one_more=found.multiplier, evidence=found.evidence.value,
        channels=[
            PlannedShape(
                channel=one.channel, today_a_week=one.today, planned_a_week=one.planned,
                customers_today=_range(one.customers_today), customers=_range(one.customers), value=_range(one.value),
                gain=_range(one.gain), value_of_last_unit=_range(one.marginal), held_by=one.limit,  # type: ignore[arg-type]
                outside_of_what_was_seen=one.outside,
            )
            for one in found.channels
        ],
    )  # fmt: skip


def _next(found: NextMoney | None) -> NextShape | None:
    if found is None:
        return None
    return NextShape(
        amount=found.amount, channels=found.channels, value=_range(found.value), probability=found.probability
    )


def _curve(curves: ResponseCurves, name: str) -> CurveShape:
    one = curves[name]
    spends = [one.today * step / 10 for step in range(21)] if one.today else [one.seen[1] * s / 20 for s in range(21)]
    middle, low, high = one.band(spends)
    return CurveShape(
        channel=name, today_a_week=one.today, seen_a_week=one.seen, weeks=one.weeks, customers=one.customers,
        prior_share=one.prior_share, evidence=one.evidence.value, spend_a_week=spends,
        customers_a_week=[
            Range(mean=float(m), low=float(a), high=float(b)) for m, a, b in zip(middle, low, high, strict=True)
        ],
    )  # fmt: skip


def _meaning(curves: ResponseCurves, value: str) -> MoneyOfBudget:
    return MoneyOfBudget(
        currency=None if curves.currency in ("", "unspecified") else curves.currency, basis=curves.basis.value,
        horizon_days=None if curves.horizon is None else curves.horizon.days, discount_annual=curves.discount,
        value=value,
    )  # fmt: skip


def _range(found: Figure) -> Range:
    return Range(mean=found.value, low=found.low, high=found.high)
