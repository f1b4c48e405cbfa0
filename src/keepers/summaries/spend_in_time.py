"""What customers spent in each period of covariates that vary in time, and their mean spend without these effects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import InputError
from keepers.summaries.cells import kinds_of_customers
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.spend_history import AFTER_FIRST, check_orders
from keepers.summaries.summary import Summary

MOST_ORDERS = 2_000_000
"""Orders that are handed over by week; where there are more, those of a part of the customers are."""


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """The periods of paths of covariates.

    Parameters
    ----------
    start : date
        First day of the first one.
    days : int
        Days of each.
    count : int
        How many there are; what comes later counts as the last.
    keys : sequence of str or None
        The customer of each path; None where there is one path.
    """

    start: dt.date
    days: int
    count: int
    keys: Sequence[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class SpendWeeks:
    """What customers whose orders all brought something spent, one row a customer and period.

    Parameters
    ----------
    customer, path, period : arrays of int, shape (r,)
        Customers are numbered from zero, and stand one after the other.
    amount, logs, orders : arrays, shape (r,)
        Sum of the orders, sum of their logarithms, and how many they are.
    share : float
        Part of the customers whose orders these are.
    pattern : array of int, shape (r,), optional
        Row of each customer's attributes.
    attributes : Attributes, optional
        The distinct patterns of attributes.
    """

    customer: IntArray
    path: IntArray
    period: IntArray
    amount: FloatArray
    logs: FloatArray
    orders: FloatArray
    share: float
    pattern: IntArray | None
    attributes: Attributes | None


def spend_weeks(
    summary: Summary, include_first: bool, periods: Periods, attributes: Sequence[str] = (), most: int = MOST_ORDERS
) -> SpendWeeks:
    """The orders of a summary by customer and period.

    Raises
    ------
    InputError
        If the summary was not made of orders, the paths begin too late, or customers have none.
    """
    check_orders(summary)
    _check_start(summary, periods)
    total = summary.engine.row(f"SELECT sum(frequency + {int(include_first)}) FROM {quoted(summary.name)}")[0]
    share = min(1.0, most / max(float(total or 0), 1.0))
    with _placed(summary, periods) as placed, kinds_of_customers(summary, attributes) as kinds:
        joined = (
            ""
            if kinds is None
            else f"\nINNER JOIN {quoted(summary.name)} AS summary ON summary.customer_key = dated.customer_key\n"
            f"INNER JOIN {quoted(kinds.table)} AS kinds ON kinds.pattern = summary.pattern"
        )
        rows = summary.engine.columns(
            template(PACKAGE, "spend_weeks").format(
                purchase_days=summary.purchase_days_sql(),
                after_first=AFTER_FIRST if not include_first else "",
                sample="" if share >= 1 else f" AND md5(dated.customer_key) < '{int(share * 16**8):08x}'",
                and_pattern="" if kinds is None else ", with their kind",
                kind="" if kinds is None else ",\n    kinds.kind AS kind",
                pattern="" if kinds is None else ", kinds.kind",
                kinds=joined,
                **placed,
            )
        )
    return SpendWeeks(
        rows["customer"].astype(np.int64) - 1,
        rows["path"].astype(np.int64),
        rows["period"].astype(np.int64),
        rows["amount"].astype(np.float64),
        rows["logs"].astype(np.float64),
        rows["orders"].astype(np.float64),
        share,
        None if kinds is None else rows["kind"].astype(np.int64),
        None if kinds is None else kinds.attributes,
    )


def levels_in_time(summary: Summary, include_first: bool, periods: Periods, effects: FloatArray, key: str) -> str:
    """A table of `customer_key` and `level`, mean spend with each order divided by its period's effect.

    Parameters
    ----------
    summary : Summary
        Made of orders.
    include_first : bool
        Whether first orders count.
    periods : Periods
        Of the effects.
    effects : array, shape (paths, periods)
        By what orders are dearer.
    key : str
        What tells these effects from others; the table is made once for it.
    """
    check_orders(summary)
    name = f"spend_levels_in_time:{include_first:d}:{key}"
    if name in summary.tables_kept:
        return summary.tables_kept[name]
    _check_start(summary, periods)
    engine = summary.engine
    paths, count = effects.shape
    table = engine.from_columns(
        engine.new_name("effects"),
        {
            "path": np.repeat(np.arange(paths), count),
            "period": np.tile(np.arange(count), paths),
            "factor": np.ascontiguousarray(effects).ravel(),
        },
    )
    with _placed(summary, periods) as placed:
        made = summary.kept(
            name,
            lambda: template(PACKAGE, "spend_levels_in_time").format(
                purchase_days=summary.purchase_days_sql(),
                after_first="" if include_first else AFTER_FIRST,
                effects=quoted(table),
                **placed,
            ),
        )
    engine.drop(table)
    return made


@contextmanager
def _placed(summary: Summary, periods: Periods) -> Iterator[dict[str, object]]:
    """SQL of where orders stand on the paths."""
    said: dict[str, object] = {
        "start": day_literal(periods.start),
        "week": repr(float(periods.days)),
        "last": periods.count - 1,
    }
    if periods.keys is None:
        yield {**said, "path": "0", "keys": ""}
        return
    engine = summary.engine
    table = engine.from_columns(
        engine.new_name("path_keys"),
        {"key": np.array(periods.keys, dtype=object), "path": np.arange(len(periods.keys))},
    )
    lost = engine.rows(
        f"SELECT summary.customer_key FROM {quoted(summary.name)} AS summary LEFT JOIN {quoted(table)} AS owner "
        "ON owner.key = summary.customer_key WHERE owner.path IS NULL ORDER BY 1"
    )
    try:
        if lost:
            raise InputError(
                f"{len(lost):,} customers have no path of covariates (first: {lost[0][0]}). Give every customer one."
            )
        yield {
            **said,
            "path": "owner.path",
            "keys": f"\nINNER JOIN {quoted(table)} AS owner ON owner.key = dated.customer_key",
        }
    finally:
        engine.drop(table)


def _check_start(summary: Summary, periods: Periods) -> None:
    early, first = summary.engine.row(
        f"SELECT count(*), min(first_day) FROM {quoted(summary.name)} WHERE first_day < {day_literal(periods.start)}"
    )
    if early:
        raise InputError(
            f"{early:,} customers first bought before {periods.start}, where the covariates begin (the first on "
            f"{first}). Let them begin earlier."
        )
