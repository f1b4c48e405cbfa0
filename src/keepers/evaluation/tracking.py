"""Repeat purchases over time as they happened and as the model saw them coming, period by period."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import Horizon, TimeUnit, days
from keepers.evaluation.grading import Forecaster
from keepers.evaluation.outcomes import Outcomes
from keepers.summaries.cohorts import PurchaseAges

LONGEST_IN_WEEKS = 3 * 365
"""Histories up to so many days are followed by the week, longer ones by the month."""

_KNOTS = 12
_DEGREE = 8
_TRACKED = 4_000


class Tracker(Forecaster, Protocol):
    """A forecaster that also knows what a new customer will do."""

    def expected_purchases_new_customer(self, horizon: Horizon) -> float:
        """Expected repeat purchases of a customer who makes the first one now."""


@dataclass(frozen=True, slots=True)
class TrackingPoint:
    """Repeat purchases of one period; neither figure is cumulative."""

    day: dt.date
    actual: float
    predicted: float


@dataclass(frozen=True, slots=True)
class Tracking:
    """Repeat purchases of the customers won up to the cut, by period.

    Up to the cut the prediction is what the model expects of customers who came on these days, without their
    histories; after it, what it expects of each given their history. The last points are therefore a test.

    Attributes
    ----------
    points : tuple of TrackingPoint
        Periods by their last day.
    calibration_end : date
        Last day that the model knew; a period ends on it.
    unit : TimeUnit
        Length of a period: a week or a month, or an opportunity.
    model : str
        The model's name for people.
    seasonal : bool
        Whether it counts time by the store's clock.
    """

    points: tuple[TrackingPoint, ...]
    calibration_end: dt.date
    unit: TimeUnit
    model: str
    seasonal: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {
            "model": self.model,
            "unit": self.unit.value,
            "calibration_end": self.calibration_end.isoformat(),
            "points": [[point.day.isoformat(), point.actual, round(point.predicted, 4)] for point in self.points],
        }


def track(model: Tracker, title: str, ages: PurchaseAges, outcomes: Outcomes, cut: dt.date) -> Tracking:
    """Follow a model fitted up to `cut` through the calibration and the holdout.

    Parameters
    ----------
    model : Tracker
        Fitted on what was known at the cut.
    title : str
        Its name for people.
    ages : PurchaseAges
        What the customers won up to the cut bought until the end of the holdout.
    outcomes : Outcomes
        Their histories at the cut; its horizon is the length of the holdout.
    cut : date
        Last day of the calibration.
    """
    first, last, middle = int(ages.days.min()), ages.until, _number(cut)
    unit = TimeUnit.WEEK if last - first <= LONGEST_IN_WEEKS else TimeUnit.MONTH
    ends = _ends(first, middle, last, unit)
    repeat = ages.age > 0
    bought = np.zeros(last - first + 1)
    np.add.at(bought, (ages.first_day + ages.age)[repeat] - first, ages.purchases[repeat])
    actual = np.cumsum(bought)[ends - first]
    known = ends <= middle
    predicted = np.concatenate(
        [_from_arrivals(model, ages, ends[known]), _from_histories(model, outcomes, ends[~known] - middle)]
    )
    # The two parts meet at the cut: what is predicted after it stands on what happened up to it.
    increments = np.concatenate([np.diff(predicted[known], prepend=0.0), np.diff(predicted[~known], prepend=0.0)])
    points = tuple(
        TrackingPoint(_date(int(end)), float(count), float(expected))
        for end, count, expected in zip(ends, np.diff(actual, prepend=0.0), increments, strict=True)
    )
    return Tracking(points, cut, unit, title, getattr(model, "clock_", None) is not None)


def track_arrivals(model: Tracker, ages: PurchaseAges) -> tuple[tuple[TrackingPoint, ...], TimeUnit]:
    """Follow a model through the time it was fitted to: what it expects of customers who came on these days.

    Parameters
    ----------
    model : Tracker
        Fitted on what was known at the last day of `ages`.
    ages : PurchaseAges
        What the customers bought until then.
    """
    first, last = int(ages.days.min()), ages.until
    unit = TimeUnit.WEEK if last - first <= LONGEST_IN_WEEKS else TimeUnit.MONTH
    ends = _ends(first, last, last, unit)
    repeat = ages.age > 0
    bought = np.zeros(last - first + 1)
    np.add.at(bought, (ages.first_day + ages.age)[repeat] - first, ages.purchases[repeat])
    actual = np.diff(np.cumsum(bought)[ends - first], prepend=0.0)
    predicted = np.diff(_from_arrivals(model, ages, ends), prepend=0.0)
    return (
        tuple(
            TrackingPoint(_date(int(end)), float(count), float(expected))
            for end, count, expected in zip(ends, actual, predicted, strict=True)
        ),
        unit,
    )


def _ends(first: int, cut: int, last: int, unit: TimeUnit) -> IntArray:
    """Last days of periods, one of them the cut; a last period that is not over is left out."""
    before = np.arange(0, int((cut - first) / unit.days) + 1)
    after = np.arange(1, int((last - cut) / unit.days) + 1)
    offsets = np.concatenate([-before[::-1], after]) * unit.days
    return np.asarray(cut + np.round(offsets), dtype=np.int64)


def _from_arrivals(model: Tracker, ages: PurchaseAges, ends: IntArray) -> FloatArray:
    """Cumulative expectation at each end, summed over the days on which customers came."""
    start, stop = int(ages.days.min()), int(ends[-1])
    clock = getattr(model, "clock_", None)
    if clock is not None:
        return _from_arrivals_by_clock(model, ages, ends, clock)
    span = stop - start
    young = min(span, 28)
    knots = np.unique(np.concatenate([np.arange(0, young, 2), np.arange(young, span + 1, 7 + span // 60), [span]]))
    curve = [0.0, *(model.expected_purchases_new_customer(days(float(age))) for age in knots[1:])]
    by_age = np.interp(np.arange(span + 1), knots, curve)
    arrivals = np.zeros(span + 1)
    seen = ages.days <= stop
    arrivals[ages.days[seen] - start] = ages.customers[seen]
    return np.asarray(np.convolve(arrivals, by_age)[ends - start])


def _from_arrivals_by_clock(model: Tracker, ages: PurchaseAges, ends: IntArray, clock: StoreClock) -> FloatArray:
    """The same where the model's time is the store's own."""
    came, until = clock.at(ages.days.astype(np.float64)), clock.at(ends.astype(np.float64))
    span = float(until[-1] - came.min())
    knots = np.unique(np.concatenate([np.arange(2.0, min(span, 28.0), 2.0), np.linspace(min(span, 28.0), span, 60)]))
    curve = [0.0, *(model.expected_purchases_new_customer(days(float(age))) for age in knots)]
    age = np.maximum(until[:, None] - came[None, :], 0.0)
    return np.asarray(np.interp(age, np.concatenate([[0.0], knots]), curve) @ ages.customers.astype(np.float64))


def _from_histories(model: Tracker, outcomes: Outcomes, later: IntArray) -> FloatArray:
    """Cumulative expectation so many days after the cut: its shape from a sample, its level from all customers."""
    if not later.size:
        return np.array([])
    sample, whole = outcomes.sample(_TRACKED), outcomes.horizon.days
    clock = getattr(model, "clock_", None)
    reached = later.astype(np.float64)
    if clock is not None:
        # Purchases fade smoothly on the store's clock alone.
        now = float(sample.cells.seen)
        begin = float(clock.at(np.array([now]))[0])
        reached, whole = clock.at(now + reached) - begin, clock.ahead(now, whole)
    knots = np.unique(np.append(np.linspace(0.0, float(reached[-1]), _KNOTS + 1), whole))
    ends = knots[1:] if clock is None else clock.moment(begin + knots[1:]) - now
    horizons = [days(float(day)) for day in ends]
    curve = [0.0, *(float(sample.cells.weight @ model.expected_purchases(sample.cells, one)) for one in horizons)]
    total = float(outcomes.cells.weight @ model.expected_purchases(outcomes.cells, outcomes.horizon))
    level = total / curve[-1] if curve[-1] > 0 else 0.0
    # Purchases fade smoothly: a polynomial through so few knots is exact enough between them.
    shape = np.polynomial.Chebyshev.fit(knots, curve, min(_DEGREE, knots.size - 1))
    return np.asarray((shape(reached) - shape(0.0)) * level)


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _date(number: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=number)
