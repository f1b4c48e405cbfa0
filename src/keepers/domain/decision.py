"""Decisions as ledger entries: who was chosen, what for, at which expected gain, and who was held out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import Enum


class EvidenceGrade(Enum):
    """How a claim about cause is known."""

    PREDICTIVE = "predictive"
    ADJUSTED = "adjusted"
    EXPERIMENTAL = "experimental"


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a customer: a stable key, words for people, and its cost for one customer."""

    key: str
    label: str
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a decision is about: the rule in words, the customers chosen and those held out as control."""

    rule: str
    customer_keys: tuple[str, ...]
    held_out_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the ledger; amounts are expected contribution in `currency`."""

    decision_id: str
    decided_at: dt.datetime
    action: Action
    audience: Audience
    expected_gain: float
    expected_gain_low: float
    expected_gain_high: float
    currency: str
    evidence: EvidenceGrade
    reasons: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """What a decision has earned so far, as somebody saw it; amounts are contribution in the decision's currency.

    Parameters
    ----------
    decision_id : str
        The decision.
    observed_at : datetime
        When it was looked at.
    until : date
        Last day whose events count.
    gain, gain_low, gain_high : float
        What those who were chosen brought more than those held out, all together, and its 80% interval where known.
    treated, held_out : int
        Customers on either side.
    note : str
        Anything a person should know of it.
    """

    decision_id: str
    observed_at: dt.datetime
    until: dt.date
    gain: float
    treated: int
    held_out: int
    gain_low: float | None = None
    gain_high: float | None = None
    note: str = ""
