"""Protocols that storage and exports fulfil and the pipeline hands to the rooms below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from keepers.domain.decision import Decision, DecisionOutcome


class Clock(Protocol):
    """Tells the time, so that nothing below the pipeline reads it by itself."""

    def now(self) -> dt.datetime:
        """The present moment, in UTC."""
        ...


class DecisionLedger(Protocol):
    """Remembers decisions and what came of them."""

    def record(self, decision: Decision) -> None:
        """Write one decision; the same decision_id twice is one entry."""
        ...

    def observe(self, outcome: DecisionOutcome) -> None:
        """Write what has come of a decision so far."""
        ...

    def decisions(self) -> tuple[str, ...]:
        """Ids of all decisions, the newest first."""
        ...

    def decision(self, decision_id: str) -> Decision | None:
        """One decision; None where there is none of that id."""
        ...

    def outcomes(self, decision_id: str) -> tuple[DecisionOutcome, ...]:
        """What came of a decision, in the order in which somebody looked."""
        ...


Progress = Callable[[str, float | None], None]
"""Called with the step's name and the share done (0 to 1), or None while the share is unknown."""


def silent(step: str, share: float | None = None) -> None:
    """A `Progress` that shows nothing."""
