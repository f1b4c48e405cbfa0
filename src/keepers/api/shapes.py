"""The shapes of answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from keepers.domain.alert import Alert
from keepers.domain.reach import Reach
from keepers.pipeline.learned_said import Amount, EarlySaid, LearnedSaid, learned_value
from keepers.storage.jobs import Job
from keepers.storage.live import LiveCustomer
from keepers.storage.live_lists import Group, seen


class Meaning(BaseModel):
    """What money means in an answer: the five things, and the day it is seen from."""

    currency: str | None = Field(description="ISO code; null where there is no money")
    basis: str | None = Field(description="revenue, net revenue or contribution")
    horizon: str = Field(description="what `value` covers")
    horizons: list[str] = Field(default_factory=list, description="what may be asked for as `horizon`")
    discount_annual: float = Field(description="what later money is worth now, a year")
    acquisition_cost: str = Field(default="not deducted", description="whether what winning the customer cost is in it")
    population: str = Field(default="customers who bought before", description="whom it is about")
    as_of: dt.date = Field(description="last day of the run's data; events since are in the values")
    interval: str = Field(default="80%", description="level of the intervals")


class Interval(BaseModel):
    """A predicted amount and its 80% interval."""

    mean: float | None
    low: float | None
    high: float | None


class CustomerRow(BaseModel):
    """One customer of a list."""

    customer_key: str
    name: str | None = None
    email: str | None = None
    first_order_date: dt.date
    last_order_date: dt.date
    orders: int
    revenue: float | None
    probability_alive: float | None
    expected_orders: float | None
    value: Interval
    learned_value: float | None = Field(
        None, description="learned value as of the run, within its own horizon, where it has it"
    )
    money_at_risk: float | None
    state: str | None
    tier: str | None
    rfm_group: str | None
    segment: str | None
    channel: str | None
    country: str | None
    updated_at: dt.datetime
    changed_by_event: bool = Field(description="whether an order since the run has changed it")


class CustomerList(BaseModel):
    """A page of customers."""

    total: int = Field(description="customers of the whole list")
    offset: int
    customers: list[CustomerRow]
    meaning: Meaning


class AtHorizon(BaseModel):
    """What a customer is worth within one horizon."""

    horizon: str
    value: Interval
    expected_orders: float | None


class Decomposition(BaseModel):
    """What a value is made of: expected orders, what an order is worth, and what discounting takes."""

    expected_orders: float | None
    expected_order_value: float | None
    margin_and_discount: float | None = Field(description="value / (expected orders x expected order value)")


class AlertShape(BaseModel):
    """A customer about whom somebody was told."""

    number: int
    customer_key: str
    cause: str
    status: str
    raised_on: dt.date
    churn_probability: float
    usual_probability: float
    horizon_days: float
    expected_loss: float | None
    currency: str | None
    reason: str
    action: str
    owner: str
    due_on: dt.date
    outcome: str | None = Field(description="what came of it, for those who may see persons")


class LearnedShape(BaseModel):
    """A customer by learned value beside the models of buying and spend, as of the run, within its own horizon."""

    value: Interval = Field(description="by everything that is known of the customer")
    by_orders: Interval | None = Field(description="by the models of buying and spend alone, where known")
    mixed: bool = Field(description="whether the run's predicted values are a mix of both, by its backtest")
    sentence: str = Field(description="why the two differ, or that they do not")


class EarlyShape(BaseModel):
    """What a newcomer's first year of life will have brought, said of their first days."""

    value: Interval = Field(description="what they had spent by the day is in it; nothing is discounted")
    day: int = Field(description="day of their life on which it could be said")
    sentence: str


class CustomerDetail(CustomerRow):
    """Everything known of a customer."""

    decomposition: Decomposition
    alerts: list[AlertShape] = Field(description="open alerts with their reasons and the next action")
    next_best_action: str | None = Field(description="action of the alert with most at stake, if any")
    horizons: list[AtHorizon] = Field(description="the value within each horizon, the nearest first")
    learned: LearnedShape | None = Field(None, description="learned value, where the run has it")
    early: EarlyShape | None = Field(None, description="early value of a newcomer, where the run has it")
    fields: dict[str, Any] = Field(description="further columns of customers.parquet, under their names there")
    meaning: Meaning


class TimelineEntry(BaseModel):
    """Something that happened with a customer."""

    day: dt.date
    kind: str = Field(description="order, refund, cancelled, visit, sent, open, click, complaint, offer, warning, ...")
    title: str
    detail: str = Field(description="words that a person wrote are left out for those who may not see persons")
    amount: float | None
    since_run: bool = Field(description="whether it came as an event since the run")


class Timeline(BaseModel):
    """A stretch of what happened with a customer, the newest first; 1,000 entries are known at most."""

    total: int
    offset: int
    entries: list[TimelineEntry]
    currency: str | None


