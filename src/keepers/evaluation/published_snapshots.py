"""Scores that a project kept of one day, graded before and after their horizon is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from keepers.data.engine import Engine, literal
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray
from keepers.domain.money import Margin
from keepers.evaluation.published_grades import PublishedGrade, came_of_orders, graded, told_and_came
from keepers.summaries.purchases import day_literal

NODES = (30, 90, 180)
"""Days for which expected orders are published beside the whole horizon, to grade scores before it is over."""

SHORTEST = 14
"""Days that must have passed: less says nothing."""


def grade_snapshot(
    orders: Orders,
    snapshot: Path,
    as_of: dt.date,
    horizon_days: float,
    margin: Margin | None = None,
    churn_days: float | None = None,
) -> PublishedGrade | None:
    """Hold the scores that a project kept of one day against the orders that came after it.

    Before the horizon is over, what was said is brought to the days that passed: expected orders by the published ones
    for 30, 90 and 180 days, with straight lines between; money in proportion to them.

    Parameters
    ----------
    orders : Orders
        Everything known today.
    snapshot : Path
        A Parquet file, see `Snapshot`.
    as_of : date
        Last day of the data that the scores rested on.
    horizon_days : float
        What they cover.
    margin : Margin, optional
        That of the scores.
    churn_days : float, optional
        What `churn_probability` covers.

    Returns
    -------
    PublishedGrade or None
        None where less than two weeks have passed, or none of the customers is known any more.
    """
    length, last = round(horizon_days), orders.last_day
    until = min(as_of + dt.timedelta(days=length), last)
    passed = (until - as_of).days
    if passed < SHORTEST:
        return None
    kept = Snapshot(orders.engine, snapshot, horizon_days)
    known = (
        f"SELECT customer_key FROM ({orders.purchases_sql(as_of.isoformat())}) AS purchase "
        f"WHERE day <= {day_literal(as_of)}"
    )

    def since(end: dt.date, said: Mapping[str, str]) -> dict[str, FloatArray]:
        return told_and_came(orders.engine, kept.told, came_of_orders(orders, as_of, end, margin), said, known)

    rows = since(until, kept.said(passed, orders.has_money))
    if not rows["orders_said"].size:
        return None
    left = None
    if churn_days is not None and "churn_probability" in kept.present:
        end = as_of + dt.timedelta(days=round(churn_days))
        left = since(end, {"left": "churn_probability"}) if end <= last else None
    return graded(as_of, length, until, rows, 0.8, left)


def chosen_to_grade(
    published: Sequence[dt.date], today: dt.date, ages: Sequence[int] = (30, 90, 180, 365)
) -> list[dt.date]:
    """Of many days on which scores were published, those to show: the youngest of at least each age."""
    found = []
    for age in ages:
        old = [day for day in published if (today - day).days >= age]
        if old and max(old) not in found:
            found.append(max(old))
    if not found:
        found = [day for day in [min(published, default=today)] if (today - day).days >= SHORTEST]
    return found


class Snapshot:
    """Scores of all customers on one day, as a project keeps them.

    Parameters
    ----------
    engine : Engine
        Where they are read.
    path : Path
        A Parquet file with `customer_key`, `expected_orders`, `expected_orders_30`, ..., and, as far as they are known,
        `value`, `value_low`, `value_high`, `churn_probability`.
    horizon_days : float
        What they cover.
    """

    def __init__(self, engine: Engine, path: Path, horizon_days: float) -> None:
        self.told = f"read_parquet({literal(str(path))})"
        self.horizon_days = horizon_days
        self.present = {str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {self.told}")}

    def said(self, passed: int, has_money: bool) -> dict[str, str]:
        """SQL of what was said to come within the days that have passed.

        Expected orders are the published ones, with straight lines between their days; money in proportion to them.
        """
        orders = self._orders(passed)
        found = {"orders_said": orders}
        if has_money and "value" in self.present:
            share = f"CASE WHEN expected_orders > 0 THEN ({orders}) / expected_orders ELSE 0 END"
            found |= {"said": f"value * ({share})", "low": "value_low", "high": "value_high"}
        return found

    def _orders(self, passed: int) -> str:
        horizon = self.horizon_days
        nodes = [node for node in NODES if node < horizon and f"expected_orders_{node}" in self.present]
        days = [0.0, *map(float, nodes), float(horizon)]
        names = ["0", *(f"expected_orders_{node}" for node in nodes), "expected_orders"]
        if passed >= horizon:
            return names[-1]
        place = int(np.searchsorted(days, passed, side="right")) - 1
        share = (passed - days[place]) / (days[place + 1] - days[place])
        return f"{names[place]} + ({names[place + 1]} - {names[place]}) * {share!r}"
