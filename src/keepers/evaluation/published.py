"""We said, you got: scores in a frame, graded against what customers brought since."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import parse_day
from keepers.evaluation.published_grades import (
    PublishedGrade,
    came_of_frame,
    came_of_orders,
    graded,
    off_by,
    told_and_came,
)

_DATES = ("as_of", "scored_on", "scored_at")
_VALUES = ("value", "clv_predicted")


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
        What was bought, as it was known when the time was over: of a frame, columns `customer_key`, `day`, `amount`.
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
    told = {"customer_key": np.asarray(_column(table, "customer_key", "scores")).astype(str), "said": predicted}
    told |= {end: _numbers(table, f"{name}_{end}") for end in ("low", "high") if f"{name}_{end}" in table}
    engine, came, last = _bought(orders)
    last = last if until is None else parse_day(until, "until")
    grades, pending = [], []
    for day, length in sorted({(day, int(n)) for day, n in zip(scored_on.tolist(), lengths.tolist(), strict=True)}):
        end = day + dt.timedelta(days=length)
        if end > last:
            pending.append((day, length))
            continue
        mine = (scored_on == np.datetime64(day, "D")) & (lengths == length)
        said = engine.from_columns(engine.new_name("told"), {key: column[mine] for key, column in told.items()})
        numbers = {key: key for key in told if key != "customer_key"}
        rows = told_and_came(engine, said, came(day, end), numbers)
        engine.drop(said)
        grades.append(graded(day, length, end, {**rows, "got": factor * rows["got"]}, level))
    return PublishedReport(tuple(grades), tuple(pending), _sentence(grades, pending))


def _bought(orders: Any) -> tuple[Engine, Any, dt.date]:
    """The engine, what came between two days as a query, and the last day."""
    if isinstance(orders, Orders):
        return orders.engine, lambda after, until: came_of_orders(orders, after, until), orders.last_day
    columns = _columns(orders, "orders")
    keys, days = (_column(columns, name, "orders") for name in ("customer_key", "day"))
    bought = {"customer_key": np.asarray(keys).astype(str), "day": _days(days), "amount": _numbers(columns, "amount")}
    if not bought["day"].size:
        raise InputError("There are no orders to hold scores against.")
    engine = Engine()
    table = engine.from_columns(engine.new_name("bought"), bought)
    return engine, lambda after, until: came_of_frame(table, after, until), bought["day"].max().item()


def _sentence(grades: list[PublishedGrade], pending: list[tuple[dt.date, int]]) -> str:
    waiting = "" if not pending else f" {len(pending)} more wait for their time to be over."
    if not grades:
        soonest = min((day + dt.timedelta(days=length) for day, length in pending), default=None)
        return (
            "No score was published yet."
            if soonest is None
            else (f"No published score is old enough to be graded; the first will be on {soonest}.")
        )
    said, got = sum(one.said or 0.0 for one in grades), sum(one.got or 0.0 for one in grades)
    off = "" if got <= 0 else f", {off_by(said / got - 1.0)}"
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
