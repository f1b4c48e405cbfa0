"""We said, you got: scores that were published, graded against what customers brought since."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import parse_day
from keepers.evaluation.metrics import CalibrationGroup, Metrics, calibration_groups, measure

FEWEST = 20
"""Customers of one day below whose scores no tenths are formed."""

_DATES = ("as_of", "scored_on", "scored_at")
_VALUES = ("value", "clv_predicted")
_TOLERATED = 0.02


@dataclass(frozen=True, slots=True)
class PublishedGrade:
    """The scores of one day, graded.

    Attributes
    ----------
    scored_on : date
        The last day that they knew.
    horizon_days : int
        How far they looked.
    customers : int
    said, got : float
        Money that was predicted for all of them, and what they brought.
    metrics : Metrics
        Errors and ranking.
    groups : tuple of CalibrationGroup
        Tenths by prediction; empty with few customers.
    coverage : float or None
        Share of customers whose interval held what they brought, ends included; None without intervals.
    level : float
        What the intervals promised.
    sentence : str
        In words.
    """

    scored_on: dt.date
    horizon_days: int
    customers: int
    said: float
    got: float
    metrics: Metrics
    groups: tuple[CalibrationGroup, ...]
    coverage: float | None
    level: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {**asdict(self), "metrics": self.metrics.to_dict(), "scored_on": self.scored_on.isoformat()}


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """The answer of `grade_published`.

    Attributes
    ----------
    grades : tuple of PublishedGrade
        One for each day and horizon whose time is over, the earliest first.
    pending : tuple of (date, int)
        Days whose time is not over, with the horizon in days.
    sentence : str
        In words.
    """

    grades: tuple[PublishedGrade, ...]
    pending: tuple[tuple[dt.date, int], ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {
            "sentence": self.sentence,
            "grades": [one.to_dict() for one in self.grades],
            "pending": [{"scored_on": day.isoformat(), "horizon_days": length} for day, length in self.pending],
        }


def grade_published(
    scores: Any,
    orders: Any,
    until: dt.date | str | None = None,
    *,
    horizon_days: int | None = None,
    factor: float = 1.0,
    level: float = 0.8,
) -> PublishedReport:
    """Hold published scores against what customers brought.

    Parameters
    ----------
    scores : frame or mapping of columns
        A row a customer and day of scoring: `customer_key`; the last day that the score knew (`as_of`, `scored_on` or
        `scored_at`); the prediction (`value`, or a column that begins with `clv_predicted`), with the ends of its
        interval under the same name and `_low`, `_high` where there are some; and `horizon_days`, unless given here.
    orders : Orders, or frame
        What was bought: of a frame, columns `customer_key`, `day` and `amount`.
    until : date, optional
        Last day that is known; the last order's without it. Scores whose horizon reaches beyond it are pending.
    horizon_days : int, optional
        How far all scores looked.
    factor : float
        What money is multiplied with, for scores of contribution at one rate of margin.
    level : float
        What the intervals promised.

    Raises
    ------
    InputError
        If a column is missing or holds no numbers.

    Examples
    --------
    >>> scores = {"customer_key": ["a", "b"], "as_of": ["2024-01-31", "2024-01-31"], "value": [10.0, 0.5]}
    >>> days = ["2024-01-20", "2024-02-10", "2024-03-20"]
    >>> orders = {"customer_key": ["a", "a", "b"], "day": days, "amount": [5, 9, 7]}
    >>> report = grade_published(scores, orders, horizon_days=30)
    >>> report.grades[0].said, report.grades[0].got
    (10.5, 9.0)
    """
    if not 0 < level < 1 or not factor > 0:
        raise ConfigError(f"`level` lies between 0 and 1 and `factor` above 0; given are {level!r} and {factor!r}.")
    table = _columns(scores, "scores")
    name, days = _first(table, _VALUES, "a prediction"), _first(table, _DATES, "the day of scoring")
    predicted = _numbers(table, name)
    scored_on = _days(table[days])
    lengths = (
        np.full(predicted.size, horizon_days) if horizon_days else _numbers(table, "horizon_days").astype(np.int64)
    )
    keys = np.asarray(_column(table, "customer_key", "scores")).astype(str)
    ends = [f"{name}_low", f"{name}_high"]
    low, high = (_numbers(table, end) if end in table else None for end in ends)
    sales = _sales(orders)
    last = sales.last if until is None else np.datetime64(parse_day(until, "until"), "D")
    grades, pending = [], []
    for day, length in sorted({(day, int(n)) for day, n in zip(scored_on.tolist(), lengths.tolist(), strict=True)}):
        start = np.datetime64(day, "D")
        if start + length > last:
            pending.append((day, length))
            continue
        mine = (scored_on == start) & (lengths == length)
        got = factor * sales.between(keys[mine], start, start + length)
        inside = None
        if low is not None and high is not None:
            kept = np.maximum(got, 0.0)
            inside = float(np.mean((kept >= low[mine] - 0.005) & (kept <= high[mine] + 0.005)))
        grades.append(_grade(day, length, predicted[mine], got, inside, level))
    return PublishedReport(tuple(grades), tuple(pending), _sentence(grades, pending))


@dataclass(frozen=True, slots=True, eq=False)
class _Sales:
    """Orders sorted by customer and day, with running sums of money."""

    keys: NDArray[np.str_]
    order: NDArray[np.int64]
    running: FloatArray
    first: int
    last: np.datetime64

    def between(self, customers: NDArray[np.str_], after: np.datetime64, until: np.datetime64) -> FloatArray:
        """Money of each customer after a day up to another."""
        place = np.searchsorted(self.keys, customers)
        known = place < self.keys.size
        known[known] = self.keys[place[known]] == customers[known]
        ends = []
        for day in (after, until):
            # Each customer's days lie in a range of their own, so that one search finds all.
            wanted = place * _SPAN + (int(day.astype(np.int64)) - self.first + 1)
            ends.append(self.running[np.searchsorted(self.order, np.clip(wanted, 0, None))])
        return np.where(known, ends[1] - ends[0], 0.0)


_SPAN = 1 << 20


def _sales(orders: Any) -> _Sales:
    if isinstance(orders, Orders):
        columns = orders.engine.columns(
            f"SELECT customer_key, day, CAST(coalesce(amount, 0) AS DOUBLE) AS amount FROM ({orders.purchases_sql()})"
        )
    else:
        columns = _columns(orders, "orders")
    keys = np.asarray(_column(columns, "customer_key", "orders")).astype(str)
    days = _days(_column(columns, "day", "orders"))
    if not days.size:
        raise InputError("There are no orders to hold scores against.")
    amount = _numbers(columns, "amount")
    distinct, place = np.unique(keys, return_inverse=True)
    number = days.astype(np.int64)
    first = int(number.min())
    position = place * _SPAN + (number - first)
    order = np.argsort(position, kind="stable")
    return _Sales(
        distinct, position[order], np.concatenate([[0.0], np.cumsum(amount[order])]), first, days.max()
    )  # fmt: skip


def _grade(
    day: dt.date, length: int, predicted: FloatArray, got: FloatArray, inside: float | None, level: float
) -> PublishedGrade:
    metrics = measure(predicted, got)
    groups = calibration_groups(predicted, got) if predicted.size >= FEWEST else ()
    said, brought = float(predicted.sum()), float(got.sum())
    off = "nobody bought" if brought <= 0 else _off(said / brought - 1.0)
    sentence = (
        f"On {day} we said {said:,.0f} for {predicted.size:,} customers over {length} days; you got {brought:,.0f} "
        f"({off})."
    )
    if inside is not None:
        sentence += f" Of their intervals, which promise {level:.0%}, {inside:.0%} held."
    return PublishedGrade(day, length, int(predicted.size), said, brought, metrics, groups, inside, level, sentence)


def _off(error: float) -> str:
    if abs(error) <= _TOLERATED:
        return "right within 2%"
    return f"{abs(error):.0%} too {'high' if error > 0 else 'low'}"


def _sentence(grades: list[PublishedGrade], pending: list[tuple[dt.date, int]]) -> str:
    waiting = "" if not pending else f" {len(pending)} more wait for their time to be over."
    if not grades:
        soonest = min((day + dt.timedelta(days=length) for day, length in pending), default=None)
        return (
            "No score was published yet."
            if soonest is None
            else (f"No published score is old enough to be graded; the first will be on {soonest}.")
        )
    said, got = sum(one.said for one in grades), sum(one.got for one in grades)
    off = "" if got <= 0 else f", {_off(said / got - 1.0)}"
    days = f"{len(grades)} day{'s' if len(grades) > 1 else ''} of scoring"
    return f"Over {days} we said {said:,.0f} and you got {got:,.0f}{off}.{waiting}"


def _columns(data: Any, what: str) -> dict[str, Any]:
    if isinstance(data, Table):
        return data.to_numpy()
    if isinstance(data, dict):
        return data
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise InputError(f"`{what}` is a {type(data).__name__}; give a frame or a mapping of columns.") from None
    return {name: frame[name].to_numpy() for name in frame.columns}


def _column(table: dict[str, Any], name: str, what: str) -> Any:
    if name not in table:
        raise InputError(f"`{what}` has no column `{name}`. It has: {', '.join(map(str, table))}.")
    return table[name]


def _first(table: dict[str, Any], names: tuple[str, ...], meaning: str) -> str:
    for name in names:
        exact = [one for one in table if one == name]
        longer = [
            one for one in table
            if one.startswith(f"{name}_") and not one.endswith(("_low", "_high")) and f"{one}" != f"{name}_days"
        ]  # fmt: skip
        if exact or longer:
            return (exact or longer)[0]
    raise InputError(
        f"`scores` has no column for {meaning} ({', '.join(names)}). It has: {', '.join(map(str, table))}."
    )


def _numbers(table: dict[str, Any], name: str) -> FloatArray:
    column = _column(table, name, "the table")
    try:
        found = np.asarray(np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan))
    except (TypeError, ValueError):
        raise InputError(f"Column `{name}` holds something that is no number.") from None
    if np.isnan(found).any():
        raise InputError(f"Column `{name}` has {int(np.isnan(found).sum()):,} empty values. Leave those rows out.")
    return found


def _days(column: Any) -> NDArray[np.datetime64]:
    try:
        return np.asarray(np.ma.getdata(column)).astype("datetime64[D]")
    except (TypeError, ValueError):
        raise InputError("A column of days holds something that is no day, such as 2026-05-01.") from None
