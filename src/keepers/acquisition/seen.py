"""What customers of each group have brought so far: value at stated ages, new customers, and who never came back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.costs import Cost
from keepers.acquisition.newcomers import AGES, PACKAGE, Newcomers
from keepers.acquisition.worth import UNKNOWN, group_sql
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill

_WIDTH = 1.2815515655446004
"""Standard errors from the middle to the end of an 80% interval."""


@dataclass(frozen=True, slots=True)
class ValueSeen:
    """Mean value of customers up to an age.

    Parameters
    ----------
    age : int
        Days since the first order.
    customers : int
        Customers who are that old; 0 where nobody is, and the value is blank.
    value, low, high : float or None
        Their mean, and the 80% interval of the mean of such customers; no interval of fewer than three.
    """

    age: int
    customers: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen of one group.

    Parameters
    ----------
    customers : int
        All who came.
    new_customers : int
        Who came in the days of which costs are known; 0 where none are.
    values : tuple of ValueSeen
        At `AGES`.
    one_time : float or None
        Share who did not buy again within a year, of those who came at least a year ago; None where there are none.
    """

    customers: int
    new_customers: int
    values: tuple[ValueSeen, ...]
    one_time: float | None

    def at(self, age: int) -> ValueSeen:
        """The value at one of the ages."""
        return next(found for found in self.values if found.age == age)


def seen(found: Newcomers, dimension: str, costs: Mapping[Any, Cost]) -> dict[Any, Seen]:
    """What was seen of each group, under its label as text; customers of whom nothing is known under `UNKNOWN`."""
    by_age = ", ".join(
        f"count(value_{age}) AS count_{age}, sum(value_{age}) AS sum_{age}, "
        f"sum(value_{age} * value_{age}) AS square_{age}"
        for age in AGES
    )
    labels = [str(label) for label in costs]
    known = found.engine.from_columns(
        found.engine.new_name("known"),
        {
            "of": np.array([*labels, ""], dtype=object),
            "first": np.array([*(cost.first for cost in costs.values()), None], dtype="datetime64[D]"),
            "last": np.array([*(cost.last for cost in costs.values()), None], dtype="datetime64[D]"),
        },
    )
    relation = (
        f"(SELECT coalesce(CAST({group_sql(dimension)} AS VARCHAR), '{UNKNOWN}') AS label, * "
        f"FROM {quoted(found.table.name)} AS newcomer)"
    )
    rows = found.engine.columns(fill(template(PACKAGE, "seen"), newcomers=relation, known=quoted(known), by_age=by_age))
    found.engine.drop(known)
    return {str(label): _seen(rows, place, found.factor) for place, label in enumerate(rows["label"])}


def _seen(rows: Mapping[str, Any], place: int, factor: float) -> Seen:
    values = []
    for age in AGES:
        count = int(rows[f"count_{age}"][place])
        if not count:
            values.append(ValueSeen(age, 0))
            continue
        mean = float(rows[f"sum_{age}"][place]) / count
        low = high = None
        if count > 2:
            spread = max(float(rows[f"square_{age}"][place]) - count * mean**2, 0.0) / (count - 1)
            away = _WIDTH * math.sqrt(spread / count)
            low, high = (mean - away) * factor, (mean + away) * factor
        values.append(ValueSeen(age, count, mean * factor, low, high))
    asked = int(rows["asked"][place])
    return Seen(
        int(rows["customers"][place]),
        int(rows["new_customers"][place]),
        tuple(values),
        None if not asked else 1.0 - float(rows["returned"][place]) / asked,
    )
