"""Quarters of a year, and what the business did in each, with the value of customers as it was told then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from keepers.reports.content import ReportContent
from keepers.reports.formatting import HARD_SPACE
from keepers.reports.groups import Dimension
from keepers.reports.run_figures import RunFigures

_JUST_BEGUN = 45
"""Days of a new quarter in which the one before is still what one writes of."""


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year."""

    year: int
    number: int

    @classmethod
    def of(cls, day: dt.date) -> Quarter:
        """The one that a day is in.

        >>> Quarter.of(dt.date(2026, 11, 30))
        Quarter(year=2026, number=4)
        """
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.next.first - dt.timedelta(days=1)

    @property
    def next(self) -> Quarter:
        """The one after it."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def before(self) -> Quarter:
        """The one before it."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    def __str__(self) -> str:
        return f"Q{self.number}{HARD_SPACE}{self.year}"


@dataclass(frozen=True, slots=True)
class QuarterRow:
    """What a quarter brought; None where the data do not tell."""

    quarter: Quarter
    whole: bool
    """Whether it is over as of the last day of the data."""
    orders: int
    revenue: float | None
    refunds: float | None
    new_customers: int | None
    told: RunFigures | None = None
    """What the last run within it said."""


def reported(last_day: dt.date) -> Quarter:
    """The quarter that a report is about: the running one, or in its first weeks the one before.

    >>> str(reported(dt.date(2026, 10, 9))), str(reported(dt.date(2026, 12, 9)))
    ('Q3\\xa02026', 'Q4\\xa02026')
    """
    running = Quarter.of(last_day)
    return running.before if (last_day - running.first).days < _JUST_BEGUN else running


def quarter_rows(content: ReportContent, runs: Sequence[RunFigures], most: int = 8) -> tuple[QuarterRow, ...]:
    """The last quarters up to the last day of the data, in order of time.

    Parameters
    ----------
    content : ReportContent
        Whose months are added up.
    runs : sequence of RunFigures
        Of all runs that are known, in any order; of several within a quarter the last day counts.
    most : int
        How many quarters at most.
    """
    account = content.reconciliation
    months = () if account is None else account.months
    came = {
        row.month: row.customers
        for found in content.breakdowns if found.dimension is Dimension.ACQUISITION_MONTH
        for row in found.rows if row.month is not None
    }  # fmt: skip
    days = [*(one.month for one in months), *came, *(one.as_of for one in runs)]
    if not days:
        return ()
    told = {Quarter.of(one.as_of): one for one in sorted(runs, key=lambda one: one.as_of)}
    found, quarter, last = [], Quarter.of(min(days)), content.store.last_day
    while quarter.first <= last:
        mine = [one for one in months if Quarter.of(one.month) == quarter]
        new = [people for month, people in came.items() if Quarter.of(month) == quarter]
        found.append(
            QuarterRow(
                quarter,
                quarter.last <= last,
                sum(one.orders for one in mine),
                _sum([one.revenue for one in mine]),
                _sum([one.refunds for one in mine]),
                sum(new) if came else None,
                told.get(quarter),
            )
        )
        quarter = quarter.next
    # A quarter that has only just begun says nothing yet.
    begun = found[-1].orders > 0 or found[-1].told is not None or (found[-1].whole)
    return tuple(found[-most:] if begun else found[-most - 1 : -1])


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [one for one in parts if one is not None]
    return sum(known) if known else None
