"""One model's forecast of purchases, held against what customers did in a holdout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import FitError
from keepers.domain.time import Horizon
from keepers.evaluation.calibration import Coverage, coverage, pit_histogram, ranked_probability_score
from keepers.evaluation.metrics import CalibrationGroup, GainCurve, Metrics, assemble, calibration_groups
from keepers.evaluation.outcomes import Outcomes

_LARGEST_TABLE = 1_000_000
_UNSEEN = 1e-3
_MOST_PURCHASES = 16_384


class Forecaster(Protocol):
    """Whatever forecasts purchases of histories: a fitted model or a naive rule."""

    def expected_purchases(self, data: Cells, horizon: Horizon) -> FloatArray:
        """Expected purchases of each history in the horizon, shape (n,)."""

    def purchase_distribution(self, data: Cells, horizon: Horizon, max_purchases: int) -> FloatArray:
        """Probabilities of 0 to `max_purchases` purchases, shape (n, max_purchases + 1)."""


@dataclass(frozen=True, eq=False)
class CountGrade:
    """How a forecast of purchases did in one holdout.

    Attributes
    ----------
    metrics : Metrics
        Errors of point predictions, over all customers.
    groups : tuple of CalibrationGroup
        Tenths of the customers by prediction.
    coverage : tuple of Coverage
        Of intervals, at 80% and 95%.
    pit : tuple of float
        Histogram of the randomised probability integral transform, 20 bins.
    score : float
        Mean ranked probability score, in purchases a customer.
    below, at : arrays, shape (m,)
        The transform's range of each row of the sample.
    scores, weight : arrays, shape (m,)
        Score and customers of each row of the sample; the same rows for every forecast of one holdout.
    """

    metrics: Metrics
    groups: tuple[CalibrationGroup, ...]
    coverage: tuple[Coverage, ...]
    pit: tuple[float, ...]
    score: float
    below: FloatArray
    at: FloatArray
    scores: FloatArray
    weight: FloatArray


def grade_purchases(forecaster: Forecaster, outcomes: Outcomes, sample: Outcomes | None = None) -> CountGrade:
    """Grade point predictions on all customers and the whole distribution on a sample.

    Parameters
    ----------
    forecaster : Forecaster
        A fitted model or naive rule.
    outcomes : Outcomes
        All histories and what followed.
    sample : Outcomes, optional
        ``outcomes.sample()``, made once where several forecasts are compared.

    Raises
    ------
    FitError
        Where a prediction is not a finite number.
    """
    sample = outcomes.sample() if sample is None else sample
    expected = forecaster.expected_purchases(outcomes.cells, outcomes.horizon)
    if not np.all(np.isfinite(expected)):
        raise FitError(
            f"{int(np.sum(~np.isfinite(expected)))} predictions of {type(forecaster).__name__} are not numbers."
        )
    below, at, scores = _distribution(forecaster, sample)
    difference = expected[outcomes.cell] - outcomes.purchases
    customers = outcomes.cells.weight
    # Customers who share a history share its prediction, so that they are ranked by history rather than one by one.
    metrics = assemble(
        float(customers @ expected),
        float(outcomes.weight @ np.abs(difference)),
        float(outcomes.weight @ difference**2),
        GainCurve.of(expected, outcomes.purchases_by_cell, customers),
        outcomes.hindsight,
        outcomes.customers,
    )
    return CountGrade(
        metrics=metrics,
        groups=calibration_groups(expected, outcomes.purchases_by_cell, customers),
        coverage=coverage(below, at, sample.weight),
        pit=pit_histogram(below, at, sample.weight),
        score=float(np.average(scores, weights=sample.weight)),
        below=below,
        at=at,
        scores=scores,
        weight=sample.weight,
    )


def _distribution(forecaster: Forecaster, sample: Outcomes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Range of the transform and score of every row, histories of like size together so that tables stay small."""
    below, at, scores = (np.empty(sample.purchases.size) for _ in range(3))
    most = np.zeros(sample.cells.size)
    np.maximum.at(most, sample.cell, sample.purchases)
    expected = forecaster.expected_purchases(sample.cells, sample.horizon)
    columns = 2.0 ** np.ceil(np.log2(np.maximum(most, 3.0 * expected) + 13.0))
    for width in np.unique(columns):
        cells = np.flatnonzero(columns == width)
        for part in np.array_split(cells, max(1, int(np.ceil(cells.size * width / _LARGEST_TABLE)))):
            probabilities = _table(forecaster, sample, part, int(width) - 1)
            place = np.full(sample.cells.size, -1)
            place[part] = np.arange(part.size)
            rows = np.flatnonzero(place[sample.cell] >= 0)
            table, counts = probabilities[place[sample.cell[rows]]], sample.purchases[rows]
            cumulative = np.cumsum(table, axis=1)
            at[rows] = cumulative[np.arange(rows.size), counts.astype(np.int64)]
            below[rows] = at[rows] - table[np.arange(rows.size), counts.astype(np.int64)]
            scores[rows] = ranked_probability_score(table, counts)
    return np.clip(below, 0.0, 1.0), np.clip(at, 0.0, 1.0), scores


def _table(forecaster: Forecaster, sample: Outcomes, part: IntArray, max_purchases: int) -> FloatArray:
    """Probabilities of the histories in `part`, with columns added until nearly all of their mass is in the table."""
    cells = sample.cells.take(part)
    while True:
        table = forecaster.purchase_distribution(cells, sample.horizon, max_purchases)
        if max_purchases >= _MOST_PURCHASES or float(table.sum(axis=1).min()) > 1.0 - _UNSEEN:
            return np.maximum(table, 0.0)
        max_purchases = 2 * max_purchases + 1
