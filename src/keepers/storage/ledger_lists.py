"""The ledger as a list: decisions with what came of them, without the customers whom they are about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, or_, select

from keepers.domain.decision import EvidenceGrade
from keepers.storage.schema import DECISION_CUSTOMERS, DECISIONS, OUTCOMES

_NEWEST_FIRST = (DECISIONS.c.decided_at.desc(), DECISIONS.c.decision_id)


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
    newest = select(DECISIONS.c.decision_id).order_by(*_NEWEST_FIRST).offset(offset).limit(limit)
    return rows_of(connection, connection.execute(newest).scalars().all())


def ids_between(connection: Connection, since: dt.datetime, until: dt.datetime | None = None) -> tuple[str, ...]:
    """Decisions since a moment, and earlier ones whose last outcome came since; of both only those before another."""
    last = select(func.max(OUTCOMES.c.id)).group_by(OUTCOMES.c.decision_id)
    seen = select(OUTCOMES.c.decision_id).where(OUTCOMES.c.id.in_(last), OUTCOMES.c.observed_at > since)
    found = select(DECISIONS.c.decision_id).order_by(*_NEWEST_FIRST)
    if until is not None:
        seen = seen.where(OUTCOMES.c.observed_at < until)
        found = found.where(DECISIONS.c.decided_at < until)
    found = found.where(or_(DECISIONS.c.decided_at > since, DECISIONS.c.decision_id.in_(seen)))
    return tuple(connection.execute(found).scalars())


def rows_of(connection: Connection, ids: Sequence[str]) -> tuple[LedgerRow, ...]:
    """Decisions by their ids, the newest first."""
    rows = (
        connection.execute(select(DECISIONS).where(DECISIONS.c.decision_id.in_(ids)).order_by(*_NEWEST_FIRST))
        .mappings()
        .all()
    )
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
