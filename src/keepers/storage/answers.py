"""What people said to proposed decisions: accepted or dismissed, by whom, why, and for how long it holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError
from keepers.storage.work_schema import DECISION_ANSWERS

ACCEPTED, DISMISSED = "accepted", "dismissed"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes
    ----------
    key, kind, title : str
        The proposal: by what it is known from run to run, of which kind it is, and how it read.
    answer : str
        `ACCEPTED` or `DISMISSED`.
    why, by : str
        In words, and who said it.
    at : datetime
        When.
    holds_until : date
        The last day on which the proposal is not made again.
    money : float or None
        What it was expected to earn, in `currency`.
    evidence : EvidenceGrade
        Of that expectation.
    decision_ids : tuple of str
        Entries of the ledger that came of it.
    number : int
        By which it is told from others; 0 before it is kept.
    """

    key: str
    kind: str
    title: str
    answer: str
    why: str
    by: str
    at: dt.datetime
    holds_until: dt.date
    money: float | None
    currency: str
    evidence: EvidenceGrade
    decision_ids: tuple[str, ...] = ()
    number: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        said = asdict(self)
        return {
            **said, "at": self.at.isoformat(), "holds_until": self.holds_until.isoformat(),
            "evidence": self.evidence.value, "decision_ids": list(self.decision_ids),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Answer:
        """As it was."""
        return cls(**{
            **said, "at": dt.datetime.fromisoformat(said["at"]),
            "holds_until": dt.date.fromisoformat(said["holds_until"]), "evidence": EvidenceGrade(said["evidence"]),
            "decision_ids": tuple(said["decision_ids"]),
        })  # fmt: skip


class AnswerBook:
    """Answers inside one transaction, or for reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def give(self, answer: Answer) -> None:
        """Keep an answer; a later one of the same proposal counts.

        Raises
        ------
        ConfigError
            If it is neither accepted nor dismissed, or says nothing of the reason.
        """
        if answer.answer not in (ACCEPTED, DISMISSED):
            raise ConfigError(f"A decision is {ACCEPTED} or {DISMISSED}, not {answer.answer!r}.")
        if not answer.why.strip():
            raise ConfigError("Say why, in a few words: whoever looks back will want to know.")
        self._connection.execute(
            insert(DECISION_ANSWERS).values(
                key=answer.key, kind=answer.kind, title=answer.title, answer=answer.answer, why=answer.why.strip(),
                answered_by=answer.by, answered_at=answer.at, holds_until=answer.holds_until, money=answer.money,
                currency=answer.currency, evidence=answer.evidence.value, decision_ids=list(answer.decision_ids),
            )
        )  # fmt: skip

    def holding(self, today: dt.date) -> Mapping[str, Answer]:
        """Answers that still hold, the last one of each proposal, by its key."""
        newest = select(func.max(DECISION_ANSWERS.c.id)).group_by(DECISION_ANSWERS.c.key)
        query = select(DECISION_ANSWERS).where(
            DECISION_ANSWERS.c.id.in_(newest), DECISION_ANSWERS.c.holds_until >= today
        )
        return {row["key"]: _answer(row) for row in self._connection.execute(query).mappings()}

    def listed(self, limit: int = 100, offset: int = 0) -> tuple[Answer, ...]:
        """Answers, the newest first."""
        query = select(DECISION_ANSWERS).order_by(DECISION_ANSWERS.c.id.desc()).offset(offset).limit(limit)
        return tuple(_answer(row) for row in self._connection.execute(query).mappings())


def _answer(row: RowMapping) -> Answer:
    return Answer(
        row["key"], row["kind"], row["title"], row["answer"], row["why"], row["answered_by"], row["answered_at"],
        row["holds_until"], row["money"], row["currency"], EvidenceGrade(row["evidence"]), tuple(row["decision_ids"]),
        row["id"],
    )  # fmt: skip
