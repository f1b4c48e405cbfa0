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
