"""The guard against features that know the future, which names the columns that do and says how it was seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import Engine, quoted
from keepers.data.table import Table, register_frame
from keepers.domain.errors import InputError
from keepers.domain.time import Horizon, parse_day
from keepers.evaluation.chance import Chance, rest_of_chance
from keepers.summaries.as_known import as_known
from keepers.summaries.feature_sources import tables_of
from keepers.summaries.features import features_at

TOLERANCE = 1e-6
"""Relative difference up to which two numbers are one: sums are added in any order."""

SAMPLE = 20_000
"""Customers on whom it is judged how well a column predicts."""

IMPLAUSIBLE = 0.6
"""A column is a leak where the error it leaves is below this part of what chance alone must leave."""

_NOT_FEATURES = ("customer_key", "as_of", "first_day")

MakesFeatures = Callable[[Any, dt.date], Any]


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that knows the future, and how that was seen, in a sentence."""

    column: str
    kind: str
    """``"later rows"``: it changes with rows that came after the day; ``"implausible"``: it predicts too well."""
    sentence: str


@dataclass(frozen=True)
class LeakReport:
    """What the guard found.

    Attributes
    ----------
    leaks : tuple of Leak
        The worst first; empty where nothing was found.
    columns : int
        Columns that were looked at.
    customers : int
        Customers that were looked at.
    remarks : tuple of str
        What could not be tried, and why.
    """

    leaks: tuple[Leak, ...]
    columns: int
    customers: int
    remarks: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether no column knows the future, as far as was tried."""
        return not self.leaks

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in words."""
        if self.leaks:
            return (*(leak.sentence for leak in self.leaks), *self.remarks)
        found = f"None of {self.columns:,} columns of {self.customers:,} customers knows what came later."
        return (found, *self.remarks)

    def refuse(self) -> None:
        """Raise an error that names the columns, if there are any.

        Raises
        ------
        InputError
            A column knows the future.
        """
        if self.leaks:
            raise InputError(" ".join(self.sentences) + " Leave these columns out, or date what they are made of.")


def find_leaks(
    source: Any,
    at: dt.date | str,
    features: MakesFeatures | Any = features_at,
    *,
    horizon: Horizon | None = None,
) -> LeakReport:
    """Look whether features as of a day know anything that came later, and name the columns that do.

    Two proofs. Features made of all data must equal those made of the data as they would have been read on the day
    (`keepers.summaries.as_known`); and no column may predict the purchases that followed better than chance allows:
    two halves of that time tell how much of it even the best forecast must miss.

    Parameters
    ----------
    source : Dataset, Store or Orders
        All data, with purchases after the day.
    at : date or ISO text
        The day.
    features : callable or table, optional
        ``make(source, day)`` that gives a table with a row a customer and a column `customer_key`; or such a table,
        which is judged by the second proof alone. `keepers.features_at` if left out.
    horizon : Horizon, optional
        How long after the day purchases are looked at; to the end of the data if left out.

    Returns
    -------
    LeakReport

    Raises
    ------
    InputError
        If nothing was bought after the day, or the table has no customers.
    """
    engine, tables = tables_of(source)
    day = parse_day(at, "at")
    remarks: list[str] = []
    leaks: list[Leak] = []
    chance = None
    if "orders" in tables:
        chance = rest_of_chance(source, day, None if horizon is None else horizon.days, SAMPLE)
    else:
        remarks.append("There are no orders: whether a column predicts too well could not be tried.")
    if callable(features) and not isinstance(features, Table):
        whole = register_frame(engine, features(source, day))
        before = as_known(source, day)
        try:
            cut = register_frame(engine, features(before, day))
            leaks += _later_rows(engine, whole, cut, day)
            engine.drop(cut.name)
        finally:
            before.drop()
    else:
        whole = register_frame(engine, features)
        remarks.append("The table was given as it is: that later rows leave it unchanged could not be tried.")
    if "customer_key" not in whole.columns:
        raise InputError(f"The features have no column `customer_key`. They have: {', '.join(whole.columns[:20])}.")
    if chance is not None:
        named = {leak.column for leak in leaks}
        leaks += [leak for leak in _implausible(chance, whole) if leak.column not in named]
        chance.drop()
    columns = [name for name in whole.columns if name not in _NOT_FEATURES]
    return LeakReport(tuple(leaks), len(columns), len(whole), tuple(remarks))


