"""Proposals: what somebody may decide this week, what it should earn, and how that is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from keepers.domain.decision import EvidenceGrade


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing to decide.

    Attributes
    ----------
    key : str
        By which it is known from run to run; may stand in an address.
    kind : str
        ``customer``, ``budget``, ``leads``, ``offer``, ``plan``, ``channel`` or ``experiment``.
    title, why : str
        What to do, and what speaks for it, in sentences.
    money, low, high : float or None
        What it should earn, or what is at stake, and its interval where one is known.
    money_is : str
        What that money is: over which time, net of what.
    currency : str
        Of the money; empty without.
    evidence : EvidenceGrade
        How it is known.
    address : str
        The page that says more.
    holds_days : int
        For so long it is not proposed again once somebody has answered.
    subject : str
        The channel or experiment that it is about; empty where there is none.
    alert : int or None
        The number of the alert behind it, whose book keeps the answer.
    customer : str or None
        The customer whom it is about.
    """

    key: str
    kind: str
    title: str
    why: str
    money: float | None
    low: float | None
    high: float | None
    money_is: str
    currency: str
    evidence: EvidenceGrade
    address: str
    holds_days: int = 28
    subject: str = ""
    alert: int | None = None
    customer: str | None = None


def proposal_key(kind: str, subject: str) -> str:
    """A key of a proposal about something with a name of any length and letters.

    >>> proposal_key("channel", "paid search")
    'channel-08d40b70af42'
    """
    return f"{kind}-{hashlib.sha256(subject.encode()).hexdigest()[:12]}"


def by_money(one: Proposal) -> tuple[float, str]:
    """For sorting: the most money first, without money last."""
    return (-(one.money if one.money is not None else float("-inf")), one.key)
