"""What segments have in common: a move of customers from one to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SegmentMove:
    """Customers who were in one segment before and are in one now.

    Parameters
    ----------
    before : str
        The segment before; empty for those who were no customers then.
    now : str
        The segment now; empty for those who are not valued any more.
    customers : int
        How many.
    value : float or None
        What they are predicted to bring now; None without money.
    """

    before: str
    now: str
    customers: int
    value: float | None = None