def _later_rows(engine: Engine, whole: Table, cut: Table, day: dt.date) -> list[Leak]:
    """Columns that differ between what is made of all data and what is made of those up to the day."""
    kinds = dict(engine.described(whole.name))
    names = [name for name in whole.columns if name not in _NOT_FEATURES]
    both = [name for name in names if name in cut.columns]
    differs = [f"sum(CASE WHEN {_differs(name, kinds[name])} THEN 1 ELSE 0 END)" for name in both]
    example = [f"min(CASE WHEN {_differs(name, kinds[name])} THEN w.customer_key END)" for name in both]
    alone = "sum(CASE WHEN w.customer_key IS NULL OR c.customer_key IS NULL THEN 1 ELSE 0 END)"
    joined = f"{quoted(whole.name)} AS w FULL JOIN {quoted(cut.name)} AS c ON c.customer_key = w.customer_key"
    found = engine.row(f"SELECT {', '.join(['count(*)', alone, *differs, *example])} FROM {joined}")
    total, lonely, *rest = found
    leaks = []
    for name, count, who in zip(both, rest[: len(both)], rest[len(both) :], strict=True):
        if count:
            sentence = f"`{name}` knows the future: for {count:,} of {total:,} customers (such as {who}) it is another "
            leaks.append((count, Leak(name, "later rows", f"{sentence}value when rows after {day} are taken away.")))
    if lonely:
        sentence = f"Who has a row depends on the future: {lonely:,} customers are there only with, or only without, "
        leaks.append((lonely, Leak("customer_key", "later rows", f"{sentence}rows after {day}.")))
    missing = [name for name in names if name not in cut.columns]
    if missing:
        distinct = ", ".join(f"count(DISTINCT {quoted(name)})" for name in missing)
        spread = engine.row(f"SELECT {distinct} FROM {quoted(whole.name)}")
        for name, values in zip(missing, spread, strict=True):
            if values > 1:
                sentence = f"`{name}` knows the future: without rows after {day} there is no such column."
                leaks.append((values, Leak(name, "later rows", sentence)))
    return [leak for _, leak in sorted(leaks, key=lambda one: -one[0])]


def _differs(name: str, kind: str) -> str:
    """SQL of whether a column of `w` and `c` has two values."""
    both = "w.customer_key IS NOT NULL AND c.customer_key IS NOT NULL"
    one, other = f"w.{quoted(name)}", f"c.{quoted(name)}"
    if kind in ("DOUBLE", "FLOAT", "REAL"):
        near = f"abs({one} - {other}) <= {TOLERANCE} * greatest(1, abs({one}))"
        same = f"coalesce({near}, {one} IS NULL AND {other} IS NULL)"
        return f"{both} AND NOT ({same})"
    return f"{both} AND CAST({one} AS VARCHAR) IS DISTINCT FROM CAST({other} AS VARCHAR)"


def _implausible(chance: Chance, features: Table) -> list[Leak]:
    """Columns with which what followed is predicted better than chance allows."""
    engine = features.engine
    names = [name for name in features.columns if name not in _NOT_FEATURES]
    listed = ", ".join(f"feature.{quoted(name)} AS {quoted(name)}" for name in names)
    rows = engine.columns(
        f"SELECT {listed} FROM {quoted(chance.table)} AS outcome LEFT JOIN {quoted(features.name)} AS feature "
        "ON feature.customer_key = outcome.customer_key ORDER BY outcome.customer_key"
    )
    found = []
    for name in names:
        told = min(((share, question) for question, share in chance.shares(np.asarray(rows[name]))), default=None)
        if told is not None and told[0] < IMPLAUSIBLE:
            sentence = f"`{name}` knows the future: with it {told[1]} can be told with {told[0]:.0%} of the error that "
            found.append((told[0], Leak(name, "implausible", f"{sentence}chance alone must leave.")))
    return [leak for _, leak in sorted(found, key=lambda one: one[0])]
