"""What was said of customers held against what came since: one row a customer, and the grade of one day's scores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray
from keepers.domain.money import Margin
from keepers.evaluation.metrics import CalibrationGroup, Metrics, calibration_groups, measure
from keepers.summaries.purchases import day_literal, money_of, purchase_days_sql

FEWEST = 20
"""Customers of one day below whose scores no groups are formed."""

_TOLERATED = 0.02
_CENT = 0.005


@dataclass(frozen=True, slots=True)
class PublishedGrade:
    """The scores of one day, graded.

    Attributes
    ----------
    scored_on : date
        The last day that they knew.
    horizon_days : int
        How far they looked.
    until : date
        The last day that is judged: that of the horizon, or an earlier one where it is not over, and what was said is
        brought to the days that have passed.
    customers : int
    said, got : float or None
        Money that was predicted for all of them, and what they brought; None without money.
    metrics : Metrics or None
        Errors and ranking of the money.
    groups : tuple of CalibrationGroup
        Groups of customers by prediction, of money or, in a project, of orders; empty with few customers.
    coverage : float or None
        Share of customers whose interval held what they brought, ends included; None without intervals, and before the
        horizon is over.
    level : float
        What the intervals promised.
    sentence : str
        In words.
    orders_said, orders_got : float or None
        Days with a purchase, all together, where orders were predicted.
    left_said, left_got : float or None
        Mean chance of no purchase within the horizon of warnings, and the share without one; None before it is over.
    """

    scored_on: dt.date
    horizon_days: int
    until: dt.date
    customers: int
    said: float | None
    got: float | None
    metrics: Metrics | None
    groups: tuple[CalibrationGroup, ...]
    coverage: float | None
    level: float
    sentence: str
    orders_said: float | None = None
    orders_got: float | None = None
    left_said: float | None = None
    left_got: float | None = None

    @property
    def whole(self) -> bool:
        """Whether the horizon is over."""
        return (self.until - self.scored_on).days >= self.horizon_days

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        days = {"scored_on": self.scored_on.isoformat(), "until": self.until.isoformat()}
        return {**asdict(self), "metrics": None if self.metrics is None else self.metrics.to_dict(), **days}


def came_sql(days: str, factor: float = 1.0) -> str:
    """A query of what each customer brought, of one of a row a customer and day with `purchased_on` and `money`."""
    return (
        f"SELECT customer_key, count(purchased_on) AS orders, coalesce(sum(money), 0) * {factor!r} AS money "
        f"FROM ({days}) AS purchase_day GROUP BY customer_key"
    )


def came_of_orders(orders: Orders, after: dt.date, until: dt.date, margin: Margin | None = None) -> str:
    """What customers brought after a day and up to another, as it was known on that."""
    margin = margin or Margin()
    money = money_of(orders, margin, until)[0] if orders.has_money else "amount"
    return came_sql(purchase_days_sql(orders, until, after=after, money=money), margin.factor)


def came_of_frame(table: str, after: dt.date, until: dt.date) -> str:
    """The same of a table of the engine with columns customer_key, day and amount."""
    return came_sql(
        "SELECT customer_key, CASE WHEN sum(amount) >= 0 THEN day END AS purchased_on, sum(amount) AS money "
        f"FROM {table} WHERE day > {day_literal(after)} AND day <= {day_literal(until)} GROUP BY customer_key, day"
    )


def told_and_came(
    engine: Engine, told: str, came: str, said: Mapping[str, str], among: str | None = None
) -> dict[str, FloatArray]:
    """What was said and what came, arrays of shape (customers,); who brought nothing got nothing.

    Parameters
    ----------
    told : str
        SQL of the relation of what was said, a row a customer.
    came : str
        A query of `came_sql`.
    said : mapping of name to SQL
        Numbers of `told`; customers of whom the first one is empty are left out.
    among : str, optional
        A query of the customers that count; all without it.

    Returns
    -------
    dict of arrays
        Those of `said`, with `orders_got` and `got`, days with a purchase and money.
    """
    numbers = ", ".join(f"CAST({sql} AS DOUBLE) AS {name}" for name, sql in said.items())
    known = "" if among is None else f" AND told.customer_key IN ({among})"
    return engine.columns(
        f"SELECT {numbers}, CAST(coalesce(came.orders, 0) AS DOUBLE) AS orders_got, "
        f"CAST(coalesce(came.money, 0) AS DOUBLE) AS got FROM {told} AS told "
        f"LEFT JOIN ({came}) AS came ON came.customer_key = told.customer_key "
        f"WHERE {next(iter(said.values()))} IS NOT NULL{known} ORDER BY told.customer_key"
    )


def graded(
    day: dt.date,
    length: int,
    until: dt.date,
    rows: Mapping[str, FloatArray],
    level: float,
    left: Mapping[str, FloatArray] | None = None,
) -> PublishedGrade:
    """The grade of what was said and what came of each customer; see `told_and_came` for the names."""
    said, got = rows.get("said"), rows["got"]
    whole = (until - day).days >= length
    inside = None
    if whole and {"low", "high"} <= set(rows):
        kept = np.maximum(got, 0.0)
        inside = float(np.mean((kept >= rows["low"] - _CENT) & (kept <= rows["high"] + _CENT)))
    orders = rows.get("orders_said")
    groups: tuple[CalibrationGroup, ...] = ()
    if got.size >= FEWEST and orders is not None:
        groups = calibration_groups(orders, rows["orders_got"], groups=5)
    elif got.size >= FEWEST and said is not None:
        groups = calibration_groups(said, got)
    return PublishedGrade(
        scored_on=day,
        horizon_days=length,
        until=until,
        customers=int(got.size),
        said=None if said is None else float(np.nansum(said)),
        got=None if said is None else float(got.sum()),
        metrics=None if said is None or not whole else measure(np.nan_to_num(said), got),
        groups=groups,
        coverage=inside,
        level=level,
        sentence=_in_words(day, until, rows, inside, level),
        orders_said=None if orders is None else float(orders.sum()),
        orders_got=None if orders is None else float(rows["orders_got"].sum()),
        left_said=None if left is None or not left["left"].size else float(left["left"].mean()),
        left_got=None if left is None or not left["left"].size else float(np.mean(left["orders_got"] == 0)),
    )


def _in_words(day: dt.date, until: dt.date, rows: Mapping[str, FloatArray], inside: float | None, level: float) -> str:
    of_money = "said" in rows
    said, got = (
        float(np.nansum(rows[name])) for name in (("said", "got") if of_money else ("orders_said", "orders_got"))
    )
    what = "" if of_money else " orders"
    off = "nobody bought" if got <= 0 else off_by(said / got - 1.0)
    text = (
        f"On {day} we said {said:,.0f}{what} for {rows['got'].size:,} customers over {(until - day).days} days; "
        f"you got {got:,.0f} ({off})."
    )
    return text if inside is None else f"{text} Of their intervals, which promise {level:.0%}, {inside:.0%} held."


def off_by(error: float) -> str:
    """A relative error in words."""
    if abs(error) <= _TOLERATED:
        return "right within 2%"
    return f"{abs(error):.0%} too {'high' if error > 0 else 'low'}"
