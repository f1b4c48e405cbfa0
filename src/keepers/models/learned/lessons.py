"""What there is to learn from: customers as they were known on a day in the past, and the money that followed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import Horizon, ObservationWindow, days
from keepers.models.learned.attrition import Attrition
from keepers.models.learned.design import Design
from keepers.summaries.clocked import by_clock
from keepers.summaries.features import features_at
from keepers.summaries.purchases import PurchaseSource, money_of, purchase_days_sql
from keepers.summaries.summary import summarise

FloatArray = NDArray[np.float64]

SHORTEST = 14
"""Days of money below which there is nothing to learn."""

_BEFORE = 0.5
"""History that must stand before a lesson, as a share of the time that it looks ahead."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Customers and what they brought.

    Attributes
    ----------
    design : Design
        Features as known on the day, one row a customer and day.
    outcome : array, shape (n,)
        Money in the time after the day.
    customers : array, shape (n,)
        Key of each row.
    ahead : Horizon
        How long after the day money was counted.
    stretch : float
        What that money is multiplied with for the horizon that was asked for: 1 where the history is long enough.
    days : tuple of date
        The days.
    attrition : Attrition or None
        Adds the last features to customers who are to be predicted; None where it has no fit.
    reach : float
        The time after the days over the history before them, on average.
    """

    design: Design
    outcome: FloatArray
    customers: NDArray[Any]
    ahead: Horizon
    stretch: float
    days: tuple[dt.date, ...]
    attrition: Attrition | None = None
    reach: float = 0.5


def lesson_before(
    source: Any,
    orders: PurchaseSource,
    cut: dt.date,
    horizon: Horizon,
    margin: Margin,
    snapshots: int = 2,
    clock: StoreClock | None = None,
) -> Lesson:
    """What can be learned of the time up to a day, for forecasts over a horizon from that day on.

    Customers are seen as known a horizon before the day, so that all that followed is known on it; once more half a
    horizon earlier where the history allows, which makes the lesson less one of a single season. Where the history is
    too short for the horizon, a shorter time is learned and stretched by the ratio that a model of buying, fitted up
    to the day, expects between the two.

    Parameters
    ----------
    source : Dataset, Store or Orders
        What features are made of.
    orders : Orders
        The purchases.
    cut : date
        Last day that may be known.
    horizon : Horizon
        What is to be forecast from that day on.
    margin : Margin
        The basis of money.
    snapshots : int
        At most so many days.
    clock : StoreClock, optional
        By which the model of buying counts time: what was learned of some months is carried over to those ahead.

    Raises
    ------
    InputError
        If the history is too short.
    """
    first = getattr(orders, "first_day", None) or cut
    span = (cut - first).days
    wanted = round(horizon.days)
    ahead = min(wanted, int(span / (1.0 + _BEFORE)))
    if ahead < SHORTEST:
        raise InputError(
            f"There are {span} days of orders up to {cut}: to learn from features, at least "
            f"{int(SHORTEST * (1 + _BEFORE)) + 1} are needed. Use a model of buying until then."
        )
    moments = [cut - dt.timedelta(days=ahead)]
    for number in range(1, snapshots):
        earlier = moments[0] - dt.timedelta(days=number * (ahead // 2))
        if (earlier - first).days >= _BEFORE * ahead:
            moments.append(earlier)
    money, _ = money_of(orders, margin, cut)
    parts: list[tuple[NDArray[Any], FloatArray, FloatArray]] = []
    names: tuple[str, ...] | None = None
    levels: dict[str, tuple[str, ...]] = {}
    attrition = Attrition.known_on(orders, cut, days(ahead), margin, clock)
    for moment in moments:
        features = features_at(source, moment)
        if names is None:
            names, levels = tuple(features.names), {name: tuple(some) for name, some in features.levels.items()}
        keys, X = features.matrix(names, levels)
        features.engine.drop(features.name)
        if attrition is not None:
            # Of these customers, what the model as known on their own day expects.
            same = (type(attrition.model),)
            own = Attrition.known_on(orders, moment, days(ahead), margin, clock, same) or attrition
            X = own.like(attrition).added(X, names)
        until = moment + dt.timedelta(days=ahead)
        parts.append((keys, X, margin.factor * money_after(orders, moment, until, money, keys)))
    assert names is not None
    named = names if attrition is None else (*names, *attrition.names)
    design = Design(np.vstack([X for _, X, _ in parts]), named, levels)
    customers = np.concatenate([keys for keys, _, _ in parts])
    outcome = np.concatenate([brought for _, _, brought in parts])
    stretch = 1.0 if ahead == wanted else horizon_factor(attrition, orders, cut, days(ahead), horizon, clock)
    reach = ahead / float(np.mean([max((moment - first).days, 1) for moment in moments]))
    return Lesson(design, outcome, customers, days(ahead), stretch, tuple(moments), attrition, reach)


def money_after(orders: PurchaseSource, after: dt.date, until: dt.date, money: str, keys: NDArray[Any]) -> FloatArray:
    """Money of each customer after a day up to another, as known on the latter; 0 for who brought none."""
    found = orders.engine.columns(
        f"SELECT customer_key, CAST(sum(money) AS DOUBLE) AS money "
        f"FROM ({purchase_days_sql(orders, until, after=after, money=money)}) AS day_of_purchase "
        "GROUP BY customer_key ORDER BY customer_key"
    )
    return matched(keys, found["customer_key"], np.asarray(np.ma.filled(found["money"], 0.0), dtype=np.float64))


def matched(keys: NDArray[Any], known: NDArray[Any], values: FloatArray, missing: float = 0.0) -> FloatArray:
    """Values of customers by their keys, shape (n,); `known` is sorted."""
    if not len(known):
        return np.full(len(keys), missing)
    mine, theirs = np.asarray(keys).astype(str), np.asarray(known).astype(str)
    place = np.minimum(np.searchsorted(theirs, mine), len(theirs) - 1)
    return np.where(theirs[place] == mine, np.nan_to_num(values[place], nan=missing), missing)


def horizon_factor(
    known: Attrition | None,
    orders: PurchaseSource,
    cut: dt.date,
    short: Horizon,
    long: Horizon,
    clock: StoreClock | None = None,
) -> float:
    """How many times more purchases the model known on a day expects over the longer time from it than the shorter."""
    if known is None:
        return long.days / short.days
    summary = by_clock(summarise(orders, ObservationWindow(end=cut)), clock)
    cells = summary.cells()
    summary.engine.drop(summary.name)
    expected = [float(cells.weight @ known.model.expected_purchases(cells, one)) for one in (short, long)]
    return expected[1] / expected[0] if expected[0] > 0 else long.days / short.days
