"""How much of what customers bought in a time even the best forecast must miss, and how much a column leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.summaries.purchases import day_literal, purchase_days_sql

FEWEST = 50
"""Purchases that must have followed for a judgement."""

_BINS = 16
_RIDGE = 1e-3
_FEWEST_OF_A_LABEL = 5


@dataclass(frozen=True, eq=False)
class Outcome:
    """One thing to be told of each customer, and the mean squared error that even the best forecast leaves."""

    question: str
    values: FloatArray
    noise: float


@dataclass(frozen=True, eq=False)
class Chance:
    """Customers with their histories and what followed.

    Attributes
    ----------
    engine : Engine
    table : str
        A row a customer, `customer_key` among its columns; all arrays are in the order of its keys.
    basis : array, shape (n, k)
        What the history of orders alone tells.
    outcomes : tuple of Outcome
    alone : tuple of float
        The error that is left of each outcome by the history alone.
    """

    engine: Engine
    table: str
    basis: FloatArray
    outcomes: tuple[Outcome, ...]
    alone: tuple[float, ...]

    def shares(self, column: NDArray[Any]) -> Iterator[tuple[str, float]]:
        """For each outcome, the error that is left with a column, as a share of what must be left.

        Where the history of orders alone leaves less than chance should, as with customers who buy like clockwork,
        the error is compared to that.
        """
        added = _described(column)
        if added is None:
            return
        left = _errors(np.column_stack([self.basis, added]), self.outcomes)
        for outcome, error, alone in zip(self.outcomes, left, self.alone, strict=True):
            least = min(outcome.noise, alone)
            if least > 0:
                yield outcome.question, error / least

    def drop(self) -> None:
        """Forget the table."""
        self.engine.drop(self.table)


def rest_of_chance(source: Any, at: dt.date, days: float | None, sample: int) -> Chance:
    """What followed a day, in two halves, for at most `sample` customers.

    Given what a customer is like, purchases of two halves of a time are as good as independent; so their difference
    shows how far purchases scatter around the best forecast: E(A - B)^2 for the whole, and for whether anything is
    bought, P(0) of one half and of both give the gamma distribution of rates and with it E[p(1 - p)].

    Raises
    ------
    InputError
        If too little was bought after the day.
    """
    orders = getattr(source, "orders", source)
    engine: Engine = orders.engine
    end = orders.last_day if days is None else min(orders.last_day, at + dt.timedelta(days=int(days)))
    length = (end - at).days
    if length < 2:
        raise InputError(
            f"Nothing was bought after {at}: the last order is of {orders.last_day}. Choose an earlier day."
        )
    middle = at + dt.timedelta(days=length // 2)
    query = fill(
        template("keepers.evaluation.sql", "purchases_in_halves"),
        at=day_literal(at), middle=day_literal(middle), sample=str(sample),
        days=purchase_days_sql(orders, at), later=purchase_days_sql(orders, end, after=at),
    )  # fmt: skip
    table = engine.create(engine.new_name("followed"), query)
    rows = engine.columns(f"SELECT * FROM {quoted(table)} AS followed ORDER BY customer_key")
    first, second = (np.asarray(rows[name], dtype=np.float64) for name in ("first_half", "second_half"))
    if first.sum() + second.sum() < FEWEST:
        engine.drop(table)
        raise InputError(
            f"Only {int(first.sum() + second.sum())} purchases followed {at}, too few to tell a leak from luck. Choose "
            "an earlier day."
        )
    history = [
        np.asarray(rows[name], dtype=np.float64) for name in ("frequency", "age", "since", "lately", "of_the_year")
    ]
    frequency, age, since, lately, of_the_year = history
    rate = (frequency + 0.5) / (age + 30.0)
    parts = [
        *history,
        *(np.log1p(one) for one in history),
        rate,
        rate * (since < 60),
        lately * of_the_year,
        rate * since,
    ]
    basis = np.column_stack([np.ones(first.size), *parts])
    outcomes = _outcomes(first, second)
    return Chance(engine, table, basis, outcomes, _errors(basis, outcomes))


def _outcomes(first: FloatArray, second: FloatArray) -> tuple[Outcome, ...]:
    """What is to be told: how much is bought, whether anything is bought, and when."""
    total = first + second
    balance = first.mean() / second.mean() if second.mean() > 0 else 1.0
    scatter = min(float(np.mean((first - balance * second) ** 2)), float(total.mean()))
    found = [Outcome("how often each customer bought afterwards", total, scatter)]
    none_of_half = 0.5 * (np.mean(first == 0) + np.mean(second == 0))
    none = float(np.mean(total == 0))
    doubt = _doubt(float(none_of_half), none)
    if doubt > 0:
        found.append(Outcome("whether a customer bought at all afterwards", (total > 0).astype(np.float64), doubt))
    late = min(float(np.mean((first > 0) & (second == 0))), float(np.mean((first == 0) & (second > 0))))
    if late > 0:
        found.append(Outcome("who bought again late", (second > 0).astype(np.float64), late))
        found.append(Outcome("who bought again early", (first > 0).astype(np.float64), late))
    return tuple(found)


def _doubt(none_of_half: float, none: float) -> float:
    """E[p(1 - p)] of buying nothing, for gamma rates that give nothing in a half, and in both, as often as was seen."""
    if not 0 < none < none_of_half < 1 or none <= none_of_half**2:
        return max(none * (1 - none), 0.0) if 0 < none < 1 and none <= none_of_half**2 else 0.0

    def gap(log_scale: float) -> float:
        scale = np.exp(log_scale)
        return float(np.log1p(2 * scale) / np.log1p(scale) - np.log(none) / np.log(none_of_half))

    scale = float(np.exp(optimize.brentq(gap, -20.0, 40.0)))
    shape = -np.log(none_of_half) / np.log1p(scale)
    return float(none - np.exp(-shape * np.log1p(4 * scale)))


def _described(column: NDArray[Any]) -> FloatArray | None:
    """A column as numbers a linear forecast can use: itself, its logarithm, bins and whether it is there."""
    if column.dtype == object or column.dtype.kind in "US":
        return _labels(column)
    if column.dtype.kind == "M":
        values = column.astype("datetime64[D]").astype(np.float64)
        values[np.isnat(column)] = np.nan
    else:
        values = column.astype(np.float64)
    there = np.isfinite(values)
    if not there.any() or (there.all() and np.ptp(values) == 0):
        return None
    middle = np.where(there, values, np.median(values[there]))
    edges = np.unique(np.quantile(values[there], np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, middle, side="left")
    columns = [middle, np.sign(middle) * np.log1p(np.abs(middle)), (~there).astype(np.float64)]
    return np.column_stack([*columns, *((bins == number) & there for number in range(edges.size))])


def _labels(column: NDArray[Any]) -> FloatArray | None:
    """A column of words as one column a frequent word."""
    words = np.array(["" if word is None else str(word) for word in column])
    found, count = np.unique(words, return_counts=True)
    frequent = found[np.argsort(-count)][: 2 * _BINS]
    frequent = frequent[[np.sum(words == word) >= _FEWEST_OF_A_LABEL for word in frequent]]
    if found.size < 2 or not frequent.size:
        return None
    return np.column_stack([(words == word).astype(np.float64) for word in frequent])


def _errors(columns: FloatArray, outcomes: Sequence[Outcome]) -> tuple[float, ...]:
    """Mean squared errors of ridge forecasts on the half of the customers they were not fitted on."""
    scale = columns.std(axis=0)
    centred = (columns - columns.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    count = columns.shape[0]
    design = np.column_stack([np.ones(count), centred])
    told = np.column_stack([outcome.values for outcome in outcomes])
    half = np.arange(count) % 2 == 0
    total = np.zeros(told.shape[1])
    for fold in (half, ~half):
        known = design[~fold]
        gram = known.T @ known + _RIDGE * known.shape[0] * np.eye(design.shape[1])
        weights = np.linalg.solve(gram, known.T @ told[~fold])
        total += np.sum((told[fold] - design[fold] @ weights) ** 2, axis=0)
    return tuple(float(value) for value in total / count)
