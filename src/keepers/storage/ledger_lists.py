"""The ledger as a list: decisions with what came of them, without the customers whom they are about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from keepers.domain.decision import EvidenceGrade
from keepers.storage.schema import DECISION_CUSTOMERS, DECISIONS, OUTCOMES


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A decision and the last look at what it earned.

    Attributes
    ----------
    decision_id : str
    decided_at : datetime
    action, rule : str
        What is done, and for whom or for what.
    cost : float
        Of the action.
    gain, low, high : float
        What it was expected to earn.
    currency : str
    evidence : EvidenceGrade
    reasons : tuple of str
    customers, held_out : int
        Whom it is about.
    earned, earned_low, earned_high : float or None
        What came of it as somebody last saw it; None where nobody has looked.
    seen_until : date or None
        Last day that counts in it.
    note : str
        What was said of it.
    """

    decision_id: str
    decided_at: dt.datetime
    action: str
    rule: str
    cost: float
    gain: float
    low: float
    high: float
    currency: str
    evidence: EvidenceGrade
    reasons: tuple[str, ...]
    customers: int
    held_out: int
    earned: float | None
    earned_low: float | None
    earned_high: float | None
    seen_until: dt.date | None
    note: str


def ledger_rows(connection: Connection, limit: int = 100, offset: int = 0) -> tuple[LedgerRow, ...]:
    """The newest decisions."""
    order = (DECISIONS.c.decided_at.desc(), DECISIONS.c.decision_id)
    rows = connection.execute(select(DECISIONS).order_by(*order).offset(offset).limit(limit)).mappings().all()
    ids = [row["decision_id"] for row in rows]
    held = func.sum(case((DECISION_CUSTOMERS.c.held_out, 1), else_=0))
    counted = (
        select(DECISION_CUSTOMERS.c.decision_id, func.count(), held)
        .where(DECISION_CUSTOMERS.c.decision_id.in_(ids))
        .group_by(DECISION_CUSTOMERS.c.decision_id)
    )
    sizes = {name: (int(size), int(out)) for name, size, out in connection.execute(counted)}
    last = select(func.max(OUTCOMES.c.id)).where(OUTCOMES.c.decision_id.in_(ids)).group_by(OUTCOMES.c.decision_id)
    seen = {
        row["decision_id"]: row
        for row in connection.execute(select(OUTCOMES).where(OUTCOMES.c.id.in_(last))).mappings()
    }
    found = []
    for row in rows:
        size, out = sizes.get(row["decision_id"], (0, 0))
        came = seen.get(row["decision_id"])
        found.append(
            LedgerRow(
                row["decision_id"], row["decided_at"], row["action_label"], row["rule"], row["action_cost"],
                row["expected_gain"], row["expected_gain_low"], row["expected_gain_high"], row["currency"],
                EvidenceGrade(row["evidence"]), tuple(row["reasons"]), size - out, out,
                *((None, None, None, None, "") if came is None else (
                    came["gain"], came["gain_low"], came["gain_high"], came["until"], came["note"],
                )),
            )
        )  # fmt: skip
    return tuple(found)


def count_decisions(connection: Connection) -> int:
    """How many decisions the ledger holds."""
    return int(connection.execute(select(func.count()).select_from(DECISIONS)).scalar_one())
