"""What a letter is written from beside the report: the run before, what was decided since, and where to click."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.domain.decision import EvidenceGrade
from keepers.domain.proposal import Proposal
from keepers.evaluation.published_changes import ScoreChanges
from keepers.reports.run_figures import RunFigures


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of the ledger, without anybody's name."""

    label: str
    """What was decided, in words."""
    decided_at: dt.datetime
    customers: int
    """Whom it was about."""
    held_out: int
    """Who was held out, to see what it earned."""
    expected: float
    low: float
    high: float
    currency: str
    grade: EvidenceGrade
    got: float | None = None
    """What it has earned, when somebody looked last; None where nobody has."""
    got_low: float | None = None
    got_high: float | None = None
    until: dt.date | None = None
    """Last day that counts in what it has earned."""
    new: bool = True
    """Whether it was decided since the letter before; otherwise its outcome is news."""


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """Alerts since the letter before, and those that are open."""

    raised: int
    done: int
    dismissed: int
    lapsed: int
    open: int
    saved_for: float | None = None
    """What was at stake with those that were done."""


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """Everything beside the report."""

    written: dt.datetime
    """When, in the business's time zone."""
    now: RunFigures
    """The run that the letter tells of."""
    before: RunFigures | None = None
    """The run that it is compared with; None where there is none."""
    changes: ScoreChanges | None = None
    """From the scores of that run to those of this one; None where they are gone, or are not to be compared."""
    same_run: bool = False
    """Whether the letter before told of this very run."""
    decisions: tuple[Decided, ...] = ()
    """Decided since, or with an outcome since."""
    alerts: AlertCounts | None = None
    """None outside a project."""
    to_do: tuple[Proposal, ...] = ()
    """What there is to decide, the most money first; none of it names a person."""
    link: str = ""
    """Address of the running system."""

    @property
    def value_change(self) -> float | None:
        """By how much the value of all customers changed; None where the two cannot be compared."""
        now, before = self.now, self.before
        if before is None or now.value is None or before.value is None or not now.same_money(before):
            return None
        return now.value.value - before.value.value
