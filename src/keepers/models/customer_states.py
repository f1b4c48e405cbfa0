"""The states of many customers as columns: a batch of orders updates them together, with NumPy alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keepers.domain.errors import InputError

DayArray = NDArray[np.datetime64]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class OneState(Protocol):
    """What is needed of one customer's state; `keepers.models.realtime.CustomerState` is one."""

    @property
    def first(self) -> dt.date:
        """Day of the first purchase."""

    @property
    def last(self) -> dt.date:
        """Day of the last purchase."""

    @property
    def repeat_purchases(self) -> int:
        """Further days, or opportunities, with a purchase."""

    @property
    def opportunity_days(self) -> float:
        """The length of an opportunity; zero counts days."""

    @property
    def log_gaps(self) -> float | None:
        """Sum of the logarithms of the days between purchases; None where it is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerStates:
    """All that a model of buying remembers of many customers, one a row.

    Use them where a whole base is scored without an engine: what `CustomerState` is for one customer.

    Parameters
    ----------
    first, last : arrays of days, shape (n,)
        Days of the first and of the last purchase.
    repeat_purchases : array of int, shape (n,)
        Further days, or opportunities, with a purchase.
    opportunity_days : float
        For models of opportunities the length of one; zero counts days.
    log_gaps : array, shape (n,), optional
        Sum of the logarithms of the days between purchases of each, for models that know regular timing; NaN where it
        is not known.

    Raises
    ------
    InputError
        If a history cannot be, naming the first such row.

    Examples
    --------
    >>> states = CustomerStates.starting(["2025-01-01", "2025-01-05"])
    >>> states = states.update([1, 1, 0], ["2025-02-01", "2025-02-01", "2025-01-01"])
    >>> states.repeat_purchases.tolist(), states.last.astype(str).tolist()
    ([0, 1], ['2025-01-01', '2025-02-01'])
    """

    first: DayArray
    last: DayArray
    repeat_purchases: IntArray
    opportunity_days: float = 0.0
    log_gaps: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        first, last = _days(self.first), _days(self.last)
        repeats = np.asarray(self.repeat_purchases, dtype=np.int64)
        if not first.shape == last.shape == repeats.shape:
            raise InputError(
                f"The columns of states differ in length: first {first.shape}, last {last.shape}, repeat_purchases "
                f"{repeats.shape}. Give one row a customer."
            )
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "last", last)
        object.__setattr__(self, "repeat_purchases", repeats)
        gaps = np.asarray(self.log_gaps, dtype=np.float64)
        gaps = np.full(first.shape, np.nan) if gaps.size == 0 else gaps
        if gaps.shape != first.shape:
            raise InputError(f"`log_gaps` has {gaps.size} rows for {first.size} customers. Give one a customer.")
        object.__setattr__(self, "log_gaps", np.where(repeats == 0, 0.0, gaps))
        reached = self._opportunity(np.arange(first.size), last)
        wrong = np.flatnonzero((repeats < 0) | (last < first) | ((repeats == 0) != (reached == 0)))
        if wrong.size:
            row = int(wrong[0])
            raise InputError(
                f"A customer with {repeats[row]} repeat purchases cannot have bought first on {first[row]} and last on "
                f"{last[row]} (row {row}; {wrong.size:,} such rows). Each repeat purchase is on a later day."
            )

    @classmethod
    def starting(cls, days: ArrayLike, opportunity_days: float = 0.0) -> CustomerStates:
        """The states after the first purchases, on these days."""
        first = _days(days)
        return cls(first, first.copy(), np.zeros(first.size, dtype=np.int64), opportunity_days)

    @classmethod
    def of(cls, states: Sequence[OneState]) -> CustomerStates:
        """The states of single customers, one after the other.

        Raises
        ------
        InputError
            If they count opportunities of different lengths.
        """
        lengths = {state.opportunity_days for state in states} or {0.0}
        if len(lengths) > 1:
            raise InputError(
                f"The states count opportunities of different lengths ({', '.join(f'{n:g}' for n in sorted(lengths))} "
                "days). Give those of one model."
            )
        return cls(
            _days([state.first for state in states]),
            _days([state.last for state in states]),
            np.array([state.repeat_purchases for state in states], dtype=np.int64),
            lengths.pop(),
            np.array([np.nan if state.log_gaps is None else state.log_gaps for state in states], dtype=np.float64),
        )

    @classmethod
    def of_summary(cls, summary: Any) -> tuple[NDArray[Any], CustomerStates]:
        """The keys of the customers of a `Summary` made of orders, and their states in the same order."""
        timed = f'LEFT JOIN "{summary.gaps_table()}" g USING (customer_key)' if summary.knows_gaps else ""
        gaps = "CAST(coalesce(g.log_gaps, 0) AS DOUBLE)" if timed else "CAST('NaN' AS DOUBLE)"
        rows = summary.engine.columns(
            f"SELECT s.customer_key, s.first_day, s.last_day, s.frequency, {gaps} AS log_gaps "
            f'FROM "{summary.name}" s {timed} ORDER BY s.customer_key'
        )
        if any(np.isnat(_days(rows[name])).any() for name in ("first_day", "last_day")):
            raise InputError(
                "The summary does not know the days of purchases, as it was made of a frame of frequency and recency. "
                "Make it of orders with `keepers.summarise`."
            )
        return rows["customer_key"], cls(
            _days(rows["first_day"]), _days(rows["last_day"]), rows["frequency"], log_gaps=rows["log_gaps"]
        )

    @property
    def size(self) -> int:
        """Number of customers."""
        return int(self.first.size)

    def update(self, rows: ArrayLike, days: ArrayLike) -> CustomerStates:
        """The states after more orders, in any order; what `CustomerState.update` does for each, oldest first.

        Parameters
        ----------
        rows : array of int, shape (m,)
            The customer of each order, as a row of the states; a customer may have several.
        days : array of days, shape (m,)
            The day of each order.

        Raises
        ------
        InputError
            If an order names a row that is not there.
        """
        who, when = np.asarray(rows, dtype=np.int64), _days(days)
        if who.shape != when.shape:
            raise InputError(f"There are {who.size} rows, {when.size} days. Give a customer and a day for each order.")
        if who.size and not 0 <= who.min() <= who.max() < self.size:
            raise InputError(
                f"Orders name the rows {who.min()} to {who.max()}; there are {self.size} customers. Add new ones with "
                "`joined`."
            )
        first, last, repeats = self.first.copy(), self.last.copy(), self.repeat_purchases.copy()
        gaps = self.log_gaps.copy()
        order = np.lexsort((when, who))
        who, when = who[order], when[order]
        begins = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if who.size else np.empty(0, dtype=np.intp)
        place = np.arange(who.size) - np.repeat(begins, np.diff(np.r_[begins, who.size]))
        for turn in range(int(place.max(initial=-1)) + 1):
            # One order of each customer at a time: rounds are as many as the most orders of one customer.
            here = place == turn
            row, day = who[here], when[here]
            reached = _opportunities(first[row], day, self.opportunity_days)
            known = _opportunities(first[row], last[row], self.opportunity_days)
            adds = (day < first[row]) | ((reached != 0) & (reached != known))
            row, day = row[adds], day[adds]
            # Of an order between the first and the last day it is not remembered which gap it divides.
            apart = np.maximum((day - last[row]).astype(np.float64), (first[row] - day).astype(np.float64))
            gaps[row] += np.log(np.where(apart > 0, apart, np.nan))
            first[row], last[row] = np.minimum(first[row], day), np.maximum(last[row], day)
            repeats[row] += 1
        return CustomerStates(first, last, repeats, self.opportunity_days, gaps)

    def joined(self, others: CustomerStates) -> CustomerStates:
        """These customers and others after them."""
        if self.opportunity_days != others.opportunity_days:
            raise InputError(
                f"States that count opportunities of {self.opportunity_days:g} and of {others.opportunity_days:g} days "
                "cannot be put together."
            )
        return CustomerStates(
            np.concatenate([self.first, others.first]),
            np.concatenate([self.last, others.last]),
            np.concatenate([self.repeat_purchases, others.repeat_purchases]),
            self.opportunity_days,
            np.concatenate([self.log_gaps, others.log_gaps]),
        )

    def _opportunity(self, rows: NDArray[np.intp], days: DayArray) -> IntArray:
        return _opportunities(self.first[rows], days, self.opportunity_days)


def _opportunities(first: DayArray, days: DayArray, length: float) -> IntArray:
    """Whole opportunities, or days, from the first purchase to a day."""
    since = (days - first).astype(np.int64)
    return since if length <= 0 else np.floor(since / length + 1e-9).astype(np.int64)


def _days(days: Any) -> DayArray:
    return np.atleast_1d(np.asarray(days, dtype="datetime64[D]"))