class GroupShape(BaseModel):
    """Customers that share something."""

    name: str | None
    customers: int
    value: float | None
    money_at_risk: float | None
    revenue: float | None


class GroupList(BaseModel):
    """A division of customers."""

    by: str
    groups: list[GroupShape]
    meaning: Meaning


class Overview(BaseModel):
    """The business at a glance; totals are of this moment, the rest is of the newest run."""

    store: str
    customers: int
    revenue: float | None
    value: float | None
    money_at_risk: float | None
    equity: dict[str, Any] | None
    activity: dict[str, Any] | None
    verdict: dict[str, Any]
    events_received: int
    meaning: Meaning


class LookShape(BaseModel):
    """Whether customers still behave as a model of the run says."""

    of: str = Field(description="`orders`, `contracts`, `features` or `learned`")
    looked_on: dt.date
    judged: bool = Field(description="whether enough came to judge by")
    alarm: bool
    refit: bool = Field(description="whether a new run was asked for because of it")
    sentence: str


class Trust(BaseModel):
    """Models and how far they can be trusted."""

    models: dict[str, Any]
    verdict: dict[str, Any]
    backtest: dict[str, Any] | None
    since: list[LookShape] = Field(
        [], description="the last weekly look at what came since the run, where there was one"
    )


class JobShape(BaseModel):
    """A longer piece of work."""

    number: int
    kind: str
    status: str
    asked_by: str
    asked_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    step: str
    said: str
    why: str = Field(default="", description="what made it necessary, where nobody asked")


def customer_row(one: LiveCustomer, person: tuple[str | None, str | None] | None) -> dict[str, Any]:
    """A live customer as a row; without a person names and addresses are left out."""
    history, values = one.history, one.values
    name, email = person or (None, None)
    return {
        "customer_key": one.customer_key,
        "name": name,
        "email": email,
        "first_order_date": history.first_day,
        "last_order_date": history.last_day,
        "orders": history.orders,
        "revenue": history.revenue,
        "value": {"mean": values["value"], "low": values["value_low"], "high": values["value_high"]},
        "learned_value": learned_value(one.fields),
        **{
            name: values[name]
            for name in (
                "probability_alive", "expected_orders", "money_at_risk", "state", "tier", "rfm_group", "segment",
                "channel", "country",
            )
        },
        "updated_at": one.updated_at,
        "changed_by_event": one.by_event,
    }  # fmt: skip


def decomposition(one: LiveCustomer) -> Decomposition:
    """What the value is made of."""
    orders, order = one.values["expected_orders"], one.fields.get("expected_order_value")
    value = one.values["value"]
    rest = value / (orders * order) if value is not None and orders and order else None
    return Decomposition(expected_orders=orders, expected_order_value=order, margin_and_discount=rest)


def at_horizons(one: LiveCustomer, reaches: Sequence[Reach]) -> list[AtHorizon]:
    """What a customer is worth within each horizon."""
    found = []
    for reach in reaches:
        values = seen(one, reach).values
        value = Interval(mean=values["value"], low=values["value_low"], high=values["value_high"])
        found.append(AtHorizon(horizon=reach.name, value=value, expected_orders=values["expected_orders"]))
    return found


def learned_shape(said: LearnedSaid | None) -> LearnedShape | None:
    """Learned value as an answer."""
    if said is None:
        return None
    by_orders = None if said.by_orders is None else _interval(said.by_orders)
    return LearnedShape(value=_interval(said.learned), by_orders=by_orders, mixed=said.mixed, sentence=said.sentence)


def early_shape(said: EarlySaid | None) -> EarlyShape | None:
    """Early value as an answer."""
    return None if said is None else EarlyShape(value=_interval(said.value), day=said.day, sentence=said.sentence)


def _interval(one: Amount) -> Interval:
    return Interval(mean=one.value, low=one.low, high=one.high)


def alert_shape(one: Alert) -> AlertShape:
    """An alert as an answer."""
    proposal = one.proposal
    said = ("customer_key", "cause", "churn_probability", "usual_probability", "horizon_days", "expected_loss")
    return AlertShape(
        number=one.number, status=one.status.value, raised_on=one.raised_on, due_on=one.due_on, owner=one.owner,
        currency=one.currency or None, outcome=one.outcome or None, reason=proposal.reason, action=proposal.action,
        **{name: getattr(proposal, name) for name in said},
    )  # fmt: skip


def group_shape(one: Group) -> GroupShape:
    """A group as an answer."""
    return GroupShape(**{name: getattr(one, name) for name in GroupShape.model_fields})


def job_shape(one: Job) -> JobShape:
    """A job as an answer."""
    return JobShape(**{name: getattr(one, name) for name in JobShape.model_fields})
