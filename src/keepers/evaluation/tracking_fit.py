"""Repeat purchases over time against a model: whether buying changed in a way that the model cannot follow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.domain.time import TimeUnit
from keepers.evaluation.tracking import Tracker, TrackingPoint, track_arrivals
from keepers.summaries.cohorts import PurchaseAges

LATE = 0.25
"""The last part of the time that is looked at by itself."""

FAR = 0.25
"""A total of that part that is off by more than this, and by more than chance, is a bad fit."""


@dataclass(frozen=True, slots=True)
class TrackingFit:
    """Repeat purchases of a store over time.

    Attributes
    ----------
    points : tuple of TrackingPoint
        Periods by their last day, predicted from the days on which customers came.
    unit : TimeUnit
        Length of a period.
    total_error, late_error : float or None
        Predicted over actual, less one, of the whole time and of its last quarter; None where nobody came back.
    late_purchases : float
        Repeat purchases in that quarter.
    sentence : str
        In words.
    """

    points: tuple[TrackingPoint, ...]
    unit: TimeUnit
    total_error: float | None
    late_error: float | None
    late_purchases: float
    sentence: str

    @property
    def poor(self) -> bool:
        """Whether the last quarter is off by far more than chance."""
        if self.late_error is None:
            return False
        return bool(abs(self.late_error) > max(FAR, 4.0 / max(self.late_purchases, 1.0) ** 0.5))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {
            **asdict(self),
            "points": [[point.day.isoformat(), point.actual, round(point.predicted, 4)] for point in self.points],
            "unit": self.unit.value,
            "poor": self.poor,
        }


def tracking_fit(model: Tracker, ages: PurchaseAges) -> TrackingFit:
    """Follow a model through the time it was fitted to.

    Parameters
    ----------
    model : Tracker
        Fitted.
    ages : PurchaseAges
        What its customers bought.
    """
    points, unit = track_arrivals(model, ages)
    actual, predicted = (np.array([getattr(point, name) for point in points]) for name in ("actual", "predicted"))
    late = np.arange(len(points)) >= round((1 - LATE) * len(points))
    whole, recent = (_error(predicted[some].sum(), actual[some].sum()) for some in (np.ones(late.shape, bool), late))
    purchases = float(actual[late].sum())
    return TrackingFit(points, unit, whole, recent, purchases, _sentence(whole, recent))


def _error(predicted: float, actual: float) -> float | None:
    return float(predicted / actual - 1.0) if actual > 0 else None


def _sentence(whole: float | None, recent: float | None) -> str:
    if whole is None or recent is None:
        return "Nobody came back, or not lately, so there is nothing to follow over time."

    late, total = _told(recent), _told(whole)
    parts = f"{late} in the last quarter of the time, {total} in all of it"
    if abs(recent) <= max(0.1, abs(whole) + 0.05):
        return f"Over time the model follows what was bought: {parts}."
    return (
        f"Over time the model does not follow what was bought: {parts}. Buying changed, by season, growth or a break."
    )


def _told(error: float) -> str:
    if abs(error) < 0.005:
        return "as many repeat purchases as there were"
    return f"{abs(error):.0%} too {'many' if error > 0 else 'few'} repeat purchases"
