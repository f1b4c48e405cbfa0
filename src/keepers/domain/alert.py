"""Alerts: a customer about whom somebody should do something, by whom and when, and what came of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import Enum


class AlertStatus(Enum):
    """Where an alert stands."""

    OPEN = "open"
    DONE = "done"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"
    """Nobody acted before the cause was gone or time had passed."""


@dataclass(frozen=True, slots=True)
class AlertProposal:
    """What an alert would say; the book of alerts decides whether it is raised.

    Parameters
    ----------
    customer_key : str
        The customer.
    cause : str
        Key of the reason that weighs most: at most one alert of a customer and cause is open.
    kind : str
        ``"customer"`` of a shop, or ``"subscriber"``.
    churn_probability, usual_probability : float
        Of leaving within the horizon, and what it would be were nothing the matter.
    horizon_days : float
        That horizon.
    expected_loss : float or None
        What the difference is expected to cost; None without money.
    reason, action : str
        Why, and what to do, in plain words.
    """

    customer_key: str
    cause: str
    kind: str
    churn_probability: float
    usual_probability: float
    horizon_days: float
    expected_loss: float | None
    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One thing that happened to an alert."""

    at: dt.datetime
    event: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was raised.

    Parameters
    ----------
    number : int
        By which a person names it.
    proposal : AlertProposal
        What it says, as last seen.
    status : AlertStatus
        Where it stands.
    raised_on, due_on : date
        Seen from which day of the data, and until when somebody should have acted.
    owner : str
        Who acts.
    currency : str
        Of the expected loss.
    outcome : str
        What came of it; empty while it is open.
    history : tuple of AlertEvent
        In the order of time.
    """

    number: int
    proposal: AlertProposal
    status: AlertStatus
    raised_on: dt.date
    due_on: dt.date
    owner: str
    currency: str
    outcome: str = ""
    closed_at: dt.datetime | None = None
    history: tuple[AlertEvent, ...] = field(default=())

    def for_eyes(self, persons: bool) -> Alert:
        """The alert for somebody; who may not see persons is not shown what people wrote of them."""
        if persons or self.status is AlertStatus.LAPSED:
            return self
        return replace(self, outcome="", history=tuple(replace(one, note="") for one in self.history))


@dataclass(frozen=True, slots=True)
class AlertRules:
    """When an alert is raised, to whom, and until when.

    Parameters
    ----------
    owner : str
        Who acts, as the business calls them.
    due_days : int
        Days from the day it is raised.
    cool_down_days : int
        For so long after an alert is closed none is raised of the same customer and cause.
    lapse_days : int
        An alert that nobody closed lapses so long after it was due.
    most : int
        New alerts of one run at most, those with the greatest expected loss: more than people can act on help nobody.
    """

    owner: str = "owner"
    due_days: int = 7
    cool_down_days: int = 90
    lapse_days: int = 30
    most: int = 50
