"""Reasons why somebody may be leaving: what is measured of each, how it is said, and what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """One number that can raise a customer's risk, zero where nothing is the matter.

    Parameters
    ----------
    name : str
        Column.
    sql : str
        The number over the columns of signals (`warning_signals.sql`), never negative.
    prior_mean, prior_sd : float
        Of its coefficient on the log-odds of leaving, before data.
    """

    name: str
    sql: str
    prior_mean: float = 0.0
    prior_sd: float = 0.5


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in plain words, and the numbers that stand for it.

    Parameters
    ----------
    key : str
        Stable key: names of columns, cause of an alert.
    label : str
        For a table's cell.
    action : str
        What to do where it weighs most.
    inputs : tuple of Input
        What is measured.
    meaning : str
        What counts as it, for whoever asks.
    """

    key: str
    label: str
    action: str
    inputs: tuple[Input, ...]
    meaning: str


RECENT, BEFORE = 45, 225
"""Days that are "recent", and the day up to which what came before is "usual": half a year of it."""

_FADING = "ln((usual_{n} + 0.5) / (recent_{n} + 0.5))"


def _fading(window: int, name: str) -> Input:
    # Half an event on both sides, so that one visit fewer of two is no alarm.
    return Input(name, f"greatest({_FADING.format(n=window)}, 0)")


OVERDUE = Reason(
    "overdue",
    "overdue",
    "Remind them of what they usually buy, before they settle elsewhere.",
    (
        Input("overdue_model", "greatest(logit_now - logit_usual, 0)", 1.0, 0.3),
        Input("overdue_rhythm", "-log10(greatest(silence_probability, 1e-6))"),
        Input("overdue_much", "greatest(-log10(greatest(silence_probability, 1e-6)) - 1, 0)"),
    ),
    "silent for longer than their own gaps between orders, by the model and by their rhythm",
)
ENGAGEMENT = Reason(
    "engagement",
    "falling engagement",
    "Write in person: ask whether what you send still fits, and show what is new for them.",
    (
        _fading(RECENT, "fading"),
        _fading(90, "fading_slowly"),
        Input("unsubscribed", "CASE WHEN unsubscribed_days < 180 THEN 1 ELSE 0 END"),
    ),
    "fewer mails opened, links clicked and visits than usual for this customer, or unsubscribed",
)
FEEDBACK = Reason(
    "feedback",
    "negative feedback",
    "Call or write about what they said, before any offer.",
    (Input("unhappy", "least(unhappy, 3)"),),
    "a low score or review in the last months, counting less with time",
)
PAYMENTS = Reason(
    "payments",
    "failed payment",
    "Ask for another way to pay, and try the payment again.",
    (Input("failed", "least(failed + past_due, 3)", math.log(2.0), 0.5),),
    "a payment failed and none has gone through since, or the subscription is past due",
)
REFUNDS = Reason(
    "refunds",
    "refund or complaint",
    "Make good what went wrong, and ask whether it is right now.",
    (Input("wronged", "least(wronged, 3)"),),
    "a refund or complaint in the last months, counting less with time",
)
DISCOUNTS = Reason(
    "discounts",
    "discount dependence",
    "Give a reason to buy that is no discount: news, service, a set that fits.",
    (Input("discount_share", "discounted / (bought + 1.0)"),),
    "bought mostly with discounts",
)
OF_CUSTOMERS = (OVERDUE, ENGAGEMENT, FEEDBACK, PAYMENTS, REFUNDS, DISCOUNTS)
"""Reasons of customers of a shop."""

OF_SUBSCRIBERS = (ENGAGEMENT, FEEDBACK, PAYMENTS, REFUNDS)
"""Reasons of subscribers, whose contract says when they pay."""

BY_KEY = {reason.key: reason for reason in OF_CUSTOMERS}
