"""Opportunities with a repeat purchase, period by period, as they happened and as the model saw them coming."""

from __future__ import annotations

import datetime as dt

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.time import Horizon, TimeUnit
from keepers.evaluation.outcomes import Outcomes
from keepers.evaluation.tracking import Tracker, Tracking, TrackingPoint
from keepers.summaries.cohorts import PurchaseAges
from keepers.summaries.opportunity_periods import number_of, shifted_end

_EPOCH = dt.date(1970, 1, 1)
_TRACKED = 4_000


def track_opportunities(model: Tracker, title: str, ages: PurchaseAges, outcomes: Outcomes, cut: dt.date) -> Tracking:
    """Follow a model fitted to opportunities up to `cut` through the calibration and the holdout.

    Parameters
    ----------
    model : Tracker
        Fitted on what was known at the cut.
    title : str
        Its name for people.
    ages : PurchaseAges
        What the customers won up to the cut bought until the end of the holdout, all purchases of an opportunity
        being one.
    outcomes : Outcomes
        Their histories at the cut; its horizon is a whole number of opportunities.
    cut : date
        Last day of the calibration, with which an opportunity ends.
    """
    unit = outcomes.horizon.unit
    base = number_of(_EPOCH + dt.timedelta(days=int(ages.days.min())), unit, cut)
    known = number_of(cut, unit, cut) - base
    held = round(outcomes.horizon.length)
    came = _places(ages.days, unit, cut, base)
    arrivals = np.bincount(came, ages.customers, minlength=known + 1)[: known + 1]
    first = _places(ages.first_day, unit, cut, base)
    bought = _places(ages.first_day + ages.age, unit, cut, base)
    repeat = bought > first
    actual = np.bincount(bought[repeat], ages.purchases[repeat], minlength=known + held + 1)[: known + held + 1]
    curve = np.array([0.0, *(model.expected_purchases_new_customer(Horizon(age, unit)) for age in range(1, known + 1))])
    before = np.diff(np.convolve(arrivals, curve)[: known + 1], prepend=0.0)
    predicted = np.concatenate([before, _ahead(model, outcomes, held)])
    points = tuple(
        TrackingPoint(shifted_end(cut, place - known, unit), float(count), float(expected))
        for place, (count, expected) in enumerate(zip(actual, predicted, strict=True))
    )
    return Tracking(points, cut, unit, title)


def _ahead(model: Tracker, outcomes: Outcomes, held: int) -> FloatArray:
    """Expected purchases at each opportunity of the holdout: their shape from a sample, their level from everybody."""
    sample, unit = outcomes.sample(_TRACKED), outcomes.horizon.unit
    curve = np.array(
        [0.0]
        + [
            float(sample.cells.weight @ model.expected_purchases(sample.cells, Horizon(number, unit)))
            for number in range(1, held + 1)
        ]
    )
    total = float(outcomes.cells.weight @ model.expected_purchases(outcomes.cells, outcomes.horizon))
    return np.asarray(np.diff(curve) * (total / curve[-1] if curve[-1] > 0 else 0.0))


def _places(days: IntArray, unit: TimeUnit, cut: dt.date, base: int) -> IntArray:
    """The opportunity of each day, counted from the first of all."""
    distinct, row = np.unique(days, return_inverse=True)
    numbers = [number_of(_EPOCH + dt.timedelta(days=int(day)), unit, cut) - base for day in distinct]
    return np.asarray(numbers, dtype=np.int64)[row]
